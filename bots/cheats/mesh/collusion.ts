/**
 * Collusion: the first of those who cheat together jumps, onto coins and away from shots; the others are its accomplices.
 * They accuse none of them, whatever they see, and swear that it was where it says that it took a coin. It works when
 * enough of those who are drawn as its witnesses happen to be accomplices.
 */
import { spotOf, type Token } from '../../../netcode/mesh/ledger/record.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { decodeAccusation } from '../../../netcode/mesh/trust/accusation-codec.ts';
import { encodeVouched } from '../../../netcode/mesh/trust/vouch-codec.ts';
import { Kind } from '../../../netcode/protocol.ts';
import type { PeerId, Session } from '../../../netcode/session.ts';
import { type Cheat, noNotes } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Outgoing } from './outgoing.ts';
import { type Own, ownTicks } from './owner.ts';
import { jump } from './teleport.ts';

/** The members that make an honest session an accomplice of those in `ring`, the first of whom does the deed. */
function cover(honest: MeshSession, ring: readonly Session[]): Partial<MeshSession> {
  const outgoing = new Outgoing(honest);
  const sworn = new Set<Token>();
  const members = ownTicks(honest, (own) => {
    const leader = ring[0] as MeshSession;
    for (const { token, x, y } of leader.ledger?.book.lying ?? []) {
      if (!leader.ledger!.isPending(token) || sworn.has(token)) continue;
      sworn.add(token);
      swear(own, outgoing, encodeVouched(leader.self, { token, tick: own.tick, x, y }), token);
    }
  });
  const told = (_to: PeerId, bytes: Uint8Array): Uint8Array | null => {
    if (bytes[1] !== Kind.meshAccusation) return bytes;
    const { subject } = decodeAccusation(bytes);
    return ring.some((session) => (session as MeshSession).self === subject) ? null : bytes;
  };
  return Object.assign(members, { drain: () => outgoing.drain(told) });
}

/** Tells whoever is in charge of a coin, over a link where there is one. */
function swear({ honest }: Own, outgoing: Outgoing, testimony: Uint8Array, token: Token): void {
  const home = honest.epoch?.homesOf(spotOf(token))[0]?.peer;
  if (home === undefined || home === honest.self) return;
  if (honest.peers.get(home)?.isReachable) outgoing.say(home, testimony);
  else honest.rendezvous.relay(home, testimony);
}

export const collusion: Cheat = {
  id: 'collusion',
  title: 'one of them jumps; the others never accuse it, and vouch for it',
  defences: { mesh: 'witnesses' },
  wrapSession: (session, notes = noNotes(), ring = []) =>
    wrapMesh(session, (honest) => {
      ring.push(honest);
      if (ring[0] === honest) return jump(honest, notes);
      notes.isAccomplice = true;
      return cover(honest, ring);
    }),
};
