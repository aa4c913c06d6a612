/** Peers without an authority: hand-made recordings of a lockstep match of three, whose every number can be worked out. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { addPlayer } from '../../game/step.ts';
import { createWorld } from '../../game/world.ts';
import { type Audit, type AuditOptions, audit } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { composeRecord } from '../../metrics/compose-record.ts';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import { DEFAULT_DEFENCES, planSchema } from '../../metrics/plan.ts';
import { parseRecord } from '../../metrics/record.ts';
import { decodeRendezvous, RendezvousRecorder } from '../../metrics/rendezvous-recorder.ts';
import { groupRuns } from '../../metrics/report/groups.ts';
import { renderReport } from '../../metrics/report/report.ts';
import { linkArithmetic, whyItStops } from '../../metrics/report/scaling.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import { decodeSwarm, SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import { parseThreshold } from '../../metrics/threshold.ts';
import { breaches } from '../../metrics/verdict.ts';
import { recordOf } from './records.ts';

const UNIT = 256;
const FROM_MS = 2000;
const UNTIL_MS = 6000;
const PEERS = 3;
const TICK_MS = 50;
/** Ticks from taking an input to the tick that executes it. */
const DELAY_TICKS = 2;
/** Peer 1 comes to each tick this much before peer 0, who keeps the truth for all. */
const AHEAD_MS = 10;
const HEADER_BYTES = 93;
const PAYLOAD_BYTES = 20;

interface Plant {
  /** How long all of them wait for an input at tick 60. */
  stallMs?: number;
  /** Adds what a test is about, after the match. */
  tell?: (swarm: SwarmRecorder) => void;
  /** Sub-units by which player 1 is elsewhere in peer 1's world at tick 70. */
  offset?: number;
  options?: Partial<AuditOptions>;
}

/**
 * Players 0 and 1 stand 100 units apart and player 2 600 away. Every 50 ms all three take an input, send it in 20 bytes
 * to the two others, and execute it two ticks later; 0 and 1 are measured viewers. Stepping a tick takes 5 ms.
 */
function lockstep({ stallMs = 0, tell, offset = 0, options }: Plant = {}): Audit {
  const world = createWorld({ ...DEFAULT_MATCH, players: PEERS });
  const { capacity } = world.arena;
  const truth = new AuthorityRecorder({ capacity, arenaSize: 2 ** 22, tickRateHz: 20 });
  const swarm = new SwarmRecorder({ capacity, fullClients: PEERS });
  for (const recorder of [truth, swarm]) recorder.measure(FROM_MS, UNTIL_MS);
  const { x, y } = world.players;
  for (let player = 0; player < PEERS; player++) addPlayer(world, player);
  x.set([400 * UNIT, 500 * UNIT, 1000 * UNIT]);
  y.fill(400 * UNIT, 0, PEERS);
  const executed = new Int32Array(capacity).fill(-1);
  for (let tick = 0; tick * TICK_MS < UNTIL_MS + 2500; tick++) {
    // After the wait the whole timeline is later.
    const dueMs = tick * TICK_MS + (tick > 60 ? stallMs : 0);
    const startMs = dueMs + (tick === 60 ? stallMs : 0);
    world.match.tick[0] = tick;
    world.events.count = 0;
    executed.fill(tick, 0, PEERS);
    for (let player = 0; player < PEERS; player++) {
      const takenMs = startMs - DELAY_TICKS * TICK_MS;
      swarm.input(player, tick, takenMs, takenMs + (tick === 62 ? stallMs : 0));
      const bytes = (PEERS - 1) * PAYLOAD_BYTES;
      swarm.bytes(player, startMs, bytes, bytes, PEERS - 1, PEERS - 1);
      if (tick === 60 && stallMs > 0) swarm.stalled(stallMs, startMs);
    }
    for (const viewer of [0, 1]) {
      const other = 1 - viewer;
      const shift = viewer === 1 && tick === 70 ? offset : 0;
      const self = { alive: true, score: 0, kills: 0, deaths: 0, purchaseKey: 0 };
      const view = {
        tick,
        self: { ...self, player: viewer, x: x[viewer]! + shift, y: y[viewer]! },
        players: { count: 1, id: Int32Array.of(other), x: Int32Array.of(x[other]!), y: Int32Array.of(y[other]!) },
      };
      // Everybody alive but oneself and whom one sees.
      swarm.snapshot(viewer, viewer === 1 ? startMs - AHEAD_MS : startMs, view, PEERS - 2);
    }
    truth.tick({ tick, dueMs, startMs, endMs: startMs + 5, world, executedInputTick: executed });
  }
  tell?.(swarm);
  return audit(decodeAuthority(truth.finish()), [decodeSwarm(swarm.finish())], {
    evidence: 'measured',
    expectedJoins: PEERS,
    quantisation: 0,
    headerBytes: HEADER_BYTES,
    authorityPlays: false,
    decides: 'nobody',
    reference: null,
    ...options,
  });
}

