/**
 * Teleport: the owner of an avatar says where it is, so it says that it is somewhere else: on the best coin within 300
 * units, or out of the way of a shot. Nobody else steps the avatar, and its next states are honest steps from there.
 */
import { isBlocked } from '../../../game/arena.ts';
import { PLAYER_RADIUS, SHOTS_PER_PLAYER, SUBUNITS } from '../../../game/constants.ts';
import { touchesCoin } from '../../../game/step.ts';
import type { World } from '../../../game/world.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { type Cheat, type CheatNotes, noNotes } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Audience, type Own, ownTicks } from './owner.ts';

const REACH = 300 * SUBUNITS;
/** What lies nearer is walked to. */
const LEAST = 60 * SUBUNITS;
/** Between two jumps: so that each can be told, and seen. */
const REST_MS = 500;
/** A shot that comes as near as this in its next ticks is jumped away from. */
const DANGER = 80 * SUBUNITS;

interface Place {
  x: number;
  y: number;
}

/** The members that make an honest session jump. */
export function jump(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const audience = new Audience(honest, notes);
  let restedMs = 0;
  return ownTicks(honest, (own) => {
    audience.look(own.nowMs);
    const { world, slot, nowMs } = own;
    if (!own.isAlive || nowMs < restedMs) return;
    const to = isInDanger(own) ? refuge(own) : bestCoin(own);
    if (!to) return;
    restedMs = nowMs + REST_MS;
    world.players.x[slot] = to.x;
    world.players.y[slot] = to.y;
    audience.tried(nowMs);
  });
}

const squareTo = ({ players }: World, slot: number, { x, y }: Place): number => {
  const dx = x - players.x[slot]!;
  const dy = y - players.y[slot]!;
  return dx * dx + dy * dy;
};

/** Whether somebody's shot is near, and flies nearer. */
function isInDanger({ world, slot }: Own): boolean {
  const { shots, players, match } = world;
  for (let shot = 0; shot < match.playerLimit[0]! * SHOTS_PER_PLAYER; shot++) {
    if (shots.life[shot]! <= 0 || ((shot / SHOTS_PER_PLAYER) | 0) === slot) continue;
    const dx = players.x[slot]! - shots.x[shot]!;
    const dy = players.y[slot]! - shots.y[shot]!;
    const isComing = dx * shots.velocityX[shot]! + dy * shots.velocityY[shot]! > 0;
    if (isComing && dx * dx + dy * dy < DANGER * DANGER) return true;
  }
  return false;
}

/** The nearest free place a jump away, in one of four directions. */
function refuge({ world, slot, tick }: Own): Place | null {
  const { arena, players } = world;
  for (let i = 0; i < 4; i++) {
    const side = (tick + i) & 3;
    const x = players.x[slot]! + (side === 0 ? REACH : side === 2 ? -REACH : 0);
    const y = players.y[slot]! + (side === 1 ? REACH : side === 3 ? -REACH : 0);
    if (!isBlocked(arena, x, y, PLAYER_RADIUS)) return { x, y };
  }
  return null;
}

/** The nearest coin that is worth a jump; null where one is at hand, or none in reach. */
function bestCoin({ honest, world, slot }: Own): Place | null {
  const { x, y } = { x: world.players.x[slot]!, y: world.players.y[slot]! };
  const { ledger } = honest;
  let best: Place | null = null;
  let bestSquare = REACH * REACH;
  for (const coin of ledger!.book.lying) {
    if (ledger!.isPending(coin.token) || touchesCoin(x, y, coin.x, coin.y)) continue;
    const square = squareTo(world, slot, coin);
    if (square >= bestSquare || isBlocked(world.arena, coin.x, coin.y, PLAYER_RADIUS)) continue;
    best = { x: coin.x, y: coin.y };
    bestSquare = square;
  }
  return bestSquare < LEAST * LEAST ? null : best;
}

export const teleport: Cheat = {
  id: 'teleport',
  title: 'jumps up to 300 units, onto coins or away from shots',
  defences: { mesh: 'witnesses' },
  wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => jump(honest, notes)),
};
