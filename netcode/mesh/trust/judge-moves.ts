/**
 * Whether two states that follow each other can belong to one avatar that keeps the rules. What is judged is ticks and
 * places as they were told, never when they arrived: so loss, stalls and clocks blame nobody.
 */
import { type Arena, isBlocked } from '../../../game/arena.ts';
import { PLAYER_RADIUS, TILE } from '../../../game/constants.ts';
import type { AvatarState } from '../state-codec.ts';
import { type Fault, type FaultName, STRIKES } from './faults.ts';

/** Share of the way that the rules allow. An honest avatar needs 1 exactly. */
const TOLERANCE = 1.05;
/** Such a multiple, and so much more, is no matter of tolerance. */
const GROSS_TIMES = 2;
const GROSS = 32 * 256;
/** Below one unit, rounding decides. */
const ROUNDING = 256;

/** `aliveTick`: when it was last told to be alive before. */
export function judgeMove(arena: Arena, before: AvatarState, now: AvatarState, aliveTick: number): Fault[] {
  const faults: Fault[] = [];
  const blame = (what: FaultName, weight: number, observed: number, allowed: number) =>
    faults.push({ what, tick: now.tick, weight, observed: Math.round(observed), allowed: Math.round(allowed) });
  if (!now.isAlive) return faults;
  if (isBlocked(arena, now.x, now.y, PLAYER_RADIUS - ROUNDING)) blame('in a wall', 1, 1, 0);
  const hasDied = !before.isAlive || now.deaths !== before.deaths;
  if (hasDied) {
    const { respawnTicks } = arena.rules;
    if (aliveTick >= 0 && now.tick - aliveTick < respawnTicks) {
      blame('respawned too soon', STRIKES, now.tick - aliveTick, respawnTicks);
    }
    return faults;
  }
  if (now.health > before.health) blame('health rose', STRIKES, now.health, before.health);
  const allowed = TOLERANCE * arena.rules.playerStep * (now.tick - before.tick);
  const way = Math.sqrt((now.x - before.x) * (now.x - before.x) + (now.y - before.y) * (now.y - before.y));
  if (way > allowed) blame('too far', way > GROSS_TIMES * allowed + GROSS ? STRIKES : 1, way, allowed);
  else {
    const detour = detourOf(arena, before, now);
    if (detour > allowed + ROUNDING) blame('through a wall', 1, detour, allowed);
  }
  return faults;
}

interface Place {
  x: number;
  y: number;
}

/**
 * A lower bound of the way from one place to another: who has to go around a tile passes at least one of its corners.
 * 0 when no tile is in the way.
 */
export function detourOf(arena: Arena, from: Place, to: Place): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const steps = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) / (TILE / 4));
  let longest = 0;
  for (let i = 1; i < steps; i++) {
    const tileX = Math.floor((from.x + (dx * i) / steps) / TILE);
    const tileY = Math.floor((from.y + (dy * i) / steps) / TILE);
    if (arena.blocked[tileY * arena.tiles + tileX] === 1) {
      longest = Math.max(longest, around(from, to, tileX, tileY));
    }
  }
  return longest;
}

/** The shortest way past a corner of a tile, whose sides an avatar's centre keeps a radius away from. */
function around(from: Place, to: Place, tileX: number, tileY: number): number {
  const keep = PLAYER_RADIUS - ROUNDING;
  let shortest = Number.POSITIVE_INFINITY;
  for (const x of [tileX * TILE - keep, (tileX + 1) * TILE + keep]) {
    for (const y of [tileY * TILE - keep, (tileY + 1) * TILE + keep]) {
      shortest = Math.min(shortest, length(x - from.x, y - from.y) + length(to.x - x, to.y - y));
    }
  }
  return shortest;
}

const length = (dx: number, dy: number): number => Math.sqrt(dx * dx + dy * dy);
