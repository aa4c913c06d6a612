/**
 * The live state of a match: typed arrays, one per field, all views of one buffer. A field is a column, an entity is an
 * index; an id never moves. Saving a world is one copy, comparing two is one pass, and the layout below is data, so that
 * the first field that differs can be named.
 */
import { type Arena, createArena, type MatchConfig } from './arena.ts';
import { SHOTS_PER_PLAYER, TILE } from './constants.ts';
import { Grid } from './grid.ts';
import { RANDOM_WORDS, seedRandom } from './random.ts';

/** `status` of a player slot. Positive means: is in the arena now. */
export const Status = { empty: 0, alive: 1, dead: -1 } as const;

const PLAYER_FIELDS = [
  'status',
  'x',
  'y',
  'aim',
  'health',
  'shield',
  'coins',
  'score',
  'kills',
  'deaths',
  /** First tick at which the next shot may be fired. */
  'readyTick',
  /** Tick at which a dead player returns; of an alive one, the tick at which it appeared. */
  'spawnTick',
  /** Key of the last purchase request that was answered. */
  'purchaseKey',
] as const;

/** A shot's id is owner × SHOTS_PER_PLAYER + k. `life` is the ticks left; 0 is a free slot. */
const SHOT_FIELDS = ['life', 'x', 'y', 'velocityX', 'velocityY', 'aim'] as const;

/** `amount` is the coins lying there: 1 for a minted coin, more for what a death dropped; 0 is a free slot. */
const COIN_FIELDS = ['amount', 'x', 'y'] as const;

/** One of each per world. `playerLimit` is one more than the highest slot ever used. */
const MATCH_FIELDS = [
  'tick',
  'players',
  'playerLimit',
  'minted',
  'spent',
  'lying',
  'coinSlotsUsed',
  'coinCursor',
] as const;

const RANDOM_FIELDS = ['state'] as const;

type Columns<F extends readonly string[]> = { readonly [K in F[number]]: Int32Array };

export const SECTIONS = ['players', 'shots', 'coins', 'match', 'random'] as const;
export type Section = (typeof SECTIONS)[number];

const FIELDS: Record<Section, readonly string[]> = {
  players: PLAYER_FIELDS,
  shots: SHOT_FIELDS,
  coins: COIN_FIELDS,
  match: MATCH_FIELDS,
  random: RANDOM_FIELDS,
};

/** Streams of the random section, by their place in it. */
export const Stream = { spawn: 0, coins: RANDOM_WORDS } as const;
const STREAMS = 2;

/** What happened in the last step, for feedback and measurement; not part of the state. */
export const EventKind = {
  /** a: player who returned from the dead. (One who joins does so between two steps.) */
  spawn: 0,
  /** a: shooter, b: shot id. */
  fire: 1,
  /** a: victim, b: shooter, amount: damage taken, shield included. */
  hit: 2,
  /** a: victim, b: killer. */
  kill: 3,
  /** a: player, b: coin id, amount: coins. */
  pickup: 4,
  /** a: player, b: key, amount: coins paid, 0 when refused. */
  purchase: 5,
} as const;

export class WorldEvents {
  count = 0;
  readonly kind: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly amount: Int32Array;

  constructor(limit: number) {
    this.kind = new Uint8Array(limit);
    this.a = new Int32Array(limit);
    this.b = new Int32Array(limit);
    this.amount = new Int32Array(limit);
  }

  add(kind: number, a: number, b: number, amount: number): void {
    const at = this.count++;
    this.kind[at] = kind;
    this.a[at] = a;
    this.b[at] = b;
    this.amount[at] = amount;
  }
}

