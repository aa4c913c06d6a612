/** What a rendezvous does in a room that keeps seats: epochs (epoch-keeper.ts), the room's time, and introductions. */
import { ProtocolError } from '../protocol.ts';
import type { PeerId } from '../session.ts';
import { CellTable } from './cells.ts';
import { NO_CELL } from './epoch.ts';
import { EpochKeeper, type KeeperRoom, type KeeperTimes } from './epoch-keeper.ts';
import { MAX_INTRODUCED, type Memory, type RoomMessage } from './room-messages.ts';

/** What it needs of the rendezvous. */
export interface SeatedRoomLinks extends Omit<KeeperRoom, 'cellOf'> {
  /** To somebody who is present; it may be lost. */
  sendUnreliable(peer: PeerId, message: RoomMessage, nowMs: number): void;
  isHere(peer: PeerId): boolean;
  /** So many peers were named to somebody. */
  introduced(peers: number): void;
}

/** What is reported of a room with seats. */
export interface SeatsStatus {
  /** Tells matches in the same room apart; 0 before the first. */
  line: number;
  epoch: number;
  seats: number;
  away: number;
  /** Epochs that were proposed, those that were decided, and matches that were founded or recovered. */
  proposals: number;
  decided: number;
  founded: number;
  recovered: number;
  /** How often somebody asked who is around, and peers that were named. */
  introductionsAsked: number;
  introduced: number;
}

export class SeatedRoom {
  readonly seats: number;
  readonly #keeper: EpochKeeper;
  readonly #cells = new CellTable();
  readonly #links: SeatedRoomLinks;
  #introductionsAsked = 0;
  #introduced = 0;

  constructor(seats: number, times: KeeperTimes, links: SeatedRoomLinks, nowMs: number) {
    this.seats = seats;
    this.#links = links;
    const room: KeeperRoom = {
      ...links,
      cellOf: (peer) => this.#cells.cellOf(peer),
      dropped: (peer, droppedMs) => {
        this.#cells.put(peer, NO_CELL);
        links.dropped(peer, droppedMs);
      },
    };
    this.#keeper = new EpochKeeper(seats, times, room, nowMs);
  }

  /** Whether it is known which numbers are taken. */
  get isSettled(): boolean {
    return this.#keeper.isSettled;
  }

  /** Whether somebody may be let in already; newcomers wait until it is known who takes part. */
  mayEnter(memory: Memory | undefined, nowMs: number): boolean {
    return this.#keeper.mayEnter(memory, nowMs);
  }

  /** Whether what somebody remembers may be of the match that this room holds. */
  fits(memory: Memory): boolean {
    return this.#keeper.fits(memory);
  }

  /** Whether there is no seat for a newcomer, or for somebody who has none. */
  isFullFor(peer: PeerId | undefined): boolean {
    const isSeated = peer !== undefined && this.#keeper.newest?.seatOf(peer) !== undefined;
    return !isSeated && this.#keeper.isFull;
  }

  enter(peer: PeerId, name: string, memory: Memory | undefined, nowMs: number): void {
    this.#keeper.enter(peer, name, memory, nowMs);
  }

  /** `forGood`: it said so. */
  depart(peer: PeerId, forGood: boolean, nowMs: number): void {
    this.#keeper.depart(peer, forGood, nowMs);
    // Of who has a seat it is remembered: there its coins lie if it does not come back.
    if (!this.#keeper.newest?.seatOf(peer)) this.#cells.put(peer, NO_CELL);
  }

  /** Throws a ProtocolError on a message that is not for a rendezvous. */
  receive(peer: PeerId, message: RoomMessage, nowMs: number): void {
    switch (message.type) {
      case 'cell':
        this.#locate(peer, message, nowMs);
        return;
      case 'known':
      case 'epochAck':
        this.#keeper.receive(peer, message, nowMs);
        return;
      default:
        throw new ProtocolError(`a rendezvous takes no ${message.type}`);
    }
  }

  /** Answered at once: half of the round trip is taken for the way back. */
  #locate(peer: PeerId, { sentMs, cell, asks }: Extract<RoomMessage, { type: 'cell' }>, nowMs: number): void {
    if (cell !== NO_CELL) this.#cells.put(peer, cell);
    const roomMs = this.#keeper.roomMs(nowMs);
    if (Number.isNaN(roomMs)) return;
    const peers = asks ? this.#cells.around(peer, this.#links.isHere, MAX_INTRODUCED) : null;
    if (peers) {
      this.#introductionsAsked++;
      this.#introduced += peers.length;
      this.#links.introduced(peers.length);
    }
    this.#links.sendUnreliable(peer, { type: 'cellNoted', sentMs, roomMs, cell, peers }, nowMs);
  }

  advance(nowMs: number): void {
    this.#keeper.advance(nowMs);
  }

  get status(): SeatsStatus {
    const { counters, status } = this.#keeper;
    return {
      ...status,
      ...counters,
      introductionsAsked: this.#introductionsAsked,
      introduced: this.#introduced,
    };
  }
}
