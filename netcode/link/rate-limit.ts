/**
 * One direction of an access line with a rate and a short queue in front of it, as in a modem. What arrives while more
 * than `QUEUE_MS` of bytes wait is lost. The queue is kept as a backlog in milliseconds that drains with time; asked about
 * a time slightly before the last (jitter reorders arrivals), it answers with the backlog it has.
 */

/** Time that a byte waits at most. */
export const QUEUE_MS = 100;

export class RateLimit {
  /** Bits per millisecond. */
  #kbps: number;
  #backlogMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** A line that carries `kbps` kbit/s; Infinity for one without a limit. */
  constructor(kbps: number) {
    if (!(kbps > 0)) throw new RangeError(`rate ${kbps} kbit/s: allowed are positive numbers`);
    this.#kbps = kbps;
  }

  set kbps(kbps: number) {
    this.#kbps = kbps;
  }

  /** Milliseconds until bytes that come now have left, their own transmission included; −1 when the queue is full. */
  offer(nowMs: number, wireBytes: number): number {
    this.#drain(nowMs);
    if (this.#backlogMs > QUEUE_MS) return -1;
    this.#backlogMs += (wireBytes * 8) / this.#kbps;
    return this.#backlogMs;
  }

  /** The same for a stream, whose sender waits instead of losing: its own buffer is the queue, without the limit. */
  wait(nowMs: number, wireBytes: number): number {
    this.#drain(nowMs);
    this.#backlogMs += (wireBytes * 8) / this.#kbps;
    return this.#backlogMs;
  }

  #drain(nowMs: number): void {
    if (nowMs <= this.#lastMs) return;
    // The first question finds an empty queue, whatever its time is.
    this.#backlogMs = Math.max(0, this.#backlogMs - (nowMs - this.#lastMs));
    this.#lastMs = nowMs;
  }
}
