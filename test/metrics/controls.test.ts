/**
 * Planted controls: a fault is put into a match whose outcome is known, and each test lists which measures must move and
 * which must not. An auditor that passes these can be believed when it says that nothing is wrong.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import { planSchema } from '../../metrics/plan.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import type { SeenView } from '../../metrics/swarm-recorder.ts';
import { type Measured, type MeasuredMatch, measureMatch } from './measured-match.ts';

const PLAYERS = 24;
const MATCH = { seed: 3, players: PLAYERS, latencyMs: 20, jitterMs: 2 };
const PLAN = planSchema.parse({ topology: 'host', players: PLAYERS, durationS: 20, simulated: true });
const VICTIM = 5;

let clean: MeasuredMatch;
beforeAll(() => {
  clean = measureMatch({ test: MATCH });
});

const value = (match: MeasuredMatch, name: MeasureName) => numberOf(match.measures, name)!;
const failed = (match: MeasuredMatch) =>
  runSelfChecks(match, PLAN)
    .filter((check) => !check.held)
    .map((check) => check.id);

/** Measures that a fault in a viewer's record cannot touch: the match itself went on as before. */
const UNTOUCHED: MeasureName[] = [
  'tick.p99',
  'tick.rate',
  'down.mean',
  'up.mean',
  'joins.ok',
  'inputs.rate',
  'coins.error',
  'disconnects',
  'conflicts.per1000',
];

function expectUnmoved(match: MeasuredMatch, names: readonly MeasureName[]): void {
  for (const name of names) expect(value(match, name), name).toBe(value(clean, name));
}

function plant(fault: Omit<Measured, 'test'>): MeasuredMatch {
  return measureMatch({ test: MATCH, ...fault });
}

/** A copy, so that the session's own view stays as it was. */
function copyOf({ tick, self, players }: SeenView): SeenView {
  const { count, id, x, y } = players;
  return { tick, self: { ...self }, players: { count, id: id.slice(), x: x.slice(), y: y.slice() } };
}

test('a clean match contradicts nothing, fails no check, and is the same twice', () => {
  expect(failed(clean)).toEqual([]);
  expect(value(clean, 'desync.count')).toBe(0);
  expect(value(clean, 'conflicts.per1000')).toBe(0);
  expect(value(clean, 'exposure.mean')).toBe(0);
  expect(value(clean, 'coins.error')).toBe(0);
  const again = measureMatch({ test: MATCH });
  expect(again.recordings).toEqual(clean.recordings);
  expect(again.measures).toEqual(clean.measures);
});

describe('an injected desync', () => {
  let match: MeasuredMatch;
  beforeAll(() => {
    match = plant({
      distort: (viewer, view) => {
        const at = view.players.id.subarray(0, view.players.count).indexOf(11);
        if (viewer !== VICTIM || at < 0) return view;
        const copy = copyOf(view);
        copy.players.x[at]! += 2 * 256;
        return copy;
      },
    });
  });

  test('is found, and named by viewer, entity and field', () => {
    expect(value(match, 'desync.count')).toBeGreaterThan(0);
    expect(match.desync).toMatchObject({ viewer: VICTIM, entity: 11, field: 'x' });
    expect(match.desync!.seen - match.desync!.truth!).toBeGreaterThan(2 * 256 - 40);
    expect(failed(match)).toEqual(['desync']);
  });

  test('moves nothing else', () => {
    expectUnmoved(match, [
      ...UNTOUCHED,
      'action.p95',
      'action.p99',
      'age.near.p99',
      'viewError.ratio',
      'exposure.mean',
    ]);
  });
});

describe('one entity dropped from what one viewer holds', () => {
  let match: MeasuredMatch;
  beforeAll(() => {
    match = plant({
      distort: (viewer, view) => {
        const at = view.players.id.subarray(0, view.players.count).indexOf(11);
        if (viewer !== VICTIM || at < 0) return view;
        const copy = copyOf(view);
        const last = --copy.players.count;
        for (const column of [copy.players.id, copy.players.x, copy.players.y]) column[at] = column[last]!;
        return copy;
      },
    });
  });

  test('shows in view errors, in the age of the worst pair, and as effects that nobody held', () => {
    expect(value(match, 'viewError.ratio')).toBeGreaterThan(value(clean, 'viewError.ratio'));
    expect(value(match, 'age.worstPair.p99')).toBeGreaterThan(2 * value(clean, 'age.worstPair.p99'));
    expect(value(match, 'action.p99')).toBeGreaterThanOrEqual(value(clean, 'action.p99'));
  });

  test('is no desync, and moves neither own actions nor positions', () => {
    expectUnmoved(match, [...UNTOUCHED, 'desync.count', 'ownAction.p50', 'ownAction.p95', 'exposure.mean']);
    expect(failed(match)).toEqual([]);
  });
});

