/** The least of what was noted lately: over a window, and over the one before it, so that it does not forget all at once. */

const WINDOW_MS = 500;

export class Lately {
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #sinceMs = 0;

  note(value: number, nowMs: number): void {
    if (nowMs - this.#sinceMs > WINDOW_MS) {
      this.#leastBefore = this.#least;
      this.#least = Number.POSITIVE_INFINITY;
      this.#sinceMs = nowMs;
    }
    this.#least = Math.min(this.#least, value);
  }

  /** Infinity while nothing was noted. */
  get least(): number {
    return Math.min(this.#least, this.#leastBefore);
  }
}
