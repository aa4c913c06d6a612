/** Peers that own their avatars: their parts of the truth put together, and rows of views judged by their own tick. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { addPlayer } from '../../game/step.ts';
import { createWorld, EventKind, Status } from '../../game/world.ts';
import type { Audit } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { composeRecord } from '../../metrics/compose-record.ts';
import { ownTickOf } from '../../metrics/mesh/owner-notes.ts';
import { parseRecord } from '../../metrics/record.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import { decodeSwarm, SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import {
  AGE_TICKS,
  ARENA_SIZE,
  auditMesh,
  CAPACITY,
  checkOf,
  FROM_MS,
  merged,
  PLAN,
  recordMesh,
  STEP_MS,
  TICK_MS,
  TICK_RATE_HZ,
  UNIT,
  UNTIL_MS,
  usualPlace,
  value,
  WINDOW_S,
  whyOf,
} from './meshed-match.ts';
import { recordOf } from './records.ts';

describe('the truth of all owners together', () => {
  test('is the tape that an authority would have kept of the same match', () => {
    const world = createWorld({ ...DEFAULT_MATCH, players: CAPACITY });
    const { capacity } = world.arena;
    const authority = new AuthorityRecorder({ capacity, arenaSize: ARENA_SIZE, tickRateHz: TICK_RATE_HZ });
    const swarms = [0, 1].map(() => new SwarmRecorder({ capacity, fullClients: 0 }));
    for (const recorder of [authority, ...swarms]) recorder.measure(FROM_MS, UNTIL_MS);
    for (let player = 0; player < CAPACITY; player++) addPlayer(world, player);
    const { x, y, status, score, spawnTick } = world.players;
    const executed = new Int32Array(capacity).fill(-1);
    for (let tick = 0; tick * TICK_MS < UNTIL_MS + 2500; tick++) {
      const dueMs = tick * TICK_MS;
      const times = { tick, dueMs, startMs: dueMs + 1, endMs: dueMs + 4 };
      world.match.tick[0] = tick;
      world.events.count = 0;
      for (let player = 0; player < CAPACITY; player++) {
        x[player] = (100 * player + ((tick * player) % 37)) * UNIT;
        y[player] = (200 + (tick % (player + 2))) * UNIT;
        if (tick % 31 === player) score[player]! += 3;
        executed[player] = tick - player;
      }
      // Player 4 dies, and comes back elsewhere.
      if (tick === 100) world.events.add(EventKind.kill, 4, 2, 0);
      status[4] = tick >= 100 && tick < 160 ? Status.dead : Status.alive;
      if (tick === 160) spawnTick[4] = tick;
      authority.tick({ ...times, world, executedInputTick: executed });
      // Peers of one process come to a tick in any order.
      for (let i = 0; i < CAPACITY; i++) {
        const player = (i * 5 + tick) % CAPACITY;
        const own = ownTickOf(world, player, { ...times, phaseMs: 0, inputTick: executed[player]! });
        swarms[player % 2]!.owners.tick(player, own);
      }
      if (tick === 100) {
        const kill = { tick, kind: EventKind.kill, other: 2, amount: 0 };
        swarms[0]!.owners.outcome(4, kill, dueMs);
      }
    }
    const kept = decodeAuthority(authority.finish());
    const parts = swarms.map((swarm) => decodeSwarm(swarm.finish()));
    const together = merged(parts);
    expect(together.truth).toEqual(kept.truth);
    expect(together.ticks).toEqual(kept.ticks);
    expect(together.outcomes).toEqual(kept.outcomes);
    expect(together.tallies).toEqual(kept.tallies);
    expect(together.meta.kills).toBe(1);
  });

  test('fills ticks that a peer came too late to with the one before, but not a long absence', () => {
    const missed = (player: number, tick: number) => (player === 1 && tick >= 100 && tick < 103 ? null : 0);
    const rowsOf = (plant: Parameters<typeof recordMesh>[0], player: number) => {
      const { ticks, truth } = merged(recordMesh(plant));
      const rows = new Map<number, number>();
      for (let k = 0; k < ticks.count; k++) {
        const end = k + 1 < ticks.count ? ticks.columns.firstRow[k + 1]! : truth.count;
        for (let row = ticks.columns.firstRow[k]!; row < end; row++) {
          if (truth.columns.player[row] === player) rows.set(ticks.columns.tick[k]!, truth.columns.x[row]!);
        }
      }
      return rows;
    };
    const filled = rowsOf({ lateMs: missed }, 1);
    for (const tick of [100, 101, 102]) expect(filled.get(tick), `tick ${tick}`).toBe(usualPlace(1, 99).x);
    expect(filled.get(103)).toBe(usualPlace(1, 103).x);
    const away = rowsOf({ lateMs: (player, tick) => (player === 1 && tick >= 100 && tick < 150 ? null : 0) }, 1);
    expect(away.has(99)).toBe(true);
    expect(away.has(120)).toBe(false);
    expect(away.has(150)).toBe(true);
  });

  test('has a tick where owners, each at its phase, come to it on average', () => {
    const phases = [10, 40, 25];
    const { ticks } = merged(recordMesh({ phaseOf: (player) => phases[player]! }));
    const { tick, dueMs, startMs, endMs } = ticks.columns;
    for (const k of [0, 100]) {
      expect(startMs[k]! - tick[k]! * TICK_MS).toBeCloseTo(25, 6);
      expect(endMs[k]! - dueMs[k]!).toBeCloseTo(STEP_MS, 6);
    }
  });

  test('counts what players did inside the window only', () => {
    const { meta } = merged(
      recordMesh({
        tell: ([first, second]) => {
          for (const atMs of [FROM_MS - 1, 5000, UNTIL_MS]) {
            first!.owners.fired(atMs);
            second!.owners.outcome(2, { tick: 100, kind: EventKind.pickup, other: 7, amount: 1 }, atMs);
          }
        },
      }),
    );
    expect(meta).toMatchObject({ shots: 1, pickups: 1, kills: 0, fromMs: FROM_MS, untilMs: UNTIL_MS });
  });
});

describe('a row of a view', () => {
  const plain = auditMesh();

  test('is compared with the truth of its own tick, and is as old as that', () => {
    expect(value(plain, 'divergence.ratio')).toBe(0);
    expect(value(plain, 'action.p50')).toBeCloseTo(AGE_TICKS * TICK_MS, 0);
    expect(value(plain, 'age.near.p99')).toBeCloseTo((AGE_TICKS + 1) * TICK_MS, -1);
    expect(value(plain, 'ownAction.p95')).toBe(0);
    // Player 1 walks a unit per tick, and turns back by 19 every second.
    expect(value(plain, 'positionError.sameTick.p95')).toBe(0);
    expect(value(plain, 'positionError.p95')).toBeGreaterThanOrEqual(AGE_TICKS);
    expect(value(plain, 'viewError.ratio')).toBe(0);
  });

  test('that claims to be fresher than it is differs from the truth', () => {
    const fresh = auditMesh({ ageTicks: () => 0 });
    expect(value(fresh, 'divergence.ratio')).toBeCloseTo(0.5, 6);
    expect(value(fresh, 'action.p50')).toBeCloseTo(0, 0);
  });

  test('that differs is a divergence and no desync', () => {
    const bent = auditMesh({ offset: (tick) => (tick === 100 ? 1 : 0) });
    expect(value(bent, 'divergence.count')).toBe(1);
    // Half of the rows compared are the viewer's own.
    expect(value(bent, 'divergence.ratio')).toBeCloseTo(1 / (2 * WINDOW_S * TICK_RATE_HZ), 6);
    expect(bent.measures['desync.count']).toMatchObject({ value: 0, why: expect.stringContaining('equivocation') });
    expect(bent.desync).toMatchObject({ tick: 100 - AGE_TICKS, viewer: 0, entity: 1, field: 'x' });
    expect(checkOf(bent, 'desync').held).toBe(true);
    const coarse = auditMesh({ offset: (tick) => (tick === 100 ? 1 : 0), options: { quantisation: 1 } });
    expect(value(coarse, 'divergence.count')).toBe(0);
  });

  test('is as old as its owner’s phase and the viewer’s make it, also where both are ahead of the tape', () => {
    const actionMs = (viewer: number, owner: number, ticks: number) => {
      const phases = [viewer, owner, 45];
      return value(auditMesh({ phaseOf: (player) => phases[player]!, ageTicks: () => ticks }), 'action.p50');
    };
    expect(actionMs(5, 40, 2)).toBeCloseTo(2 * TICK_MS - 35, 0);
    expect(actionMs(40, 5, 2)).toBeCloseTo(2 * TICK_MS + 35, 0);
    expect(actionMs(10, 0, 0)).toBeCloseTo(10, 0);
  });

  test('too old to say how old goes on ageing', () => {
    const old = auditMesh({ ageTicks: (tick) => (tick >= 100 ? 1000 : AGE_TICKS) });
    expect(value(old, 'divergence.count')).toBe(0);
    expect(value(old, 'age.near.p99')).toBeGreaterThan(4000);
  });
});

describe('own ticks', () => {
  test('of all peers are one distribution', () => {
    const slow = auditMesh({ lateMs: (player, tick) => (player === 2 && tick === 100 ? 300 : 0) });
    expect(value(slow, 'tick.p50')).toBeCloseTo(STEP_MS, 1);
    expect(value(slow, 'tick.max')).toBeCloseTo(300 + STEP_MS, 0);
    expect(value(slow, 'stalls.count')).toBe(1);
    expect(value(slow, 'tick.rate')).toBeCloseTo(TICK_RATE_HZ, 1);
    expect(value(slow, 'tick.isr')).toBeCloseTo((2 * (300 + STEP_MS - TICK_MS)) / (2 * 3 * WINDOW_S * 1000), 4);
  });

  test('that are missing lower the rate; peers who come later do not', () => {
    const every = auditMesh({ lateMs: (player, tick) => (player === 1 && tick % 2 === 1 ? null : 0) });
    expect(value(every, 'tick.rate')).toBeCloseTo((TICK_RATE_HZ * 5) / 6, 1);
    const later = auditMesh({ lateMs: (player, tick) => (player === 2 && tick < 150 ? null : 0) });
    expect(value(later, 'tick.rate')).toBeCloseTo(TICK_RATE_HZ, 1);
  });

  test('on timelines more than a tick apart void the run, unless a cheat is there to do that', () => {
    const off = (ms: number) => auditMesh({ offMs: (player) => (player === 2 ? ms : 0) });
    expect(value(off(20), 'timeline.spread.p99')).toBeCloseTo(20, 0);
    expect(checkOf(off(20), 'timelines').held).toBe(true);
    expect(value(auditMesh({ phaseOf: (player) => 20 * player }), 'timeline.spread.p99')).toBe(0);
    const apart = off(60);
    expect(checkOf(apart, 'timelines')).toMatchObject({ held: false, limit: TICK_MS });
    expect(checkOf(apart, 'timelines').sentence).toContain('60');
    expect(checkOf(apart, 'timelines', { ...PLAN, cheat: 'speed' }).held).toBe(true);
  });
});

describe('a record of a mesh', () => {
  test('is void where the ledger is off, was not counted, or nothing was compared', () => {
    const off = auditMesh({ options: { ledger: { error: 2, minted: 40, held: 10, lying: 25, spent: 3 } } });
    expect(value(off, 'coins.error')).toBe(2);
    expect(checkOf(off, 'ledger')).toMatchObject({ held: false, value: 2 });
    expect(checkOf(off, 'ledger', { ...PLAN, cheat: 'forger' }).held).toBe(true);
    expect(checkOf(auditMesh({ options: { ledger: null } }), 'ledger').held).toBe(false);
    const plain = auditMesh();
    expect(checkOf(plain, 'ledger').held).toBe(true);
    expect(checkOf(plain, 'rows').held).toBe(true);
    const { measures } = plain;
    const blind = { ...plain, measures: { ...measures, 'divergence.ratio': { value: null, unit: 'ratio', why: '' } } };
    expect(checkOf(blind as Audit, 'rows').held).toBe(false);
    // Of other topologies none of this is asked.
    const ids = runSelfChecks(plain, { ...PLAN, topology: 'lockstep' }).map(({ id }) => id);
    expect(ids).not.toContain('ledger');
  });

  test('holds its conflicts, ledger and accusations, and survives being written and read', () => {
    const audited = auditMesh({
      tell: ([first]) => {
        first!.owners.outcome(1, { tick: 150, kind: EventKind.kill, other: 2, amount: 0 }, 7500);
        first!.mesh.accused(0, 1, 'too fast', 5000);
      },
    });
    const record = composeRecord({
      plan: PLAN,
      evidence: 'measured',
      audit: audited,
      selfChecks: runSelfChecks(audited, PLAN),
      context: { tickRateHz: TICK_RATE_HZ, baseOneWayMs: 0, uplinkKbps: null, downlinkKbps: null },
      about: recordOf({ plan: {} }).about,
    });
    expect(record.conflicts).toMatchObject([{ kind: 'killUncounted', count: 1 }]);
    expect(record.ledger).toMatchObject({ minted: 40 });
    expect(record.accusations).toEqual({ 'too fast': 1 });
    const written = JSON.parse(JSON.stringify(record));
    expect(parseRecord(written)).toEqual(record);
    // Records from before there was a mesh have none of it.
    const { conflicts: _, ledger: __, accusations: ___, ...before } = written;
    expect(parseRecord(before)).toMatchObject({ conflicts: [], ledger: null, accusations: {} });
  });

  test('says why measures of authorities and of lockstep are absent', () => {
    const plain = auditMesh();
    for (const name of ['cpu.authority', 'authority.up'] as const) {
      expect(whyOf(plain, name), name).toContain('owns its avatar');
    }
    for (const name of ['stalls.rate', 'delay.mean', 'rollback.rate', 'viewChanges.count'] as const) {
      expect(value(plain, name), name).toBeNull();
    }
    const served = auditMesh({ options: { decides: 'authority' } });
    expect(whyOf(served, 'divergence.ratio')).toContain('owns its avatar');
    expect(value(served, 'desync.count')).toBe(0);
  });
});
