/**
 * Time that a sweep may take, and how fast this machine gets on: what pieces of a kind took so far, beside what was
 * expected, tells what the next one will take.
 */

/** A machine that was fast once will not stay so for ever: no guess goes below this share of the first. */
const LEAST_PACE = 0.4;

export class Budget {
  readonly #nowMs: () => number;
  readonly #endMs: number;
  /** What is held back for later. */
  #reservedMs = 0;
  readonly #spentMs = new Map<string, number>();
  /** By kind, the slowest pace so far: taken ÷ expected. */
  readonly #paces = new Map<string, number>();

  constructor(budgetS: number, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#endMs = nowMs() + budgetS * 1000;
  }

  get leftS(): number {
    return (this.#endMs - this.#nowMs()) / 1000;
  }

  /** Holds back some of what is left; 0 gives it free. */
  reserve(seconds: number): void {
    this.#reservedMs = seconds * 1000;
  }

  expected(kind: string, expectedS: number): number {
    return expectedS * (this.#paces.get(kind) ?? 1);
  }

  /** Whether another piece should end in time. */
  fits(kind: string, expectedS: number): boolean {
    return this.expected(kind, expectedS) <= this.leftS - this.#reservedMs / 1000;
  }

  spentS(kind: string): number {
    return (this.#spentMs.get(kind) ?? 0) / 1000;
  }

  /** Does a piece of work, and learns from how long it took. */
  async spend<T>(kind: string, expectedS: number, work: () => Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    try {
      return await work();
    } finally {
      const tookMs = this.#nowMs() - startMs;
      this.#spentMs.set(kind, (this.#spentMs.get(kind) ?? 0) + tookMs);
      const pace = Math.max(LEAST_PACE, tookMs / 1000 / expectedS);
      this.#paces.set(kind, Math.max(pace, this.#paces.get(kind) ?? 0));
    }
  }
}
