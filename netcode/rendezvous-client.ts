/**
 * A participant's part of the rendezvous, embedded in the session of a peer, whose outbox it shares: enters a room,
 * knows who is present, carries signals and relayed messages, and asks whether a group may be founded. The peer session
 * hands over what concerns RENDEZVOUS, and polls `state`, `peers` and `founding`; drivers get the same as events.
 */
import { rulesHash } from '../game/rules-hash.ts';
import type { Epoch, EpochSeat } from './mesh/epoch.ts';
import type { SharedEpochs } from './mesh/epoch-chain.ts';
import { Puzzle } from './mesh/proof-of-work.ts';
import { RoomMember } from './mesh/room-member.ts';
import { type IntroducedPeer, isRoomMessage } from './mesh/room-messages.ts';
import { decodeMessage, encodeMessage, type Message } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { PROTOCOL_VERSION, ProtocolError } from './protocol.ts';
import { ReliableLine } from './rendezvous-line.ts';
import {
  decodeRendezvous,
  type Entered,
  encodeRendezvous,
  isRendezvousMessage,
  MAX_ROOM_PEERS,
  type Reclaim,
  type RendezvousMessage,
  type RoomSettings,
} from './rendezvous-messages.ts';
import { type LinkState, type PeerId, RENDEZVOUS, type Transport } from './session.ts';

/** An enter is repeated until it is answered. */
const ENTER_EVERY_MS = 500;
export const HEARTBEAT_EVERY_MS = 500;
/** A rendezvous that said nothing for this long is lost. */
const LOST_AFTER_MS = 3000;
/** How often unacknowledged messages are looked at. */
const RESEND_EVERY_MS = 50;

export interface RendezvousClientOptions {
  transport: Transport;
  name: string;
  /** The code of the room to enter; null to make one. Exactly one of `room` and `create` is not null. */
  room: string | null;
  create: RoomSettings | null;
  /** Who this participant was before, from `reclaim` of the client that it had then. */
  reclaim?: Reclaim;
  /** Where many peers of one room live in one process, so that each need not keep its own copy of who takes part. */
  sharedEpochs?: SharedEpochs;
}

export interface RendezvousClientCounters {
  receivedMessages: number;
  receivedBytes: number;
  malformed: number;
  signals: number;
  /** Messages sent through the rendezvous because there is no direct link; their own bytes, without envelope. */
  relayedMessages: number;
  relayedBytes: number;
  /** The same, for what came. */
  receivedRelayedMessages: number;
  receivedRelayedBytes: number;
  /** Messages that had to be given up because the rendezvous acknowledges nothing. */
  dropped: number;
}

/** `lost`: the link went down or fell silent; when it is up again, the client enters again as who it was. */
export type RendezvousState = 'idle' | 'entering' | 'entered' | 'refused' | 'lost';

export class RendezvousClient {
  readonly options: RendezvousClientOptions;
  readonly counters: RendezvousClientCounters = {
    receivedMessages: 0,
    receivedBytes: 0,
    malformed: 0,
    signals: 0,
    relayedMessages: 0,
    relayedBytes: 0,
    receivedRelayedMessages: 0,
    receivedRelayedBytes: 0,
    dropped: 0,
  };
  state: RendezvousState = 'idle';
  /** Why the rendezvous did not let us in, as a sentence. */
  refusal = '';
  /** 0 before the first entry. */
  self: PeerId = 0;
  /** The room's code; before the first entry the one that was asked for, if any. */
  room: string | null;
  settings: Uint8Array | null = null;
  founding: 'unknown' | 'granted' | 'denied' = 'unknown';
  /** Who we are to the rendezvous, and what proves it: keep it to come back after a restart of the program. */
  reclaim: Reclaim | null;
  /** Raised by one whenever `peers` changed. */
  peersChanged = 0;
  readonly #outbox: Outbox;
  readonly #names = new Map<PeerId, string>();
  readonly #peers = new Set<PeerId>();
  readonly #member: RoomMember;
  #line: ReliableLine;
  #isUp = false;
  #asked = false;
  #reported: { view: number; peers: PeerId[] } | null = null;
  /** What the rendezvous asked us to prove. */
  #puzzle: Puzzle | null = null;
  #enterDueMs = Number.POSITIVE_INFINITY;
  #heartbeatDueMs = Number.POSITIVE_INFINITY;
  #resendDueMs = Number.POSITIVE_INFINITY;
  #heardMs: number;

