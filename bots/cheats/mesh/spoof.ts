/**
 * Spoof: speaks for others. A peer may pass on states of those to whom somebody has no link yet, so the cheater passes on
 * what nobody said: that its victim, the nearest, has jumped aside, for which witnesses should blame the victim; and now
 * and then what the victim really said, seconds ago.
 */
import { isBlocked } from '../../../game/arena.ts';
import { PLAYER_RADIUS, SUBUNITS } from '../../../game/constants.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { encodeMesh } from '../../../netcode/mesh/peer-codec.ts';
import { type AvatarState, encodeState } from '../../../netcode/mesh/state-codec.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Outgoing } from './outgoing.ts';
import { nearestOther, type Own, ownTicks } from './owner.ts';

const EVERY_MS = 500;
/** Each so many times it repeats an old state instead. */
const REPLAYED = 3;
const OLD_MS = 3000;
const ASIDE = 250 * SUBUNITS;

interface Heard {
  atMs: number;
  id: number;
  state: AvatarState;
}

function forgeOthers(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const outgoing = new Outgoing(honest);
  const old: Heard[] = [];
  let dueMs = 0;
  let turn = 0;
  const members = ownTicks(honest, (own) => {
    if (own.nowMs < dueMs) return;
    dueMs = own.nowMs + EVERY_MS;
    const victim = nearestOther(own);
    if (!victim) return;
    old.push({ atMs: own.nowMs, id: victim.id, state: victim.state! });
    while (old.length > 0 && own.nowMs - old[0]!.atMs > 2 * OLD_MS) old.shift();
    const repeated = old.find(({ id, atMs }) => id === victim.id && own.nowMs - atMs >= OLD_MS);
    const told = ++turn % REPLAYED === 0 && repeated ? repeated.state : aside(own, victim.state!);
    const state = encodeState(told);
    noteAttempt(notes, own.nowMs);
    for (const other of honest.peers.values()) {
      if (other === victim || !other.isReachable || !other.isTold) continue;
      outgoing.say(other.id, encodeMesh({ type: 'meshForward', peer: victim.id, state }));
    }
  });
  return Object.assign(members, { drain: () => outgoing.drain() });
}

/** The same avatar a jump away, in a state newer than its own. */
function aside({ world, tick }: Own, state: AvatarState): AvatarState {
  const { arena } = world;
  const at = [ASIDE, -ASIDE].find((by) => !isBlocked(arena, state.x + by, state.y, PLAYER_RADIUS)) ?? 0;
  return { ...state, tick: Math.max(tick, state.tick + 1), x: state.x + at, shots: [] };
}

export const spoof: Cheat = {
  id: 'spoof',
  title: 'passes on forged and old states of others, so that they are blamed',
  defences: { mesh: 'heads' },
  wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => forgeOthers(honest, notes)),
};
