/**
 * Virtual time: an ordered queue of things to do, in whole microseconds, so that times add up exactly and two runs of a
 * seed do the same things in the same order. What is due at one time happens in the order in which it was asked for.
 */
import { assert } from '../game/assert.ts';
import { TimedQueue } from '../netcode/link/timed-queue.ts';

export class VirtualClock {
  readonly #queue = new TimedQueue<() => void>();
  #nowUs = 0;

  get nowUs(): number {
    return this.#nowUs;
  }

  get nowMs(): number {
    return this.#nowUs / 1000;
  }

  /** Asks for an action at a time in ms, rounded up to a microsecond that is not before it; at once if that has passed. */
  at(ms: number, action: () => void): void {
    assert(!Number.isNaN(ms), 'an action is asked for at a time');
    this.#queue.push(Math.max(this.#nowUs, microseconds(ms)), action);
  }

  /** Does everything that is due up to and including a time, and stands there. */
  runUntil(ms: number): void {
    const untilUs = microseconds(ms);
    assert(untilUs >= this.#nowUs, 'virtual time never goes back');
    while (this.#queue.nextTime <= untilUs) {
      this.#nowUs = this.#queue.nextTime;
      this.#queue.pop()!();
    }
    this.#nowUs = untilUs;
  }
}

/** The first whole microsecond that, told as ms, is not before `ms`. */
function microseconds(ms: number): number {
  const us = Math.ceil(ms * 1000);
  return us / 1000 < ms ? us + 1 : us;
}

/** Wakes one participant when its session wants to be called: the only one who sets its time is `set`. */
export class Waker {
  readonly #clock: VirtualClock;
  readonly #action: () => void;
  /** Calls before this one's number are out of date. */
  #call = 0;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(clock: VirtualClock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  /** Replaces the time of the next call; Infinity for none. A time that has passed means the next microsecond. */
  set(dueMs: number): void {
    if (dueMs === this.#dueMs) return;
    this.#dueMs = dueMs;
    const call = ++this.#call;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#clock.at(Math.max(dueMs, (this.#clock.nowUs + 1) / 1000), () => {
      if (call !== this.#call) return;
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#action();
    });
  }
}