const value = (result: Audit, name: MeasureName) => numberOf(result.measures, name);
function whyOf({ measures }: Audit, name: MeasureName): string {
  const found = measures[name];
  return found.why ?? '';
}
const PLAN = planSchema.parse({ topology: 'lockstep', players: PEERS, durationS: 4, inputRateHz: 20 });
const CONTEXT = { tickRateHz: 20, baseOneWayMs: 0, uplinkKbps: null, downlinkKbps: null };

describe('on paper', () => {
  const plain = lockstep();

  test('an action takes the input delay, and less for the peer that is ahead of the one that keeps the truth', () => {
    expect(value(plain, 'action.p50')).toBeCloseTo(DELAY_TICKS * TICK_MS - AHEAD_MS, 0);
    expect(value(plain, 'action.p99')).toBeCloseTo(DELAY_TICKS * TICK_MS, 0);
    expect(value(plain, 'ownAction.p95')).toBeCloseTo(DELAY_TICKS * TICK_MS, 0);
    expect(value(plain, 'desync.count')).toBe(0);
    expect(value(plain, 'viewError.ratio')).toBe(0);
  });

  test('who simulates everybody holds everybody: exposure', () => {
    expect(value(plain, 'exposure.mean')).toBeCloseTo(1, 6);
  });

  test('nobody waited, nothing was rolled back, and what an authority has is absent with the reason', () => {
    expect(value(plain, 'stalls.count')).toBe(0);
    expect(value(plain, 'stalls.rate')).toBe(0);
    expect(value(plain, 'stalls.time.ratio')).toBe(0);
    expect(value(plain, 'viewChanges.count')).toBe(0);
    expect(value(plain, 'relayed.ratio')).toBe(0);
    for (const name of ['cpu.authority', 'memory.authority', 'authority.up', 'authority.down'] as const) {
      expect(whyOf(plain, name), name).toContain('every peer simulates');
    }
    expect(whyOf(plain, 'rollback.depth.p50')).toContain('without rollback');
    expect(whyOf(plain, 'corrections.rate')).toContain('without rollback');
    expect(whyOf(plain, 'recovery.p99')).toContain('no peer was dropped');
  });

  test('upload is that of the closed form, which is modelled', () => {
    const kbps = ((PEERS - 1) * 20 * (HEADER_BYTES + PAYLOAD_BYTES) * 8) / 1000;
    expect(value(plain, 'up.formula')).toBeCloseTo(kbps, 3);
    expect(value(plain, 'up.wire.mean')).toBeCloseTo(kbps, 3);
    expect(plain.measures['up.formula']).toMatchObject({ evidence: 'modelled' });
    expect(value(plain, 'messages.rate')).toBeCloseTo(40, 6);
    expect(value(plain, 'messages.bytes')).toBeCloseTo(PAYLOAD_BYTES, 6);
  });

  test('what is sent beyond inputs shows in what was counted and not in the rate of the closed form', () => {
    const chatty = lockstep({
      tell: (swarm) => {
        for (let player = 0; player < PEERS; player++) swarm.bytes(player, 3000, 1600, 1600, 80, 80);
      },
    });
    expect(value(chatty, 'up.wire.mean')! / value(chatty, 'up.formula')!).toBeCloseTo(1.5, 6);
  });

  test('all self-checks hold, and the level is reached', () => {
    expect(breaches('fast', { ...plain.measures, 'joins.ok': PASS }, CONTEXT)).toEqual([]);
    const failed = runSelfChecks(plain, PLAN).filter((check) => !check.held);
    // Nobody joined or moved in this tape.
    expect(failed.map((check) => check.id).sort()).toEqual(['activity', 'bots.lag', 'joins']);
  });

  test('few events in a short match void it only when chance does not explain them', () => {
    const activity = (ratio: number, ratioHigh: number) => {
      const audited = { ...plain, activity: { ...plain.activity, ratio, ratioHigh } };
      return runSelfChecks(audited, PLAN).find((check) => check.id === 'activity')!;
    };
    expect(activity(0.2, 0.65)).toMatchObject({ held: true, value: 0.2 });
    expect(activity(0.2, 0.65).sentence).toContain('by chance');
    expect(activity(0.2, 0.4)).toMatchObject({ held: false });
    expect(activity(0.2, 0.4).sentence).toContain('hardly played');
    expect(activity(0.8, 0.9).sentence).not.toContain('chance');
  });
});

