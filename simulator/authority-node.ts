/**
 * Drives an `AuthoritySession` on virtual time. Its ticks take the modelled time: what they send leaves at their end, and
 * what arrives meanwhile waits, as behind one thread.
 */
import type { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import type { AuthoritySession } from '../netcode/authority-session.ts';
import type { PeerId, Request } from '../netcode/session.ts';
import { type VirtualClock, Waker } from './clock.ts';
import type { Connection } from './connection.ts';
import { TICK_COSTS, type TickCost, tickDurationMs } from './tick-cost.ts';

export class AuthorityNode {
  readonly session: AuthoritySession;
  readonly #clock: VirtualClock;
  readonly #recorder: AuthorityRecorder | null;
  readonly #cost: TickCost;
  readonly #connections = new Map<PeerId, Connection>();
  readonly #waker: Waker;
  #lastPeer = 0;
  #busyUntilMs = 0;
  #busyMs = 0;
  /** The session's counters when they were last reported to the recorder. */
  #reported = { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0, snapshotEntities: 0 };
  #nextSampleMs = 0;

  constructor(clock: VirtualClock, session: AuthoritySession, recorder: AuthorityRecorder | null) {
    this.#clock = clock;
    this.session = session;
    this.#recorder = recorder;
    this.#cost = TICK_COSTS[session.options.transport];
    this.#waker = new Waker(clock, () => this.#tick());
    this.#waker.set(session.nextDueMs);
  }

  /** Numbers of peers count up: a player that comes back is another peer. */
  nextPeer(): PeerId {
    return ++this.#lastPeer;
  }

  get links(): number {
    return this.#connections.size;
  }

  linkUp(peer: PeerId, connection: Connection): void {
    this.#connections.set(peer, connection);
    this.session.linkChanged(peer, 'up', this.#clock.nowMs);
    this.#perform(this.session.drain());
  }

  linkDown(peer: PeerId): void {
    if (!this.#connections.delete(peer)) return;
    this.session.linkChanged(peer, 'down', this.#clock.nowMs);
    this.#perform(this.session.drain());
  }

  receive(peer: PeerId, bytes: Uint8Array): void {
    const { nowMs } = this.#clock;
    if (nowMs < this.#busyUntilMs) {
      this.#clock.at(this.#busyUntilMs, () => this.receive(peer, bytes));
      return;
    }
    if (!this.#connections.has(peer)) return;
    this.session.receive(peer, bytes, nowMs);
    this.#perform(this.session.drain());
  }

  #tick(): void {
    const { session } = this;
    const { nowMs } = this.#clock;
    if (nowMs < this.#busyUntilMs) {
      this.#waker.set(this.#busyUntilMs);
      return;
    }
    const dueMs = session.nextDueMs;
    session.advance(nowMs);
    const requests = session.drain();
    const endMs = nowMs + this.#durationMs();
    this.#busyUntilMs = endMs;
    this.#busyMs += endMs - nowMs;
    this.#clock.at(endMs, () => this.#perform(requests));
    this.#record(dueMs, nowMs, endMs);
    this.#waker.set(Math.max(session.nextDueMs, endMs));
  }

  /** Receiving since the last tick is counted into the tick, as on a real authority. */
  #durationMs(): number {
    const { counters, world } = this.session;
    const before = this.#reported;
    const entities = counters.snapshotEntities - before.snapshotEntities;
    const messages = counters.sentMessages - before.sentMessages + counters.receivedMessages - before.receivedMessages;
    return tickDurationMs(this.#cost, world.match.players[0]!, entities, messages);
  }

  #record(dueMs: number, startMs: number, endMs: number): void {
    const { counters, world, executedInputTick } = this.session;
    const before = this.#reported;
    const recorder = this.#recorder;
    if (recorder) {
      recorder.tick({ tick: world.match.tick[0]!, dueMs, startMs, endMs, world, executedInputTick });
      recorder.bytes(
        startMs,
        counters.sentBytes - before.sentBytes,
        counters.receivedBytes - before.receivedBytes,
        counters.sentMessages - before.sentMessages,
        counters.receivedMessages - before.receivedMessages,
      );
      if (startMs >= this.#nextSampleMs) {
        recorder.resources({ atMs: startMs, userUs: this.#busyMs * 1000, systemUs: 0, rssBytes: 0 });
        this.#nextSampleMs = startMs + 1000;
      }
    }
    before.sentMessages = counters.sentMessages;
    before.sentBytes = counters.sentBytes;
    before.receivedMessages = counters.receivedMessages;
    before.receivedBytes = counters.receivedBytes;
    before.snapshotEntities = counters.snapshotEntities;
  }

  #perform(requests: readonly Request[]): void {
    for (const request of requests) {
      if (request.type === 'connect') continue;
      const connection = this.#connections.get(request.to);
      if (!connection) continue;
      if (request.type === 'send') connection.sendDown(request.bytes);
      else if (connection.isOpen) connection.close(request.reason);
      else this.linkDown(request.to);
    }
    for (const event of this.session.takeEvents()) {
      if (event.type === 'joined' && !event.resumed) this.#recorder?.joined();
      if (event.type === 'left') this.#recorder?.left(event.reason);
    }
  }
}
