/** A timer whose calls are due with its bot, in the swarm's one loop, instead of by a timer of the system for each. */
import type { Timer } from '../../links/timer.ts';
import { TimedQueue } from '../../netcode/link/timed-queue.ts';

interface Call {
  /** Null once it was cancelled. */
  callback: (() => void) | null;
}

export class HeldTimer implements Timer {
  readonly nowMs: () => number;
  readonly #calls = new TimedQueue<Call>();
  readonly #rescheduled: () => void;

  /** `rescheduled` is told when a call is due earlier than all before. */
  constructor(nowMs: () => number, rescheduled: () => void) {
    this.nowMs = nowMs;
    this.#rescheduled = rescheduled;
  }

  /** When the first call is due; Infinity while none waits. One that was cancelled may still be counted. */
  get nextDueMs(): number {
    return this.#calls.nextTime;
  }

  callAt(atMs: number, callback: () => void): () => void {
    const call: Call = { callback };
    const isFirst = atMs < this.nextDueMs;
    this.#calls.push(atMs, call);
    if (isFirst) this.#rescheduled();
    return () => {
      call.callback = null;
    };
  }

  /** Makes the calls that are due by now. */
  run(nowMs: number): void {
    if (this.#calls.nextTime > nowMs) return;
    // What a call asks for is due with the next run at the earliest, so that none can hold up the others.
    const due: Call[] = [];
    while (this.#calls.nextTime <= nowMs) due.push(this.#calls.pop()!);
    for (const call of due) call.callback?.();
  }
}
