/**
 * God mode: the victim decides whether it was hit, so it never was. Shots that would meet it in the next tick are taken out
 * of its world, and what a late one takes from it is given back before anybody is told.
 */
import { MAX_HEALTH, PLAYER_RADIUS, SHOTS_PER_PLAYER } from '../../../game/constants.ts';
import { Status, type World } from '../../../game/world.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { type Cheat, type CheatNotes, noNotes } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Audience, ownTicks } from './owner.ts';

/** The members that make an honest session overlook hits. */
function ignoreHits(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const audience = new Audience(honest, notes);
  let isOn = false;
  const members = ownTicks(honest, ({ world, slot, nowMs, isAlive }) => {
    isOn = isAlive;
    audience.look(nowMs);
    if (!isAlive) return;
    for (let gone = takeOutShots(world, slot); gone > 0; gone--) audience.tried(nowMs);
  });
  return Object.assign(members, {
    receive(from: number, bytes: Uint8Array, nowMs: number) {
      const { world, player } = honest;
      const health = isOn && player >= 0 ? world!.players.health[player]! : 0;
      honest.receive(from, bytes, nowMs);
      if (health === 0 || !honest.world || honest.world !== world || honest.player !== player) return;
      const { players } = world;
      if (players.status[player] !== Status.alive || players.health[player]! >= health) return;
      players.health[player] = Math.min(MAX_HEALTH, health);
      audience.tried(nowMs);
    },
  });
}

/** Ends all shots that may meet an avatar in the next tick; returns how many. */
function takeOutShots({ shots, players, match, arena }: World, slot: number): number {
  const reach = PLAYER_RADIUS + arena.rules.shotStep + arena.rules.playerStep;
  let count = 0;
  for (let shot = 0; shot < match.playerLimit[0]! * SHOTS_PER_PLAYER; shot++) {
    if (shots.life[shot]! <= 0 || ((shot / SHOTS_PER_PLAYER) | 0) === slot) continue;
    const dx = shots.x[shot]! - players.x[slot]!;
    const dy = shots.y[shot]! - players.y[slot]!;
    if (dx * dx + dy * dy > reach * reach) continue;
    shots.life[shot] = 0;
    count++;
  }
  return count;
}

export const godMode: Cheat = {
  id: 'god-mode',
  title: 'is never hit, as it says',
  defences: { mesh: 'witnesses' },
  open: {
    mesh: 'a single hit proves nothing, and of each only every third witness can be sure: it is found out after half a minute or so, if it is hit often',
  },
  wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => ignoreHits(honest, notes)),
};
