/**
 * The links of a session that many connect to: an authority's clients, a rendezvous' participants. Transports report what
 * comes and goes; what the session then asks for is done at once.
 */
import type { Channel, PeerId, Request, Session, SessionEvent } from '../netcode/session.ts';

/** How a session reaches one peer; a transport implements it. */
export interface PeerLink {
  /**
   * Hands one message to the transport, which owns `bytes` from then on. False: not sent, because the peer's buffer
   * stands at its limit. Must not throw.
   */
  send(bytes: Uint8Array, channel: Channel): boolean;
  /** Closes the link for good; the reason is a sentence for people. Must not throw, and must not call back at once. */
  close(reason: string): void;
}

/** Plain counters of what passed through. */
export interface LinkTotals {
  sentMessages: number;
  sentBytes: number;
  receivedMessages: number;
  receivedBytes: number;
  /** Messages not sent because the peer's transport was backed up. */
  skippedMessages: number;
  /** Peers that the session asked to disconnect. */
  disconnected: number;
}

export interface SessionLinksOptions {
  session: Session;
  /** The session's own time, which may lie behind the clock. */
  nowMs: () => number;
  /** Where what passes is added up. */
  totals: LinkTotals;
  /** Told what happened, once all is done that the session asked for. Never told of nothing. */
  onEvents: (events: readonly SessionEvent[]) => void;
  /** Called for all that passes: messages as bytes, transport headers left out. */
  onCarried?: ((nowMs: number, sentBytes: number, receivedBytes: number) => void) | undefined;
}

export function createLinkTotals(): LinkTotals {
  return { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0, skippedMessages: 0, disconnected: 0 };
}

export class SessionLinks {
  readonly #options: SessionLinksOptions;
  readonly #links = new Map<PeerId, PeerLink>();
  #lastPeer: PeerId = 0;
  #isClosed = false;

  constructor(options: SessionLinksOptions) {
    this.#options = options;
  }

  /** Links that are up, those still in the handshake included. */
  get count(): number {
    return this.#links.size;
  }

  /** True once `close` was called: no more time should pass for the session. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Closes every link with the reason. */
  close(reason: string): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close(reason);
    this.#links.clear();
  }

  /** A new link; returns the id under which it is known here. */
  up(link: PeerLink): PeerId {
    const peer = ++this.#lastPeer;
    this.#links.set(peer, link);
    this.#report(peer, 'up');
    return peer;
  }

  /** A link is gone. Harmless for one that is unknown or gone already. */
  down(peer: PeerId): void {
    if (this.#links.delete(peer) && !this.#isClosed) this.#report(peer, 'down');
  }

  #report(peer: PeerId, state: 'up' | 'down'): void {
    const { session, nowMs } = this.#options;
    session.linkChanged(peer, state, nowMs());
    this.perform();
  }

  /** One message, read during the call only. False: it came over no link that is up, and nothing was done. */
  receive(peer: PeerId, bytes: Uint8Array, nowMs: number): boolean {
    if (this.#isClosed || !this.#links.has(peer)) return false;
    const { session, totals, onCarried } = this.#options;
    totals.receivedMessages += 1;
    totals.receivedBytes += bytes.length;
    onCarried?.(nowMs, 0, bytes.length);
    session.receive(peer, bytes, nowMs);
    this.perform();
    return true;
  }

  /** Does what the session asks for, then tells what happened. */
  perform(): void {
    const { session, onEvents } = this.#options;
    for (const request of session.drain()) {
      if (request.type === 'send') this.#send(request);
      else if (request.type === 'disconnect') this.#disconnect(request.to, request.reason);
    }
    const events = session.takeEvents();
    if (events.length > 0) onEvents(events);
  }

  #send({ to, bytes, channel }: Extract<Request, { type: 'send' }>): void {
    const link = this.#links.get(to);
    if (!link) return;
    const { totals, nowMs, onCarried } = this.#options;
    if (link.send(bytes, channel)) {
      totals.sentMessages += 1;
      totals.sentBytes += bytes.length;
      onCarried?.(nowMs(), bytes.length, 0);
    } else {
      totals.skippedMessages += 1;
    }
  }

  #disconnect(peer: PeerId, reason: string): void {
    const link = this.#links.get(peer);
    if (!link) return;
    this.#links.delete(peer);
    this.#options.totals.disconnected += 1;
    link.close(reason);
    // What its going brings about is done too: at a rendezvous the others are told.
    this.#report(peer, 'down');
  }
}
