/**
 * Makes and keeps one participant's direct links to its peers. It dials and is dialled; what diallers say to each other is
 * carried by the rendezvous. It decides what the two sides must decide alike without a word: whose offer counts when
 * both dial at once, and when an attempt has taken too long.
 *
 * An attempt that has taken too long is given up only later: should it succeed after all, as on a machine that is busy
 * because everybody dials at once, the link is up, for both sides alike.
 */
import type { PeerId } from '../netcode/session.ts';
import type { Access } from './access.ts';
import { type ClientEnd, createEndStats, type EndStats } from './client-end.ts';
import type { ConnectionFactory, PeerConnection } from './peer-connection.ts';
import { formatSignal, parseSignal } from './peer-signals.ts';
import type { Timer } from './timer.ts';

/** A pair that has no direct link after this long is relayed. */
export const DIAL_LIMIT_MS = 2500;
/** After this long an attempt is no longer waited for. */
const GIVE_UP_MS = 15_000;
/** Offers that one peer may make in OFFER_WINDOW_MS: each costs native memory and a UDP port. */
const MOST_OFFERS = 8;
const OFFER_WINDOW_MS = 10_000;

/** What the dialler needs and tells. Called inside `dial`, `signal` and `hangUp` too. */
export interface DiallerOptions {
  createConnection: ConnectionFactory;
  timer: Timer;
  access: Access | null;
  /** Our own number, once the rendezvous has given one. */
  self(): PeerId;
  /** Whether candidates are withheld from this peer, so that no link comes about. */
  isBlocked(peer: PeerId): boolean;
  /** To be carried to the peer's dialler. */
  onSignal(peer: PeerId, payload: string): void;
  onUp(peer: PeerId): void;
  onMessage(peer: PeerId, bytes: Uint8Array): void;
  /** No direct link, or not in time; it may yet come up. */
  onFailed(peer: PeerId, reason: string): void;
  /** A link that was up is gone. */
  onDown(peer: PeerId, reason: string): void;
}

export interface DiallerCounters {
  dialled: number;
  accepted: number;
  failed: number;
  /** Links that came up, and how long that took in all. */
  opened: number;
  openingMs: number;
  malformedSignals: number;
  /** Offers refused because their sender makes too many. */
  refusedOffers: number;
}

/** One attempt at a link, and then the link. */
interface Attempt {
  connection: PeerConnection;
  /** The connection, or what makes it worse. */
  end: ClientEnd;
  isOffer: boolean;
  isLate: boolean;
  wasUp: boolean;
  startedMs: number;
  cancelLimit: () => void;
}

export class Dialler {
  readonly counters: DiallerCounters = {
    dialled: 0,
    accepted: 0,
    failed: 0,
    opened: 0,
    openingMs: 0,
    malformedSignals: 0,
    refusedOffers: 0,
  };
  readonly #options: DiallerOptions;
  readonly #attempts = new Map<PeerId, Attempt>();
  readonly #offers = new Map<PeerId, { sinceMs: number; count: number }>();
  /** What links that are gone have carried. */
  readonly #past = new Map<PeerId, EndStats>();

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  isUp(peer: PeerId): boolean {
    return this.#attempts.get(peer)?.end.state === 'open';
  }

  /** Dials a peer, unless that is under way already. */
  dial(peer: PeerId): void {
    const current = this.#attempts.get(peer);
    if (current && !current.isLate) return;
    this.#forget(peer, 'dialled again');
    this.counters.dialled += 1;
    const name = Math.floor(Math.random() * 0xffffffff).toString(36);
    this.#begin(peer, true).connection.offer(name);
  }

  /** Takes what a peer's dialler said. */
  signal(peer: PeerId, payload: string): void {
    const signal = parseSignal(payload);
    if (!signal) {
      this.counters.malformedSignals += 1;
      return;
    }
    const heard = this.#options.isBlocked(peer) ? withoutCandidates(payload) : payload;
    if (heard === null) return;
    if (signal.type === 'offer') this.#offered(peer, heard);
    else this.#attempts.get(peer)?.connection.accept(heard);
  }

  #offered(peer: PeerId, payload: string): void {
    const current = this.#attempts.get(peer);
    const isGlare = current?.isOffer && current.end.state === 'opening' && !current.isLate;
    // Both dial: the lower id's offer counts, and the other side drops its own for it.
    if (isGlare && this.#options.self() < peer) return;
    if (!this.#mayOffer(peer)) {
      this.counters.refusedOffers += 1;
      return;
    }
    this.#forget(peer, 'the peer dials anew');
    this.counters.accepted += 1;
    this.#begin(peer, false).connection.accept(payload);
  }

