/** Speed in a mesh: the owner of an avatar moves it farther in each tick than the rules do, wherever nothing is in the way. */
import { isBlocked } from '../../../game/arena.ts';
import { PLAYER_RADIUS } from '../../../game/constants.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import type { CheatNotes } from '../cheat.ts';
import { Audience, ownTicks } from './owner.ts';

/** A tick's way is shorter than this, in steps; farther, the avatar was put somewhere else. */
const MOST_STEPS = 2;

/** The members that make an honest session walk `factor` times as far. */
export function stride(honest: MeshSession, factor: number, notes: CheatNotes): Partial<MeshSession> {
  const audience = new Audience(honest, notes);
  const last = { x: 0, y: 0 };
  return ownTicks(honest, ({ world, slot, nowMs, isAlive }) => {
    audience.look(nowMs);
    const { players, arena } = world;
    const { x, y } = { x: players.x[slot]!, y: players.y[slot]! };
    const [dx, dy] = [x - last.x, y - last.y];
    last.x = x;
    last.y = y;
    const most = MOST_STEPS * arena.rules.playerStep;
    if (!isAlive || (dx === 0 && dy === 0) || dx * dx + dy * dy > most * most) return;
    const farX = Math.round(x + dx * (factor - 1));
    const farY = Math.round(y + dy * (factor - 1));
    if (isBlocked(arena, farX, farY, PLAYER_RADIUS)) return;
    players.x[slot] = farX;
    players.y[slot] = farY;
    last.x = farX;
    last.y = farY;
    audience.tried(nowMs);
  });
}
