import { expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { RoomClock } from '../../netcode/mesh/room-clock.ts';

/** A clock that is asked every 500 ms over a link that takes `leastMs` each way, and up to `jitterMs` more. */
function run(
  clock: RoomClock,
  random: Random,
  offsetMs: number,
  leastMs: number,
  jitterMs: number,
  fromMs: number,
): number[] {
  const errors: number[] = [];
  let last = clock.timeMs(fromMs);
  for (let sentMs = fromMs; sentMs < fromMs + 30_000; sentMs += 500) {
    const there = sentMs + leastMs + random.below(jitterMs + 1);
    const back = there + leastMs + random.below(jitterMs + 1);
    clock.sample(Math.floor(sentMs * 16) / 16, there + offsetMs, back);
    for (let nowMs = back; nowMs < sentMs + 500 + 2 * leastMs; nowMs += 10) {
      const time = clock.timeMs(nowMs);
      // Before the first good sample it may be set.
      if (sentMs > fromMs) expect(time, `at ${nowMs}`).toBeGreaterThan(last);
      last = time;
      errors.push(time - nowMs - offsetMs);
    }
  }
  return errors;
}

for (const [leastMs, jitterMs, mostMs] of [
  [1, 0, 0.5],
  [20, 30, 6],
  [60, 120, 20],
] as const) {
  test(`M-E10: the room's time is known within ${mostMs} ms over a link of ${leastMs} + ${jitterMs} ms each way, and never goes back`, () => {
    const clock = new RoomClock();
    expect(clock.timeMs(5)).toBeNaN();
    const errors = run(clock, new Random(leastMs, 9), 123_456, leastMs, jitterMs, 1000);
    const settled = errors.slice(errors.length >> 1).map(Math.abs);
    expect(Math.max(...settled)).toBeLessThan(mostMs);
    expect(clock.rttMs).toBeGreaterThanOrEqual(2 * leastMs - 1);
  });
}

test('M-E10: time that is far off is set at once, as after a standstill', () => {
  const clock = new RoomClock();
  run(clock, new Random(1, 9), 1000, 10, 20, 0);
  clock.sample(40_000, 40_010 + 90_000, 40_020);
  expect(Math.abs(clock.timeMs(40_020) - 130_020)).toBeLessThan(1);
  clock.reset();
  expect(clock.timeMs(40_020)).toBeNaN();
});

test('M-E10: what the first sample was wrong by 200 ms is made up for within 4.5 s', () => {
  const clock = new RoomClock();
  // Among many who join at once an answer waits for 400 ms, and nothing of the question does.
  clock.sample(0, 1000, 400);
  const off = (nowMs: number) => Math.abs(clock.timeMs(nowMs) - nowMs - 1000);
  expect(off(400)).toBeCloseTo(200, 0);
  for (let sentMs = 500; sentMs <= 4500; sentMs += 500) clock.sample(sentMs, sentMs + 1005, sentMs + 10);
  expect(off(4600)).toBeLessThan(2);
});
