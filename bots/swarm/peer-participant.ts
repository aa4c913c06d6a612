/**
 * A bot as a peer among peers: a session, a link to the rendezvous, and links to other peers. The rendezvous may go and
 * come; the match goes on without it. What the peers agree on, and who writes down what is true, is its kind's business.
 */
import { randomFillSync } from 'node:crypto';
import { NO_INPUT } from '../../game/input.ts';
import type { World } from '../../game/world.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { cleanupDataChannels, openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { peerConnectionsOnOnePort } from '../../links/peer-connection-node.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import { livingOthers } from '../../metrics/player-notes.ts';
import { needsConditioning, profileOf } from '../../netcode/link/profiles.ts';
import type { LedgerStatement } from '../../netcode/mesh/ledger/audit.ts';
import type { Birth, PlayingPeer } from '../../netcode/playing-peer.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import type { BotRole } from './assign.ts';
import { brainOf } from './brain.ts';
import { HeldTimer } from './held-timer.ts';
import type { Replay } from './messages.ts';
import {
  type Carried,
  type Participant,
  type ParticipantHandlers,
  REOPEN_AFTER_MS,
  type Surroundings,
} from './participant.ts';

/** The room that the rendezvous of a run begins with. */
const ROOM = 'MAIN';

/** What is about one kind of session only. One object per bot and session. */
export interface PeerPart<S extends PlayingPeer> {
  readonly session: S;
  /** A turn of the session begins, and has ended: what was due is done, and was handed to the links. */
  begin?(): void;
  end?(): void;
  /** An event that is about the own player. */
  heard?(event: SessionEvent, nowMs: number): void;
  /** Notes what is sampled about once a second. */
  sample(nowMs: number): void;
  measure?(fromMs: number, untilMs: number): void;
  /** What it kept because its world had parted from another's. */
  readonly replay?: Replay | null;
  /** What it knows of the coins, where they have homes among the peers. */
  readonly statement?: LedgerStatement | null;
}

export interface PartSurroundings extends Surroundings {
  readonly role: BotRole;
  readonly birth: Birth;
  /** Its player sees something newer, of the world that its session holds. */
  saw(world: World, nowMs: number): void;
}

export type MakePart<S extends PlayingPeer> = (around: PartSurroundings) => PeerPart<S>;

export class PeerParticipant<S extends PlayingPeer> implements Participant {
  readonly #role: BotRole;
  readonly #around: Surroundings;
  readonly #handlers: ParticipantHandlers;
  readonly #makePart: MakePart<S>;
  readonly #timer: HeldTimer;
  /** Made, as its part is, when the bot asks to join; null before. */
  #driver: PeerDriver<S> | null = null;
  #part!: PeerPart<S>;
  #reopenMs = Number.POSITIVE_INFINITY;
  #measured: [fromMs: number, untilMs: number] | null = null;
  #isPlaying = false;
  #isLeaving = false;

  constructor(role: BotRole, around: Surroundings, handlers: ParticipantHandlers, makePart: MakePart<S>) {
    this.#role = role;
    this.#around = around;
    this.#handlers = handlers;
    this.#makePart = makePart;
    this.#timer = new HeldTimer(around.nowMs, handlers.rescheduled);
  }