const PASS = { value: 1, unit: 'ratio', evidence: 'measured' } as const;

describe('a planted wait of 300 ms', () => {
  const stalled = lockstep({ stallMs: 300 });

  test('is a stall at each peer, lateness of the tick, and a promise of the level broken', () => {
    expect(value(stalled, 'stalls.count')).toBe(1);
    expect(value(stalled, 'stalls.rate')).toBeCloseTo(15, 6);
    expect(value(stalled, 'stalls.time.ratio')).toBeCloseTo(300 / 4000, 6);
    expect(value(stalled, 'tick.max')).toBeCloseTo(305, 0);
    const broken = breaches('fast', stalled.measures, CONTEXT).map(({ measure }) => measure);
    expect(broken).toContain('stalls.count');
  });

  test('does not void the run: inputs wait with the match, and that is the topology', () => {
    expect(value(stalled, 'inputs.late.p99')).toBeGreaterThan(TICK_MS);
    const checks = runSelfChecks(stalled, PLAN);
    const openLoop = checks.find((check) => check.id === 'open-loop')!;
    expect(openLoop.held).toBe(true);
    expect(openLoop.sentence).toContain('waited for inputs in 7.5 % of the time');
    expect(checks.find((check) => check.id === 'inputs')!.held).toBe(true);
  });

  test('late inputs without a wait to explain them still void it', () => {
    const { measures } = stalled;
    const unexplained = { ...stalled, measures: { ...measures, 'stalls.time.ratio': { ...PASS, value: 0 } } };
    expect(runSelfChecks(unexplained, PLAN).find((check) => check.id === 'open-loop')!.held).toBe(false);
  });

  test('only the part inside the window counts', () => {
    const early = lockstep({ tell: (swarm) => swarm.stalled(400, FROM_MS + 100) });
    expect(value(early, 'stalls.time.ratio')).toBeCloseTo(100 / PEERS / 4000, 6);
    expect(value(lockstep({ tell: (swarm) => swarm.stalled(400, FROM_MS - 1) }), 'stalls.rate')).toBe(0);
  });
});

test('rollbacks are counted by depth, per peer and minute', () => {
  const rolled = lockstep({
    options: { rollback: true },
    tell: (swarm) => {
      for (const depth of [1, 1, 2, 6]) swarm.rollback(depth, 3000);
      swarm.rollback(8, FROM_MS - 1);
      swarm.corrected(512, 3000);
    },
  });
  expect(value(rolled, 'rollback.depth.p50')).toBe(1);
  expect(value(rolled, 'rollback.depth.p95')).toBe(6);
  expect(value(rolled, 'rollback.depth.max')).toBe(6);
  expect(value(rolled, 'rollback.rate')).toBeCloseTo(4 / PEERS / (4 / 60), 6);
  expect(value(rolled, 'corrections.rate')).toBeCloseTo(1 / PEERS / (4 / 60), 6);
  // On a link where every input comes in time a threshold on depth holds.
  expect(value(lockstep({ options: { rollback: true } }), 'rollback.depth.p50')).toBe(0);
});

test('delay in ms, links, and the share that crossed a relay', () => {
  const told = lockstep({
    tell: (swarm) => {
      for (let player = 0; player < PEERS; player++) {
        swarm.delay(player === 2 ? 6 : 2, 3000);
        swarm.links(player === 2 ? 0 : 1, 1, 3000);
      }
      swarm.bytes(2, 3000, 9600, 0, 0, 0, 9600);
    },
  });
  expect(value(told, 'delay.mean')).toBeCloseTo((10 / 3) * TICK_MS, 0);
  expect(value(told, 'delay.worst')).toBeCloseTo(6 * TICK_MS, 0);
  expect(value(told, 'links.mean')).toBeCloseTo(5 / 3, 2);
  // 80 ticks, three peers, 40 bytes each way: 19,200 direct ones.
  expect(value(told, 'relayed.ratio')).toBeCloseTo(9600 / (19_200 + 9600), 6);
});

test('recovery is the slowest survivor; joins are view changes and no recovery', () => {
  const changed = lockstep({
    tell: (swarm) => {
      for (const tookMs of [2000, 2100]) swarm.viewChanged('drop', tookMs, 4000);
      swarm.viewChanged('join', 5000, 5000);
      swarm.viewChanged('join', 5000, 1000);
    },
  });
  expect(value(changed, 'viewChanges.count')).toBe(1);
  expect(value(changed, 'recovery.p99')).toBeCloseTo(2100, -1);
});

