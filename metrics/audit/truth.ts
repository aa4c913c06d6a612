/**
 * The truth tape, indexed: which tick is where, which row of it is a player's, and, per row, which logged input is the
 * newest that it reflects. The truth of a tick holds from the start of that tick at whoever keeps the tape, because its
 * snapshots can reach a viewer before the tick's own end; and where peers simulate one world side by side, from the moment
 * that the first of them (`viewers`) holds it, who need not be the one that keeps the tape.
 */
import type { AuthorityRecording } from '../authority-recorder.ts';
import type { InputLog } from './inputs.ts';
import type { ViewerLog } from './viewers.ts';

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

  constructor(recording: AuthorityRecording, inputs: InputLog, viewers: readonly ViewerLog[] = []) {
    const { ticks, truth } = recording;
    this.tickCount = ticks.count;
    this.tick = ticks.columns.tick;
    this.startMs = ticks.columns.startMs.slice();
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
    this.#startWithTheFirst(viewers);
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

  /** Moves the start of a tick back to when any viewer first held it or a later one. Changes nothing under an authority. */
  #startWithTheFirst(viewers: readonly ViewerLog[]): void {
    for (const { swarm, snapshots } of viewers) {
      const { tick, atMs } = swarm.snapshots.columns;
      for (const row of snapshots) {
        const k = this.indexOf(tick[row]!);
        if (k >= 0 && atMs[row]! < this.startMs[k]!) this.startMs[k] = atMs[row]!;
      }
    }
    for (let k = this.tickCount - 2; k >= 0; k--) {
      this.startMs[k] = Math.min(this.startMs[k]!, this.startMs[k + 1]!);
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
