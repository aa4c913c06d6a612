/** The auditor against hand-made tapes whose every number can be worked out on paper. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { addPlayer } from '../../game/step.ts';
import { createWorld, EventKind, type World } from '../../game/world.ts';
import { Ages, PairAges } from '../../metrics/audit/ages.ts';
import { type Audit, audit, poissonInterval } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { Distribution } from '../../metrics/histogram.ts';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import { decodeSwarm, type SeenView, SwarmRecorder } from '../../metrics/swarm-recorder.ts';

const UNIT = 256;
const FROM_MS = 2000;
const SECONDS = 4;
const UNTIL_MS = FROM_MS + SECONDS * 1000;

interface Tape {
  /** Where player 1 is at a tick, in units from player 0. */
  distance?: (tick: number) => number;
  /** From the start of a tick to player 0 holding its snapshot; null when it is lost. */
  transitMs?: (tick: number) => number | null;
  /** What player 0 is told, given the truth. */
  told?: (view: SeenView, tick: number) => void;
  /** Called with the world of each tick before it is recorded. */
  happen?: (world: World, tick: number) => void;
}

/**
 * Two players 20 times a second: each input is due 30 ms before the tick that reflects it, player 0 is measured, and
 * a tick takes 5 ms.
 */
function tape({ distance = () => 100, transitMs = () => 20, told, happen }: Tape = {}): Audit {
  const world = createWorld({ ...DEFAULT_MATCH, players: 2 });
  const { capacity, size } = world.arena;
  addPlayer(world, 0);
  addPlayer(world, 1);
  const { x, y } = world.players;
  const authority = new AuthorityRecorder({ capacity, arenaSize: size, tickRateHz: 20 });
  const swarm = new SwarmRecorder({ capacity, fullClients: 0 });
  authority.measure(FROM_MS, UNTIL_MS);
  swarm.measure(FROM_MS, UNTIL_MS);
  const reflected = new Int32Array(capacity);
  const arrivals: { atMs: number; view: SeenView }[] = [];
  for (let tick = 0; tick * 50 < UNTIL_MS + 2500; tick++) {
    const startMs = tick * 50;
    world.match.tick[0] = tick;
    world.events.count = 0;
    for (const player of [0, 1]) swarm.input(player, tick, startMs - 30, startMs - 30);
    reflected.fill(tick, 0, 2);
    x[0] = 400 * UNIT;
    y[0] = y[1] = 400 * UNIT;
    x[1] = (400 + distance(tick)) * UNIT;
    happen?.(world, tick);
    authority.tick({ tick, dueMs: startMs, startMs, endMs: startMs + 5, world, executedInputTick: reflected });
    const transit = transitMs(tick);
    if (transit === null) continue;
    const isSeen = distance(tick) <= 320;
    const view: SeenView = {
      tick,
      self: { player: 0, alive: true, x: x[0]!, y: y[0]!, score: 0, kills: 0, deaths: 0, purchaseKey: 0 },
      players: {
        count: isSeen ? 1 : 0,
        id: Int32Array.of(1),
        x: Int32Array.of(x[1]!),
        y: Int32Array.of(y[1]!),
      },
    };
    told?.(view, tick);
    arrivals.push({ atMs: startMs + transit, view });
  }
  for (const { atMs, view } of arrivals) swarm.snapshot(0, atMs, view);
  return audit(decodeAuthority(authority.finish()), [decodeSwarm(swarm.finish())], {
    evidence: 'measured',
    expectedJoins: 2,
    quantisation: 40,
    headerBytes: 78,
    authorityPlays: false,
    reference: null,
  });
}

const value = (result: Audit, name: MeasureName) => numberOf(result.measures, name);

describe('on paper', () => {
  const plain = tape();

  test('an action takes from its due time to the snapshot that reflects it', () => {
    for (const name of ['action.p50', 'action.p99', 'ownAction.p50'] as const)
      expect(value(plain, name)).toBeCloseTo(50, 0);
  });

  test('age grows from 50 ms at reception to 100 ms before the next one', () => {
    expect(value(plain, 'age.near.p99')).toBeGreaterThan(98.5);
    expect(value(plain, 'age.near.p99')).toBeLessThan(101);
    expect(value(plain, 'age.all.p95')).toBeCloseTo(97.5, -0.5);
  });

  test('a tick is its lateness plus its duration; even ticks have no instability', () => {
    expect(value(plain, 'tick.p99')).toBeCloseTo(5, 1);
    expect(value(plain, 'tick.rate')).toBe(20);
    expect(value(plain, 'tick.isr')).toBe(0);
    expect(value(plain, 'stalls.count')).toBe(0);
  });

  test('nothing is wrong where nothing is wrong', () => {
    for (const name of ['desync.count', 'viewError.ratio', 'positionError.p95', 'exposure.mean'] as const) {
      expect(value(plain, name), name).toBe(0);
    }
    expect(plain.coverage).toMatchObject({ viewers: 1, pairs: 1, inputs: 2, measuredS: SECONDS });
  });
});

