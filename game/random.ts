/**
 * sfc32 (Chris Doty-Humphrey, PractRand), a small fast 128-bit generator of 32-bit integers. One stream per
 * (match, system), so that one system drawing more does not shift what another draws. Its four words live in an
 * Int32Array that the caller owns: in the world they are saved, restored and checksummed with everything else.
 */

/** Words of state of one stream. */
export const RANDOM_WORDS = 4;

/** Seeds the stream at `state[at..at+3]` from a match seed and the system's own number. */
export function seedRandom(state: Int32Array, at: number, seed: number, system: number): void {
  state[at] = seed | 0;
  state[at + 1] = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
  state[at + 2] = Math.imul(system + 1, 0xc2b2ae35) | 0;
  state[at + 3] = 1;
  for (let i = 0; i < 15; i++) nextRandom(state, at);
}

/** The next 32 random bits as an unsigned integer. */
export function nextRandom(state: Int32Array, at: number): number {
  const a = state[at]!;
  const b = state[at + 1]!;
  const c = state[at + 2]!;
  const counter = state[at + 3]!;
  const result = (a + b + counter) | 0;
  state[at] = b ^ (b >>> 9);
  state[at + 1] = (c + (c << 3)) | 0;
  state[at + 2] = (((c << 21) | (c >>> 11)) + result) | 0;
  state[at + 3] = (counter + 1) | 0;
  return result >>> 0;
}

/**
 * A whole number in [0, bound), by multiply-and-shift (Lemire 2019, without rejection: of 2³² draws, two values may differ
 * by one, which nobody notices at bounds below 2²⁶, the largest used here).
 */
export function randomBelow(state: Int32Array, at: number, bound: number): number {
  return Math.floor((nextRandom(state, at) * bound) / 4294967296);
}

/** A stream of its own, for those outside the world: policies, links, generators. */
export class Random {
  readonly #state = new Int32Array(RANDOM_WORDS);

  constructor(seed: number, system = 0) {
    seedRandom(this.#state, 0, seed, system);
  }

  /** 32 random bits, unsigned. */
  next(): number {
    return nextRandom(this.#state, 0);
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return randomBelow(this.#state, 0, bound);
  }

  /** A number in [0, 1) with 32 random bits. */
  unit(): number {
    return nextRandom(this.#state, 0) / 4294967296;
  }
}
