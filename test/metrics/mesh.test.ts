/** Peers that own their avatars: their parts of the truth put together, and rows of views judged by their own tick. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { addPlayer } from '../../game/step.ts';
import { createWorld, EventKind, Status } from '../../game/world.ts';
import type { Audit } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { composeRecord } from '../../metrics/compose-record.ts';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import { EQUIVOCATION } from '../../metrics/mesh/mesh-notes.ts';
import { ownTickOf } from '../../metrics/mesh/owner-notes.ts';
import { planSchema } from '../../metrics/plan.ts';
import { parseRecord } from '../../metrics/record.ts';
import { decodeRendezvous, RendezvousRecorder } from '../../metrics/rendezvous-recorder.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import { decodeSwarm, SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import {
  AGE_TICKS,
  ARENA_SIZE,
  auditMesh,
  CAPACITY,
  FROM_MS,
  HEADER_BYTES,
  merged,
  ownTick,
  recordMesh,
  STEP_MS,
  TICK_MS,
  TICK_RATE_HZ,
  UNIT,
  UNTIL_MS,
  usualPlace,
} from './meshed-match.ts';
import { recordOf } from './records.ts';

const WINDOW_S = (UNTIL_MS - FROM_MS) / 1000;
const value = (result: Audit, name: MeasureName) => numberOf(result.measures, name);
const whyOf = (result: Audit, name: MeasureName) => result.measures[name].why ?? '';
const PLAN = planSchema.parse({ topology: 'mesh', players: 3, durationS: WINDOW_S, inputRateHz: TICK_RATE_HZ });
const checkOf = (result: Audit, id: string, plan = PLAN) => runSelfChecks(result, plan).find((c) => c.id === id)!;

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
        const own = ownTickOf(world, player, { ...times, inputTick: executed[player]! });
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
    const apart = off(60);
    expect(checkOf(apart, 'timelines')).toMatchObject({ held: false, limit: TICK_MS });
    expect(checkOf(apart, 'timelines').sentence).toContain('60');
    expect(checkOf(apart, 'timelines', { ...PLAN, cheat: 'speed' }).held).toBe(true);
  });
});

describe('neighbours', () => {
  /** Player 1 is out of sight but for these ticks. */
  const sightOf = (from: number, until: number) => (player: number, tick: number) => ({
    ...usualPlace(player, tick),
    ...(player === 1 && (tick < from || tick >= until) ? { x: 2000 * UNIT } : {}),
  });
  const setup = (until: number, tell: (swarm: SwarmRecorder) => void) =>
    auditMesh({ placeOf: sightOf(100, until), ageTicks: () => AGE_TICKS, tell: ([first]) => tell(first!) });
  const MET_MS = 100 * TICK_MS;

  test('take from coming into view to the first direct state', () => {
    const late = setup(200, (swarm) => swarm.mesh.directState(0, 1, MET_MS + 400));
    expect(value(late, 'neighbour.setup.p50')).toBeCloseTo(400, 0);
    const before = setup(200, (swarm) => swarm.mesh.directState(0, 1, MET_MS - 3000));
    expect(value(before, 'neighbour.setup.p50')).toBe(0);
    const again = setup(200, (swarm) => {
      swarm.mesh.directState(0, 1, MET_MS - 3000);
      swarm.mesh.directLost(0, 1, MET_MS - 1);
      swarm.mesh.directState(0, 1, MET_MS + 250);
    });
    expect(value(again, 'neighbour.setup.p99')).toBeCloseTo(250, 0);
  });

  test('who never linked count with all the time in sight, and not at all when that was short', () => {
    expect(
      value(
        setup(140, () => {}),
        'neighbour.setup.p50',
      ),
    ).toBeCloseTo(40 * TICK_MS, -1);
    const short = setup(110, () => {});
    expect(value(short, 'neighbour.setup.p50')).toBeNull();
    expect(whyOf(short, 'neighbour.setup.p50')).toContain('nobody came into view');
    // Who was in view when the tape began had met before.
    expect(value(auditMesh(), 'neighbour.setup.p50')).toBeNull();
  });

  test('links opened, recipients and what was forwarded, inside the window', () => {
    const told = auditMesh({
      tell: ([first, second]) => {
        for (const atMs of [FROM_MS - 1, 5000, 6000]) {
          first!.mesh.linkOpened(atMs);
          second!.mesh.linkOpened(atMs, 2);
          first!.mesh.recipients(2, atMs);
          second!.mesh.recipients(4, atMs);
          first!.mesh.stateSent(30, atMs);
          first!.mesh.stateSent(90, atMs, 3);
          second!.mesh.forwarded(40, atMs);
          first!.links(2, 0, atMs);
          second!.links(5, 1, atMs);
        }
      },
      options: { sendRateHz: 10 },
    });
    expect(value(told, 'links.opened.rate')).toBeCloseTo(6 / 3 / WINDOW_S, 6);
    expect(value(told, 'links.mean')).toBeCloseTo(4, 2);
    expect(value(told, 'links.worst')).toBe(6);
    expect(value(told, 'recipients.mean')).toBeCloseTo(3, 2);
    expect(value(told, 'forwarded.ratio')).toBeCloseTo(80 / (240 + 80), 6);
    // k·f·(h + b): three recipients, ten times a second, 30 bytes and a header.
    expect(value(told, 'up.formula')).toBeCloseTo((3 * 10 * (HEADER_BYTES + 30) * 8) / 1000, 1);
    expect(told.measures['up.formula']).toMatchObject({ evidence: 'modelled' });
    expect(whyOf(auditMesh(), 'up.formula')).toContain('by need');
  });

  test('what links cost besides states, counted and in closed form', () => {
    const told = auditMesh({
      tell: ([first, second]) => {
        for (const one of [first!, second!]) {
          one.mesh.recipients(2, 5000);
          one.links(4, 1, 5000);
        }
        first!.mesh.linkOpened(5000, 3 * WINDOW_S);
        first!.mesh.sent('pings', { messages: 100, bytes: 1000 }, 5000);
        first!.mesh.sent('links', { messages: 3, bytes: 550 }, 5000);
        first!.bytes(0, 5000, 1550, 0, 103, 0);
      },
    });
    const kbps = ((1550 + 103 * HEADER_BYTES) * 8) / 1000 / WINDOW_S;
    expect(value(told, 'up.links')).toBeCloseTo(kbps, 3);
    // Two told links of five, one new one a second.
    const pings = (2 / 1.5) * 17 + 3 * 1.5 * (HEADER_BYTES + 10);
    const formula = told.measures['up.links.formula'];
    expect(formula).toMatchObject({ evidence: 'modelled' });
    expect(formula!.value! / (((pings + 3 * HEADER_BYTES + 300) * 8) / 1000)).toBeCloseTo(1, 2);
    expect(whyOf(auditMesh(), 'up.links')).toContain('no ping');
  });

  test('what was sent by purpose, as its share of the upload of a peer', () => {
    const told = auditMesh({
      tell: ([first, second]) => {
        for (const atMs of [FROM_MS - 1, 5000]) {
          first!.mesh.sent('acks', { messages: 1, bytes: 4 }, atMs);
          first!.mesh.sent('states', { messages: 10, bytes: 200 }, atMs);
          second!.mesh.sent('acks', { messages: 2, bytes: 8 }, atMs);
          first!.bytes(0, atMs, 204, 0, 11, 0);
          second!.bytes(1, atMs, 8, 0, 2, 0);
        }
      },
    });
    const { acks, states } = told.uploads;
    expect(Object.keys(told.uploads)).toEqual(['states', 'acks']);
    expect(acks! / states!).toBeCloseTo((12 + 3 * HEADER_BYTES) / (200 + 10 * HEADER_BYTES), 9);
    expect(acks! + states!).toBeCloseTo(value(told, 'up.wire.mean')!, 5);
  });
});

