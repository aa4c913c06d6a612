/**
 * Shots: how they are fired, fly, and meet a player. One that flies over another machine's screen flies by these
 * functions too, so that all see it take the same way.
 */
import { isBlocked } from './arena.ts';
import { PLAYER_RADIUS, SHOTS_PER_PLAYER } from './constants.ts';
import { cosine, scaled, sine } from './fixed-point.ts';
import { EventKind, Status, type World } from './world.ts';

/** Fires for a player who may fire now: returns the shot, −1 where it may not. */
export function fireShot(world: World, id: number): number {
  const { players, match, arena } = world;
  const tick = match.tick[0]!;
  if (players.status[id] !== Status.alive || tick < players.readyTick[id]!) return -1;
  const shot = freeShot(world, id);
  if (shot < 0) return -1;
  players.readyTick[id] = tick + arena.rules.cooldownTicks;
  launchShot(world, shot, players.x[id]!, players.y[id]!, players.aim[id]!);
  world.events.add(EventKind.fire, id, shot, 0);
  return shot;
}

function freeShot(world: World, owner: number): number {
  for (let k = 0; k < SHOTS_PER_PLAYER; k++) {
    const shot = owner * SHOTS_PER_PLAYER + k;
    if (world.shots.life[shot] === 0) return shot;
  }
  return -1;
}

/** Puts a new shot at a place, in sub-units, with its whole life before it. */
export function launchShot({ shots, arena }: World, shot: number, x: number, y: number, aim: number): void {
  shots.life[shot] = arena.rules.shotLifeTicks;
  shots.aim[shot] = aim;
  shots.x[shot] = x;
  shots.y[shot] = y;
  shots.velocityX[shot] = scaled(arena.rules.shotStep, cosine(aim));
  shots.velocityY[shot] = scaled(arena.rules.shotStep, sine(aim));
}

/** Moves a shot one tick; it ends at obstacles, walls and the end of its life. */
export function flyShot({ shots, arena }: World, shot: number): void {
  const x = shots.x[shot]! + shots.velocityX[shot]!;
  const y = shots.y[shot]! + shots.velocityY[shot]!;
  if (isBlocked(arena, x, y, 0)) {
    shots.life[shot] = 0;
    return;
  }
  shots.x[shot] = x;
  shots.y[shot] = y;
  shots.life[shot]!--;
}

/** Whether the way of a shot in its next tick touches a player at (x, y). All products stay below 2⁵³: exact in doubles. */
export function shotTouches({ shots }: World, shot: number, x: number, y: number): boolean {
  const vx = shots.velocityX[shot]!;
  const vy = shots.velocityY[shot]!;
  const dx = x - shots.x[shot]!;
  const dy = y - shots.y[shot]!;
  const lengthSquared = vx * vx + vy * vy;
  return touches(dx, dy, vx, vy, dx * vx + dy * vy, lengthSquared, mostAcrossOf(lengthSquared));
}

/**
 * Of the living players that the next tick of a shot's way touches, `ago` ticks ago, the one whose centre comes first along it; of
 * several, the lowest id; −1 for none. All products stay below 2⁵³, so doubles hold them exactly.
 */
export function firstHit(world: World, shot: number, owner: number, ago: number): number {
  const { players, shots, grid, history, arena } = world;
  const x = shots.x[shot]!;
  const y = shots.y[shot]!;
  const vx = shots.velocityX[shot]!;
  const vy = shots.velocityY[shot]!;
  const tick = world.match.tick[0]!;
  // In `ago` ticks a player has moved at most that many steps from where the grid has it now. (One that an authority
  // lets catch up has moved further, and may be missed on its way; alike on every machine.)
  const reach = PLAYER_RADIUS + ago * arena.rules.playerStep;
  const left = grid.cell(Math.min(x, x + vx) - reach);
  const right = grid.cell(Math.max(x, x + vx) + reach);
  const top = grid.cell(Math.min(y, y + vy) - reach);
  const bottom = grid.cell(Math.max(y, y + vy) + reach);
  const lengthSquared = vx * vx + vy * vy;
  const mostAcross = mostAcrossOf(lengthSquared);
  const historyAt = ago === 0 ? 0 : ((tick - ago) % arena.config.historyTicks) * arena.capacity * 2;
  let best = -1;
  let bestAlong = Number.POSITIVE_INFINITY;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const cell = row * grid.side + column;
      for (let i = grid.starts[cell]!; i < grid.starts[cell + 1]!; i++) {
        const id = grid.ids[i]!;
        if (id === owner || players.status[id] !== Status.alive) continue;
        // A place is on record from the tick after the player appeared.
        if (ago > 0 && players.spawnTick[id]! >= tick - ago) continue;
        const px = ago === 0 ? players.x[id]! : history[historyAt + id]!;
        const py = ago === 0 ? players.y[id]! : history[historyAt + arena.capacity + id]!;
        const dx = px - x;
        const dy = py - y;
        const along = dx * vx + dy * vy;
        if (!touches(dx, dy, vx, vy, along, lengthSquared, mostAcross)) continue;
        if (along < bestAlong || (along === bestAlong && id < best)) {
          best = id;
          bestAlong = along;
        }
      }
    }
  }
  return best;
}

const RADIUS_SQUARED = PLAYER_RADIUS * PLAYER_RADIUS;

/** |cross product| ÷ length is the distance from the path's line: the most that it may be. */
function mostAcrossOf(lengthSquared: number): number {
  return Math.floor(Math.sqrt(RADIUS_SQUARED * lengthSquared));
}

/** Whether the segment from the origin to (vx, vy) comes within a player's radius of (dx, dy). */
function touches(
  dx: number,
  dy: number,
  vx: number,
  vy: number,
  along: number,
  lengthSquared: number,
  mostAcross: number,
): boolean {
  if (along <= 0) return dx * dx + dy * dy <= RADIUS_SQUARED;
  if (along < lengthSquared) return Math.abs(dx * vy - dy * vx) <= mostAcross;
  const ex = dx - vx;
  const ey = dy - vy;
  return ex * ex + ey * ey <= RADIUS_SQUARED;
}
