/**
 * Double pickup: claims coins that its avatar never reached, of all that it knows to lie somewhere. Several of them claim
 * the same coin at the same moment, and none is there: the coins of a moment follow from its tick, so that they need not
 * talk. Homes grant one of two claims, whoever comes first; whether the claimant was there only those who see it can say.
 */
import { touchesCoin } from '../../../game/step.ts';
import type { Token } from '../../../netcode/mesh/ledger/record.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { type Own, ownTicks } from './owner.ts';

/** Coins that it does not touch are claimed this often. */
const EVERY_MS = 500;
/** Each so many times it is a coin that accomplices claim, too. */
const SHARED = 4;

function claimFar(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const claimed = new Set<Token>();
  let dueMs = 0;
  let turn = 0;
  notes.accepted = 0;
  return ownTicks(honest, (own) => {
    const ledger = honest.ledger!;
    for (const token of claimed) {
      if (ledger.isPending(token)) continue;
      claimed.delete(token);
      if (ledger.tokens.has(token)) notes.accepted!++;
    }
    if (!own.isAlive || own.nowMs < dueMs) return;
    dueMs = own.nowMs + EVERY_MS;
    const token = ++turn % SHARED === 0 ? ofMoment(own) : nearest(own);
    const coin = ledger.book.find(token);
    if (!coin || !ledger.take(token, own.nowMs)) return;
    // Its witnesses are asked to say that it was there.
    honest.trust?.claimed(token, coin.x, coin.y);
    claimed.add(token);
    noteAttempt(notes, own.nowMs);
  });
}

/** The nearest coin that it does not touch; −1 for none. */
function nearest({ honest, world, slot }: Own): Token {
  const x = world.players.x[slot]!;
  const y = world.players.y[slot]!;
  let best = -1;
  let bestSquare = Number.POSITIVE_INFINITY;
  for (const coin of honest.ledger!.book.lying) {
    const square = (coin.x - x) * (coin.x - x) + (coin.y - y) * (coin.y - y);
    if (square >= bestSquare || touchesCoin(x, y, coin.x, coin.y) || honest.ledger!.isPending(coin.token)) continue;
    best = coin.token;
    bestSquare = square;
  }
  return best;
}

/** A coin that all who cheat alike pick in the same second, where they know of the same. */
function ofMoment({ honest, world, tick }: Own): Token {
  const spot = Math.floor(tick / world.arena.rules.tickRateHz) % honest.settings!.config.players;
  for (const { token, id } of honest.ledger!.book.lying) if (id === spot) return token;
  return -1;
}

export const doublePickup: Cheat = {
  id: 'double-pickup',
  title: 'claims coins that it never reached, several of them the same',
  defences: { mesh: 'witnesses' },
  open: {
    mesh: 'where fewer than 8 players are in sight on average, some are alone now and then, and nobody is asked whether it was there',
  },
  wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => claimFar(honest, notes)),
};