test('CPU and memory are shared out over peers and messages; the rendezvous has its own', () => {
  const rendezvous = new RendezvousRecorder();
  rendezvous.measure(FROM_MS, UNTIL_MS);
  for (let s = 2; s <= 6; s++) {
    rendezvous.resources({ atMs: s * 1000, userUs: s * 50_000, systemUs: 0, rssBytes: 60e6 });
  }
  rendezvous.bytes(3000, 50_000, 50_000);
  rendezvous.bytes(1000, 50_000, 50_000);
  const loaded = lockstep({
    options: { rendezvous: decodeRendezvous(rendezvous.finish()) },
    tell: (swarm) => {
      for (let s = 2; s <= 6; s++) {
        swarm.resources({ atMs: s * 1000, userUs: s * 500_000, systemUs: s * 100_000, rssBytes: 300e6 });
      }
    },
  });
  expect(value(loaded, 'cpu.bots')).toBeCloseTo(60, 6);
  expect(value(loaded, 'cpu.peer')).toBeCloseTo(20, 6);
  // 2.4 s of CPU for 80 ticks of three peers that send two messages and receive two.
  expect(value(loaded, 'cpu.perMessage')).toBeCloseTo(2_400_000 / 960, 3);
  expect(value(loaded, 'memory.peer')).toBeCloseTo(100, 6);
  expect(value(loaded, 'cpu.rendezvous')).toBeCloseTo(5, 6);
  expect(value(loaded, 'rendezvous.up')).toBeCloseTo(100, 6);
  expect(() => decodeRendezvous(new SwarmRecorder({ capacity: 4, fullClients: 0 }).finish())).toThrow(/rendezvous/);
});

