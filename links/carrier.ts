/**
 * A participant of a room whose game is elsewhere: it carries bytes between peers and whoever made it, over direct links or
 * by way of the rendezvous, and comes back to the rendezvous by itself. A host in a tab and its guests meet by it.
 */
import { Outbox } from '../netcode/outbox.ts';
import type { PeerSession } from '../netcode/peer-session.ts';
import { RendezvousClient, type RendezvousClientOptions } from '../netcode/rendezvous-client.ts';
import { type LinkState, type PeerId, RENDEZVOUS, type Request, type SessionEvent } from '../netcode/session.ts';
import type { ClientEnd } from './client-end.ts';
import { PeerDriver, type PeerDriverOptions } from './peer-driver.ts';

/** What a carrier tells. */
export interface CarrierHandlers {
  /** In the room for the first time. */
  onEntered(): void;
  /** A peer can be reached, in one way or another, or no longer. */
  onLink(peer: PeerId, state: LinkState): void;
  /** `bytes` are valid during the call only. */
  onBytes(peer: PeerId, bytes: Uint8Array): void;
  onPeerGone(peer: PeerId): void;
  /** The rendezvous was not reached, let us in no more, or is gone: a sentence for people. Links live on. */
  onLost(reason: string): void;
}

export interface CarrierOptions
  extends Omit<RendezvousClientOptions, 'transport'>,
    Pick<PeerDriverOptions<PeerSession>, 'createConnection' | 'timer' | 'access' | 'natBlocking'> {
  /** Opens a link to the rendezvous; called again when one was lost. */
  openRendezvous: () => ClientEnd;
}

/** Looked at this often even when nothing is expected. */
const MAX_SLEEP_MS = 250;

class CarrierSession implements PeerSession {
  readonly rendezvous: RendezvousClient;
  readonly #outbox = new Outbox({ sentMessages: 0, sentBytes: 0 });
  readonly #handlers: CarrierHandlers;
  readonly #asked: Request[] = [];

  constructor(options: Omit<RendezvousClientOptions, 'transport'>, handlers: CarrierHandlers, startMs: number) {
    this.rendezvous = new RendezvousClient({ ...options, transport: 'datagram' }, this.#outbox, startMs);
    this.#handlers = handlers;
  }

  linkChanged(peer: PeerId, state: LinkState, nowMs: number): void {
    if (peer === RENDEZVOUS) this.rendezvous.linkChanged(state, nowMs);
    else this.#handlers.onLink(peer, state);
  }

  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    if (from !== RENDEZVOUS) {
      this.#handlers.onBytes(from, bytes);
      return;
    }
    const carried = this.rendezvous.receive(bytes, nowMs);
    // No ballots are cast here, so nothing that is carried comes from the rendezvous itself.
    if (carried && carried.from !== RENDEZVOUS) this.#handlers.onBytes(carried.from, carried.bytes);
  }

  ask(request: Request): void {
    this.#asked.push(request);
  }

  setInput(): void {}

  advance(nowMs: number): boolean {
    this.rendezvous.advance(nowMs);
    return false;
  }

  get nextDueMs(): number {
    return this.rendezvous.nextDueMs;
  }

  drain(): readonly Request[] {
    const asked = this.#asked.splice(0);
    return asked.length === 0 ? this.#outbox.drain() : [...asked, ...this.#outbox.drain()];
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#outbox.takeEvents();
  }
}

export class Carrier {
  readonly driver: PeerDriver<CarrierSession>;
  readonly #session: CarrierSession;
  readonly #options: CarrierOptions;
  readonly #handlers: CarrierHandlers;
  #hasEntered = false;
  #isClosed = false;
  #cancelPump: () => void = () => {};
  #isPumpDue = false;

  constructor(options: CarrierOptions, handlers: CarrierHandlers) {
    const { openRendezvous, timer, createConnection, access, natBlocking } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#session = new CarrierSession(options, handlers, timer.nowMs());
    this.driver = new PeerDriver({
      session: this.#session,
      end: openRendezvous(),
      reopen: openRendezvous,
      createConnection,
      timer,
      access,
      natBlocking,
      onEvent: (event) => this.#onEvent(event),
      onClose: (reason) => this.#onClose(reason),
      rescheduled: (dueMs) => this.#sleepUntil(dueMs),
    });
    this.#pump();
  }

  get rendezvous(): RendezvousClient {
    return this.#session.rendezvous;
  }

  /** Sends to a peer by the way that it is reached. False: not sent. */
  send(peer: PeerId, bytes: Uint8Array): boolean {
    if (this.driver.linkOf(peer) !== 'relayed') return this.driver.dialler.send(peer, bytes);
    const isSent = this.rendezvous.relay(peer, bytes);
    this.#soon();
    return isSent;
  }

  connect(peer: PeerId): void {
    this.#session.ask({ type: 'connect', to: peer });
    this.#soon();
  }

  disconnect(peer: PeerId, reason: string): void {
    this.#session.ask({ type: 'disconnect', to: peer, reason });
    this.#soon();
  }

  /** Leaves the room and closes every link. Nothing is told any more. */
  close(reason?: string): void {
    if (this.#isClosed) return;
    this.rendezvous.leave();
    this.driver.pump();
    this.#isClosed = true;
    this.#cancelPump();
    this.driver.close(reason);
  }

  #onEvent(event: SessionEvent): void {
    if (this.#isClosed) return;
    if (event.type === 'refused') {
      this.#handlers.onLost(event.text);
    } else if (event.type === 'entered' && !this.#hasEntered) {
      this.#hasEntered = true;
      this.#handlers.onEntered();
    } else if (event.type === 'peerGone') {
      this.#handlers.onPeerGone(event.peer);
    }
  }

  #onClose(reason: string): void {
    if (this.#isClosed || this.rendezvous.state === 'refused') return;
    this.#handlers.onLost(reason);
  }

  /** What was asked for is done in this turn, once for all that is asked in it; never inside the call that asks. */
  #soon(): void {
    if (this.#isPumpDue || this.#isClosed) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      if (!this.#isClosed) this.#pump();
    });
  }

  #pump(): void {
    this.#sleepUntil(this.driver.pump());
  }

  #sleepUntil(dueMs: number): void {
    this.#cancelPump();
    if (this.#isClosed) return;
    const { timer } = this.#options;
    this.#cancelPump = timer.callAt(Math.min(dueMs, timer.nowMs() + MAX_SLEEP_MS), () => this.#pump());
  }
}
