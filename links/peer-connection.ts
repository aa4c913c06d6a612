/**
 * One WebRTC data channel to one other peer: what Node and the browser have in common. It is an end like any other, and
 * besides it makes and takes signals, which whoever owns it carries to the other side and back.
 *
 *     const connection = createNodePeerConnection();
 *     connection.onSignal = (payload) => …;            // to the other side, in order
 *     connection.offer('3.1');                          // or wait for the other side's offer
 *     connection.accept(payload);                       // what the other side's `onSignal` said
 *
 * Like every end it is made at once, in state `opening`, and never throws. It has no time limit of its own: how long an
 * attempt may take is for the driver to say.
 */
import type { Transport } from '../netcode/session.ts';
import { BaseEnd, type ClientEnd } from './client-end.ts';
import {
  bareCandidate,
  candidatesIn,
  type Description,
  describe,
  formatSignal,
  MOST_CANDIDATES_AT_ONCE,
  parseSignal,
  sessionDescription,
} from './peer-signals.ts';

export interface PeerConnection extends ClientEnd {
  /** Called with what the other side's `accept` must be given. */
  onSignal: (payload: string) => void;
  /** Begins: this side makes the channel. `attempt` names it; see PeerSignal. */
  offer(attempt: string): void;
  /** Takes a signal of the other side, the first of which is its offer unless this side offered. Bad ones are counted. */
  accept(payload: string): void;
}

/** Makes a fresh connection; a driver is given the one of its platform. */
export type ConnectionFactory = () => PeerConnection;

/** The one data channel, which both sides make alike: so neither tells the other of it, nor waits to hear. */
export const PEER_CHANNEL = { label: 'netbed-peer', id: 0, maxRetransmits: 0 } as const;

/** Candidates that are kept for a description that has not come. */
const MOST_CANDIDATES = 32;

/** Keeps the order of signalling; subclasses talk to the platform. */
export abstract class BasePeerConnection extends BaseEnd implements PeerConnection {
  readonly transport: Transport = 'datagram';
  onSignal: (payload: string) => void = () => {};
  #attempt = '';
  #hasOffered = false;
  #isDescribed = false;
  #candidates: string[] | null = [];
  #candidateCount = 0;

  offer(attempt: string): void {
    if (this.#attempt !== '' || this.state !== 'opening') return;
    this.#attempt = attempt;
    this.#hasOffered = true;
    this.startOffer();
  }

  accept(payload: string): void {
    if (this.state === 'closed') return;
    const signal = parseSignal(payload);
    if (!signal) this.stats.malformedMessages += 1;
    else {
      const { attempt, candidates } = signal;
      if (signal.type !== 'candidates') this.#acceptDescription(signal.type, attempt, signal.description);
      for (const candidate of candidates) this.#acceptCandidate(attempt, candidate);
    }
  }

  #acceptDescription(type: 'offer' | 'answer', attempt: string, description: Description): void {
    const expected = this.#hasOffered ? 'answer' : 'offer';
    const isOurs = this.#hasOffered ? attempt === this.#attempt : this.#attempt === '';
    if (type !== expected || !isOurs || this.#isDescribed) return;
    this.#attempt = attempt;
    this.#isDescribed = true;
    this.takeDescription(type, sessionDescription(type, description));
  }

  #acceptCandidate(attempt: string, candidate: string): void {
    // An older attempt's candidates lead to sockets that are closed.
    if (attempt !== this.#attempt || ++this.#candidateCount > MOST_CANDIDATES) return;
    if (this.#candidates) this.#candidates.push(candidate);
    else if (this.state !== 'closed') this.takeCandidate(candidate);
  }

  /** Subclasses report that the other side's description is in force: its candidates are of use from now on. */
  protected described(): void {
    const waiting = this.#candidates ?? [];
    this.#candidates = null;
    for (const candidate of waiting) if (this.state !== 'closed') this.takeCandidate(candidate);
  }

  /** Tells the other side what describes this one, with the candidates that are known by now. */
  protected signalDescription(type: 'offer' | 'answer', sdp: string): void {
    if (this.state === 'closed') return;
    const description = describe(sdp);
    if (!description) {
      this.close('this side described itself in a way that the other would not understand');
      return;
    }
    const candidates = candidatesIn(sdp);
    const together = candidates.splice(0, MOST_CANDIDATES_AT_ONCE);
    this.onSignal(formatSignal({ type, attempt: this.#attempt, description, candidates: together }));
    for (const candidate of candidates) this.signalCandidate(candidate);
  }

  /** Tells a candidate that came to light later. */
  protected signalCandidate(candidate: string): void {
    if (this.state === 'closed') return;
    const candidates = [bareCandidate(candidate)];
    this.onSignal(formatSignal({ type: 'candidates', attempt: this.#attempt, description: null, candidates }));
  }

  protected abstract startOffer(): void;
  /** Takes the other side's description; answers it when it is an offer; then calls `described`. */
  protected abstract takeDescription(type: 'offer' | 'answer', sdp: string): void;
  /** `candidate` has no `candidate:` before it; it belongs to section `MID`. */
  protected abstract takeCandidate(candidate: string): void;
}
