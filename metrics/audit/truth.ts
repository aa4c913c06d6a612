/**
 * The truth tape, indexed: which tick is where, which row of it is a player's, and, per row, which logged input is the
 * newest that it reflects. The truth of a tick holds from the start of that tick at the authority, because its snapshots
 * can reach a viewer before the tick's own end.
 */
import type { AuthorityRecording } from '../authority-recorder.ts';
import type { InputLog } from './inputs.ts';

export class Truth {
  readonly tickCount: number;
  readonly tick: Int32Array;
  readonly startMs: Float64Array;
  readonly dueMs: Float64Array;
  readonly firstRow: Int32Array;
  readonly player: Uint16Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  /** Per row: index in the input log of the newest input reflected; below the player's first one when there is none. */
  readonly inputIndex: Int32Array;
  readonly #firstTick: number;
  readonly #indexByTick: Int32Array;
  readonly #rows: number;

  constructor(recording: AuthorityRecording, inputs: InputLog) {
    const { ticks, truth } = recording;
    this.tickCount = ticks.count;
    this.tick = ticks.columns.tick;
    this.startMs = ticks.columns.startMs;
    this.dueMs = ticks.columns.dueMs;
    this.firstRow = ticks.columns.firstRow;
    this.player = truth.columns.player;
    this.x = truth.columns.x;
    this.y = truth.columns.y;
    this.#rows = truth.count;
    this.#firstTick = this.tickCount > 0 ? this.tick[0]! : 0;
    const span = this.tickCount > 0 ? this.tick[this.tickCount - 1]! - this.#firstTick + 1 : 0;
    this.#indexByTick = new Int32Array(span).fill(-1);
    for (let k = 0; k < this.tickCount; k++) this.#indexByTick[this.tick[k]! - this.#firstTick] = k;
    this.inputIndex = new Int32Array(truth.count);
    const newest = inputs.start.map((first) => first - 1);
    const { input } = truth.columns;
    for (let row = 0; row < truth.count; row++) {
      const player = this.player[row]!;
      const end = inputs.start[player + 1]!;
      let at = newest[player]!;
      while (at + 1 < end && inputs.tick[at + 1]! <= input[row]!) at++;
      newest[player] = at;
      this.inputIndex[row] = at;
    }
  }

  /** Place of a tick on the tape, −1 when it is not there. */
  indexOf(tick: number): number {
    const at = tick - this.#firstTick;
    return at >= 0 && at < this.#indexByTick.length ? this.#indexByTick[at]! : -1;
  }

  endRow(index: number): number {
    return index + 1 < this.tickCount ? this.firstRow[index + 1]! : this.#rows;
  }

  /** Row of a player at a tick's index, −1 when it was not alive then. A binary search: rows are by rising slot. */
  rowOf(index: number, player: number): number {
    let low = this.firstRow[index]!;
    // Slots rise by one at least, so a player's row is at most its slot away from the first.
    let high = Math.min(this.endRow(index) - 1, low + player);
    const { player: players } = this;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = players[middle]!;
      if (found === player) return middle;
      if (found < player) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