describe('100 ms more on one link', () => {
  let match: MeasuredMatch;
  beforeAll(() => {
    match = plant({ plant: (planted) => planted.delayLink(VICTIM, 100) });
  });

  test('ages what that player holds and what others hold of it', () => {
    const added = value(match, 'age.worstPair.p99') - value(clean, 'age.worstPair.p99');
    expect(added).toBeGreaterThan(75);
    // A full client sees its inputs come late and hurries, which takes some of it back.
    expect(value(match, 'action.p99') - value(clean, 'action.p99')).toBeGreaterThan(50);
  });

  test('is no desync, loses nobody, and leaves the medians where they were', () => {
    expectUnmoved(match, ['desync.count', 'joins.ok', 'disconnects', 'tick.rate', 'conflicts.per1000', 'coins.error']);
    for (const name of ['action.p50', 'ownAction.p50'] as const) {
      expect(Math.abs(value(match, name) - value(clean, name)), name).toBeLessThan(20);
    }
    expect(failed(match)).toEqual([]);
  });
});

describe('an overloaded bot process', () => {
  test('voids the run and touches no other measure', () => {
    const match = plant({ lagMs: 60 });
    expect(failed(match)).toEqual(['bots.lag']);
    expect(value(match, 'bots.lag.p99')).toBeCloseTo(60, 0);
    expectUnmoved(match, [...UNTOUCHED, 'action.p95', 'age.near.p99', 'desync.count', 'viewError.ratio']);
  });

  test('up to the limit it does not', () => {
    expect(failed(plant({ lagMs: 15 }))).toEqual([]);
  });
});

describe('a speeding cheat', () => {
  const cheating = (timeBucket: boolean) =>
    measureMatch({
      test: {
        ...MATCH,
        policies: 'wander',
        cheats: { [VICTIM]: 'speed' },
        authority: { defences: { timeBucket, visionFilter: true } },
      },
    });
  const distanceOf = (match: MeasuredMatch, player: number) =>
    match.tallies.find((tally) => tally.player === player)!.distancePerMin;
  const median = (match: MeasuredMatch) => {
    const others = match.tallies.filter((tally) => tally.player !== VICTIM).map((tally) => tally.distancePerMin);
    return others.sort((a, b) => a - b)[others.length >> 1]!;
  };

  test('gains distance without the time bucket, and next to nothing with it', () => {
    const open = cheating(false);
    expect(distanceOf(open, VICTIM) / median(open)).toBeGreaterThan(1.3);
    const defended = cheating(true);
    expect(distanceOf(defended, VICTIM) / median(defended)).toBeLessThan(1.15);
    for (const match of [open, defended]) {
      expect(value(match, 'desync.count')).toBe(0);
      expect(value(match, 'coins.error')).toBe(0);
      expect(value(match, 'exposure.mean')).toBe(0);
    }
  });
});

test('without the vision filter clients hold what lies beyond their vision, and the record says how much', () => {
  const open = measureMatch({
    test: { ...MATCH, authority: { defences: { timeBucket: true, visionFilter: false } } },
    quantisation: 160,
  });
  expect(value(open, 'exposure.mean')).toBeGreaterThan(1);
  expect(value(open, 'desync.count')).toBe(0);
});

test('players that stand still are noticed when compared with those that do not', () => {
  const idle = measureMatch({ test: { ...MATCH, policies: 'afk' }, reference: clean.activity });
  expect(failed(idle)).toContain('activity');
  const lively = measureMatch({ test: { ...MATCH, seed: 4 }, reference: clean.activity });
  expect(failed(lively)).toEqual([]);
});