  #mayOffer(peer: PeerId): boolean {
    const nowMs = this.#options.timer.nowMs();
    const window = this.#offers.get(peer);
    if (!window || nowMs - window.sinceMs > OFFER_WINDOW_MS) {
      this.#offers.set(peer, { sinceMs: nowMs, count: 1 });
      return true;
    }
    window.count += 1;
    return window.count <= MOST_OFFERS;
  }

  #begin(peer: PeerId, isOffer: boolean): Attempt {
    const { createConnection, timer, access } = this.#options;
    const connection = createConnection();
    const end = access ? access.condition(connection, peer) : connection;
    const startedMs = timer.nowMs();
    const attempt: Attempt = {
      connection,
      end,
      isOffer,
      isLate: false,
      wasUp: false,
      startedMs,
      cancelLimit: timer.callAt(startedMs + DIAL_LIMIT_MS, () => this.#late(peer, attempt)),
    };
    this.#attempts.set(peer, attempt);
    connection.onSignal = (payload) => {
      const told = this.#options.isBlocked(peer) ? withoutCandidates(payload) : payload;
      if (told !== null) this.#options.onSignal(peer, told);
    };
    end.onOpen = () => this.#up(peer, attempt);
    end.onMessage = (bytes) => this.#options.onMessage(peer, bytes);
    end.onClose = (reason) => this.#closed(peer, attempt, reason);
    return attempt;
  }

  #up(peer: PeerId, attempt: Attempt): void {
    attempt.cancelLimit();
    attempt.wasUp = true;
    attempt.isLate = false;
    this.counters.opened += 1;
    this.counters.openingMs += this.#options.timer.nowMs() - attempt.startedMs;
    this.#options.onUp(peer);
  }

  #late(peer: PeerId, attempt: Attempt): void {
    attempt.isLate = true;
    attempt.cancelLimit = this.#options.timer.callAt(attempt.startedMs + GIVE_UP_MS, () => {
      attempt.end.close('no direct link could be made');
    });
    this.#fail(peer, `no direct link within ${DIAL_LIMIT_MS / 1000} s`);
  }

  #fail(peer: PeerId, reason: string): void {
    this.counters.failed += 1;
    this.#options.onFailed(peer, reason);
  }

  #closed(peer: PeerId, attempt: Attempt, reason: string): void {
    if (this.#attempts.get(peer) !== attempt) return;
    this.#retire(peer, attempt);
    if (attempt.wasUp) this.#options.onDown(peer, reason);
    else if (!attempt.isLate) this.#fail(peer, reason);
  }

  #retire(peer: PeerId, attempt: Attempt): void {
    attempt.cancelLimit();
    this.#attempts.delete(peer);
    this.#past.set(peer, addStats(this.#past.get(peer) ?? createEndStats(), attempt.end.stats));
  }

  /** Ends an attempt in favour of another; a link that was up is reported as down. */
  #forget(peer: PeerId, reason: string): void {
    const attempt = this.#attempts.get(peer);
    if (!attempt) return;
    this.#retire(peer, attempt);
    attempt.end.close(reason);
    if (attempt.wasUp) this.#options.onDown(peer, reason);
  }

  /** Sends over the direct link; dropped when there is none. */
  send(peer: PeerId, bytes: Uint8Array): boolean {
    const attempt = this.#attempts.get(peer);
    if (attempt?.end.state !== 'open') return false;
    attempt.end.send('unreliable', bytes);
    return true;
  }

  /** Bytes for this peer that have not left this process yet. */
  bufferedBytes(peer: PeerId): number {
    return this.#attempts.get(peer)?.end.bufferedBytes ?? 0;
  }

  /** Ends the link to a peer, or the attempt at one, without calling back. */
  hangUp(peer: PeerId, reason: string): void {
    const attempt = this.#attempts.get(peer);
    if (!attempt) return;
    this.#retire(peer, attempt);
    attempt.end.close(reason);
  }

  /** Ends all links without calling back. */
  close(reason: string): void {
    for (const peer of [...this.#attempts.keys()]) this.hangUp(peer, reason);
  }

  /** What direct links to this peer have carried so far. */
  statsOf(peer: PeerId): EndStats {
    const stats = addStats(createEndStats(), this.#past.get(peer) ?? createEndStats());
    const now = this.#attempts.get(peer);
    return now ? addStats(stats, now.end.stats) : stats;
  }

  /** Everybody to whom there is or was a direct link or an attempt at one. */
  get peers(): PeerId[] {
    return [...new Set([...this.#past.keys(), ...this.#attempts.keys()])].sort((a, b) => a - b);
  }
}

/** What is left of a signal of a pair that is to find no way to each other; null where that is nothing. */
function withoutCandidates(payload: string): string | null {
  const signal = parseSignal(payload);
  return signal?.description ? formatSignal({ ...signal, candidates: [] }) : null;
}

/** Adds `more` to `stats`, and returns it. */
export function addStats(stats: EndStats, more: EndStats): EndStats {
  for (const name of Object.keys(stats) as (keyof EndStats)[]) stats[name] += more[name];
  return stats;
}
