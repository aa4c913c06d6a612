/**
 * What a client knows about time: the round trip, its variation, and which tick the authority is at. Round-trip time is
 * smoothed as in RFC 6298. The authority's tick is the least delayed of the recent snapshots, aged by the own clock:
 * the sample that waited least is the one nearest to the truth (NTP's clock filter).
 */

/** How fast an old best sample is given up, in ms per ms: covers clocks that differ by 1 in 1,000. */
const FORGET = 0.001;

export class ClockEstimate {
  /** Smoothed round trip and its mean deviation; NaN before the first sample. */
  rttMs = Number.NaN;
  jitterMs = 0;
  readonly #tickMs: number;
  #tickZeroMs = Number.NaN;
  #sampledMs = 0;

  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  /** An input was echoed: it left `sentMs` ago (by the own clock) and rested `heldMs` at the authority. */
  roundTrip(elapsedMs: number, heldMs: number): void {
    const sample = Math.max(0, elapsedMs - heldMs);
    if (Number.isNaN(this.rttMs)) {
      this.rttMs = sample;
      this.jitterMs = sample / 2;
      return;
    }
    this.jitterMs += (Math.abs(sample - this.rttMs) - this.jitterMs) / 4;
    this.rttMs += (sample - this.rttMs) / 8;
  }

  /** A snapshot of `tick` arrived. */
  snapshot(tick: number, nowMs: number): void {
    const zeroMs = nowMs - tick * this.#tickMs;
    const forgotten = this.#tickZeroMs + (nowMs - this.#sampledMs) * FORGET;
    this.#tickZeroMs = Number.isNaN(this.#tickZeroMs) || zeroMs < forgotten ? zeroMs : forgotten;
    this.#sampledMs = nowMs;
  }

  /** The newest tick, with its fraction, that could have arrived by now; NaN before the first snapshot. */
  tickAt(nowMs: number): number {
    return (nowMs - this.#tickZeroMs) / this.#tickMs;
  }
}
