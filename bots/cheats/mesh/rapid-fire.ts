/**
 * Rapid fire: whoever owns an avatar tells its shots, so each pull of the trigger becomes two, the second after half of the
 * cooldown. The first shot gives up its number for it if it must.
 */
import { SHOTS_PER_PLAYER } from '../../../game/constants.ts';
import { Button } from '../../../game/input.ts';
import type { World } from '../../../game/world.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { type Cheat, type CheatNotes, noNotes } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Audience, ownTicks } from './owner.ts';

/** The members that make an honest session fire twice. */
function fireTwice(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const audience = new Audience(honest, notes);
  /** The last shot, and until when the trigger is held for the second. */
  let firedTick = -1;
  let holdsUntil = -1;
  const members = ownTicks(honest, ({ world, slot, tick, nowMs }) => {
    audience.look(nowMs);
    const { cooldownTicks } = world.arena.rules;
    const half = cooldownTicks >> 1;
    // A shot sets the tick of the next.
    if (world.players.readyTick[slot] === tick + cooldownTicks) {
      const isSecond = tick <= holdsUntil;
      if (tick - firedTick < cooldownTicks && firedTick >= 0) audience.tried(nowMs);
      firedTick = tick;
      holdsUntil = isSecond ? -1 : tick + cooldownTicks;
    }
    if (firedTick < 0) return;
    world.players.readyTick[slot] = firedTick + half;
    freeShot(world, slot);
  });
  return Object.assign(members, {
    setInput(input: Parameters<MeshSession['setInput']>[0]) {
      const isHolding = honest.tick < holdsUntil;
      honest.setInput(isHolding ? { ...input, buttons: input.buttons | Button.fire } : input);
    },
  });
}

/** Where all its shots are in flight, the oldest is let go. */
function freeShot({ shots }: World, slot: number): void {
  let oldest = -1;
  for (let shot = slot * SHOTS_PER_PLAYER; shot < (slot + 1) * SHOTS_PER_PLAYER; shot++) {
    if (shots.life[shot]! <= 0) return;
    if (oldest < 0 || shots.life[shot]! < shots.life[oldest]!) oldest = shot;
  }
  shots.life[oldest] = 0;
}

export const rapidFire: Cheat = {
  id: 'fire-rate',
  title: 'fires twice as often as its cooldown allows',
  defences: { mesh: 'witnesses' },
  wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => fireTwice(honest, notes)),
};
