/**
 * Runs a `RendezvousSession` in real time: hands over what arrives on its links, lets time pass, and does what it asks
 * for. Nothing here has a tick to keep; whatever is late is only late.
 */
import { createLinkTotals, type PeerLink, SessionLinks, type SessionLinksOptions } from '../links/session-links.ts';
import type { Timer } from '../links/timer.ts';
import type { RendezvousSession } from '../netcode/rendezvous-session.ts';
import type { PeerId, SessionEvent } from '../netcode/session.ts';
import type { Reception } from './geckos-listener.ts';

export interface RendezvousDriverOptions extends Pick<SessionLinksOptions, 'onCarried'> {
  session: RendezvousSession;
  timer: Timer;
  onEvent?: ((event: SessionEvent, nowMs: number) => void) | undefined;
}

/** Beats done in a row before the sockets are read again. */
const CATCH_UP = 4;

export class RendezvousDriver implements Reception {
  readonly session: RendezvousSession;
  readonly counters = createLinkTotals();
  readonly #timer: Timer;
  readonly #onEvent: RendezvousDriverOptions['onEvent'];
  readonly #links: SessionLinks;
  #cancel: (() => void) | null = null;

  constructor({ session, timer, onEvent, onCarried }: RendezvousDriverOptions) {
    this.session = session;
    this.#timer = timer;
    this.#onEvent = onEvent;
    this.#links = new SessionLinks({
      session,
      nowMs: () => timer.nowMs(),
      totals: this.counters,
      onEvents: (events) => this.#tell(events),
      onCarried,
    });
  }

  start(): void {
    this.#cancel = this.#timer.callAt(this.session.nextDueMs, () => this.#wake());
  }

  /** Closes every link with the reason. */
  stop(reason: string): void {
    this.#cancel?.();
    this.#links.close(reason);
  }

  #wake(): void {
    for (let done = 0; done < CATCH_UP && !this.#links.isClosed; done++) {
      const isMoreDue = this.session.advance(this.#timer.nowMs());
      this.#links.perform();
      if (!isMoreDue) break;
    }
    if (!this.#links.isClosed) this.start();
  }

  peerUp(link: PeerLink): PeerId {
    return this.#links.up(link);
  }

  peerDown(peer: PeerId): void {
    this.#links.down(peer);
  }

  receive(peer: PeerId, bytes: Uint8Array): void {
    this.#links.receive(peer, bytes, this.#timer.nowMs());
  }

  #tell(events: readonly SessionEvent[]): void {
    if (!this.#onEvent) return;
    const nowMs = this.#timer.nowMs();
    for (const event of events) this.#onEvent(event, nowMs);
  }
}
