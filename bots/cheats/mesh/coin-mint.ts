/**
 * Two ways to a shield without coins. The coin mint spends the same coins again and again: what it paid with comes back into
 * its purse, so that it believes to hold it, and its next purchase is asked for with that. The free shield does not even
 * ask: it is up because its owner says so. It names no coins for it: homes would deny them sooner than silence is noticed.
 */
import { SHIELD_PRICE } from '../../../game/constants.ts';
import { raiseShield } from '../../../game/step.ts';
import type { Token } from '../../../netcode/mesh/ledger/record.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from '../cheat.ts';
import { wrapMesh } from '../wrap.ts';
import { Audience, ownTicks } from './owner.ts';

/** The members that make an honest session pay with what it has spent. */
function payTwice(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  /** What it paid with once, and since when it held that. */
  const spent = new Map<Token, number>();
  let purse = new Map<Token, number>();
  let key = 0;
  let forged: Token[] = [];
  let isAsked = false;
  notes.accepted = 0;
  return ownTicks(honest, ({ world, slot, nowMs, isAlive }) => {
    const { players } = world;
    // The purse is its own: nobody keeps its owner from writing into it.
    const held = honest.ledger!.tokens as Map<Token, number>;
    // What is under way at its death was dropped, not paid with.
    isAsked = isAlive && (isAsked || forged.some((token) => honest.ledger!.isPending(token)));
    // Its own session asks now and then what it holds, and is told better.
    if (!isAlive || (!isAsked && !forged.every((token) => held.has(token)))) forged = [];
    if (players.purchaseKey[slot] !== key) {
      key = players.purchaseKey[slot]!;
      const isGranted = players.shield[slot]! > 0;
      if (isAsked && isGranted) notes.accepted!++;
      if (isGranted) for (const [token, since] of purse) if (!held.has(token)) spent.set(token, since);
      forged = [];
      isAsked = false;
    }
    if (held.size >= SHIELD_PRICE) purse = new Map(held);
    if (!isAlive || players.shield[slot]! > 0 || forged.length > 0 || held.size >= SHIELD_PRICE) return;
    if (spent.size < SHIELD_PRICE || honest.ledger!.pending > 0) return;
    // What comes first in the purse is paid with.
    const own = [...held];
    const price = [...spent].slice(0, SHIELD_PRICE);
    held.clear();
    for (const [token, since] of [...price, ...own]) held.set(token, since);
    forged = price.map(([token]) => token);
    noteAttempt(notes, nowMs);
  });
}

/** The members that make an honest session raise shields that nobody sold to it. */
function raiseShields(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const audience = new Audience(honest, notes);
  return ownTicks(honest, ({ world, slot, nowMs, isAlive }) => {
    audience.look(nowMs);
    if (!isAlive || world.players.shield[slot]! > 0) return;
    raiseShield(world, slot);
    audience.tried(nowMs);
  });
}

export const COIN_CHEATS: readonly Cheat[] = [
  {
    id: 'coin-mint',
    title: 'spends the same coins again and again',
    // The homes of the coins are no switch: they are the mesh.
    defences: { mesh: null },
    prevented: { mesh: 'the homes of a coin remember which claim spent it, and grant no other one' },
    wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => payTwice(honest, notes)),
  },
  {
    id: 'free-shield',
    title: 'raises shields that nobody sold to it',
    defences: { mesh: 'witnesses' },
    wrapSession: (session, notes = noNotes()) => wrapMesh(session, (honest) => raiseShields(honest, notes)),
  },
];
