/**
 * Burst loss as a continuous-time chain of a good and a bad state (Gilbert 1960): nothing passes in the bad state. The
 * states last exponentially distributed *times*, not numbers of packets, so that a burst hits a busy link and a quiet one
 * alike, and all links of one participant at once: the chain belongs to one direction of its access line, and they share
 * it. For loss ratio L and mean bad time T the mean good time is T·(1 − L)/L.
 *
 * The sequence of states is drawn in order and depends on nothing but the seed and the time of the first question, so it
 * may be asked about the future (a retransmission) and then again about the present; the last intervals are kept for that.
 */
import type { Random } from '../../game/random.ts';
import { exponential } from './portable-math.ts';

/** Intervals remembered. Even at L = 0.5 and T = 20 ms they span 5 s, more than retransmissions look ahead. */
const KEPT = 256;

export class LossChain {
  readonly #random: Random;
  #lossRatio: number;
  #meanBadMs: number;
  /** Start of interval n, at n modulo KEPT. */
  readonly #starts = new Float64Array(KEPT);
  /** Number of the newest interval; −1 before the first question. */
  #newest = -1;
  #newestEndMs = 0;
  /** Whether interval 0 is bad; they alternate. */
  #firstIsBad = false;

  constructor(random: Random, lossRatio: number, meanBadMs: number) {
    this.#random = random;
    this.#lossRatio = lossRatio;
    this.#meanBadMs = meanBadMs;
  }

  /** Goes on with other parameters, from the next question's time. */
  set(lossRatio: number, meanBadMs: number): void {
    this.#lossRatio = lossRatio;
    this.#meanBadMs = meanBadMs;
    this.#newest = -1;
  }

  /** Whether what passes at this time is lost. Amortised O(1). */
  isBad(atMs: number): boolean {
    const lossRatio = this.#lossRatio;
    if (lossRatio <= 0) return false;
    if (lossRatio >= 1) return true;
    if (this.#newest < 0) this.#begin(atMs);
    while (atMs >= this.#newestEndMs) this.#append(this.#newestEndMs);
    let n = this.#newest;
    const oldest = Math.max(0, n - KEPT + 1);
    while (n > oldest && atMs < this.#starts[n % KEPT]!) n--;
    return this.#isBadInterval(n);
  }

  /** The chain is stationary: it starts bad with the share of the time that it is bad, and forgets when that began. */
  #begin(atMs: number): void {
    this.#firstIsBad = this.#random.unit() < this.#lossRatio;
    this.#append(atMs);
  }

  #append(startMs: number): void {
    const n = ++this.#newest;
    this.#starts[n % KEPT] = startMs;
    const meanGoodMs = (this.#meanBadMs * (1 - this.#lossRatio)) / this.#lossRatio;
    this.#newestEndMs = startMs + exponential(this.#random, this.#isBadInterval(n) ? this.#meanBadMs : meanGoodMs);
  }

  #isBadInterval(n: number): boolean {
    return (n & 1) === 0 ? this.#firstIsBad : !this.#firstIsBad;
  }
}
