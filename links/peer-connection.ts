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
import { describe, formatSignal, type PeerSignal, parseSignal, sessionDescription } from './peer-signals.ts';

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

type Candidate = Extract<PeerSignal, { type: 'candidate' }>;
type DescriptionSignal = Exclude<PeerSignal, Candidate>;

/** Keeps the order of signalling; subclasses talk to the platform. */
export abstract class BasePeerConnection extends BaseEnd implements PeerConnection {
  readonly transport: Transport = 'datagram';
  onSignal: (payload: string) => void = () => {};
  #attempt = '';
  #hasOffered = false;
  #isDescribed = false;
  #candidates: Candidate[] | null = [];
  #candidateCount = 0;
  /** Own candidates that are not told yet; null once the other side may have them. */
  #untold: { candidate: string; mid: string }[] | null = null;

  offer(attempt: string): void {
    if (this.#attempt !== '' || this.state !== 'opening') return;
    this.#attempt = attempt;
    this.#hasOffered = true;
    this.#untold = [];
    this.startOffer();
  }

  accept(payload: string): void {
    if (this.state === 'closed') return;
    const signal = parseSignal(payload);
    if (!signal) this.stats.malformedMessages += 1;
    else if (signal.type === 'candidate') this.#acceptCandidate(signal);
    else this.#acceptDescription(signal);
  }

  #acceptDescription({ type, attempt, ...description }: DescriptionSignal): void {
    const expected = this.#hasOffered ? 'answer' : 'offer';
    const isOurs = this.#hasOffered ? attempt === this.#attempt : this.#attempt === '';
    if (type !== expected || !isOurs || this.#isDescribed) return;
    this.#attempt = attempt;
    this.#isDescribed = true;
    this.takeDescription(type, sessionDescription(description));
  }

  #acceptCandidate(candidate: Candidate): void {
    // An older attempt's candidates lead to sockets that are closed.
    if (candidate.attempt !== this.#attempt || ++this.#candidateCount > MOST_CANDIDATES) return;
    if (this.#candidates) this.#candidates.push(candidate);
    else this.takeCandidate(candidate.candidate, candidate.mid);
  }

  /** Subclasses report that the other side's description is in force: its candidates are of use from now on. */
  protected described(): void {
    const waiting = this.#candidates ?? [];
    this.#candidates = null;
    for (const { candidate, mid } of waiting) if (this.state !== 'closed') this.takeCandidate(candidate, mid);
    const untold = this.#untold ?? [];
    this.#untold = null;
    for (const { candidate, mid } of untold) this.signalCandidate(candidate, mid);
  }

  protected signalDescription(type: 'offer' | 'answer', sdp: string): void {
    if (this.state === 'closed') return;
    const description = describe(sdp, type);
    if (description) this.onSignal(formatSignal({ type, attempt: this.#attempt, ...description }));
    else this.close('this side described itself in a way that the other would not understand');
  }

  /**
   * Whoever offers tells its candidates when it has the answer. Told before, the other side reaches us first, and greets a side
   * that cannot answer yet: its first handshake is lost, and comes again a second later.
   */
  protected signalCandidate(candidate: string, mid: string): void {
    if (this.state === 'closed') return;
    if (this.#untold) this.#untold.push({ candidate, mid });
    else this.onSignal(formatSignal({ type: 'candidate', attempt: this.#attempt, candidate, mid }));
  }

  protected abstract startOffer(): void;
  /** Takes the other side's description; answers it when it is an offer; then calls `described`. */
  protected abstract takeDescription(type: 'offer' | 'answer', sdp: string): void;
  protected abstract takeCandidate(candidate: string, mid: string): void;
}
