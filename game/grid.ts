/**
 * A uniform grid over entities, rebuilt by counting sort: O(entities + cells), no allocation after the first build. The
 * rules use it for touch, an authority for interest. Within a cell entities stay in ascending id order, so that walking
 * a grid is deterministic.
 */
export class Grid {
  readonly cellSize: number;
  /** Cells along one side. */
  readonly side: number;
  /** Entities of cell c are `ids[starts[c]]` up to, not including, `ids[starts[c + 1]]`. */
  readonly starts: Int32Array;
  ids: Int32Array;

  /** A grid over a square of `size` sub-units with cells of `cellSize` sub-units. */
  constructor(size: number, cellSize: number) {
    this.cellSize = cellSize;
    this.side = Math.ceil(size / cellSize);
    this.starts = new Int32Array(this.side * this.side + 2);
    this.ids = new Int32Array(0);
  }

  /** The row or column of a coordinate, clamped to the grid. */
  cell(coordinate: number): number {
    const cell = (coordinate / this.cellSize) | 0;
    return cell < 0 ? 0 : cell >= this.side ? this.side - 1 : cell;
  }

  /** Sorts the ids 0..count−1 whose `present` value is above 0 into cells. Positions must lie inside the square. */
  build(count: number, x: Int32Array, y: Int32Array, present: Int32Array): void {
    const { starts, side, cellSize } = this;
    if (this.ids.length < count) this.ids = new Int32Array(count);
    const ids = this.ids;
    starts.fill(0);
    // Counts are kept two places ahead, so that after the second pass starts[c] is where cell c begins.
    for (let id = 0; id < count; id++) {
      if (present[id]! <= 0) continue;
      const cell = ((y[id]! / cellSize) | 0) * side + ((x[id]! / cellSize) | 0);
      starts[cell + 2]!++;
    }
    for (let c = 2; c < starts.length; c++) starts[c]! += starts[c - 1]!;
    for (let id = 0; id < count; id++) {
      if (present[id]! <= 0) continue;
      const cell = ((y[id]! / cellSize) | 0) * side + ((x[id]! / cellSize) | 0);
      ids[starts[cell + 1]!++] = id;
    }
  }
}
