/**
 * The rooms of a rendezvous: who is present under which number, and whether a group exists. A room may hold one group
 * only. The rendezvous does not know the match; it knows the members that the group last reported, and lets somebody
 * found a new group only while none of them is present.
 */
import type { SeatedRoom } from './mesh/seated-room.ts';
import { MAX_PEER_ID, TOKEN_BYTES } from './protocol.ts';
import { MAX_ROOM_CODE_BYTES, type Reclaim, type RoomSettings } from './rendezvous-messages.ts';
import type { Acceptor, RoomStatus } from './rendezvous-options.ts';
import { equalBytes } from './seats.ts';
import type { PeerId } from './session.ts';

/** Without 0 and O, 1, I and L: codes are read out and typed. */
const CODE_ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const CODE_LETTERS = 6;
/** Those who are away and may come back under their number; the one who is away longest is forgotten first. */
const MAX_AWAY = 1024;
/** A group whose members fell silent may only be cut off: for so long nobody founds another in its room. */
const AWAITED_MS = 10_000;

/** A participant's place in a room; its number is its own for as long as the room lives. */
export interface RoomSeat {
  readonly peer: PeerId;
  name: string;
  token: Uint8Array;
  /** The link over which its participant is present; −1 while it is away. */
  link: PeerId;
  signals: number;
  relayedMessages: number;
  relayedBytes: number;
}

/** How somebody went: with a goodbye, by closing its link, or without a word. */
export type Departure = 'left' | 'closed' | 'silent';

export class Room {
  readonly code: string;
  readonly settings: Uint8Array;
  readonly maxPeers: number;
  readonly isPermanent: boolean;
  /** The price of a new number. */
  readonly proofOfWorkBits: number;
  readonly present = new Map<PeerId, RoomSeat>();
  /** Since when nobody is present. */
  emptySinceMs: number;
  /** Made when the first ballot comes, and anew for every group. */
  acceptor: Acceptor | null = null;
  /** Of a room that keeps seats. */
  seated: SeatedRoom | null = null;
  readonly #away = new Map<PeerId, RoomSeat>();
  /** The lowest number that was never given out in order, and those above it that were claimed. */
  #nextPeer: PeerId = 1;
  readonly #claimed = new Set<PeerId>();
  /** Numbers that belong to those who had them before a restart. */
  readonly #reserved = new Set<PeerId>();
  #members = new Set<PeerId>();
  /** Members that fell silent, and until when they are waited for. */
  readonly #awaited = new Map<PeerId, number>();
  #view = -1;

  constructor(
    code: string,
    { settings, maxPeers, proofOfWorkBits = 0 }: RoomSettings,
    isPermanent: boolean,
    nowMs: number,
  ) {
    this.code = code;
    this.settings = settings;
    this.maxPeers = maxPeers;
    this.isPermanent = isPermanent;
    this.proofOfWorkBits = proofOfWorkBits;
    this.emptySinceMs = nowMs;
  }

  /** The seat that a token opens: of somebody who is away, or over a link that has not noticed its own death. */
  seatOf({ peer, token }: Reclaim): RoomSeat | undefined {
    const seat = this.present.get(peer) ?? this.#away.get(peer);
    return seat && equalBytes(seat.token, token) ? seat : undefined;
  }

  /**
   * A new seat: under the number that was asked for when nobody ever had it here, as after a restart of the rendezvous,
   * and otherwise under the next one. Undefined when all numbers were given out.
   */
  newSeat(wanted: PeerId | undefined, name: string, token: Uint8Array): RoomSeat | undefined {
    const peer = this.#takeNumber(wanted);
    return peer === undefined
      ? undefined
      : { peer, name, token, link: -1, signals: 0, relayedMessages: 0, relayedBytes: 0 };
  }