describe('outcomes on which participants disagree', () => {
  const kill = (tick: number, other: number) => ({ tick, kind: EventKind.kill, other, amount: 0 });
  const grant = (tick: number, other: number) => ({ tick, kind: EventKind.pickup, other, amount: 1 });
  const kindsOf = ({ conflicts }: Audit) => Object.fromEntries(conflicts.map(({ kind, count }) => [kind, count]));
  /** Player 2 alone writes its ticks from here on, and its tally of kills rises at `ticks`. */
  const COUNTS_FROM = 156;
  const withoutTally = (player: number, tick: number) => (player === 2 && tick >= COUNTS_FROM ? null : 0);
  const counting = (swarm: SwarmRecorder, ticks: readonly number[]) => {
    for (let tick = COUNTS_FROM; tick * TICK_MS < UNTIL_MS + 2000; tick++) {
      const kills = ticks.filter((one) => one <= tick).length;
      const times = { dueMs: tick * TICK_MS, startMs: tick * TICK_MS, place: usualPlace(2, tick) };
      swarm.owners.tick(2, ownTick(tick, times, { kills }));
    }
  };

  test('kills: the victim declares them, the killer counts them', () => {
    const agreed = auditMesh({
      lateMs: withoutTally,
      tell: ([first, second]) => {
        first!.owners.outcome(1, kill(150, 2), 7500);
        counting(second!, [160]);
      },
    });
    expect(agreed.conflicts).toEqual([]);
    expect(value(agreed, 'conflicts.per1000')).toBe(0);
    const uncounted = auditMesh({ tell: ([first]) => first!.owners.outcome(1, kill(150, 2), 7500) });
    expect(kindsOf(uncounted)).toEqual({ killUncounted: 1 });
    expect(value(uncounted, 'conflicts.per1000')).toBe(1000);
    expect(uncounted.conflicts[0]!.sentence).toContain('had not counted it');
    const undeclared = auditMesh({ lateMs: withoutTally, tell: ([, second]) => counting(second!, [160, 300]) });
    expect(kindsOf(undeclared)).toEqual({ killUndeclared: 2 });
  });

  test('kills near the ends of the tape are not judged', () => {
    const late = auditMesh({ tell: ([first]) => first!.owners.outcome(1, kill(290, 2), 14_500) });
    expect(late.conflicts).toEqual([]);
    expect(whyOf(late, 'conflicts.per1000')).toContain('5 s');
  });

  test('a coin belongs to one, until its owner dies or has left', () => {
    const twice = (between?: (swarm: SwarmRecorder) => void) =>
      auditMesh({
        tell: ([first, second]) => {
          first!.owners.outcome(1, grant(120, 77), 6000);
          second!.owners.outcome(2, grant(200, 77), 10_000);
          between?.(first!);
        },
      });
    expect(kindsOf(twice())).toEqual({ coinTwice: 1 });
    expect(kindsOf(twice((swarm) => swarm.owners.outcome(1, kill(180, 5), 9000)))).toEqual({});
    expect(kindsOf(twice((swarm) => swarm.owners.outcome(1, kill(210, 5), 10_500)))).toEqual({ coinTwice: 1 });
    const left = auditMesh({
      lateMs: (player, tick) => (player === 1 && tick > 150 ? null : 0),
      tell: ([first, second]) => {
        first!.owners.outcome(1, grant(120, 77), 6000);
        second!.owners.outcome(2, grant(200, 77), 10_000);
      },
    });
    expect(kindsOf(left)).toEqual({});
  });

  test('what is announced and what is granted', () => {
    const { pickup, purchase } = EventKind;
    const mixed = auditMesh({
      tell: ([first]) => {
        const { owners } = first!;
        owners.announced(1, pickup, 70, 7000);
        owners.outcome(1, grant(145, 70), 7250);
        owners.announced(1, pickup, 71, 7000);
        owners.outcome(1, grant(150, 72), 7500);
        owners.announced(1, purchase, 9, 7000);
        // Refused: no outcome, so the announcement was wrong.
        owners.outcome(1, { tick: 150, kind: purchase, other: 9, amount: 0 }, 7500);
      },
    });
    expect(kindsOf(mixed)).toEqual({ pickupUngranted: 1, pickupUnannounced: 1, purchaseUngranted: 1 });
    const silent = auditMesh({ tell: ([first]) => first!.owners.outcome(1, grant(150, 72), 7500) });
    expect(kindsOf(silent)).toEqual({});
  });
});

