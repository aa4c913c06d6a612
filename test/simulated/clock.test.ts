import { expect, test } from 'vitest';
import { VirtualClock, Waker } from '../../simulator/clock.ts';

test('what is due at one time happens in the order in which it was asked for', () => {
  const clock = new VirtualClock();
  const done: string[] = [];
  clock.at(2, () => done.push('c'));
  clock.at(1, () => {
    done.push('a');
    clock.at(1, () => done.push('b'));
    clock.at(0, () => done.push('past, so now'));
  });
  clock.at(2, () => done.push('d'));
  clock.at(2.001, () => done.push('later'));
  clock.runUntil(2);
  expect(done).toEqual(['a', 'b', 'past, so now', 'c', 'd']);
  expect(clock.nowMs).toBe(2);
});

test('an action never finds itself before its time, however the time is written', () => {
  const clock = new VirtualClock();
  for (const ms of [0.1 + 0.2, 1000 / 60, 1000 / 3, 1e-9, 123456.7890123]) {
    clock.at(ms, () => expect(clock.nowMs).toBeGreaterThanOrEqual(ms));
  }
  clock.runUntil(200_000);
});

test('a waker calls once, at the newest time it was given', () => {
  const clock = new VirtualClock();
  const calls: number[] = [];
  const waker = new Waker(clock, () => calls.push(clock.nowMs));
  waker.set(10);
  waker.set(5);
  waker.set(20);
  clock.runUntil(15);
  expect(calls).toEqual([]);
  clock.runUntil(25);
  expect(calls).toEqual([20]);
  waker.set(3);
  clock.runUntil(26);
  expect(calls).toEqual([20, 25.001]);
  waker.set(30);
  waker.set(Number.POSITIVE_INFINITY);
  clock.runUntil(100);
  expect(calls.length).toBe(2);
});
