/** A timer whose calls are due with its bot, in the swarm's one loop, instead of by a timer of the system for each. */
import type { Timer } from '../../links/timer.ts';

interface Call {
  atMs: number;
  callback: () => void;
}

export class HeldTimer implements Timer {
  readonly nowMs: () => number;
  /** When the first call is due; Infinity while none waits. */
  nextDueMs = Number.POSITIVE_INFINITY;
  readonly #calls = new Set<Call>();
  readonly #rescheduled: () => void;

  /** `rescheduled` is told when a call is due earlier than all before. */
  constructor(nowMs: () => number, rescheduled: () => void) {
    this.nowMs = nowMs;
    this.#rescheduled = rescheduled;
  }

  callAt(atMs: number, callback: () => void): () => void {
    const call = { atMs, callback };
    this.#calls.add(call);
    if (atMs < this.nextDueMs) {
      this.nextDueMs = atMs;
      this.#rescheduled();
    }
    return () => {
      if (this.#calls.delete(call) && atMs <= this.nextDueMs) this.#findNext();
    };
  }

  /** Makes the calls that are due by now. */
  run(nowMs: number): void {
    if (nowMs < this.nextDueMs) return;
    // What a call asks for is due with the next run at the earliest, so that none can hold up the others.
    const due = [...this.#calls].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const call of due) if (this.#calls.delete(call)) call.callback();
    this.#findNext();
  }

  #findNext(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#calls) nextMs = Math.min(nextMs, atMs);
    this.nextDueMs = nextMs;
  }
}
