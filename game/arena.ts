/**
 * The place of a match: its size, its obstacles and where players and coins appear, all grown from the seed. It never
 * changes during the match, so it is never sent: every participant grows the same one from the match's config.
 */
import { assert } from './assert.ts';
import { MAX_PLAYERS, PLAYER_RADIUS, SUBUNITS, TILE, type TickRules, tickRules, VISION_RADIUS } from './constants.ts';
import { cosine, scaled, sine } from './fixed-point.ts';
import { Random, randomBelow } from './random.ts';

/** Where players gather: spread evenly, around hot spots of Zipf-distributed weight, or all in one place. */
export const SCENARIOS = ['uniform', 'crowds', 'everyone'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** All that two participants must agree on to grow the same arena and world. */
export interface MatchConfig {
  /** Unsigned 32-bit seed of everything random in the match. */
  seed: number;
  tickRateHz: number;
  /** Players that the arena is made for: it sets the size, and the number of slots. */
  players: number;
  /** Others whom a player sees on average in scenario `uniform`, unless they are too few for the least arena. */
  inView: number;
  scenario: Scenario;
  /** Ticks of positions kept to rewind shots; 0 switches lag compensation off. */
  historyTicks: number;
}

export const DEFAULT_MATCH: Readonly<MatchConfig> = Object.freeze({
  seed: 1,
  tickRateHz: 20,
  players: 64,
  inView: 30,
  scenario: 'uniform',
  historyTicks: 0,
});

/** A place where crowds gather: position in sub-units, and its integer share of all arrivals. */
export interface HotSpot {
  x: number;
  y: number;
  weight: number;
}

export interface Arena {
  readonly config: Readonly<MatchConfig>;
  readonly rules: TickRules;
  /** Slots for players: the config's players and a reserve for those who rejoin before their old seat is freed. */
  readonly capacity: number;
  /** Side of the square, in tiles and in sub-units. */
  readonly tiles: number;
  readonly size: number;
  /** One byte per tile, row by row: 1 is an obstacle. */
  readonly blocked: Uint8Array;
  readonly hotSpots: readonly HotSpot[];
}

const MIN_TILES = 14;
/** One obstacle per this many tiles; each is 2 to 5 tiles. Few enough to run freely, enough to take cover. */
const TILES_PER_OBSTACLE = 50;
const PLAYERS_PER_HOT_SPOT = 200;
const CROWD_RADIUS = 320 * SUBUNITS;
const EVERYONE_RADIUS = 240 * SUBUNITS;

/** Side in tiles at which a player has most nearly `inView` others in sight on average, all being spread evenly. */
export function sideInTiles(players: number, inView: number): number {
  for (let tiles = MIN_TILES; ; tiles++) {
    // Past here a larger arena is farther from what is wanted.
    if (meanInView(players, tiles) + meanInView(players, tiles + 1) <= 2 * inView) return tiles;
  }
}

/** How many others a player sees: the share of pairs of points of a square that are within vision, for the edges cut circles. */
export function meanInView(players: number, tiles: number): number {
  const vision = VISION_RADIUS / TILE / tiles;
  return (players - 1) * vision * vision * (Math.PI - (8 / 3) * vision + (vision * vision) / 2);
}

/** Throws a RangeError that names the field, its value and what is allowed. */
export function checkMatchConfig(config: MatchConfig): void {
  const whole = (name: keyof MatchConfig, low: number, high: number) => {
    const value = config[name] as number;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`${name} ${value}: allowed are whole numbers from ${low} to ${high}`);
    }
  };
  whole('seed', 0, 0xffffffff);
  whole('players', 1, MAX_PLAYERS);
  whole('inView', 1, 1000);
  whole('historyTicks', 0, 30);
  tickRules(config.tickRateHz);
  if (!SCENARIOS.includes(config.scenario)) {
    throw new RangeError(`scenario '${config.scenario}': allowed are ${SCENARIOS.join(', ')}`);
  }
}

/** Grows the arena of a match. Throws a RangeError on a bad config. */
export function createArena(config: Readonly<MatchConfig>): Arena {
  checkMatchConfig(config);
  const tiles = sideInTiles(config.players, config.inView);
  const random = new Random(config.seed, 100);
  const arena: Arena = {
    config,
    rules: tickRules(config.tickRateHz),
    capacity: config.players + Math.max(8, config.players >> 5),
    tiles,
    size: tiles * TILE,
    blocked: growObstacles(tiles, random),
    hotSpots: [],
  };
  return { ...arena, hotSpots: placeHotSpots(arena, random) };
}

