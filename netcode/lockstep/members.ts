/**
 * A member's judgement of the others: who is suspected and must be dropped, who waits to be let in, and whose turn it is
 * to propose. Pure: times and peers go in, wishes come out.
 */
import type { PeerId } from '../session.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';

/** Silent for so long: suspected, and no longer adapted to. */
export const SUSPECT_AFTER_MS = 1000;
/** Silent, or awaited, for so long: to be dropped. */
export const DROP_AFTER_MS = 2000;
/**
 * With the deadline as a defence, awaited for so long is enough. Not less: a cellular network (the `mobile` profile) is silent
 * for as long as makes others wait for 620 ms, about once an hour of five peers.
 */
export const DEADLINE_MS = 650;
/** A newcomer that follows within this time of the members may play. */
const CAUGHT_UP_MS = 400;
/** Dropped so soon after it was let in, a peer was let in too soon: somebody does not hear it. */
const TOO_SOON_MS = 5000;
/** Then it waits, each time twice as long. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** The next in line proposes when the one before has had so long. */
const NEXT_PROPOSER_AFTER_MS = 500;

export function isSuspected(peer: Peer, nowMs: number): boolean {
  return peer.isLeaving || nowMs - peer.lastHeardMs >= SUSPECT_AFTER_MS;
}

/** Who was dropped, and from when on it may be let in again. */
export class Readmission {
  readonly #letInMs = new Map<PeerId, number>();
  readonly #waits = new Map<PeerId, { untilMs: number; waitMs: number }>();

  letIn(peer: PeerId, nowMs: number): void {
    this.#letInMs.set(peer, nowMs);
  }

  dropped(peer: PeerId, nowMs: number): void {
    const letInMs = this.#letInMs.get(peer) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - letInMs > TOO_SOON_MS) {
      this.#waits.delete(peer);
      return;
    }
    const waitMs = Math.min(LONGEST_WAIT_MS, 2 * (this.#waits.get(peer)?.waitMs ?? FIRST_WAIT_MS / 2));
    this.#waits.set(peer, { untilMs: nowMs + waitMs, waitMs });
  }

  mustWait(peer: PeerId, nowMs: number): boolean {
    return nowMs < (this.#waits.get(peer)?.untilMs ?? Number.NEGATIVE_INFINITY);
  }
}

export interface Judgement {
  drop: PeerId[];
  join: Peer[];
  /** How many others should propose before us. */
  rank: number;
}

export interface Circumstances {
  self: PeerId;
  roster: Roster;
  peers: ReadonlyMap<PeerId, Peer>;
  deadline: boolean;
  /** Whom heads speak against. */
  isOutlaw: (peer: PeerId) => boolean;
  /** Who was dropped as soon as it was let in. */
  readmission: Readmission;
  /** Where we are on the timeline. */
  position: number;
  tickMs: number;
}

export function judge(circumstances: Circumstances, nowMs: number): Judgement {
  const { self, roster, peers, deadline, isOutlaw, readmission, position, tickMs } = circumstances;
  const members = roster.members;
  const drop = members
    .filter(({ peer }) => peer !== self && (mustGo(peers.get(peer), deadline, nowMs) || isOutlaw(peer)))
    .map(({ peer }) => peer);
  // Who follows has to hear everybody; of members that have not begun yet it could not tell.
  const begunTick = Math.max(...members.map(({ firstTick }) => firstTick));
  const join = [...peers.values()]
    .filter((peer) => peer.hello !== null && peer.isReachable && !peer.isLeaving && !roster.member(peer.id))
    .filter((peer) => peer.view === roster.view && nowMs - peer.lastHeardMs < SUSPECT_AFTER_MS)
    .filter((peer) => !readmission.mustWait(peer.id, nowMs))
    .filter((peer) => peer.position >= Math.max(begunTick, position - CAUGHT_UP_MS / tickMs))
    .sort((a, b) => a.id - b.id);
  const rank = members.filter(({ peer }) => peer < self && !drop.includes(peer)).length;
  return { drop, join, rank };
}

function mustGo(peer: Peer | undefined, deadline: boolean, nowMs: number): boolean {
  if (!peer || peer.isLeaving) return true;
  if (nowMs - peer.lastHeardMs >= DROP_AFTER_MS) return true;
  return nowMs - peer.blockedSinceMs >= (deadline ? DEADLINE_MS : DROP_AFTER_MS);
}

/** How long a member waits with its own proposal, after a change became necessary. */
export function turnAfterMs(rank: number): number {
  return rank * NEXT_PROPOSER_AFTER_MS;
}
