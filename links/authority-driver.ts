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
import type { PeerId, SessionEvent } from '../netcode/session.ts';
import { createLinkTotals, type LinkTotals, type PeerLink, SessionLinks } from './session-links.ts';
import type { Timer } from './timer.ts';

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

/** Plain counters of what passed through, and of ticks. */
export interface DriverCounters extends LinkTotals {
  ticks: number;
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
  readonly counters: DriverCounters = { ...createLinkTotals(), ticks: 0, lateTicks: 0, skippedTicks: 0 };
  readonly #links: SessionLinks;
  readonly #timing: TickTiming = { tick: 0, dueMs: 0, startedMs: 0, endedMs: 0, receiveMs: 0 };
  readonly #periodMs: number;
  /** How far the session's time lies behind the timer's, by ticks that were skipped. */
  #skippedMs = 0;
  #cancel: (() => void) | null = null;

  constructor({ session, timer, hooks = [] }: AuthorityDriverOptions) {
    this.session = session;
    this.timer = timer;
    this.hooks = [...hooks];
    this.#periodMs = 1000 / session.options.config.tickRateHz;
    this.#links = new SessionLinks({
      session,
      nowMs: () => timer.nowMs() - this.#skippedMs,
      totals: this.counters,
      onEvents: (events) => this.#tell(events),
    });
  }

  /** Links that are up, those still in the handshake included. */
  get peers(): number {
    return this.#links.count;
  }

  start(): void {
    this.#schedule();
  }

  /** Stops time and closes every link with the reason. */
  stop(reason: string): void {
    this.#cancel?.();
    this.#links.close(reason);
  }

  /** A transport reports a new link; returns the id under which it is known here. */
  peerUp(link: PeerLink): PeerId {
    return this.#links.up(link);
  }

  /** A transport reports that a link is gone. Harmless for one that is unknown or gone already. */
  peerDown(peer: PeerId): void {
    this.#links.down(peer);
  }

  /** A transport hands over one message. `bytes` are read during the call only. */
  receive(peer: PeerId, bytes: Uint8Array): void {
    const startedMs = this.timer.nowMs();
    if (!this.#links.receive(peer, bytes, startedMs - this.#skippedMs)) return;
    if (startedMs < this.session.nextDueMs + this.#skippedMs) {
      this.#timing.receiveMs += this.timer.nowMs() - startedMs;
    }
  }

  #tell(events: readonly SessionEvent[]): void {
    if (this.hooks.length === 0) return;
    const nowMs = this.timer.nowMs();
    for (const event of events) for (const hook of this.hooks) hook.event?.(event, nowMs);
  }

  #schedule(): void {
    if (this.#links.isClosed) return;
    this.#cancel = this.timer.callAt(this.session.nextDueMs + this.#skippedMs, () => this.#wake());
  }

  #wake(): void {
    for (let done = 0; done < CATCH_UP_TICKS && !this.#links.isClosed; done++) if (!this.#advance()) break;
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
    this.#links.perform();
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
