/**
 * What one participant believes now: the one thing that policies, cheats, the page and the auditor read. Columns are
 * filled up to `count`; positions are in sub-units, absolute. A view asserts what it omits: whoever is not in it is, for
 * all this participant knows, not within its vision.
 */
import type { Arena } from '../game/arena.ts';

export interface PlayerColumns {
  count: number;
  id: Int32Array;
  x: Int32Array;
  y: Int32Array;
  /** 0..4095, in steps of 16. */
  aim: Int32Array;
  /** 0..100, rounded up to the codec's step. */
  health: Int32Array;
  /** 1 when a shield is up. */
  shielded: Int32Array;
  /** Ticks by which a row is older than the view's own: owners of a mesh are heard of one by one. 0 everywhere else. */
  ageTicks: Int32Array;
}

export interface ShotColumns {
  count: number;
  /** owner × SHOTS_PER_PLAYER + k */
  id: Int32Array;
  x: Int32Array;
  y: Int32Array;
  aim: Int32Array;
}

export interface CoinColumns {
  count: number;
  id: Int32Array;
  x: Int32Array;
  y: Int32Array;
  amount: Int32Array;
}

/** The participant's own player, exact. */
export interface SelfView {
  /** Slot of this player; −1 before it has one. */
  player: number;
  alive: boolean;
  x: number;
  y: number;
  health: number;
  shield: number;
  coins: number;
  score: number;
  kills: number;
  deaths: number;
  /** Ticks until the next shot may be fired, or until a dead player returns. */
  waitTicks: number;
  /** Key of the last purchase that was answered. */
  purchaseKey: number;
}

export interface View {
  /** Tick of the world that this view shows; −1 before the first snapshot. */
  tick: number;
  arena: Arena;
  self: SelfView;
  /** Everybody else within vision. */
  players: PlayerColumns;
  shots: ShotColumns;
  coins: CoinColumns;
}

function columns<K extends string>(names: readonly K[], capacity: number): { count: number } & Record<K, Int32Array> {
  const made = { count: 0 } as { count: number } & Record<K, Int32Array>;
  for (const name of names) (made as Record<K, Int32Array>)[name] = new Int32Array(capacity);
  return made;
}

/** Makes room for `count` rows, keeping what is there. Called per snapshot, and nearly always there is room. */
export function reserveRows(table: { count: number; id: Int32Array }, count: number): void {
  if (table.id.length >= count) return;
  const record = table as unknown as Record<string, Int32Array | number>;
  for (const [name, column] of Object.entries(record)) {
    if (typeof column === 'number') continue;
    const larger = new Int32Array(Math.max(count, column.length * 2));
    larger.set(column);
    record[name] = larger;
  }
}

export function createView(arena: Arena): View {
  return {
    tick: -1,
    arena,
    self: {
      player: -1,
      alive: false,
      x: 0,
      y: 0,
      health: 0,
      shield: 0,
      coins: 0,
      score: 0,
      kills: 0,
      deaths: 0,
      waitTicks: 0,
      purchaseKey: 0,
    },
    players: columns(['id', 'x', 'y', 'aim', 'health', 'shielded', 'ageTicks'], 64),
    shots: columns(['id', 'x', 'y', 'aim'], 32),
    coins: columns(['id', 'x', 'y', 'amount'], 64),
  };
}
