/**
 * Equivocation: tells half of the peers another story than the other half. To peers with an even id it says what it
 * does, to the others the mirror image of it; each side hears a consistent story, so the worlds of the two sides
 * part, and checksums notice that, but not by whose doing. Signed heads of a hash chain of inputs, compared among the
 * others, are proof. In a mesh it is where its avatar is that half of the neighbours hear otherwise.
 */
import { Button } from '../../game/input.ts';
import { buttonsOf } from '../../netcode/lockstep/input-word.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { type PeerId, RENDEZVOUS, type Request } from '../../netcode/session.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from './cheat.ts';
import { beTwoFaced } from './mesh/two-faced.ts';
import { wrapLockstep, wrapMesh } from './wrap.ts';

/** Honest for so long, so that everybody is in and the worlds are known to agree. */
const HONEST_TICKS = 200;

/** The same input with left and right exchanged. */
function mirrored(word: number): number {
  const sides = Button.left | Button.right;
  const side = buttonsOf(word) & sides;
  return side === 0 || side === sides ? word : word ^ sides;
}

const isLiedTo = (peer: PeerId) => peer !== RENDEZVOUS && peer % 2 === 1;

/** The members that make an honest session two-faced; it tries with each input that differs. */
function equivocate(honest: LockstepSession, notes: CheatNotes): Partial<LockstepSession> {
  let liedThrough = -1;
  let nowMs = 0;
  const bent = (bytes: Uint8Array): Uint8Array => {
    const message = decodePeerInput(bytes);
    const words = message.words.map((word, i) => {
      const tick = message.firstTick + i;
      const told = tick < HONEST_TICKS ? word : mirrored(word);
      // Inputs are repeated until they are acknowledged.
      if (told !== word && tick > liedThrough) {
        liedThrough = tick;
        noteAttempt(notes, nowMs);
      }
      return told;
    });
    return encodePeerInput({ ...message, words });
  };
  return {
    advance(atMs) {
      nowMs = atMs;
      return honest.advance(atMs);
    },
    drain: () =>
      honest.drain().map((request): Request => {
        if (request.type !== 'send' || !isLiedTo(request.to) || request.bytes[1] !== Kind.peerInput) return request;
        return { ...request, bytes: bent(request.bytes) };
      }),
  };
}

export const equivocation: Cheat = {
  id: 'equivocation',
  title: 'tells half of the peers another input, or another place, than the others',
  defences: { lockstep: 'signedHeads', mesh: 'heads' },
  wrapSession: (session, notes = noNotes()) =>
    wrapMesh(
      wrapLockstep(session, (honest) => equivocate(honest, notes)),
      (honest) => beTwoFaced(honest, notes),
    ),
};