  #takeNumber(wanted: PeerId | undefined): PeerId | undefined {
    if (wanted !== undefined && this.canClaim(wanted)) {
      if (!this.#reserved.delete(wanted)) this.#claimed.add(wanted);
      return wanted;
    }
    while (this.#claimed.delete(this.#nextPeer)) this.#nextPeer++;
    return this.#nextPeer > MAX_PEER_ID ? undefined : this.#nextPeer++;
  }

  /** Whether nobody has had a number in this room, but perhaps the one who asks for it. */
  canClaim(peer: PeerId): boolean {
    if (this.#reserved.has(peer)) return true;
    return !this.seated?.isSettled && peer >= this.#nextPeer && !this.#claimed.has(peer);
  }

  /** All numbers up to `lastPeer` were given out before a restart; those of `peers` may be claimed again. */
  reserve(peers: readonly PeerId[], lastPeer: PeerId): void {
    for (const peer of peers) if (!this.#claimed.has(peer) && peer >= this.#nextPeer) this.#reserved.add(peer);
    this.#nextPeer = Math.max(this.#nextPeer, lastPeer + 1);
  }

  /** The highest number that was given out; 0 for none. */
  get lastPeer(): PeerId {
    return Math.max(this.#nextPeer - 1, ...this.#claimed);
  }

  /** Who claimed that number is somebody else: it is free again. */
  release(peer: PeerId): void {
    this.retire(peer);
    this.#claimed.delete(peer);
  }

  /** Who had that number may come back as somebody else only. */
  retire(peer: PeerId): void {
    this.#away.delete(peer);
    this.#reserved.delete(peer);
  }

  /** Somebody is present over a link. */
  arrive(seat: RoomSeat, link: PeerId): void {
    seat.link = link;
    this.#away.delete(seat.peer);
    this.present.set(seat.peer, seat);
    this.#awaited.delete(seat.peer);
  }

  /** Somebody is no longer present; who left for good cannot come back under its number. */
  depart(seat: RoomSeat, how: Departure, nowMs: number): void {
    seat.link = -1;
    this.present.delete(seat.peer);
    if (this.present.size === 0) this.emptySinceMs = nowMs;
    if (how === 'silent' && this.#members.has(seat.peer)) this.#awaited.set(seat.peer, nowMs + AWAITED_MS);
    if (how === 'left') return;
    this.#away.set(seat.peer, seat);
    if (this.#away.size > MAX_AWAY) this.#away.delete(this.#away.keys().next().value!);
  }

  /**
   * Grants founding while no other known member is present, nor waited for because it fell silent; the founder is then
   * the only known member.
   */
  found(peer: PeerId, nowMs: number): boolean {
    if (this.#memberIsPresent(peer)) return false;
    for (const [member, untilMs] of this.#awaited) if (member !== peer && nowMs < untilMs) return false;
    this.#awaited.clear();
    this.#members = new Set([peer]);
    this.#view = -1;
    this.acceptor = null;
    return true;
  }

  /**
   * Notes a group's newest view. `other` means that the room is held by another group: members of it are present, and
   * the report names none of its members.
   */
  report(from: PeerId, view: number, peers: readonly PeerId[]): 'noted' | 'old' | 'other' {
    const isSameGroup = peers.some((peer) => this.#members.has(peer));
    if (!isSameGroup && this.#memberIsPresent(from)) return 'other';
    if (view <= this.#view || !peers.includes(from)) return 'old';
    this.#members = new Set(peers);
    for (const peer of this.#awaited.keys()) if (!this.#members.has(peer)) this.#awaited.delete(peer);
    this.#view = view;
    return 'noted';
  }

  #memberIsPresent(except: PeerId): boolean {
    for (const member of this.#members) if (member !== except && this.present.has(member)) return true;
    return false;
  }

  get status(): RoomStatus {
    const peers = [...this.present.values()].map(({ peer, name, signals, relayedMessages, relayedBytes }) => {
      return { peer, name, signals, relayedMessages, relayedBytes };
    });
    const { code, maxPeers, seated } = this;
    const seats = seated ? { seats: seated.status } : {};
    return { code, maxPeers, peers, view: this.#view, members: [...this.#members], ...seats };
  }
}

export class Rooms {
  readonly #byCode = new Map<string, Room>();
  readonly #randomBytes: (into: Uint8Array) => void;

  constructor(randomBytes: (into: Uint8Array) => void) {
    this.#randomBytes = randomBytes;
  }

  get count(): number {
    return this.#byCode.size;
  }

  [Symbol.iterator](): IterableIterator<Room> {
    return this.#byCode.values();
  }

  /** Codes are typed by people: small letters will do. */
  get(code: string): Room | undefined {
    return this.#byCode.get(code.toUpperCase());
  }

  /** A room that is there from the beginning. Throws a RangeError when its code will not do. */
  addPermanent(code: string, settings: RoomSettings, nowMs: number): Room {
    if (!/^[A-Z0-9-]+$/.test(code) || code.length > MAX_ROOM_CODE_BYTES || this.#byCode.has(code)) {
      throw new RangeError(`room code ${code}: ${MAX_ROOM_CODE_BYTES} capitals, digits or dashes at most, each once`);
    }
    const room = new Room(code, settings, true, nowMs);
    this.#byCode.set(code, room);
    return room;
  }

  /** A room under a new code; undefined when none was found that is free. */
  make(settings: RoomSettings, nowMs: number): Room | undefined {
    for (let attempt = 0; attempt < 20; attempt++) {
      const code = this.#newCode();
      if (this.#byCode.has(code)) continue;
      const room = new Room(code, settings, false, nowMs);
      this.#byCode.set(code, room);
      return room;
    }
    return undefined;
  }

  #newCode(): string {
    const bytes = new Uint8Array(CODE_LETTERS);
    this.#randomBytes(bytes);
    return Array.from(bytes, (byte) => CODE_ALPHABET[byte % CODE_ALPHABET.length]).join('');
  }

  newToken(): Uint8Array {
    const token = new Uint8Array(TOKEN_BYTES);
    this.#randomBytes(token);
    return token;
  }

  /** Forgets rooms that were empty for `emptyRoomMs`. */
  sweep(emptyRoomMs: number, nowMs: number): void {
    for (const [code, room] of this.#byCode) {
      const isOver = !room.isPermanent && room.present.size === 0 && nowMs - room.emptySinceMs >= emptyRoomMs;
      if (isOver) this.#byCode.delete(code);
    }
  }
}