test('beyond 160 units there is no near age, and beyond vision no pair', () => {
  const far = tape({ distance: () => 200 });
  expect(value(far, 'age.near.p99')).toBeNull();
  expect(value(far, 'age.all.p99')).toBeGreaterThan(98);
  const apart = tape({ distance: () => 330 });
  expect(value(apart, 'action.p50')).toBeNull();
  expect(apart.coverage.pairs).toBe(0);
});

test('an omission that tells the truth is information: who comes into view is as old as the snapshot', () => {
  const walk = tape({ distance: (tick) => (tick % 40 < 20 ? 330 : 300) });
  expect(value(walk, 'age.all.p99')).toBeLessThan(101);
  expect(value(walk, 'action.p99')).toBeCloseTo(50, 0);
  expect(value(walk, 'desync.count')).toBe(0);
});

test('an entity left out wrongly ages until the end, and its effects count two seconds', () => {
  const dropped = tape({
    told: (view) => {
      view.players.count = 0;
    },
  });
  expect(value(dropped, 'action.p50')).toBeCloseTo(2000, -1);
  expect(value(dropped, 'age.all.p99')).toBeGreaterThan(3900);
  expect(value(dropped, 'viewError.ratio')).toBe(1);
  expect(value(dropped, 'ownAction.p95')).toBeCloseTo(50, 0);
  expect(value(dropped, 'desync.count')).toBe(0);
});

test('who comes into view unnoticed ages from then on, though it was last held a second ago: till then its absence was true', () => {
  // The viewer is as far as the truth, as peers are that step the world themselves; newcomers are told four ticks late.
  const late = tape({
    distance: (tick) => (tick % 40 < 20 ? 330 : 300),
    transitMs: () => 0,
    told: (view, tick) => {
      if (tick % 40 >= 20 && tick % 40 < 24) view.players.count = 0;
    },
  });
  // 30 ms before a tick are its inputs due; the tick before has the last true absence; four ticks pass until it is told.
  expect(value(late, 'age.all.p99')).toBeGreaterThan(200);
  expect(value(late, 'age.all.p99')).toBeLessThan(30 + 50 * 5 + 5);
});

test('one lost snapshot makes one action wait for the next', () => {
  const lossy = tape({ transitMs: (tick) => (tick % 10 === 0 ? null : 20) });
  expect(value(lossy, 'action.p50')).toBeCloseTo(50, 0);
  expect(value(lossy, 'action.p95')).toBeCloseTo(100, 0);
  expect(value(lossy, 'snapshots.rate')).toBe(18);
});

test('position error is against the truth of the same moment; inconsistency counts what exceeds half a radius', () => {
  // 10 units per tick: for 20 of 50 ms the held snapshot is one tick behind.
  const moving = tape({ distance: (tick) => 100 + 10 * (tick % 2) });
  expect(value(moving, 'positionError.p95')).toBeCloseTo(10, 1);
  expect(value(moving, 'positionError.sameTick.p95')).toBe(0);
  expect(value(moving, 'inconsistency.mean')).toBeCloseTo((10 - 8) * 0.4 * 60, 0);
});

test('a snapshot may be off by the quantisation and no more', () => {
  const off = (subunits: number) =>
    tape({
      told: (view, tick) => {
        if (tick === 60) view.players.x[0]! += subunits;
      },
    });
  expect(value(off(40), 'desync.count')).toBe(0);
  const desynced = off(41);
  expect(value(desynced, 'desync.count')).toBe(1);
  expect(desynced.desync).toMatchObject({ tick: 60, viewer: 0, entity: 1, field: 'x', detectedMs: 20 });
});

test('a player that is shown where nobody is contradicts the truth', () => {
  const ghost = tape({
    told: (view, tick) => {
      if (tick === 60) view.players.id[0] = 2;
    },
  });
  expect(value(ghost, 'desync.count')).toBe(1);
  expect(ghost.desync).toMatchObject({ entity: 2, field: 'presence', truth: null });
});

test('a viewer’s own place must be exact', () => {
  const shifted = tape({
    told: (view, tick) => {
      if (tick === 60) view.self.y += 1;
    },
  });
  expect(shifted.desync).toMatchObject({ field: 'self.y', entity: 0 });
});

