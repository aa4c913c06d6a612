/**
 * Who judges whom. The witnesses of a subject are, for ten seconds, those near it with the highest weights: drawn by a hash
 * of match, period, subject and witness, so that nobody chooses, everybody can tell, and who is bribed is of use for a
 * short time only. Peers near a subject differ a little in whom they see there, so a little more is believed than one's
 * own list says.
 */
import { VISION_RADIUS } from '../../../game/constants.ts';
import type { PeerId } from '../../session.ts';
import type { TrustGround } from './ground.ts';

export const PERIOD_S = 10;
/** Places below the last witness that are still believed. Each makes a majority of colluders likelier. */
const SLACK = 1;
/** Whoever was a witness until just now may still say what it found. */
const HANDOVER_S = 3;

/** Integer mixing of MurmurHash3 (Appleby 2008). */
export function witnessWeight(line: number, period: number, subject: PeerId, witness: PeerId): number {
  let hash = Math.imul(line ^ Math.imul(period + 1, 0xcc9e2d51), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ Math.imul(subject, 0x1b873593), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16) ^ Math.imul(witness, 0xc2b2ae35), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Peers within vision of a subject, this one among them; the subject is none. O(peers known). */
export function nearTo(ground: TrustGround, subject: PeerId): PeerId[] {
  const at = subject === ground.self() ? ground.place() : ground.others.get(subject)?.state;
  if (!at) return [];
  const isNear = (x: number, y: number) =>
    (x - at.x) * (x - at.x) + (y - at.y) * (y - at.y) <= VISION_RADIUS * VISION_RADIUS;
  const near: PeerId[] = [];
  const own = ground.place();
  if (own && subject !== ground.self() && isNear(own.x, own.y)) near.push(ground.self());
  for (const { id, state } of ground.others.values()) {
    if (id !== subject && state && isNear(state.x, state.y)) near.push(id);
  }
  return near;
}

/** How many of those near a subject come before one of them. */
export function rankOf(
  line: number,
  period: number,
  subject: PeerId,
  witness: PeerId,
  near: readonly PeerId[],
): number {
  const weight = witnessWeight(line, period, subject, witness);
  let rank = 0;
  for (const other of near) {
    const theirs = witnessWeight(line, period, subject, other);
    if (other !== witness && (theirs > weight || (theirs === weight && other < witness))) rank++;
  }
  return rank;
}

export function periodOf(tick: number, tickRateHz: number): number {
  return Math.floor(tick / (PERIOD_S * tickRateHz));
}

/** Whether this peer is a witness of a subject now. */
export function isOwnWitness(ground: TrustGround, subject: PeerId, near: readonly PeerId[]): boolean {
  const { settings, line, self, tick } = ground;
  if (!near.includes(self())) return false;
  const period = periodOf(tick(), settings.config.tickRateHz);
  return rankOf(line(), period, subject, self(), near) < settings.witnesses;
}

/** Whether a peer may be a witness of a subject, or was until just now, for all that this one sees. */
export function mayBeWitness(ground: TrustGround, subject: PeerId, witness: PeerId, near: readonly PeerId[]): boolean {
  if (!near.includes(witness)) return false;
  const { settings, line, tick } = ground;
  const rate = settings.config.tickRateHz;
  const now = periodOf(tick(), rate);
  const before = periodOf(tick() - HANDOVER_S * rate, rate);
  // Clocks differ: somebody else's period may have begun.
  const after = periodOf(tick() + rate, rate);
  return [...new Set([now, before, after])].some(
    (period) => rankOf(line(), period, subject, witness, near) < settings.witnesses + SLACK,
  );
}

/** Witnesses that must agree: more than half of those there are. */
export function majorityOf(witnesses: number, near: number): number {
  return (Math.min(witnesses, Math.max(1, near)) >> 1) + 1;
}