describe('a desync', () => {
  const report = {
    tick: 64,
    section: 'coins',
    entity: 12,
    field: 'value',
    mine: 5,
    theirs: 4,
    peer: 3,
    detectedMs: 900,
  };

  test('that peers report voids the run, and is named by section, entity and field', () => {
    const desynced = lockstep({
      tell: (swarm) => {
        swarm.desync(2, { ...report, tick: 84 });
        swarm.desync(0, report);
      },
    });
    expect(value(desynced, 'desync.count')).toBe(2);
    expect(desynced.desync).toEqual({
      tick: 64,
      section: 'coins',
      viewer: 0,
      peer: 3,
      entity: 12,
      field: 'value',
      seen: 5,
      truth: 4,
      detectedMs: 900,
    });
    const check = runSelfChecks(desynced, PLAN).find(({ id }) => id === 'desync')!;
    expect(check.held).toBe(false);
    expect(check.sentence).toContain('tick 64: in section coins, field value of entity 12 is 5 at player 0; at peer 3');
    const record = composeRecord({
      plan: PLAN,
      evidence: 'measured',
      audit: desynced,
      selfChecks: runSelfChecks(desynced, PLAN),
      context: CONTEXT,
      about: recordOf({ plan: {} }).about,
    });
    expect(record.status).toBe('void');
    expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  test('that only the tape shows is found by the auditor, and the earlier of both is kept', () => {
    const found = lockstep({ offset: 1 });
    expect(value(found, 'desync.count')).toBe(1);
    expect(found.desync).toMatchObject({ tick: 70, section: 'players', viewer: 1, peer: null, field: 'self.x' });
    const both = lockstep({ offset: 1, tell: (swarm) => swarm.desync(1, { ...report, tick: 80 }) });
    expect(value(both, 'desync.count')).toBe(2);
    expect(both.desync).toMatchObject({ tick: 70 });
  });

  test('before the measured window counts as well', () => {
    expect(value(lockstep({ tell: (swarm) => swarm.desync(1, { ...report, tick: 3 }) }), 'desync.count')).toBe(1);
  });
});

test('under an authority the same recorders say why peers’ measures cannot exist', () => {
  const served = lockstep({ options: { decides: 'authority' } });
  for (const name of ['stalls.rate', 'delay.mean', 'rollback.rate', 'links.mean', 'viewChanges.count'] as const) {
    expect(whyOf(served, name), name).toContain('authority');
  }
  expect(whyOf(served, 'relayed.ratio')).toContain('no relay');
});

describe('plans and records of before', () => {
  test('are read, with what they did not know at its default', () => {
    const plan = planSchema.parse({
      topology: 'server',
      players: 10,
      durationS: 5,
      defences: { timeBucket: false, visionFilter: true },
    });
    expect(plan).toMatchObject({ rollback: false, maxDelayMs: 300, natBlockedRatio: 0 });
    expect(plan.defences).toEqual({ ...DEFAULT_DEFENCES, timeBucket: false });
    const record = JSON.parse(JSON.stringify(recordOf({ plan: {} })));
    for (const field of ['rollback', 'maxDelayMs', 'natBlockedRatio']) delete record.plan[field];
    for (const name of ['up.formula', 'cpu.peer', 'stalls.rate']) delete record.measures[name];
    record.desync = { tick: 1, viewer: 2, entity: 3, field: 'x', seen: 4, truth: 5, detectedMs: 6 };
    expect(parseRecord(record)).toMatchObject({
      plan: { rollback: false },
      desync: { section: 'players', peer: null },
    });
  });

  test('thresholds know the new units', () => {
    expect(parseThreshold('cpu.perMessage<0.5ms').limit).toBe(500);
    expect(parseThreshold('stalls.rate<=2/min').limit).toBe(2);
    expect(parseThreshold('rollback.depth.p50<=4').limit).toBe(4);
  });
});

describe('why a mesh stops', () => {
  const LINK_KBPS = (20 * (HEADER_BYTES + PAYLOAD_BYTES) * 8) / 1000;
  const at = (players: number, more: Partial<Record<MeasureName, number>> = {}, rollback = false) => {
    const rate = (players - 1) * 20;
    const payload = (rate * PAYLOAD_BYTES * 8) / 1000;
    return recordOf({
      plan: { topology: 'lockstep', players, rollback },
      values: {
        'up.formula': (players - 1) * LINK_KBPS,
        'up.wire.mean': (players - 1) * LINK_KBPS,
        'up.mean': payload,
        'messages.rate': rate,
        'messages.bytes': PAYLOAD_BYTES,
        'cpu.peer': 1 + players / 2,
        'cpu.authority': null,
        'delay.mean': 100,
        'stalls.time.ratio': 0.0125,
        ...more,
      },
    });
  };
  const records = [at(4), at(8), at(16)];
  const [sentence = ''] = whyItStops(groupRuns(records)[0]!);

  test('is arithmetic with the numbers of the largest run, beside what was measured', () => {
    expect(linkArithmetic(groupRuns(records)[0]!)).toMatchObject({ players: 16 });
    expect(sentence).toContain('(16 − 1) × 20 messages/s × (93 + 20 bytes) = 271 kbit/s of upload each (modelled)');
    expect(sentence).toContain('271 with the same headers were counted (measured)');
    // 1 Mbit/s holds 55 links of 18.08 kbit/s.
    expect(sentence).toContain('exceeds an uplink of 1 Mbit/s from N = 57');
    expect(sentence).toContain('100 Mbit/s from N = 5,532 (modelled)');
  });

  test('says how CPU per peer grows, and where a core is full', () => {
    expect(sentence).toContain('5 % of a core at 8, 9 % of a core at 16 (measured)');
    expect(sentence).toContain('fills one core at N = 198 (modelled)');
    expect(sentence).toContain('100 ms of input delay and 1.25 % of the time waiting');
    expect(sentence).toContain('do not bound the topology');
    const [rolled = ''] = whyItStops(groupRuns([at(8, { 'rollback.depth.p95': 3 }, true)])[0]!);
    expect(rolled).toContain('3 ticks at the 95th percentile');
    expect(rolled).not.toContain('the slowest peer sets the pace');
  });

  test('claims nothing beyond one size, and nothing for an authority', () => {
    const [single = ''] = whyItStops(groupRuns([at(8)])[0]!);
    expect(single).not.toContain('fills one core');
    expect(whyItStops(groupRuns([recordOf({ plan: {} })])[0]!)).toEqual([]);
    const voided = { ...at(8), status: 'void' as const };
    expect(linkArithmetic(groupRuns([voided])[0]!)).toBeNull();
  });

  test('is in the report, with tables of peers and of arithmetic beside counts', () => {
    const all = [...records, at(8, { 'rollback.depth.p50': 2 }, true), recordOf({ plan: {} })];
    const html = renderReport({ title: 'Mesh', records: all, madeAt: 'today' });
    for (const text of [
      'why it stops',
      'Peers without an authority',
      'Upload: arithmetic beside measurement',
      'Upload of every peer of a mesh',
      'CPU per peer',
      'lockstep (rollback)',
    ])
      expect(html).toContain(text);
    expect(groupRuns(all).map(({ variant }) => variant)).toEqual(['lockstep', 'lockstep (rollback)', 'server']);
  });
});