  /** Throws a RangeError on bad options. */
  constructor(options: RendezvousClientOptions, outbox: Outbox, startMs: number) {
    if ((options.room === null) === (options.create === null)) {
      throw new RangeError('give either the room to enter or the settings of a new one');
    }
    this.options = options;
    this.room = options.room;
    this.reclaim = options.reclaim ?? null;
    this.#outbox = outbox;
    this.#line = new ReliableLine(outbox, RENDEZVOUS, options.transport);
    this.#heardMs = startMs;
    this.#member = new RoomMember(
      {
        sendReliable: (message, nowMs) => this.#send(message, nowMs),
        sendUnreliable: (message) => outbox.send(RENDEZVOUS, 'unreliable', encodeRendezvous(message)),
      },
      outbox,
      this.#peers,
      options.sharedEpochs ?? null,
    );
  }

  /**
   * Who else is present in the room, as far as the rendezvous knows; kept while the link is lost. In a room that keeps
   * seats: those present in the newest epoch, and those who were introduced last.
   */
  get peers(): ReadonlySet<PeerId> {
    return this.#peers;
  }

  /** The name of somebody who is or was present; empty for others. */
  nameOf(peer: PeerId): string {
    return this.#member.epochs.nameOf(peer) || (this.#names.get(peer) ?? '');
  }

  /** The newest epoch that was agreed on; null while none is known, and in a room that keeps no seats. */
  get epoch(): Epoch | null {
    return this.#member.epochs.newest;
  }

  /** One of the last epochs of the same match. */
  epochAt(number: number): Epoch | undefined {
    return this.#member.epochs.at(number);
  }

  /** The own seat in the newest epoch; undefined while it lists none, or only that of a program before this one. */
  get seat(): EpochSeat | undefined {
    return this.#member.epochs.seatOf(this.self);
  }

  /** Those whom it introduced last, as it answered `tellCell`; another array for each answer. */
  get introduced(): readonly IntroducedPeer[] {
    return this.#member.introduced;
  }

  /** The time that all in a room with seats share: ms since its match was founded. NaN while it is not known. */
  roomTimeMs(nowMs: number): number {
    return this.#member.clock.timeMs(nowMs);
  }

  /**
   * Tells the rendezvous where the own player is (`cellOf`). With `wantsIntroductions` an event `introduced` names all who
   * are in the cells around, at most 200. May be called as often as one likes.
   */
  tellCell(cell: number, wantsIntroductions: boolean, nowMs: number): void {
    if (this.state === 'entered') this.#member.tellCell(cell, wantsIntroductions, nowMs);
  }

  /** The link to the rendezvous came up or went down. */
  linkChanged(state: LinkState, nowMs: number): void {
    this.#isUp = state === 'up';
    this.#asked = false;
    this.#member.lost();
    this.#puzzle = null;
    this.#line = new ReliableLine(this.#outbox, RENDEZVOUS, this.options.transport);
    this.#resendDueMs = Number.POSITIVE_INFINITY;
    this.#heartbeatDueMs = Number.POSITIVE_INFINITY;
    this.#enterDueMs = Number.POSITIVE_INFINITY;
    if (state === 'up') {
      this.state = 'entering';
      this.#heardMs = nowMs;
      this.#sayEnter(nowMs);
    } else if (this.state === 'entering' || this.state === 'entered') {
      this.state = 'lost';
    }
  }

  #sayEnter(nowMs: number): void {
    const { name, create } = this.options;
    const proof = this.#puzzle?.proof;
    const memory = this.reclaim ? this.#member.epochs.memory : undefined;
    const enter = {
      type: 'enter',
      protocol: PROTOCOL_VERSION,
      rulesHash: rulesHash(),
      name,
      room: this.room,
      create: this.room === null ? create : null,
      reclaim: this.reclaim,
      ...(memory ? { memory } : {}),
      ...(proof ? { proof } : {}),
    } as const;
    this.#outbox.send(RENDEZVOUS, 'reliable', encodeRendezvous(enter));
    this.#enterDueMs = nowMs + ENTER_EVERY_MS;
  }

  /**
   * Takes a message of the rendezvous. Returns what a peer sent through it, or what its acceptor answered (`from` is
   * RENDEZVOUS then), for the peer session to handle; a view of `bytes`. Bad bytes are counted and dropped.
   */
  receive(bytes: Uint8Array, nowMs: number): { from: PeerId; bytes: Uint8Array } | null {
    if (this.state !== 'entering' && this.state !== 'entered') return null;
    this.counters.receivedMessages++;
    this.counters.receivedBytes += bytes.length;
    try {
      const carried = this.#receive(bytes, nowMs);
      this.#heardMs = nowMs;
      return carried;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.malformed++;
      return null;
    }
  }

  #receive(bytes: Uint8Array, nowMs: number): { from: PeerId; bytes: Uint8Array } | null {
    if (!isRendezvousMessage(bytes)) {
      this.#handleCommon(decodeMessage(bytes), nowMs);
      return null;
    }
    const message = decodeRendezvous(bytes);
    if (message.type === 'ballot') {
      return this.state === 'entered' ? { from: RENDEZVOUS, bytes: message.payload } : null;
    }
    if (message.type !== 'relay') {
      this.#handle(message, nowMs);
      return null;
    }
    // It may have overtaken the news that its sender came: relayed messages may be lost anyway.
    if (!this.#mayHear(message.peer)) return null;
    this.counters.receivedRelayedMessages++;
    this.counters.receivedRelayedBytes += message.payload.length;
    return { from: message.peer, bytes: message.payload };
  }

  /** In a room with seats somebody may speak before its seat is agreed on. */
  #mayHear(peer: PeerId): boolean {
    return this.#peers.has(peer) || (this.#member.isSeated && peer !== this.self);
  }

  #handleCommon(message: Message, nowMs: number): void {
    switch (message.type) {
      case 'reliable':
        for (const inner of this.#line.receive(message.sequence, message.inner)) {
          this.#handle(decodeRendezvous(inner), nowMs);
        }
        return;
      case 'ack':
        this.#line.acknowledged(message.next, nowMs);
        return;
      case 'refuse':
        if (this.state !== 'entering') return;
        this.state = 'refused';
        this.refusal = message.text;
        this.#enterDueMs = Number.POSITIVE_INFINITY;
        this.#outbox.tell({ type: 'refused', peer: RENDEZVOUS, reason: message.reason, text: message.text });
        return;
      default:
        throw new ProtocolError(`a participant takes no ${message.type}`);
    }
  }

  #handle(message: RendezvousMessage, nowMs: number): void {
    if (message.type === 'heartbeat') return;
    if (message.type === 'entered') {
      this.#entered(message, nowMs);
      return;
    }
    if (message.type === 'challenge') {
      if (this.state === 'entering' && !this.#puzzle?.isOf(message.nonce))
        this.#puzzle = new Puzzle(message.nonce, message.bits, nowMs);
      return;
    }
    if (this.state !== 'entered') throw new ProtocolError(`${message.type} before entered`);
    if (isRoomMessage(message)) {
      if (this.#member.receive(message, this.self, nowMs)) this.peersChanged++;
      return;
    }
    switch (message.type) {
      case 'peerCame':
        this.#came(message.peer, message.name);
        return;
      case 'peerGone':
        this.#gone(message.peer);
        return;
      case 'signal':
        if (this.#mayHear(message.peer)) this.#outbox.tell(message);
        return;
      case 'founding':
        this.#asked = false;
        this.founding = message.granted ? 'granted' : 'denied';
        this.#outbox.tell(message);
        return;
      default:
        throw new ProtocolError(`a participant takes no ${message.type} this way`);
    }
  }

  #entered(message: Entered, nowMs: number): void {
    if (this.state !== 'entering') return;
    this.#puzzle = null;
    if (message.self !== this.self) {
      this.#reported = null;
      this.#member.forget();
    }
    this.#member.entered();
    this.state = 'entered';
    this.self = message.self;
    this.room = message.room;
    this.settings = message.settings;
    this.reclaim = { peer: message.self, token: message.token };
    this.#enterDueMs = Number.POSITIVE_INFINITY;
    this.#heartbeatDueMs = nowMs + HEARTBEAT_EVERY_MS;
    const peers = message.peers.map(({ peer }) => peer);
    // Who has seats is known from the epochs.
    const gone = this.#member.isSeated ? [] : [...this.#peers].filter((peer) => !peers.includes(peer));
    for (const { peer, name } of message.peers) {
      this.#peers.add(peer);
      this.#names.set(peer, name);
    }
    this.peersChanged++;
    this.#outbox.tell({ type: 'entered', self: this.self, room: this.room, peers });
    for (const peer of gone) this.#gone(peer);
    // A rendezvous that was started anew, or dropped us, has to learn again which group there is.
    if (this.#reported) this.#send({ type: 'members', ...this.#reported }, nowMs);
  }

  #came(peer: PeerId, name: string): void {
    this.#names.set(peer, name);
    if (peer === this.self || this.#peers.has(peer)) return;
    if (this.#peers.size >= MAX_ROOM_PEERS) throw new ProtocolError('more peers than a room holds');
    this.#peers.add(peer);
    this.peersChanged++;
    this.#outbox.tell({ type: 'peerCame', peer });
  }

  #gone(peer: PeerId): void {
    if (!this.#peers.delete(peer)) return;
    this.peersChanged++;
    this.#outbox.tell({ type: 'peerGone', peer });
  }

  /** Hands a text to a peer's dialler, reliably. False when it cannot be sent. Throws a RangeError above 16 KB. */
  signal(to: PeerId, payload: string, nowMs: number): boolean {
    if (this.state !== 'entered' || !this.#mayHear(to)) return false;
    this.counters.signals++;
    return this.#send({ type: 'signal', peer: to, payload }, nowMs);
  }

  /** Sends a message to a peer through the rendezvous; it may be lost. Throws a RangeError above 16 KB. */
  relay(to: PeerId, bytes: Uint8Array): boolean {
    if (this.state !== 'entered') return false;
    this.counters.relayedMessages++;
    this.counters.relayedBytes += bytes.length;
    this.#outbox.send(RENDEZVOUS, 'unreliable', encodeRendezvous({ type: 'relay', peer: to, payload: bytes }));
    return true;
  }

  /** Sends a ballot to the room's acceptor; it may be lost. `receive` returns the answer. */
  ballot(bytes: Uint8Array): boolean {
    if (this.state !== 'entered') return false;
    this.#outbox.send(RENDEZVOUS, 'unreliable', encodeRendezvous({ type: 'ballot', payload: bytes }));
    return true;
  }

  /** Tells who the members of our group are. Repeated by itself when the room is entered again. */
  reportMembers(view: number, peers: readonly PeerId[], nowMs: number): void {
    this.#reported = { view, peers: [...new Set(peers)].sort((a, b) => a - b) };
    if (this.state === 'entered') this.#send({ type: 'members', ...this.#reported }, nowMs);
  }

  /** Asks whether we may found the room's group; `founding` tells the answer, and may be asked for again later. */
  askFounding(nowMs: number): void {
    if (this.state !== 'entered' || this.#asked) return;
    this.#asked = true;
    this.#send({ type: 'found' }, nowMs);
  }

  #send(message: RendezvousMessage, nowMs: number): boolean {
    this.#resendDueMs = Math.min(this.#resendDueMs, nowMs + RESEND_EVERY_MS);
    const isSent = this.#line.send(encodeRendezvous(message), nowMs);
    if (!isSent) this.counters.dropped++;
    return isSent;
  }

  /** Leaves the room for good. */
  leave(): void {
    if (!this.#isUp || this.state === 'idle') return;
    this.#outbox.send(RENDEZVOUS, 'reliable', encodeMessage({ type: 'bye', text: 'left' }));
    this.state = 'idle';
    this.reclaim = null;
    this.#reported = null;
    this.#member.forget();
    this.#peers.clear();
    this.peersChanged++;
    this.#enterDueMs = Number.POSITIVE_INFINITY;
  }

  get nextDueMs(): number {
    if (this.state === 'entering') return Math.min(this.#enterDueMs, this.#puzzle?.dueMs ?? Number.POSITIVE_INFINITY);
    if (this.state !== 'entered') return Number.POSITIVE_INFINITY;
    const resendDueMs = this.#line.isIdle ? Number.POSITIVE_INFINITY : this.#resendDueMs;
    return Math.min(this.#heartbeatDueMs, this.#heardMs + LOST_AFTER_MS, resendDueMs, this.#member.nextDueMs);
  }

  /** The other end may have given up a link that is still being entered through. */
  #keepEntering(nowMs: number): void {
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= 2 * LOST_AFTER_MS) this.#lost(silentMs);
    else if (this.#puzzle?.advance(nowMs) || nowMs >= this.#enterDueMs) this.#sayEnter(nowMs);
  }

  #lost(silentMs: number): void {
    this.state = 'lost';
    this.#member.lost();
    this.#enterDueMs = Number.POSITIVE_INFINITY;
    this.#outbox.tell({ type: 'silent', peer: RENDEZVOUS, silentMs });
    this.#outbox.disconnect(RENDEZVOUS, `silent for ${Math.round(silentMs)} ms`);
  }

  /** Repeats what was not answered, and finds out that nobody answers. */
  advance(nowMs: number): void {
    if (this.state === 'entering') this.#keepEntering(nowMs);
    if (this.state !== 'entered') return;
    // After a suspension what was said meanwhile still waits to be received.
    const sleptMs = nowMs - this.#heartbeatDueMs;
    if (sleptMs > HEARTBEAT_EVERY_MS) this.#heardMs = Math.min(nowMs, this.#heardMs + sleptMs);
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= LOST_AFTER_MS) {
      this.#lost(silentMs);
      return;
    }
    this.#member.advance(nowMs);
    if (nowMs >= this.#heartbeatDueMs) {
      // Who tells its cell need not say that it is there.
      if (!this.#member.isTelling) this.#outbox.send(RENDEZVOUS, 'unreliable', encodeRendezvous({ type: 'heartbeat' }));
      this.#heartbeatDueMs = nowMs + HEARTBEAT_EVERY_MS;
    }
    if (nowMs >= this.#resendDueMs) {
      this.#line.advance(nowMs);
      this.#resendDueMs = nowMs + RESEND_EVERY_MS;
    }
  }
}
