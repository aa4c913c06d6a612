/** With signed heads: members exchange them, compare them with what came, and part from whoever told different stories. */
import type { PeerId } from '../session.ts';
import { type Core, selfOf } from './core.ts';
import type { Peer } from './peer.ts';
import type { PeerMessage } from './peer-messages.ts';
import type { Head } from './signed-heads.ts';
import { sendReliable } from './talking.ts';

const TOLD_MEMBERS = 60;

/** About once a second: the own head, and in short those that came from others. */
export function tellHeads(core: Core, tick: number, nowMs: number): void {
  const heads = core.stage!.heads;
  const seat = core.roster.member(selfOf(core));
  if (!heads || !seat || core.role !== 'member') return;
  const own = heads.sign(seat, tick);
  if (!own) return;
  const others = core.roster.members.filter(({ peer }) => peer !== seat.peer);
  const mentions = others.map((other) => heads.mention(other)).filter((mention) => mention !== null);
  const { firstTick, digest, signature } = own;
  for (const { peer } of others) {
    const known = mentions.filter((mention) => mention.peer !== peer).slice(0, TOLD_MEMBERS);
    const message = { type: 'heads', firstTick, tick: own.tick, digest, signature, known } as const;
    sendReliable(core, peer, message, nowMs);
  }
}

export function takeHeads(
  core: Core,
  from: Peer,
  message: Extract<PeerMessage, { type: 'heads' }>,
  nowMs: number,
): void {
  const heads = core.stage?.heads;
  if (!heads || core.role !== 'member' || !core.roster.member(from.id)) return;
  const { firstTick, tick, digest, signature, known } = message;
  takeHead(core, { peer: from.id, firstTick, tick, digest, signature }, true, nowMs);
  for (const mention of known) {
    const seat = core.roster.member(mention.peer);
    const mine = seat && heads.contradiction(seat, mention);
    // Both sides send theirs; either can then prove it.
    if (mine) sendReliable(core, from.id, { ...mine, type: 'headOf' }, nowMs);
  }
}

/** A head that its peer signed, from itself or handed on. */
export function takeHead(core: Core, head: Head, isDirect: boolean, nowMs: number): void {
  const heads = core.stage?.heads;
  const seat = core.roster.member(head.peer);
  if (!heads || !seat || core.role !== 'member' || head.peer === selfOf(core)) return;
  const verdict = heads.take(seat, head, isDirect);
  if (verdict === 'forged') core.counters.brokenHeads++;
  if (typeof verdict !== 'string') prove(core, verdict.first, verdict.second, nowMs);
}

/** Two signed heads that exclude each other: everybody who sees both comes to the same conclusion. */
function prove(core: Core, first: Head, second: Head, nowMs: number): void {
  if (!convict(core, first.peer, first.tick, true)) return;
  for (const { peer } of core.roster.members) {
    if (peer === selfOf(core) || peer === first.peer) continue;
    sendReliable(core, peer, { ...first, type: 'headOf' }, nowMs);
    sendReliable(core, peer, { ...second, type: 'headOf' }, nowMs);
  }
}

function convict(core: Core, peer: PeerId, tick: number, isProven: boolean): boolean {
  if (!core.stage!.heads!.convict(peer, core.roster.member(peer)?.key)) return false;
  core.counters.equivocations++;
  core.outbox.tell({ type: 'equivocation', peer, tick, isProven });
  return true;
}

/** Compares heads that have come with the inputs that have come by now. */
export function checkHeads(core: Core): void {
  const heads = core.stage!.heads;
  if (!heads) return;
  for (const seat of core.roster.members) {
    if (seat.peer === selfOf(core)) continue;
    const unfit = heads.unfit(seat);
    if (!unfit) continue;
    core.counters.brokenHeads++;
    convict(core, seat.peer, unfit.tick, false);
  }
}

/** Who has to go, as far as heads say. */
export function isOutlaw(core: Core, peer: PeerId): boolean {
  const { heads, settings } = core.stage!;
  const seat = core.roster.member(peer);
  if (!heads || !seat) return false;
  return heads.guilty.has(peer) || heads.isHeadless(seat, settings.config.tickRateHz);
}
