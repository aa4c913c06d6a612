import { describe, expect, test } from 'vitest';
import { step } from '../../game/step.ts';
import golden from './golden.json' with { type: 'json' };
import { findDivergence, GOLDEN_TICKS, playGolden, type Step } from './golden-match.ts';

/** The rules with a fault: now and then somebody stands 1/256 unit beside its place, as chance would have it. */
const randomRules: Step = (world, inputs) => {
  step(world, inputs);
  if (Math.random() < 0.02) world.players.x[Math.floor(Math.random() * 200)]! ^= 1;
};

describe('the golden match', () => {
  const match = playGolden();

  test('10,000 ticks of 200 bots give the stored checksums, section by section', () => {
    expect(match).toEqual(golden);
  });

  test('had every rule at work', () => {
    const { fire, hit, kill, spawn, pickup, purchase } = match.happened;
    expect(Math.min(fire, hit, pickup)).toBeGreaterThan(10_000);
    expect(Math.min(kill, spawn, purchase)).toBeGreaterThan(1_000);
  });

  test('kept its coins at every tick', () => {
    expect(match.unbalancedTicks).toBe(0);
  });
});

describe('a world that is saved, restored and stepped again', () => {
  for (const seed of [1, 2, 3]) {
    test(`never diverges (seed ${seed})`, () => {
      expect(findDivergence({ ticks: GOLDEN_TICKS, restarts: 150, seed })).toBeNull();
    });
  }
});

describe('a rule that is deliberately random', () => {
  test('is caught by stepping again, with the field that it touched', () => {
    const found = findDivergence({ ticks: GOLDEN_TICKS, restarts: 150, seed: 1, rules: randomRules });
    expect(found).not.toBeNull();
    expect(found?.difference).toMatchObject({ section: 'players', field: 'x' });
  });

  test('is caught by the stored checksums', () => {
    const { checkpoints, allTicks } = playGolden(1_000, randomRules);
    expect(checkpoints).not.toEqual(golden.checkpoints.slice(0, checkpoints.length));
    expect(allTicks).not.toBe(playGolden(1_000).allTicks);
  });
});
