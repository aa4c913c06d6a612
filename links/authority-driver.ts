/**
 * Runs an `AuthoritySession` in real time, the same way in a Colyseus room and in a host peer: it hands over what
 * arrived, advances by absolute time, and performs what the session asks for.
 *
 * Tick k is due at start + k × period whatever happened before it, so that ticks do not drift; a late tick is followed
 * at once by the next, a few per turn, and between those turns the sockets are read. Lateness is measured, never hidden.
 * A process that slept or stalled for longer than a second does not live through that time afterwards: the driver's clock
 * skips whole ticks, says how many, and the tick rate shows it.
 */
import type { AuthoritySession } from '../netcode/authority-session.ts';
import type { Channel, PeerId, Request, SessionEvent } from '../netcode/session.ts';
import type { Timer } from './timer.ts';

/** How an authority reaches one peer; a transport implements it. */
export interface PeerLink {
  /**
   * Hands one message to the transport, which owns `bytes` from then on. False: not sent, because the peer's buffer
   * stands at its limit. Must not throw.
   */
  send(bytes: Uint8Array, channel: Channel): boolean;
  /** Closes the link for good; the reason is a sentence for people. Must not throw, and must not call back at once. */
  close(reason: string): void;
}

/** When one tick happened, on the timer's clock. The object is reused by the next tick: copy what you keep. */
export interface TickTiming {
  tick: number;
  /** When it should have started. */
  dueMs: number;
  startedMs: number;
  /** After the step, and after its messages were handed to the transport. */
  endedMs: number;
  /** Time spent handing over messages that arrived before this tick was due; later ones made it start late. */
  receiveMs: number;
}

/** Who wants to know: a recorder, a room. Hooks must not throw. */
export interface AuthorityHooks {
  tick?(timing: TickTiming): void;
  event?(event: SessionEvent, nowMs: number): void;
}

export interface AuthorityDriverOptions {
  session: AuthoritySession;
  timer: Timer;
  /** Listened to in this order. */
  hooks?: AuthorityHooks[];
}

/** Plain counters of what passed through. */
export interface DriverCounters {
  ticks: number;
  sentMessages: number;
  sentBytes: number;
  receivedMessages: number;
  receivedBytes: number;
  /** Messages not sent because the peer's transport was backed up. */
  skippedMessages: number;
  /** Peers that the session asked to disconnect. */
  disconnected: number;
  /** Ticks that began more than one period late. */
  lateTicks: number;
  /** Ticks that were never done, because the process was too far behind. */
  skippedTicks: number;
}

/** Ticks done in a row before the sockets are read again. */
const CATCH_UP_TICKS = 4;
/** More than this behind, time is skipped: inputs that old are worth nothing, and whoever waits is gone. */
const MAX_BEHIND_MS = 1000;

