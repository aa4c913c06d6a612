/** The rows that owners wrote, gathered from all processes: per player in the order of ticks, each tick once. */
import type { SwarmRecording } from '../swarm-recorder.ts';
import type { OwnTick } from './owner-notes.ts';

/** One row, read where it lies. */
export type OwnRow = Pick<
  OwnTick,
  'tick' | 'dueMs' | 'phaseMs' | 'startMs' | 'endMs' | 'alive' | 'x' | 'y' | 'inputTick'
>;

export class OwnRows {
  readonly capacity: number;
  readonly count: number;
  readonly #swarms: readonly SwarmRecording[];
  /** Player p's rows are at `#start[p]` to `#start[p + 1] − 1`: which swarm's, and which row there. */
  readonly #start: Int32Array;
  readonly #swarm: Uint16Array;
  readonly #row: Int32Array;
  readonly #ranges = new Map<number, [number, number]>();
  readonly #read: OwnRow = {
    tick: 0,
    dueMs: 0,
    phaseMs: 0,
    startMs: 0,
    endMs: 0,
    alive: false,
    x: 0,
    y: 0,
    inputTick: -1,
  };

  constructor(swarms: readonly SwarmRecording[], capacity: number) {
    this.#swarms = swarms;
    this.capacity = capacity;
    const start = new Int32Array(capacity + 1);
    for (const { owned } of swarms) {
      for (let i = 0; i < owned.count; i++) start[owned.columns.player[i]! + 1]!++;
    }
    for (let p = 0; p < capacity; p++) start[p + 1]! += start[p]!;
    this.count = start[capacity]!;
    this.#start = start;
    this.#swarm = new Uint16Array(this.count);
    this.#row = new Int32Array(this.count);
    const next = start.slice(0, capacity);
    swarms.forEach(({ owned }, swarm) => {
      for (let i = 0; i < owned.count; i++) {
        const at = next[owned.columns.player[i]!]!++;
        this.#swarm[at] = swarm;
        this.#row[at] = i;
      }
    });
  }

  /** First and last tick that anybody did; 0 and −1 where nobody did any. */
  get tickRange(): [number, number] {
    let [first, last] = [Number.POSITIVE_INFINITY, -1];
    for (const { owned } of this.#swarms) {
      for (let i = 0; i < owned.count; i++) {
        first = Math.min(first, owned.columns.tick[i]!);
        last = Math.max(last, owned.columns.tick[i]!);
      }
    }
    return last < 0 ? [0, -1] : [first, last];
  }

  /** First and last tick of a player; 0 and −1 where it did none. */
  ticksOf(player: number): [number, number] {
    const known = this.#ranges.get(player);
    if (known) return known;
    let range: [number, number] = [0, -1];
    this.each(player, ({ tick }) => {
      range = range[1] < 0 ? [tick, tick] : [range[0], tick];
    });
    this.#ranges.set(player, range);
    return range;
  }

  /** Hands over a player's rows by rising tick, in one object that is overwritten each time. What repeats a tick is left out. */
  each(player: number, take: (row: Readonly<OwnRow>) => void): void {
    let before = Number.NEGATIVE_INFINITY;
    // A slot that changed hands has rows in two processes: the later owner's come after, or are left out.
    for (const at of this.#inOrder(player)) {
      const row = this.#readAt(at);
      if (row.tick <= before) continue;
      before = row.tick;
      take(row);
    }
  }

  #inOrder(player: number): Iterable<number> {
    const [from, until] = [this.#start[player]!, this.#start[player + 1]!];
    const places = Array.from({ length: until - from }, (_, i) => from + i);
    const tickAt = (at: number) => this.#swarms[this.#swarm[at]!]!.owned.columns.tick[this.#row[at]!]!;
    const mixes = until > from && this.#swarm[from] !== this.#swarm[until - 1];
    return mixes ? places.sort((a, b) => tickAt(a) - tickAt(b) || a - b) : places;
  }

  #readAt(at: number): OwnRow {
    const { columns } = this.#swarms[this.#swarm[at]!]!.owned;
    const i = this.#row[at]!;
    const row = this.#read;
    row.tick = columns.tick[i]!;
    row.dueMs = columns.dueMs[i]!;
    row.phaseMs = columns.phaseUs[i]! / 1000;
    row.startMs = row.dueMs + columns.lateUs[i]! / 1000;
    row.endMs = row.startMs + columns.tookUs[i]! / 1000;
    row.alive = columns.alive[i] === 1;
    row.x = columns.x[i]!;
    row.y = columns.y[i]!;
    row.inputTick = columns.inputTick[i]!;
    return row;
  }
}
