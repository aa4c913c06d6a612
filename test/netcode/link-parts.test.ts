import { expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { LossChain } from '../../netcode/link/gilbert.ts';
import { exponential, heavyTailed, JITTER_CLIP, JITTER_MEAN, ln } from '../../netcode/link/portable-math.ts';
import { checkProfile, customProfile, needsConditioning, PROFILES, profileOf } from '../../netcode/link/profiles.ts';
import { QUEUE_MS, RateLimit } from '../../netcode/link/rate-limit.ts';
import { TimedQueue } from '../../netcode/link/timed-queue.ts';

test('the portable logarithm is within 1e-14 of the engine, from the smallest numbers to the largest', () => {
  const random = new Random(1);
  expect(ln(1)).toBe(0);
  const edges = [2, 0.5, Math.SQRT2, Math.SQRT1_2, 2 ** -32, 2 ** -1022, 1.7e308, 1 + 2 ** -40, 1 - 2 ** -32];
  for (let i = 0; i < 20_000; i++) edges.push(random.unit() * 2 ** (random.below(200) - 100) + Number.MIN_VALUE);
  for (const x of edges) {
    const exact = Math.log(x);
    expect(Math.abs(ln(x) - exact), `ln(${x})`).toBeLessThanOrEqual(Math.max(1e-14 * Math.abs(exact), 1e-15));
  }
  for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => ln(bad)).toThrow(RangeError);
});

test('exponential draws have their mean, their standard deviation and their median', () => {
  const random = new Random(2);
  const draws = Array.from({ length: 200_000 }, () => exponential(random, 40)).sort((a, b) => a - b);
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  const deviation = Math.sqrt(draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length);
  expect(mean).toBeCloseTo(40, 0);
  expect(deviation / 40).toBeCloseTo(1, 1);
  expect(draws[draws.length >> 1]).toBeCloseTo(40 * Math.LN2, 0);
  expect(draws[0]).toBeGreaterThanOrEqual(0);
});

test('jitter is heavy-tailed, and clipped at ten times its scale', () => {
  const random = new Random(3);
  const draws = Array.from({ length: 200_000 }, () => heavyTailed(random, 8)).sort((a, b) => a - b);
  const share = (above: number) => draws.filter((x) => x > above).length / draws.length;
  expect(draws.reduce((sum, x) => sum + x, 0) / draws.length / (8 * JITTER_MEAN)).toBeCloseTo(1, 1);
  expect(draws.at(-1)).toBe(8 * JITTER_CLIP);
  expect(share(8)).toBeCloseTo(1 / 4, 2);
  expect(share(4 * 8)).toBeCloseTo(1 / 25, 2);
  expect(draws.filter((x) => x === 8 * JITTER_CLIP).length / draws.length).toBeCloseTo(1 / 121, 3);
});

for (const { lossRatio, meanBadMs } of [
  { lossRatio: 0.002, meanBadMs: 20 },
  { lossRatio: 0.02, meanBadMs: 40 },
  { lossRatio: 0.3, meanBadMs: 80 },
]) {
  test(`a loss chain is bad ${lossRatio * 100} % of the time, ${meanBadMs} ms at a time (seed 4)`, () => {
    const chain = new LossChain(new Random(4), lossRatio, meanBadMs);
    // Long enough for some 4,000 bursts, so that chance moves either figure by less than 4 %.
    const runMs = (4000 * meanBadMs) / lossRatio;
    let badMs = 0;
    let bursts = 0;
    let wasBad = false;
    for (let ms = 0; ms < runMs; ms += 1) {
      const bad = chain.isBad(ms);
      if (bad) badMs++;
      if (bad && !wasBad) bursts++;
      wasBad = bad;
    }
    expect(badMs / runMs / lossRatio).toBeCloseTo(1, 0.8);
    expect(badMs / bursts / meanBadMs).toBeCloseTo(1, 0.8);
  });
}

test('a loss chain may be asked about the future and then about the present (seed 5)', () => {
  const ordered = new LossChain(new Random(5), 0.3, 40);
  const peeking = new LossChain(new Random(5), 0.3, 40);
  for (let ms = 0; ms < 60_000; ms += 7) {
    if (ms > 0) peeking.isBad(ms + 1500);
    expect(peeking.isBad(ms), `at ${ms} ms`).toBe(ordered.isBad(ms));
  }
});

test('a rate limit carries its rate, queues for at most 100 ms and loses the rest', () => {
  // 1 Mbit/s is 125 bytes a millisecond; twice that is offered.
  const limit = new RateLimit(1000);
  let taken = 0;
  let lost = 0;
  let longestMs = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    const waitMs = limit.offer(ms, 250);
    if (waitMs < 0) lost++;
    else taken++;
    longestMs = Math.max(longestMs, waitMs);
  }
  expect((taken * 250 * 8) / 10_000 / 1000).toBeCloseTo(1, 1);
  expect(lost / 10_000).toBeCloseTo(0.5, 1);
  expect(longestMs).toBeGreaterThan(QUEUE_MS - 2);
  expect(longestMs).toBeLessThanOrEqual(QUEUE_MS + 2);
  expect(limit.offer(60_000, 250)).toBe(2);
  expect(() => new RateLimit(0)).toThrow(/0 kbit\/s/);
});

test('a timed queue orders by time, and keeps the order of insertion within one time', () => {
  const random = new Random(6);
  const queue = new TimedQueue<{ time: number; order: number }>();
  const expected: { time: number; order: number }[] = [];
  const taken: { time: number; order: number }[] = [];
  for (let order = 0; order < 5000; order++) {
    const item = { time: random.below(50), order };
    queue.push(item.time, item);
    expected.push(item);
  }
  expected.sort((a, b) => a.time - b.time || a.order - b.order);
  while (queue.length > 0) {
    expect(queue.nextTime).toBe(expected[taken.length]!.time);
    taken.push(queue.pop()!);
  }
  expect(taken).toEqual(expected);
  expect(queue.nextTime).toBe(Number.POSITIVE_INFINITY);
  expect(queue.pop()).toBeUndefined();
});

test('profiles are found by id, refused by name, and say where they come from', () => {
  expect(PROFILES.map((profile) => profile.id)).toEqual(expect.arrayContaining(['lan', 'good', 'wifi', 'mobile']));
  for (const profile of PROFILES) {
    checkProfile(profile);
    expect(profileOf(profile.id)).toBe(profile);
    expect(profile.source).toMatch(/assumption/);
  }
  expect(() => profileOf('wi-fi')).toThrow(/'wi-fi': allowed are lan, good, wifi, mobile/);
  expect(() => customProfile({ lossRatio: 1.5 })).toThrow(/lossRatio 1.5: allowed are 0 to 1/);
  expect(() => customProfile({ baseRttMs: Number.NaN })).toThrow(/baseRttMs NaN/);
  expect(PROFILES.filter((profile) => !needsConditioning(profile)).map((profile) => profile.id)).toEqual(['lan']);
});