export class AuthorityDriver {
  readonly session: AuthoritySession;
  readonly timer: Timer;
  readonly hooks: AuthorityHooks[];
  readonly counters: DriverCounters = {
    ticks: 0,
    sentMessages: 0,
    sentBytes: 0,
    receivedMessages: 0,
    receivedBytes: 0,
    skippedMessages: 0,
    disconnected: 0,
    lateTicks: 0,
    skippedTicks: 0,
  };
  readonly #links = new Map<PeerId, PeerLink>();
  readonly #timing: TickTiming = { tick: 0, dueMs: 0, startedMs: 0, endedMs: 0, receiveMs: 0 };
  readonly #periodMs: number;
  /** How far the session's time lies behind the timer's, by ticks that were skipped. */
  #skippedMs = 0;
  #lastPeer: PeerId = 0;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor({ session, timer, hooks = [] }: AuthorityDriverOptions) {
    this.session = session;
    this.timer = timer;
    this.hooks = [...hooks];
    this.#periodMs = 1000 / session.options.config.tickRateHz;
  }

  /** Links that are up, those still in the handshake included. */
  get peers(): number {
    return this.#links.size;
  }

  /** The session's own time. */
  #sessionMs(): number {
    return this.timer.nowMs() - this.#skippedMs;
  }

  start(): void {
    this.#schedule();
  }

  /** Stops time and closes every link with the reason. */
  stop(reason: string): void {
    this.#stopped = true;
    this.#cancel?.();
    for (const link of this.#links.values()) link.close(reason);
    this.#links.clear();
  }

  /** A transport reports a new link; returns the id under which it is known here. */
  peerUp(link: PeerLink): PeerId {
    const peer = ++this.#lastPeer;
    this.#links.set(peer, link);
    this.session.linkChanged(peer, 'up', this.#sessionMs());
    this.#perform();
    return peer;
  }

  /** A transport reports that a link is gone. Harmless for one that is unknown or gone already. */
  peerDown(peer: PeerId): void {
    if (!this.#links.delete(peer) || this.#stopped) return;
    this.session.linkChanged(peer, 'down', this.#sessionMs());
    this.#perform();
  }

  /** A transport hands over one message. `bytes` are read during the call only. */
  receive(peer: PeerId, bytes: Uint8Array): void {
    if (this.#stopped || !this.#links.has(peer)) return;
    const startedMs = this.timer.nowMs();
    this.counters.receivedMessages += 1;
    this.counters.receivedBytes += bytes.length;
    this.session.receive(peer, bytes, startedMs - this.#skippedMs);
    this.#perform();
    if (startedMs < this.session.nextDueMs + this.#skippedMs) {
      this.#timing.receiveMs += this.timer.nowMs() - startedMs;
    }
  }

  /** Performs what the session asked for, then tells the hooks what happened. */
  #perform(): void {
    for (const request of this.session.drain()) {
      if (request.type === 'send') this.#send(request);
      else if (request.type === 'disconnect') this.#disconnect(request.to, request.reason);
    }
    if (this.hooks.length === 0) {
      this.session.takeEvents();
      return;
    }
    const events = this.session.takeEvents();
    if (events.length === 0) return;
    const nowMs = this.timer.nowMs();
    for (const event of events) for (const hook of this.hooks) hook.event?.(event, nowMs);
  }

  #send({ to, bytes, channel }: Extract<Request, { type: 'send' }>): void {
    const link = this.#links.get(to);
    if (!link) return;
    if (link.send(bytes, channel)) {
      this.counters.sentMessages += 1;
      this.counters.sentBytes += bytes.length;
    } else {
      this.counters.skippedMessages += 1;
    }
  }

  #disconnect(peer: PeerId, reason: string): void {
    const link = this.#links.get(peer);
    if (!link) return;
    this.#links.delete(peer);
    this.counters.disconnected += 1;
    link.close(reason);
    this.session.linkChanged(peer, 'down', this.#sessionMs());
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.timer.callAt(this.session.nextDueMs + this.#skippedMs, () => this.#wake());
  }

  #wake(): void {
    for (let done = 0; done < CATCH_UP_TICKS && !this.#stopped; done++) if (!this.#advance()) break;
    this.#schedule();
  }

  /** Leaves out the ticks of a long stall; the one that is due is still done, and its lateness told. */
  #skip(behindMs: number): void {
    if (behindMs <= MAX_BEHIND_MS) return;
    const ticks = Math.floor(behindMs / this.#periodMs);
    this.counters.skippedTicks += ticks;
    this.#skippedMs += ticks * this.#periodMs;
  }

  /** One tick with its messages; true when another is already due. */
  #advance(): boolean {
    const { session, timer } = this;
    const timing = this.#timing;
    const tickBefore = session.world.match.tick[0];
    timing.dueMs = session.nextDueMs + this.#skippedMs;
    timing.startedMs = timer.nowMs();
    this.#skip(timing.startedMs - timing.dueMs);
    const more = session.advance(timing.startedMs - this.#skippedMs);
    this.#perform();
    timing.endedMs = timer.nowMs();
    timing.tick = session.world.match.tick[0]!;
    if (timing.tick !== tickBefore) {
      this.counters.ticks += 1;
      if (timing.startedMs - timing.dueMs > this.#periodMs) this.counters.lateTicks += 1;
      for (const hook of this.hooks) hook.tick?.(timing);
      timing.receiveMs = 0;
    }
    return more;
  }
}
