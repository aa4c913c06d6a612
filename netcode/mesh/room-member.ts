/**
 * What a participant does in a room that keeps seats, embedded in its RendezvousClient: it follows the epochs and votes,
 * knows the room's time, and tells its cell, with each heartbeat, so that others can be introduced to it.
 */
import type { Outbox } from '../outbox.ts';
import { ProtocolError } from '../protocol.ts';
import type { PeerId } from '../session.ts';
import { NO_CELL } from './epoch.ts';
import type { SharedEpochs } from './epoch-chain.ts';
import { EpochFollower } from './epoch-follower.ts';
import { RoomClock } from './room-clock.ts';
import type { IntroducedPeer, RoomMessage } from './room-messages.ts';

/** Until so many samples of the room's time are there, it is asked for more often. */
const FIRST_SAMPLES = 6;
const FIRST_SAMPLE_EVERY_MS = 100;
const SAMPLE_EVERY_MS = 500;

export interface MemberLine {
  sendReliable(message: RoomMessage, nowMs: number): void;
  sendUnreliable(message: RoomMessage): void;
}

export class RoomMember {
  readonly epochs: EpochFollower;
  readonly clock = new RoomClock();
  readonly #line: MemberLine;
  readonly #outbox: Outbox;
  readonly #peers: Set<PeerId>;
  /** Those whom the rendezvous introduced last; another array for each answer. */
  introduced: readonly IntroducedPeer[] = [];
  #cell = NO_CELL;
  #notedCell = NO_CELL;
  #asks = false;
  #sampleDueMs = Number.POSITIVE_INFINITY;

  /** `peers`: kept as who is present in the newest epoch, and who was introduced. */
  constructor(line: MemberLine, outbox: Outbox, peers: Set<PeerId>, shared: SharedEpochs | null) {
    this.epochs = new EpochFollower(shared);
    this.#line = line;
    this.#outbox = outbox;
    this.#peers = peers;
  }

  /** Whether the room is known to keep seats. */
  get isSeated(): boolean {
    return this.epochs.newest !== null;
  }

  get nextDueMs(): number {
    return this.#sampleDueMs;
  }

  /** Whether the cell is told from time to time, which says also that one is there. */
  get isTelling(): boolean {
    return this.#sampleDueMs !== Number.POSITIVE_INFINITY;
  }

  /** The room was entered, perhaps again. */
  entered(): void {
    this.#notedCell = NO_CELL;
  }

  lost(): void {
    this.#sampleDueMs = Number.POSITIVE_INFINITY;
  }

  forget(): void {
    this.epochs.forget();
    this.clock.reset();
    this.introduced = [];
    this.#asks = false;
    this.lost();
  }

  /** Tells the cell, and asks who is around; repeated until it is answered. */
  tellCell(cell: number, asks: boolean, nowMs: number): void {
    const isNews = cell !== this.#cell || (asks && !this.#asks);
    this.#cell = cell;
    this.#asks ||= asks;
    if (isNews && this.isTelling) this.#tell(nowMs);
  }

  #tell(nowMs: number): void {
    this.#line.sendUnreliable({ type: 'cell', sentMs: nowMs, cell: this.#cell, asks: this.#asks });
    const isYoung = this.clock.samples < FIRST_SAMPLES || this.#notedCell !== this.#cell;
    this.#sampleDueMs = nowMs + (isYoung ? FIRST_SAMPLE_EVERY_MS : SAMPLE_EVERY_MS);
  }

  advance(nowMs: number): void {
    if (nowMs >= this.#sampleDueMs) this.#tell(nowMs);
  }

  /** Takes a message of the rendezvous. Returns whether `peers` changed. */
  receive(message: RoomMessage, self: PeerId, nowMs: number): boolean {
    const { epochs } = this;
    switch (message.type) {
      case 'cellNoted':
        if (!this.isSeated) throw new ProtocolError('a cell was noted in a room without seats');
        this.clock.sample(message.sentMs, message.roomMs, nowMs);
        this.#notedCell = message.cell;
        return message.peers !== null && this.#meet(message.peers, self);
      case 'epoch': {
        const ack = epochs.vote(message, self);
        if (ack) this.#line.sendReliable(ack, nowMs);
        return false;
      }
      case 'recall': {
        const known = epochs.recalled(message, this.#roomMs(nowMs));
        if (known) this.#line.sendReliable(known, nowMs);
        return false;
      }
      case 'known':
      case 'epochCommit': {
        const before = epochs.newest;
        if (message.type === 'known') epochs.take(message);
        else epochs.decided(message);
        return this.#follow(before?.line, before?.number, self, nowMs);
      }
      default:
        throw new ProtocolError(`a participant takes no ${message.type}`);
    }
  }

  /** The room's time when this reaches the rendezvous. */
  #roomMs(nowMs: number): number | null {
    const roomMs = this.clock.timeMs(nowMs) + this.clock.rttMs / 2;
    return Number.isNaN(roomMs) ? null : roomMs;
  }

  #meet(peers: IntroducedPeer[], self: PeerId): boolean {
    this.#asks = false;
    this.introduced = peers;
    this.#outbox.tell({ type: 'introduced', peers });
    return this.#updatePeers(self);
  }

  #follow(line: number | undefined, number: number | undefined, self: PeerId, nowMs: number): boolean {
    const { newest } = this.epochs;
    if (!newest) return false;
    if (newest.line !== line) {
      this.clock.reset();
      this.introduced = [];
    }
    if (!this.isTelling) this.#tell(nowMs);
    if (newest.line === line && newest.number === number) return false;
    this.#outbox.tell({ type: 'epoch', line: newest.line, number: newest.number });
    return this.#updatePeers(self);
  }

  /** Costs a look at every seat. */
  #updatePeers(self: PeerId): boolean {
    const present = new Set(this.introduced.map(({ peer }) => peer));
    for (const { peer, isAway } of this.epochs.newest!.seats) if (!isAway) present.add(peer);
    present.delete(self);
    let hasChanged = false;
    for (const peer of this.#peers) {
      if (present.has(peer)) continue;
      this.#peers.delete(peer);
      hasChanged = true;
      this.#outbox.tell({ type: 'peerGone', peer });
    }
    for (const peer of present) {
      if (this.#peers.has(peer)) continue;
      this.#peers.add(peer);
      hasChanged = true;
      this.#outbox.tell({ type: 'peerCame', peer });
    }
    return hasChanged;
  }
}
