/**
 * Brings about the next view: proposes, votes, and learns the outcome (ballot.ts says by which protocol). One proposer
 * at a time is enough and several do no harm; each step is repeated until it is answered, because datagrams get lost.
 */
import type { PeerId } from '../session.ts';
import { RENDEZVOUS } from '../session.ts';
import { type Accepted, Acceptor, type BallotMessage, decodeBallot, encodeBallot, type Report } from './ballot.ts';

const RESEND_EVERY_MS = 120;
/** Without a quorum for this long the proposer says that it is in a minority, and goes on trying. */
const NO_QUORUM_AFTER_MS = 1000;
/** After a higher ballot, the others get so long to finish. */
const YIELD_MS = 400;

export interface Electorate {
  /** View that is current; ballots are about the next one. */
  view(): number;
  self(): PeerId;
  /** Its members, self included. */
  members(): readonly PeerId[];
  send(to: PeerId, bytes: Uint8Array): void;
  /** What is known here of these peers' inputs; from now on nothing more is taken from them. */
  freeze(drop: readonly PeerId[], nowMs: number): Report[];
  /** Writes the next view change, from what a majority reported. */
  compose(drop: readonly PeerId[], reports: readonly Report[], nowMs: number): Uint8Array;
  /** The next view is decided. */
  decide(value: Uint8Array, nowMs: number): void;
}

type Attempt =
  | { state: 'idle' }
  | {
      state: 'preparing';
      ballot: number;
      drop: readonly PeerId[];
      promises: Map<PeerId, { accepted: Accepted | null; reports: readonly Report[] }>;
      sinceMs: number;
      resendMs: number;
    }
  | { state: 'accepting'; ballot: number; value: Uint8Array; votes: Set<PeerId>; sinceMs: number; resendMs: number };

