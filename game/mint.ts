/**
 * Where coins appear when nobody is in charge of the ground: each spot of the arena mints one coin after the other, and
 * everybody can compute where. A spot's first coin lies where the arena's own rules would put one, the next ones near it.
 */
import { type Arena, drawPlace, isBlocked } from './arena.ts';
import { PLAYER_RADIUS, SUBUNITS } from './constants.ts';
import { RANDOM_WORDS, randomBelow, seedRandom } from './random.ts';

/** Later coins of a spot lie at most this far from its first. */
export const MINT_RADIUS = 160 * SUBUNITS;

/** System number of the streams of spots: above all others. */
const SPOT_STREAMS = 0x10000;
const ATTEMPTS = 24;

const state = new Int32Array(RANDOM_WORDS);

/** Writes where coin number `generation` (0, 1, 2 …) of a spot appears into `out` = [x, y], in sub-units. */
export function mintPlace(arena: Arena, spot: number, generation: number, out: Int32Array): void {
  seedRandom(state, 0, arena.config.seed, SPOT_STREAMS + spot);
  drawPlace(arena, state, 0, out);
  if (generation > 0) placeNear(arena, out[0]!, out[1]!, MINT_RADIUS, spot, generation, out);
}

/**
 * Writes a free place within `radius` of (x, y) into `out`, always the same for one coin of a spot; (x, y) itself where
 * nothing near is free. True when one was found.
 */
export function placeNear(
  arena: Arena,
  x: number,
  y: number,
  radius: number,
  spot: number,
  generation: number,
  out: Int32Array,
): boolean {
  seedRandom(state, 0, arena.config.seed ^ Math.imul(generation, 0x9e3779b1), SPOT_STREAMS + spot);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const dx = randomBelow(state, 0, 2 * radius + 1) - radius;
    const dy = randomBelow(state, 0, 2 * radius + 1) - radius;
    if (dx * dx + dy * dy > radius * radius || isBlocked(arena, x + dx, y + dy, PLAYER_RADIUS)) continue;
    out[0] = x + dx;
    out[1] = y + dy;
    return true;
  }
  out[0] = x;
  out[1] = y;
  return false;
}
