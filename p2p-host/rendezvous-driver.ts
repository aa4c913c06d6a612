/**
 * Runs a `RendezvousSession` in real time: hands over what arrives on its links, lets time pass, and does what it asks
 * for. Nothing here has a tick to keep; whatever is late is only late.
 */
import type { DriverCounters, PeerLink } from '../links/authority-driver.ts';
import type { Timer } from '../links/timer.ts';
import type { RendezvousSession } from '../netcode/rendezvous-session.ts';
import type { PeerId, Request, SessionEvent } from '../netcode/session.ts';
import type { Reception } from './geckos-listener.ts';

export interface RendezvousDriverOptions {
  session: RendezvousSession;
  timer: Timer;
  onEvent?: ((event: SessionEvent, nowMs: number) => void) | undefined;
  /** Called for all that passes: messages as bytes, transport headers left out. */
  onCarried?: ((nowMs: number, sentBytes: number, receivedBytes: number) => void) | undefined;
}

/** Beats done in a row before the sockets are read again. */
const CATCH_UP = 4;

export class RendezvousDriver implements Reception {
  readonly session: RendezvousSession;
  readonly counters: Omit<DriverCounters, 'ticks' | 'lateTicks' | 'skippedTicks'> = {
    sentMessages: 0,
    sentBytes: 0,
    receivedMessages: 0,
    receivedBytes: 0,
    skippedMessages: 0,
    disconnected: 0,
  };
  readonly #timer: Timer;
  readonly #onEvent: RendezvousDriverOptions['onEvent'];
  readonly #onCarried: RendezvousDriverOptions['onCarried'];
  readonly #links = new Map<PeerId, PeerLink>();
  #lastLink: PeerId = 0;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor({ session, timer, onEvent, onCarried }: RendezvousDriverOptions) {
    this.session = session;
    this.#timer = timer;
    this.#onEvent = onEvent;
    this.#onCarried = onCarried;
  }

  start(): void {
    this.#cancel = this.#timer.callAt(this.session.nextDueMs, () => this.#wake());
  }

  /** Closes every link with the reason. */
  stop(reason: string): void {
    this.#stopped = true;
    this.#cancel?.();
    for (const link of this.#links.values()) link.close(reason);
    this.#links.clear();
  }

  #wake(): void {
    for (let done = 0; done < CATCH_UP && !this.#stopped; done++) {
      const isMoreDue = this.session.advance(this.#timer.nowMs());
      this.#perform();
      if (!isMoreDue) break;
    }
    if (!this.#stopped) this.start();
  }

  peerUp(link: PeerLink): PeerId {
    const id = ++this.#lastLink;
    this.#links.set(id, link);
    this.session.linkChanged(id, 'up', this.#timer.nowMs());
    this.#perform();
    return id;
  }

  peerDown(id: PeerId): void {
    if (!this.#links.delete(id) || this.#stopped) return;
    this.session.linkChanged(id, 'down', this.#timer.nowMs());
    this.#perform();
  }

  receive(id: PeerId, bytes: Uint8Array): void {
    if (this.#stopped || !this.#links.has(id)) return;
    this.counters.receivedMessages += 1;
    this.counters.receivedBytes += bytes.length;
    const nowMs = this.#timer.nowMs();
    this.#onCarried?.(nowMs, 0, bytes.length);
    this.session.receive(id, bytes, nowMs);
    this.#perform();
  }

  #perform(): void {
    for (const request of this.session.drain()) {
      if (request.type === 'send') this.#send(request);
      else if (request.type === 'disconnect') this.#disconnect(request.to, request.reason);
    }
    const events = this.session.takeEvents();
    if (!this.#onEvent || events.length === 0) return;
    const nowMs = this.#timer.nowMs();
    for (const event of events) this.#onEvent(event, nowMs);
  }

  #send({ to, bytes, channel }: Extract<Request, { type: 'send' }>): void {
    const link = this.#links.get(to);
    if (!link) return;
    if (link.send(bytes, channel)) {
      this.counters.sentMessages += 1;
      this.counters.sentBytes += bytes.length;
      this.#onCarried?.(this.#timer.nowMs(), bytes.length, 0);
    } else {
      this.counters.skippedMessages += 1;
    }
  }

  #disconnect(id: PeerId, reason: string): void {
    const link = this.#links.get(id);
    if (!link) return;
    this.#links.delete(id);
    this.counters.disconnected += 1;
    link.close(reason);
    this.session.linkChanged(id, 'down', this.#timer.nowMs());
    // What its going brings about: the others are told.
    this.#perform();
  }
}
