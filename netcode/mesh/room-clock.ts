/**
 * The room's time, which is the same for all its peers: milliseconds since its match was founded. Of the recent samples
 * the one with the shortest round trip is believed, for it can be wrong by half of that at most (NTP's clock filter, Mills
 * 1991); one's own clock carries on from it. What a new sample corrects is spread over time, so that ticks stay even.
 */
import { elapsedMs } from './room-messages.ts';

/** An old sample is trusted less: clocks of two machines may run apart by 1 in 5,000. */
const DRIFT = 0.0002;
/** Time is bent by this much at most while it is corrected, as that of ticks is (M1). */
const BEND = 0.05;
/** What is further off is not bent but set: after a standstill, or in another match. */
const SET_BEYOND_MS = 250;
/** Samples that are looked at. */
const SAMPLES = 64;

interface Sample {
  atMs: number;
  rttMs: number;
  /** The room's time less the own. */
  aheadMs: number;
}

export class RoomClock {
  #samples: Sample[] = [];
  /** The best estimate, what was shown before it, and since when it holds. */
  #aheadMs = Number.NaN;
  #shownMs = Number.NaN;
  #sinceMs = 0;

  /** Forgets everything: another match has another time. */
  reset(): void {
    this.#samples = [];
    this.#aheadMs = Number.NaN;
    this.#shownMs = Number.NaN;
  }

  /** The shortest of the recent round trips; NaN before the first. */
  get rttMs(): number {
    return this.#samples.length === 0 ? Number.NaN : Math.min(...this.#samples.map(({ rttMs }) => rttMs));
  }

  get samples(): number {
    return this.#samples.length;
  }

  /** The rendezvous said that it was `roomMs` when it echoed what was sent at `sentMs`. */
  sample(sentMs: number, roomMs: number, nowMs: number): void {
    const rttMs = elapsedMs(sentMs, nowMs);
    this.#samples.push({ atMs: nowMs, rttMs, aheadMs: roomMs + rttMs / 2 - nowMs });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#believe(nowMs);
  }

  #believe(nowMs: number): void {
    const error = ({ atMs, rttMs }: Sample) => rttMs / 2 + (nowMs - atMs) * DRIFT;
    let best = this.#samples.at(-1)!;
    for (const sample of this.#samples) if (error(sample) < error(best)) best = sample;
    // Samples that disagree by more than both can be wrong are of another time.
    const newest = this.#samples.at(-1)!;
    if (Math.abs(newest.aheadMs - best.aheadMs) > error(newest) + error(best) + SET_BEYOND_MS) {
      this.#samples = [newest];
      best = newest;
    }
    const shown = this.timeMs(nowMs) - nowMs;
    this.#shownMs = Math.abs(best.aheadMs - shown) <= SET_BEYOND_MS ? shown : best.aheadMs;
    this.#aheadMs = best.aheadMs;
    this.#sinceMs = nowMs;
  }

  /** NaN while it is not known. Goes on while the rendezvous is lost. */
  timeMs(nowMs: number): number {
    const most = Math.max(0, nowMs - this.#sinceMs) * BEND;
    const off = this.#aheadMs - this.#shownMs;
    return nowMs + this.#shownMs + Math.max(-most, Math.min(most, off));
  }
}