export class ViewChanger {
  readonly #electorate: Electorate;
  #acceptor = new Acceptor();
  #attempt: Attempt = { state: 'idle' };
  #round = 0;
  #yieldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(electorate: Electorate) {
    this.#electorate = electorate;
  }

  get isIdle(): boolean {
    return this.#attempt.state === 'idle';
  }

  /** When `advance` next has something to do. */
  get nextDueMs(): number {
    return this.#attempt.state === 'idle' ? Number.POSITIVE_INFINITY : this.#attempt.resendMs;
  }

  /** Those who answered the current attempt, self included; null when none lacks a quorum for long. */
  lonely(nowMs: number): { heard: number; of: number } | null {
    const attempt = this.#attempt;
    if (attempt.state === 'idle' || nowMs - attempt.sinceMs < NO_QUORUM_AFTER_MS) return null;
    const heard = attempt.state === 'preparing' ? attempt.promises.size : attempt.votes.size;
    return { heard, of: this.#electorate.members().length };
  }

  /** Votes that a decision takes: more than half of the acceptors. */
  #quorum(): number {
    return Math.floor(this.#acceptors().length / 2) + 1;
  }

  #acceptors(): readonly PeerId[] {
    const members = this.#electorate.members();
    return members.length % 2 === 0 ? [...members, RENDEZVOUS] : members;
  }

  /** Proposes the next view; those to drop are not asked. An attempt under way with the same wish goes on. */
  propose(drop: readonly PeerId[], nowMs: number): void {
    const attempt = this.#attempt;
    if (nowMs < this.#yieldUntilMs || attempt.state === 'accepting') return;
    if (attempt.state === 'preparing' && attempt.drop.join() === drop.join()) return;
    this.#round++;
    const ballot = (this.#round << 16) | this.#electorate.self();
    this.#attempt = { state: 'preparing', ballot, drop, promises: new Map(), sinceMs: nowMs, resendMs: nowMs };
    this.advance(nowMs);
  }

  /** There is nothing to change after all. */
  withdraw(): void {
    if (this.#attempt.state === 'preparing') this.#attempt = { state: 'idle' };
  }

  /** The view has changed: what was tried is decided. */
  viewChanged(): void {
    this.#attempt = { state: 'idle' };
    this.#round = 0;
    this.#yieldUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Another group, other views: nothing that was promised in the former one counts. */
  changeGroup(): void {
    this.#acceptor = new Acceptor();
    this.viewChanged();
  }

  /** Repeats what was not answered. */
  advance(nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt.state === 'idle' || nowMs < attempt.resendMs) return;
    attempt.resendMs = nowMs + RESEND_EVERY_MS;
    const view = this.#electorate.view() + 1;
    if (attempt.state === 'preparing') {
      const { ballot, drop } = attempt;
      const asked = this.#acceptors().filter((peer) => !attempt.promises.has(peer) && !drop.includes(peer));
      this.#ask(asked, { type: 'prepare', view, ballot, drop }, nowMs);
    } else {
      const { ballot, value } = attempt;
      const asked = this.#acceptors().filter((peer) => !attempt.votes.has(peer));
      this.#ask(asked, { type: 'accept', view, ballot, value }, nowMs);
    }
  }

  #ask(peers: readonly PeerId[], message: BallotMessage, nowMs: number): void {
    const self = this.#electorate.self();
    const bytes = encodeBallot(message);
    for (const peer of peers) if (peer !== self) this.#electorate.send(peer, bytes);
    if (!peers.includes(self)) return;
    const answer = this.#vote(message, nowMs);
    if (answer) this.#count(self, answer, nowMs);
  }

  #vote(message: BallotMessage, nowMs: number): BallotMessage | null {
    return this.#acceptor.answer(message, (drop) => this.#electorate.freeze(drop, nowMs));
  }

  /** Takes a ballot message of a member or of the rendezvous. Throws a ProtocolError on bad bytes. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const message = decodeBallot(bytes);
    if (message.view !== this.#electorate.view() + 1 || !this.#acceptors().includes(from)) return;
    if (message.type === 'prepare' || message.type === 'accept') {
      const answer = this.#vote(message, nowMs);
      if (answer) this.#electorate.send(from, encodeBallot(answer));
      // Somebody is at it: it gets the time to finish.
      if (answer?.type !== 'outbid') this.#yieldUntilMs = nowMs + YIELD_MS;
    } else {
      this.#count(from, message, nowMs);
    }
  }

  #count(from: PeerId, message: BallotMessage, nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt.state === 'idle') return;
    if (message.type === 'outbid') {
      if (message.ballot <= attempt.ballot) return;
      this.#round = Math.max(this.#round, message.ballot >>> 16);
      this.#attempt = { state: 'idle' };
      // The lower of two rivals tries again sooner.
      this.#yieldUntilMs = nowMs + YIELD_MS + (this.#electorate.self() % 8) * 50;
      return;
    }
    if (message.ballot !== attempt.ballot) return;
    if (attempt.state === 'preparing' && message.type === 'promise') {
      attempt.promises.set(from, message);
      if (attempt.promises.size >= this.#quorum()) this.#accept(attempt, nowMs);
    } else if (attempt.state === 'accepting' && message.type === 'accepted') {
      attempt.votes.add(from);
      if (attempt.votes.size >= this.#quorum()) this.#electorate.decide(attempt.value, nowMs);
    }
  }

  #accept({ ballot, drop, promises }: Extract<Attempt, { state: 'preparing' }>, nowMs: number): void {
    const before = [...promises.values()].map(({ accepted }) => accepted).filter((accepted) => accepted !== null);
    before.sort((a, b) => b.ballot - a.ballot);
    const reports = [...promises.values()].flatMap((promise) => promise.reports);
    // What somebody may have decided already must be proposed again.
    const value = before[0]?.value ?? this.#electorate.compose(drop, reports, nowMs);
    this.#attempt = { state: 'accepting', ballot, value, votes: new Set(), sinceMs: nowMs, resendMs: nowMs };
    this.advance(nowMs);
  }
}