  get #session(): S {
    return this.#part.session;
  }

  #begin(): PeerPart<S> {
    const { index } = this.#role;
    const randomBytes = (into: Uint8Array) => {
      randomFillSync(into);
    };
    const { inputRateHz } = this.#around.plan;
    const part = this.#makePart({
      ...this.#around,
      role: this.#role,
      birth: { transport: 'datagram', name: `bot ${index}`, room: ROOM, inputRateHz, randomBytes },
      saw: (world, nowMs) => this.#saw(world, nowMs),
    });
    if (this.#measured) part.measure?.(...this.#measured);
    return part;
  }

  get nextDueMs(): number {
    if (!this.#driver) return Number.POSITIVE_INFINITY;
    return Math.min(this.#session.nextDueMs, this.#timer.nextDueMs, this.#reopenMs);
  }

  get tickMs(): number {
    return this.#session.tickMs;
  }

  get carried(): Carried {
    if (!this.#driver) return { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0, relayedBytes: 0 };
    const { direct, rendezvous, relayed } = this.#driver.totals();
    return {
      sentBytes: direct.sentBytes + rendezvous.sentBytes,
      receivedBytes: direct.receivedBytes + rendezvous.receivedBytes,
      sentMessages: direct.sentMessages + rendezvous.sentMessages,
      receivedMessages: direct.receivedMessages + rendezvous.receivedMessages,
      relayedBytes: relayed.sentBytes + relayed.receivedBytes,
    };
  }

  open(): void {
    this.#reopenMs = Number.POSITIVE_INFINITY;
    const { url, bindAddress } = this.#around.endpoint;
    const end = openNodeDataChannelEnd({ url, ...(bindAddress ? { bindAddress } : {}) });
    if (this.#driver) {
      this.#driver.attach(end);
      return;
    }
    this.#part = this.#begin();
    this.#driver = this.#makeDriver(end);
  }

  #makeDriver(end: ClientEnd): PeerDriver<S> {
    const { plan, endpoint } = this.#around;
    const { bindAddress } = endpoint;
    const { network, seed, natBlockedRatio } = plan;
    const profile = profileOf(network);
    const extraDelayMs = this.#around.extraDelayMsOf(this.#role);
    const isConditioned = needsConditioning(profile) || extraDelayMs > 0;
    const driver = new PeerDriver<S>({
      session: this.#session,
      end,
      createConnection: peerConnectionsOnOnePort(bindAddress ? { bindAddress } : {}),
      timer: this.#timer,
      access: isConditioned ? { profile, seed, participant: this.#role.index } : undefined,
      natBlocking: natBlockedRatio > 0 ? { ratio: natBlockedRatio, seed } : undefined,
      decide: brainOf(this.#role),
      onEvent: (event, nowMs) => this.#tell(event, nowMs),
      onClose: () => this.#rendezvousLost(),
      rescheduled: () => this.#handlers.rescheduled(),
    });
    driver.access?.setExtraDelay(extraDelayMs);
    return driver;
  }

  #rendezvousLost(): void {
    if (this.#isLeaving) return;
    this.#reopenMs = this.#around.nowMs() + REOPEN_AFTER_MS;
    this.#handlers.rescheduled();
  }

  #saw(world: World, nowMs: number): void {
    const { player, confirmedView: view } = this.#session;
    if (!this.#role.full || player < 0 || !view) return;
    this.#handlers.onView(view, nowMs, livingOthers(world, player) - view.players.count);
  }

  #tell(event: SessionEvent, nowMs: number): void {
    const session = this.#session;
    switch (event.type) {
      // Peers hear of everybody who comes and is refused.
      case 'joined':
        if (event.peer !== session.self) return;
        this.#isPlaying = true;
        break;
      case 'refused':
        if (session.state !== 'refused') return;
        break;
      case 'snapshot':
        if (session.player < 0) return;
        break;
    }
    this.#part.heard?.(event, nowMs);
    this.#handlers.onEvent(event, nowMs);
  }

  pump(nowMs: number): void {
    if (nowMs >= this.#reopenMs) this.open();
    this.#timer.run(nowMs);
    if (!this.#driver || this.#session.nextDueMs > nowMs) return;
    this.#part.begin?.();
    this.#driver.pump();
    this.#part.end?.();
    if (this.#isPlaying && this.#session.state !== 'playing') {
      this.#isPlaying = false;
      this.#handlers.onLost('dropped by the other peers');
    }
  }

  drawn(nowMs: number): View | null {
    return this.#session.drawn(nowMs);
  }

  sample(nowMs: number): void {
    this.#part.sample(nowMs);
  }

  measure(fromMs: number, untilMs: number): void {
    this.#measured = [fromMs, untilMs];
    if (this.#driver) this.#part.measure?.(fromMs, untilMs);
  }

  rest(): void {
    if (this.#driver) this.#driver.decide = () => NO_INPUT;
  }

  get replay(): Replay | null {
    return (this.#driver && this.#part.replay) ?? null;
  }

  get statement(): LedgerStatement | null {
    return (this.#driver && this.#part.statement) ?? null;
  }

  leave(reason: string): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#reopenMs = Number.POSITIVE_INFINITY;
    if (!this.#driver) return;
    this.#session.leave(this.#around.nowMs());
    // What it has to say to the others goes out with a last turn.
    this.#driver.pump();
    this.#driver.close(reason);
  }
}

export { cleanupDataChannels as cleanupPeers };