/**
 * Obstacles are short random walks that keep one free tile around each other and along the walls, so that no pocket is
 * ever closed and a player fits through every gap.
 */
function growObstacles(tiles: number, random: Random): Uint8Array {
  const blocked = new Uint8Array(tiles * tiles);
  const owner = new Int32Array(tiles * tiles);
  const free = (x: number, y: number, id: number) => {
    if (x < 1 || y < 1 || x >= tiles - 1 || y >= tiles - 1) return false;
    for (let ny = y - 1; ny <= y + 1; ny++) {
      for (let nx = x - 1; nx <= x + 1; nx++) {
        const neighbour = owner[ny * tiles + nx]!;
        if (neighbour !== 0 && neighbour !== id) return false;
      }
    }
    return true;
  };
  const wanted = Math.floor((tiles * tiles) / TILES_PER_OBSTACLE);
  for (let id = 1; id <= wanted; id++) {
    let x = 1 + random.below(tiles - 2);
    let y = 1 + random.below(tiles - 2);
    const length = 2 + random.below(4);
    for (let i = 0; i < length && free(x, y, id); i++) {
      blocked[y * tiles + x] = 1;
      owner[y * tiles + x] = id;
      const direction = random.below(4);
      x += direction === 0 ? 1 : direction === 1 ? -1 : 0;
      y += direction === 2 ? 1 : direction === 3 ? -1 : 0;
    }
  }
  return blocked;
}

function placeHotSpots(arena: Arena, random: Random): HotSpot[] {
  const { scenario, players } = arena.config;
  if (scenario === 'uniform') return [];
  if (scenario === 'everyone') return [{ x: arena.size >> 1, y: arena.size >> 1, weight: 1 }];
  const spots: HotSpot[] = [];
  const count = Math.max(3, Math.round(players / PLAYERS_PER_HOT_SPOT));
  for (let rank = 1; rank <= count; rank++) {
    spots.push({ x: random.below(arena.size), y: random.below(arena.size), weight: Math.floor(65536 / rank) });
  }
  return spots;
}

/** True where a circle of `radius` sub-units around (x, y), taken as a square, touches an obstacle or a wall. */
export function isBlocked(arena: Arena, x: number, y: number, radius: number): boolean {
  const { size, tiles, blocked } = arena;
  if (x < radius || y < radius || x > size - 1 - radius || y > size - 1 - radius) return true;
  const left = ((x - radius) / TILE) | 0;
  const right = ((x + radius) / TILE) | 0;
  const top = ((y - radius) / TILE) | 0;
  const bottom = ((y + radius) / TILE) | 0;
  for (let ty = top; ty <= bottom; ty++) {
    for (let tx = left; tx <= right; tx++) if (blocked[ty * tiles + tx] === 1) return true;
  }
  return false;
}

/** A hot spot drawn by weight. Draws one number; asserts that there is one. */
export function drawHotSpot(arena: Arena, state: Int32Array, at: number): HotSpot {
  assert(arena.hotSpots.length > 0, 'a scenario without hot spots has none to draw');
  let total = 0;
  for (const spot of arena.hotSpots) total += spot.weight;
  let left = randomBelow(state, at, total);
  for (const spot of arena.hotSpots) {
    left -= spot.weight;
    if (left < 0) return spot;
  }
  return arena.hotSpots[0]!;
}

/** Writes a free place where a player or a coin may appear into `out` = [x, y], drawing from the stream at `state[at]`. */
export function drawPlace(arena: Arena, state: Int32Array, at: number, out: Int32Array): void {
  const crowd = arena.config.scenario === 'everyone' ? EVERYONE_RADIUS : CROWD_RADIUS;
  for (let attempt = 0; attempt < 32; attempt++) {
    let x: number;
    let y: number;
    if (arena.hotSpots.length === 0) {
      x = randomBelow(state, at, arena.size);
      y = randomBelow(state, at, arena.size);
    } else {
      const spot = drawHotSpot(arena, state, at);
      const aim = randomBelow(state, at, 4096);
      const distance = randomBelow(state, at, crowd);
      x = spot.x + scaled(distance, cosine(aim));
      y = spot.y + scaled(distance, sine(aim));
    }
    if (!isBlocked(arena, x, y, PLAYER_RADIUS)) {
      out[0] = x;
      out[1] = y;
      return;
    }
  }
  // The outermost ring of tiles is always free of obstacles.
  out[0] = (TILE >> 1) + randomBelow(state, at, arena.size - TILE);
  out[1] = TILE >> 1;
}