test('accusations are counted per player-hour and by reason; only proven equivocation is a desync', () => {
  const blamed = auditMesh({
    tell: ([first]) => {
      first!.mesh.accused(0, 1, 'too fast', FROM_MS - 1);
      for (const atMs of [5000, 6000]) first!.mesh.accused(0, 1, 'too fast', atMs);
      for (const by of [0, 2]) first!.mesh.accused(by, 1, EQUIVOCATION, 7000);
    },
  });
  expect(value(blamed, 'accusations.rate')).toBeCloseTo((4 / (3 * WINDOW_S)) * 3600, 3);
  expect(blamed.accusations).toEqual({ 'too fast': 2, [EQUIVOCATION]: 2 });
  expect(value(blamed, 'desync.count')).toBe(1);
  expect(checkOf(blamed, 'desync').held).toBe(false);
  expect(checkOf(blamed, 'desync', { ...PLAN, cheat: 'equivocation' }).held).toBe(true);
});

test('the rendezvous tells its messages, introductions and epochs', () => {
  const recorder = new RendezvousRecorder();
  recorder.measure(FROM_MS, UNTIL_MS);
  [FROM_MS - 1, 5000, 6000, 7000].forEach((atMs, i) => {
    recorder.bytes(atMs, 100, 0);
    recorder.bytes(atMs, 0, 50);
    recorder.totals({ introduced: 4 * (i + 1), epochs: i + 1 }, atMs);
  });
  const rendezvous = decodeRendezvous(recorder.finish());
  const met = auditMesh({ options: { rendezvous } });
  expect(value(met, 'rendezvous.up')).toBeCloseTo((300 * 8) / 1000 / WINDOW_S, 6);
  expect(value(met, 'rendezvous.down')).toBeCloseTo((150 * 8) / 1000 / WINDOW_S, 6);
  expect(value(met, 'rendezvous.messages.rate')).toBeCloseTo(6 / 3 / WINDOW_S, 6);
  expect(value(met, 'rendezvous.introductions.rate')).toBeCloseTo((12 / 3 / WINDOW_S) * 60, 6);
  expect(value(met, 'rendezvous.epochs.rate')).toBeCloseTo((3 / WINDOW_S) * 60, 6);
  expect(whyOf(auditMesh({ options: { rendezvous, decides: 'nobody' } }), 'rendezvous.epochs.rate')).toContain('mesh');
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