export interface World {
  readonly arena: Arena;
  readonly players: Columns<typeof PLAYER_FIELDS>;
  readonly shots: Columns<typeof SHOT_FIELDS>;
  readonly coins: Columns<typeof COIN_FIELDS>;
  /** One-element columns. */
  readonly match: Columns<typeof MATCH_FIELDS>;
  readonly random: Columns<typeof RANDOM_FIELDS>;
  /** Positions of the last `historyTicks` ticks, [ring slot][x of all, then y of all]; empty without lag compensation. */
  readonly history: Int32Array;
  /** All of the above as one run of bytes. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Not state: the events of the last step, and the grid of living players that it built. */
  readonly events: WorldEvents;
  readonly grid: Grid;
}

/** Entities per section, given the slots for players. */
function sectionLengths(capacity: number): Record<Section, number> {
  return {
    players: capacity,
    shots: capacity * SHOTS_PER_PLAYER,
    coins: capacity * 2 + 64,
    match: 1,
    random: STREAMS * RANDOM_WORDS,
  };
}

/** One column of the layout: where in `world.words` a field of a section lies. */
export interface FieldPlace {
  section: Section;
  field: string;
  start: number;
  length: number;
}

/** The layout of a world's words, in order. */
export function worldLayout(capacity: number): FieldPlace[] {
  const lengths = sectionLengths(capacity);
  const places: FieldPlace[] = [];
  let start = 0;
  for (const section of SECTIONS) {
    for (const field of FIELDS[section]) {
      places.push({ section, field, start, length: lengths[section] });
      start += lengths[section];
    }
  }
  return places;
}

/** An empty world at tick 0 in the arena that the config grows. Throws a RangeError on a bad config. */
export function createWorld(config: Readonly<MatchConfig>, arena: Arena = createArena(config)): World {
  const layout = worldLayout(arena.capacity);
  const last = layout.at(-1)!;
  const stateWords = last.start + last.length;
  const historyWords = config.historyTicks * arena.capacity * 2;
  const words = new Int32Array(stateWords + historyWords);
  const columns: Record<string, Record<string, Int32Array>> = {};
  for (const { section, field, start, length } of layout) {
    columns[section] ??= {};
    columns[section][field] = words.subarray(start, start + length);
  }
  const world = {
    ...(columns as unknown as Pick<World, Section>),
    arena,
    words,
    bytes: new Uint8Array(words.buffer),
    history: words.subarray(stateWords),
    // Per step a player is at most spawned, killed, billed, and once each fires; its shots hit, and coins are picked up.
    events: new WorldEvents(arena.capacity * (4 + 2 * SHOTS_PER_PLAYER + 2) + 64),
    grid: new Grid(arena.size, TILE),
  };
  seedRandom(world.random.state, Stream.spawn, config.seed, 1);
  seedRandom(world.random.state, Stream.coins, config.seed, 2);
  return world;
}

/** Copies the whole state into `into` (made when missing), and returns it: `world.bytes.length` bytes. */
export function saveWorld(world: World, into: Uint8Array = new Uint8Array(world.bytes.length)): Uint8Array {
  into.set(world.bytes);
  return into;
}

/** Takes back a saved state of a world with the same config. Throws a RangeError when the size is not this world's. */
export function restoreWorld(world: World, saved: Uint8Array): void {
  if (saved.length !== world.bytes.length) {
    throw new RangeError(`saved world of ${saved.length} bytes: this one has ${world.bytes.length}`);
  }
  world.bytes.set(saved);
}

/** Coins in the hands of players. With `lying` and `spent` they must equal `minted` at every tick. */
export function coinsHeld(world: World): number {
  let held = 0;
  const coins = world.players.coins;
  for (let id = 0; id < world.match.playerLimit[0]!; id++) held += coins[id]!;
  return held;
}

/** The ledger: minted − held − lying − spent. Anything but 0 is a coin lost or doubled. */
export function coinsError(world: World): number {
  const { minted, spent } = world.match;
  let lying = 0;
  for (const amount of world.coins.amount) lying += amount;
  return minted[0]! - coinsHeld(world) - lying - spent[0]!;
}
