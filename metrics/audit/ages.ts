/**
 * Age of information over time. Between two receptions the age of what a viewer holds grows by one ms per ms, so a span
 * of time is a ramp of ages, not a number. A ramp spreads evenly over the bins it crosses: its ends are added to their
 * bins, what lies between as two corner entries of a difference array, so that it costs the same however long it is.
 */
import { Distribution } from '../histogram.ts';

/** Older than this counts as this. */
const OLDEST_MS = 5000;

export class Ages {
  readonly #ends = new Float64Array(OLDEST_MS + 2);
  readonly #corners = new Float64Array(OLDEST_MS + 2);

  /** For `ms` milliseconds the age grew from `age` to `age + ms`. */
  add(age: number, ms: number): void {
    const from = Math.min(OLDEST_MS, Math.max(0, age));
    const until = Math.min(OLDEST_MS, from + ms);
    const capped = ms - (until - from);
    if (capped > 0) this.#ends[OLDEST_MS]! += capped;
    const first = Math.floor(from);
    const last = Math.floor(until);
    if (first === last) {
      this.#ends[first]! += until - from;
      return;
    }
    this.#ends[first]! += first + 1 - from;
    this.#ends[last]! += until - last;
    this.#corners[first + 1]!++;
    this.#corners[last]!--;
  }

  /** Ages in ms, weighted by microseconds. */
  distribution(): Distribution {
    const ages = new Distribution();
    let level = 0;
    for (let bin = 0; bin <= OLDEST_MS; bin++) {
      level += this.#corners[bin]!;
      const weight = Math.round((level + this.#ends[bin]!) * 1000);
      if (weight > 0) ages.add(bin === OLDEST_MS ? bin : bin + 0.5, weight);
    }
    return ages;
  }
}

const PAIR_BIN_MS = 25;
const PAIR_BINS = 120;

/** The same per (viewer, actor) pair, in bins of 25 ms up to 3 s; pairs get a place when they first meet. */
export class PairAges {
  readonly #place: Int32Array;
  #time = new Float32Array(PAIR_BINS * 256);
  count = 0;

  constructor(pairs: number) {
    this.#place = new Int32Array(pairs).fill(-1);
  }

  add(pair: number, age: number, ms: number): void {
    let place = this.#place[pair]!;
    if (place < 0) {
      place = this.count++;
      this.#place[pair] = place;
      if (this.count * PAIR_BINS > this.#time.length) {
        const larger = new Float32Array(this.#time.length * 2);
        larger.set(this.#time);
        this.#time = larger;
      }
    }
    const start = place * PAIR_BINS;
    let from = Math.max(0, age);
    const until = from + ms;
    for (let bin = Math.floor(from / PAIR_BIN_MS); bin < PAIR_BINS - 1 && from < until; bin++) {
      const edge = Math.min(until, (bin + 1) * PAIR_BIN_MS);
      this.#time[start + bin]! += edge - from;
      from = edge;
    }
    if (from < until) this.#time[start + PAIR_BINS - 1]! += until - from;
  }

  /** The largest 99th percentile among the pairs that were in interest for `leastMs`; null when none was. */
  worst(leastMs: number): number | null {
    let worst: number | null = null;
    for (let place = 0; place < this.count; place++) {
      const bins = this.#time.subarray(place * PAIR_BINS, (place + 1) * PAIR_BINS);
      const total = bins.reduce((sum, ms) => sum + ms, 0);
      if (total < leastMs) continue;
      let left = total * 0.01;
      let bin = PAIR_BINS - 1;
      while (bin > 0 && bins[bin]! <= left) left -= bins[bin--]!;
      const age = (bin + 1 - left / Math.max(bins[bin]!, 1e-9)) * PAIR_BIN_MS;
      worst = Math.max(worst ?? 0, age);
    }
    return worst;
  }
}
