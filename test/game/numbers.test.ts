import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AIM_STEPS } from '../../game/constants.ts';
import { aimAlong, cosine, SINE_ONE, scaled, sine } from '../../game/fixed-point.ts';
import { Random, seedRandom } from '../../game/random.ts';

const radians = (aim: number) => (aim / AIM_STEPS) * 2 * Math.PI;

describe('the sine table', () => {
  test('is the nearest whole number to the sine everywhere', () => {
    for (let aim = 0; aim < AIM_STEPS; aim++) {
      expect(Math.abs(sine(aim) - Math.sin(radians(aim)) * SINE_ONE)).toBeLessThan(0.500001);
      expect(Math.abs(cosine(aim) - Math.cos(radians(aim)) * SINE_ONE)).toBeLessThan(0.500001);
    }
  });

  test('is exactly symmetric, so that no direction is favoured', () => {
    for (let aim = 0; aim < AIM_STEPS; aim++) {
      expect(sine(aim) + sine(aim + AIM_STEPS / 2)).toBe(0);
      expect(sine(AIM_STEPS / 2 - aim)).toBe(sine(aim));
      expect(cosine(aim)).toBe(sine(aim + AIM_STEPS / 4));
    }
  });

  test('takes any aim modulo the turn', () => {
    expect(sine(AIM_STEPS + 7)).toBe(sine(7));
    expect(sine(-7)).toBe(-sine(7));
  });
});

test('scaled rounds towards zero on both sides', () => {
  expect(scaled(1000, SINE_ONE)).toBe(1000);
  expect(scaled(3, SINE_ONE / 2)).toBe(1);
  expect(scaled(3, -SINE_ONE / 2)).toBe(-1);
});

describe('aimAlong', () => {
  const far = fc.integer({ min: -20_000_000, max: 20_000_000 });

  test('is within 1.5 of 4,096 steps of the true angle (fast-check)', () => {
    fc.assert(
      fc.property(far, far, (dx, dy) => {
        fc.pre(dx !== 0 || dy !== 0);
        const truth = (Math.atan2(dy, dx) / (2 * Math.PI)) * AIM_STEPS;
        const off = aimAlong(dx, dy) - truth;
        const around = off - AIM_STEPS * Math.round(off / AIM_STEPS);
        expect(Math.abs(around)).toBeLessThanOrEqual(1.5);
      }),
      { numRuns: 5_000 },
    );
  });

  test('is so for every aim at a distance, all the way around', () => {
    for (let aim = 0; aim < AIM_STEPS; aim++) {
      const off = aimAlong(Math.round(1e6 * Math.cos(radians(aim))), Math.round(1e6 * Math.sin(radians(aim)))) - aim;
      expect(Math.abs(off)).toBeLessThanOrEqual(1);
    }
  });

  test('is exact along the axes and diagonals, whole and in range, and 0 for no direction', () => {
    const along = [
      [1, 0],
      [1, 1],
      [0, 1],
      [-1, 1],
      [-1, 0],
      [-1, -1],
      [0, -1],
      [1, -1],
    ] as const;
    along.forEach(([dx, dy], eighth) => {
      expect(aimAlong(dx * 1000, dy * 1000)).toBe((eighth * AIM_STEPS) / 8);
    });
    expect(aimAlong(0, 0)).toBe(0);
    expect(aimAlong(1_000_000, -1)).toBe(0);
  });
});

describe('random streams', () => {
  test('follow sfc32: counter, mixing and warm-up as published', () => {
    // The published generator, written out in BigInt as a second opinion.
    const mask = 0xffffffffn;
    const state = new Int32Array(4);
    seedRandom(state, 0, 12_345, 3);
    let [a, b, c, counter] = [...state].map((word) => BigInt(word >>> 0)) as [bigint, bigint, bigint, bigint];
    const random = new Random(12_345, 3);
    for (let i = 0; i < 1_000; i++) {
      const sum = (a + b + counter) & mask;
      counter = (counter + 1n) & mask;
      a = b ^ (b >> 9n);
      b = (c + (c << 3n)) & mask;
      c = (((c << 21n) | (c >> 11n)) + sum) & mask;
      expect(random.next()).toBe(Number(sum));
    }
  });

  test('differ between systems and seeds, and repeat for one', () => {
    const first = (seed: number, system: number) => {
      const random = new Random(seed, system);
      return [random.next(), random.next(), random.next()].join();
    };
    const all = new Set<string>();
    for (let seed = 0; seed < 50; seed++) for (let system = 0; system < 20; system++) all.add(first(seed, system));
    expect(all.size).toBe(1_000);
    expect(first(7, 2)).toBe(first(7, 2));
  });

  test('stay below their bound and reach every value about equally often', () => {
    const random = new Random(1);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++;
    // 10,000 each, give or take five standard deviations.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(475);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 26 }), fc.nat(), (bound, seed) => {
        const value = new Random(seed).below(bound);
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
      }),
    );
  });
});