test('what a client holds beyond its vision is exposure', () => {
  const leaky = tape({
    distance: () => 400,
    told: (view) => {
      view.players.count = 1;
    },
  });
  expect(value(leaky, 'exposure.mean')).toBeCloseTo(1, 2);
  expect(value(leaky, 'desync.count')).toBe(0);
});

test('outcomes are activity, and a viewer that never learns of them conflicts', () => {
  const kill = (world: World, tick: number) => {
    if (tick === 50) world.events.add(EventKind.kill, 1, 0, 0);
  };
  const unaware = tape({ happen: kill });
  expect(unaware.activity.kills).toBeGreaterThan(0);
  // The kill and its ten points: two counts that are off.
  expect(value(unaware, 'conflicts.per1000')).toBeGreaterThan(0);
  const aware = tape({
    happen: kill,
    told: (view, tick) => {
      if (tick >= 50) Object.assign(view.self, { kills: 1, score: 10 });
    },
  });
  expect(value(aware, 'conflicts.per1000')).toBe(0);
});

describe('parts', () => {
  test('ages of ramps are those of many small steps', () => {
    const ramp = fc.record({
      age: fc.double({ min: 0, max: 900, noNaN: true }),
      ms: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(ramp, { minLength: 1, maxLength: 30 }), (ramps) => {
        const ages = new Ages();
        const steps = new Distribution();
        for (const { age, ms } of ramps) {
          ages.add(age, ms);
          for (let i = 0; i < 200; i++) steps.add(age + ((i + 0.5) / 200) * ms, ms * 5);
        }
        for (const percent of [50, 95]) {
          const exact = steps.percentile(percent)!;
          // Where the ramps leave a gap, a percentile may fall on either side of it.
          const [low, high] = [steps.percentile(percent - 2)!, steps.percentile(Math.min(100, percent + 2))!];
          const found = ages.distribution().percentile(percent)!;
          expect(found).toBeGreaterThanOrEqual(Math.min(exact, low) - 3);
          expect(found).toBeLessThanOrEqual(Math.max(exact, high) + 3);
        }
      }),
    );
  });

  test('the worst pair is the one that waits longest, if they met long enough', () => {
    const pairs = new PairAges(4);
    for (let i = 0; i < 100; i++) pairs.add(0, 50, 50);
    for (let i = 0; i < 100; i++) pairs.add(1, 250, 50);
    pairs.add(2, 1900, 50);
    expect(pairs.worst(2000)).toBeGreaterThan(275);
    expect(pairs.worst(2000)).toBeLessThan(301);
    expect(pairs.worst(60_000)).toBeNull();
  });

  test('histograms merge across processes as if there had been one', () => {
    const all = new Distribution();
    const [a, b] = [new Distribution(), new Distribution()];
    for (let i = 0; i < 1000; i++) {
      all.add(i / 7);
      (i % 3 === 0 ? a : b).add(i / 7);
    }
    const merged = new Distribution(a.encode());
    merged.merge(new Distribution(b.encode()));
    for (const percent of [50, 95, 99.9]) expect(merged.percentile(percent)).toBe(all.percentile(percent));
    expect(new Distribution(all.encode()).count).toBe(1000);
  });

  test('weights of hours do not overflow', () => {
    const long = new Distribution();
    long.add(5, 40_000_000_000);
    expect(new Distribution(long.encode()).count).toBe(40_000_000_000);
  });

  test('a count of events has its Poisson interval', () => {
    const [low, high] = poissonInterval(10);
    // Exact: 4.80 to 18.39.
    expect(low).toBeCloseTo(4.8, 0);
    expect(high).toBeCloseTo(18.4, 0);
    expect(poissonInterval(0)[0]).toBe(0);
  });
});

test('recordings that are cut or foreign are refused, and a full recorder says so', () => {
  const swarm = new SwarmRecorder({ capacity: 4, fullClients: 0, rowLimit: 1 });
  swarm.measure(0, 1000);
  const seen = { count: 2, id: Int32Array.of(1, 2), x: new Int32Array(2), y: new Int32Array(2) };
  const self = { player: 0, alive: true, x: 0, y: 0, score: 0, kills: 0, deaths: 0, purchaseKey: 0 };
  swarm.snapshot(0, 10, { tick: 1, self, players: seen });
  const bytes = swarm.finish();
  expect(decodeSwarm(bytes).dropped).toBe(2);
  expect(() => decodeAuthority(bytes)).toThrow(/authority/);
  expect(() => decodeSwarm(new Uint8Array(3))).toThrow(/too short/);
  expect(() => decodeSwarm(new Uint8Array(64))).toThrow(/not a netbed recording/);
});
