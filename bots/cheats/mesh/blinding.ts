/**
 * Blinding: hunts somebody who is told nothing. The nearest player in sight becomes the victim, and hears no state of the
 * hunter but those that tell of a shot: without those it could not be hit. The link stays up. A victim asks its neighbours
 * about whoever keeps silent, and they pass on what they are told; nobody is blamed, for silence may be loss.
 */
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { decodeState } from '../../../netcode/mesh/state-codec.ts';
import { Kind } from '../../../netcode/protocol.ts';
import type { PeerId } from '../../../netcode/session.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Outgoing } from './outgoing.ts';
import { nearestOther, ownTicks } from './owner.ts';

/** It stays with a victim for so long. */
const HUNT_MS = 5000;

function withhold(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const outgoing = new Outgoing(honest);
  let victim: PeerId = 0;
  let untilMs = 0;
  const members = ownTicks(honest, (own) => {
    const isGone = !honest.peers.get(victim)?.hasPlace(own.nowMs);
    if (!isGone && own.nowMs < untilMs) return;
    victim = nearestOther(own)?.id ?? 0;
    untilMs = own.nowMs + HUNT_MS;
    if (victim !== 0) noteAttempt(notes, own.nowMs);
  });
  const told = (to: PeerId, bytes: Uint8Array): Uint8Array | null => {
    const isWithheld = to === victim && bytes[1] === Kind.meshState;
    return isWithheld && decodeState(bytes, honest.arena!.size).shots.length === 0 ? null : bytes;
  };
  return Object.assign(members, { drain: () => outgoing.drain(told) });
}

export const blinding: Cheat = {
  id: 'blinding',
  title: 'tells nothing to the one that it hunts',
  defences: { mesh: null },
  open: { mesh: 'silence may be loss, so nobody is blamed; neighbours pass on what is withheld, after a moment' },
  honestPolicy: 'hunter',
  wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => withhold(honest, notes)),
};
