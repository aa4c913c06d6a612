/**
 * Area of interest: who may see what, exactly to the radius. Three uniform grids (players, shots, coins) are rebuilt once
 * per tick; a viewer then looks into the 25 cells around it and keeps what lies within the circle. What is outside is
 * never encoded: the same filter saves bandwidth and leaves a map hack nothing to show.
 * Cost: O(entities) per tick and about two candidates for each entity seen; nothing is allocated.
 */
import { SHOTS_PER_PLAYER, VISION_RADIUS } from '../game/constants.ts';
import { Grid } from '../game/grid.ts';
import type { World } from '../game/world.ts';
import { SNAPSHOT_LIMITS } from './protocol.ts';
import type { Sight } from './snapshot-codec.ts';

/** Rings of equal area into which a crowd is sorted when a snapshot cannot hold all of it. */
const RINGS = 64;

export class Interest {
  readonly #world: World;
  readonly #players: Grid;
  readonly #shots: Grid;
  readonly #coins: Grid;
  readonly #radius: number;
  readonly #rings = new Int32Array(RINGS);
  readonly sight: Sight;

  /** `reach`: 0 for plain vision; each step doubles the radius. */
  constructor(world: World, reach: number) {
    const { arena } = world;
    const cell = VISION_RADIUS / 2;
    this.#world = world;
    this.#radius = VISION_RADIUS * 2 ** reach;
    this.#players = new Grid(arena.size, cell);
    this.#shots = new Grid(arena.size, cell);
    this.#coins = new Grid(arena.size, cell);
    this.sight = {
      radius: 0,
      playerCount: 0,
      shotCount: 0,
      coinCount: 0,
      playerIds: new Int32Array(arena.capacity),
      shotIds: new Int32Array(arena.capacity * SHOTS_PER_PLAYER),
      coinIds: new Int32Array(world.coins.amount.length),
    };
  }

  /** Sorts the world of this tick into the grids; once per tick, before any `look`. */
  update(): void {
    const { players, shots, coins, match } = this.#world;
    const limit = match.playerLimit[0]!;
    this.#players.build(limit, players.x, players.y, players.status);
    this.#shots.build(limit * SHOTS_PER_PLAYER, shots.x, shots.y, shots.life);
    this.#coins.build(coins.amount.length, coins.x, coins.y, coins.amount);
  }

  /** What a player sees, itself left out. The result is reused by the next call. */
  look(viewer: number): Sight {
    const { players, shots, coins } = this.#world;
    const { sight } = this;
    const x = players.x[viewer]!;
    const y = players.y[viewer]!;
    let squared = this.#radius * this.#radius;
    sight.radius = 0;
    sight.playerCount = gather(
      this.#players,
      players.x,
      players.y,
      x,
      y,
      this.#radius,
      squared,
      viewer,
      sight.playerIds,
    );
    sight.shotCount = gather(this.#shots, shots.x, shots.y, x, y, this.#radius, squared, -1, sight.shotIds);
    sight.coinCount = gather(this.#coins, coins.x, coins.y, x, y, this.#radius, squared, -1, sight.coinIds);
    if (
      sight.playerCount <= SNAPSHOT_LIMITS.players &&
      sight.shotCount <= SNAPSHOT_LIMITS.shots &&
      sight.coinCount <= SNAPSHOT_LIMITS.coins
    ) {
      return sight;
    }
    // Too many for one message: keep the largest circle of which everything fits, and say how far it reaches.
    squared = Math.min(
      this.#fittingSquare(players.x, players.y, x, y, sight.playerIds, sight.playerCount, SNAPSHOT_LIMITS.players),
      this.#fittingSquare(shots.x, shots.y, x, y, sight.shotIds, sight.shotCount, SNAPSHOT_LIMITS.shots),
      this.#fittingSquare(coins.x, coins.y, x, y, sight.coinIds, sight.coinCount, SNAPSHOT_LIMITS.coins),
    );
    sight.radius = Math.max(1, Math.floor(Math.sqrt(squared)));
    sight.playerCount = keepWithin(players.x, players.y, x, y, squared, sight.playerIds, sight.playerCount);
    sight.shotCount = keepWithin(shots.x, shots.y, x, y, squared, sight.shotIds, sight.shotCount);
    sight.coinCount = keepWithin(coins.x, coins.y, x, y, squared, sight.coinIds, sight.coinCount);
    return sight;
  }

  /** The largest of RINGS squared radii within which at most `limit` of the gathered ids lie. */
  #fittingSquare(
    xs: Int32Array,
    ys: Int32Array,
    x: number,
    y: number,
    ids: Int32Array,
    count: number,
    limit: number,
  ): number {
    const full = this.#radius * this.#radius;
    if (count <= limit) return full;
    const rings = this.#rings.fill(0);
    for (let k = 0; k < count; k++) {
      const dx = xs[ids[k]!]! - x;
      const dy = ys[ids[k]!]! - y;
      rings[Math.min(RINGS - 1, Math.floor(((dx * dx + dy * dy) / full) * RINGS))]!++;
    }
    let within = 0;
    let ring = 0;
    while (ring < RINGS && within + rings[ring]! <= limit) within += rings[ring++]!;
    // `- 1` keeps whoever stands exactly on the next ring's inner edge out, as the count above did.
    return Math.max(0, (full * ring) / RINGS - 1);
  }
}

function gather(
  grid: Grid,
  xs: Int32Array,
  ys: Int32Array,
  x: number,
  y: number,
  radius: number,
  squared: number,
  except: number,
  out: Int32Array,
): number {
  const left = grid.cell(x - radius);
  const right = grid.cell(x + radius);
  const top = grid.cell(y - radius);
  const bottom = grid.cell(y + radius);
  const { starts, ids, side } = grid;
  let count = 0;
  for (let row = top; row <= bottom; row++) {
    // Cells of one row are neighbours in `ids`, so a row is one run.
    const end = starts[row * side + right + 1]!;
    for (let i = starts[row * side + left]!; i < end; i++) {
      const id = ids[i]!;
      const dx = xs[id]! - x;
      const dy = ys[id]! - y;
      if (dx * dx + dy * dy <= squared && id !== except) out[count++] = id;
    }
  }
  return count;
}

function keepWithin(
  xs: Int32Array,
  ys: Int32Array,
  x: number,
  y: number,
  squared: number,
  ids: Int32Array,
  count: number,
): number {
  let kept = 0;
  for (let k = 0; k < count; k++) {
    const id = ids[k]!;
    const dx = xs[id]! - x;
    const dy = ys[id]! - y;
    if (dx * dx + dy * dy <= squared) ids[kept++] = id;
  }
  return kept;
}
