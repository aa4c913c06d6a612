/**
 * An HDR histogram (Tene) of non-negative values to three significant digits, with decimals: times in ms and distances
 * in units are kept to a thousandth. Merged across processes exactly; percentiles never come from averages.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Steps per unit of value: microseconds in a millisecond. */
const STEPS = 1000;
/** One hour in ms, or 3,600 km in units: what is above is counted as this. */
const LARGEST = 3_600_000;

export class Distribution {
  #histogram: Histogram;

  constructor(encoded?: string) {
    // 64-bit counters: weights are microseconds, and 32 bits of those pass in an hour.
    this.#histogram =
      encoded === undefined
        ? build({
            bitBucketSize: 64,
            autoResize: true,
            highestTrackableValue: 60_000_000,
            numberOfSignificantValueDigits: 3,
          })
        : (decodeFromCompressedBase64(encoded, 64) as Histogram);
  }

  /** Values below 0 count as 0. `weight` is a whole number. */
  add(value: number, weight = 1): void {
    const steps = Math.round(Math.min(LARGEST, Math.max(0, value)) * STEPS);
    if (weight === 1) this.#histogram.recordValue(steps);
    else if (weight > 0) this.#histogram.recordValueWithCount(steps, weight);
  }

  merge(other: Distribution): void {
    if (other.count > 0) this.#histogram.add(other.#histogram);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** null while empty. `percent` is 0..100. */
  percentile(percent: number): number | null {
    return this.count === 0 ? null : this.#histogram.getValueAtPercentile(percent) / STEPS;
  }

  get max(): number | null {
    return this.count === 0 ? null : this.#histogram.maxValue / STEPS;
  }

  get mean(): number | null {
    return this.count === 0 ? null : this.#histogram.mean / STEPS;
  }

  /** The standard's compressed form in base64: a few hundred bytes. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram as never);
  }
}
