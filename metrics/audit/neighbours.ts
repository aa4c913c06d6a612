/** Who is within vision of a place at one tick: a grid with cells as wide as the vision, so that nine of them suffice. */
import { VISION_RADIUS } from '../../game/constants.ts';
import type { Truth } from './truth.ts';

export class Neighbours {
  readonly #side: number;
  readonly #starts: Int32Array;
  #rows = new Int32Array(0);
  /** Filled by `around`: rows of the tape, and the squares of their distances. */
  count = 0;
  readonly row: Int32Array;
  readonly distanceSquared: Float64Array;

  constructor(arenaSize: number, capacity: number) {
    this.#side = Math.floor(arenaSize / VISION_RADIUS) + 1;
    this.#starts = new Int32Array(this.#side * this.#side + 1);
    this.row = new Int32Array(capacity);
    this.distanceSquared = new Float64Array(capacity);
  }

  #cell(x: number, y: number): number {
    const column = Math.min(this.#side - 1, Math.max(0, Math.floor(x / VISION_RADIUS)));
    const line = Math.min(this.#side - 1, Math.max(0, Math.floor(y / VISION_RADIUS)));
    return line * this.#side + column;
  }

  /** Sorts the players of a tick into cells: a counting sort, linear in them. */
  build(truth: Truth, index: number): void {
    const first = truth.firstRow[index]!;
    const end = truth.endRow(index);
    if (this.#rows.length < end - first) this.#rows = new Int32Array(Math.max(end - first, this.#rows.length * 2));
    const starts = this.#starts.fill(0);
    for (let row = first; row < end; row++) starts[this.#cell(truth.x[row]!, truth.y[row]!)]!++;
    let sum = 0;
    for (let cell = 0; cell < starts.length; cell++) {
      sum += starts[cell]!;
      starts[cell] = sum;
    }
    // Filled from the back, each start ends up at its cell's first row.
    for (let row = end - 1; row >= first; row--) {
      this.#rows[--starts[this.#cell(truth.x[row]!, truth.y[row]!)]!] = row;
    }
  }

  /** Everybody but `self` (a row) within vision of it. */
  around(truth: Truth, self: number): void {
    const x = truth.x[self]!;
    const y = truth.y[self]!;
    const column = Math.min(this.#side - 1, Math.max(0, Math.floor(x / VISION_RADIUS)));
    const line = Math.min(this.#side - 1, Math.max(0, Math.floor(y / VISION_RADIUS)));
    this.count = 0;
    for (let l = Math.max(0, line - 1); l <= Math.min(this.#side - 1, line + 1); l++) {
      const left = l * this.#side + Math.max(0, column - 1);
      const right = l * this.#side + Math.min(this.#side - 1, column + 1);
      for (let i = this.#starts[left]!; i < this.#starts[right + 1]!; i++) {
        const row = this.#rows[i]!;
        const dx = truth.x[row]! - x;
        const dy = truth.y[row]! - y;
        const distanceSquared = dx * dx + dy * dy;
        if (row === self || distanceSquared > VISION_RADIUS * VISION_RADIUS) continue;
        this.row[this.count] = row;
        this.distanceSquared[this.count++] = distanceSquared;
      }
    }
  }
}
