/**
 * Where peers without an authority meet: lets them into rooms, numbers them, hands their diallers' signals on, relays for
 * pairs that cannot connect, and arbitrates who may found a room's group. It never reads what peers say to each other.
 *
 * Its own peers are links; the numbers that participants know each other by are seats of their room.
 */
import { isRoomMessage } from './mesh/room-messages.ts';
import { decodeMessage, encodeMessage, kindOf, type Message } from './messages.ts';
import { Outbox } from './outbox.ts';
import { Kind, ProtocolError } from './protocol.ts';
import { HEARTBEAT_EVERY_MS } from './rendezvous-client.ts';
import { type Answer, type Caller, Entrance, type Opened, type Refusal, wrongDoor } from './rendezvous-entrance.ts';
import { ReliableLine } from './rendezvous-line.ts';
import {
  decodeRendezvous,
  type Enter,
  encodeRendezvous,
  isRendezvousMessage,
  MAX_RENDEZVOUS_MESSAGE_BYTES,
  type RendezvousMessage,
  type RoomSettings,
} from './rendezvous-messages.ts';
import type { RendezvousCounters, RendezvousOptions, RendezvousStatus } from './rendezvous-options.ts';
import type { Departure, Room, RoomSeat, Rooms } from './rendezvous-rooms.ts';
import { type Door, keepSeats } from './rendezvous-seating.ts';
import type { LinkState, PeerId, Request, Session, SessionEvent } from './session.ts';

export { type Acceptor, DEFAULT_RENDEZVOUS, type RendezvousOptions, type RoomPlan } from './rendezvous-options.ts';

/** How often it looks at what must be sent again, and at who fell silent. */
const BEAT_MS = 50;
/** A beat that comes later than this was not merely late. */
const SLEPT_MS = 500;
/** What a small message costs below us: many of them are not cheaper than a large one. */
const HEADER_BYTES = 40;

type Welcome = Extract<Answer, { type: 'seat' }>;

interface Place {
  readonly room: Room;
  readonly seat: RoomSeat;
}

interface Participant extends Caller {
  readonly link: PeerId;
  readonly line: ReliableLine;
  /** Null until it entered. */
  place: Place | null;
  lastHeardMs: number;
  heartbeatDueMs: number;
  /** Messages and relayed bytes left in the current second, and messages dropped in it. */
  allowance: number;
  relayAllowance: number;
  dropped: number;
}

export class RendezvousSession implements Session {
  readonly options: RendezvousOptions;
  readonly counters: RendezvousCounters = {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    entered: 0,
    refused: 0,
    signals: 0,
    relayedMessages: 0,
    relayedBytes: 0,
    ballots: 0,
    ballotsDropped: 0,
    strays: 0,
    malformed: 0,
    overRate: 0,
    challenges: 0,
    badProofs: 0,
    epochs: 0,
    introduced: 0,
  };
  readonly #entrance: Entrance;
  readonly #rooms: Rooms;
  readonly #participants = new Map<PeerId, Participant>();
  readonly #outbox = new Outbox(this.counters);
  #beatDueMs: number;
  #secondDueMs: number;

  /** Throws a RangeError on bad options. */
  constructor(options: RendezvousOptions, startMs: number) {
    this.options = options;
    const opened: Opened = (...room) => this.#keepSeats(...room);
    this.#entrance = new Entrance(options, this.counters, opened, startMs);
    this.#rooms = this.#entrance.rooms;
    this.#beatDueMs = startMs + BEAT_MS;
    this.#secondDueMs = startMs + 1000;
  }

  #keepSeats(room: Room, settings: RoomSettings, recoverMs: number, nowMs: number): void {
    const random = new Uint8Array(4);
    const sendAway = (link: PeerId, reason: string, sentMs: number) => {
      this.#forget(link, 'left', reason, sentMs);
      this.#outbox.disconnect(link, reason);
    };
    const door: Door = {
      sendReliable: (link, message, sentMs) => this.#sendReliable(this.#participants.get(link)!, message, sentMs),
      sendUnreliable: (link, message, sentMs) => {
        this.#outbox.send(link, 'unreliable', encodeRendezvous(message));
        // It says as well that we are here.
        this.#participants.get(link)!.heartbeatDueMs = sentMs + HEARTBEAT_EVERY_MS;
      },
      heardMs: (link) => this.#participants.get(link)!.lastHeardMs,
      sendAway,
      decided: (line, number) => {
        this.counters.epochs++;
        this.#outbox.tell({ type: 'epoch', line, number });
      },
      introduced: (peers) => {
        this.counters.introduced += peers;
      },
      random: () => {
        this.options.randomBytes(random);
        return new DataView(random.buffer).getUint32(0, true);
      },
    };
    keepSeats(room, settings, { ...this.options, recoverMs }, door, nowMs);
  }

  get status(): RendezvousStatus {
    const rooms = Array.from(this.#rooms, (room) => room.status);
    return { links: this.#participants.size, rooms, counters: this.counters };
  }

  linkChanged(link: PeerId, state: LinkState, nowMs: number): void {
    this.#forget(link, 'closed', 'link closed', nowMs);
    if (state !== 'up') return;
    this.#participants.set(link, {
      link,
      line: new ReliableLine(this.#outbox, link, this.options.transport),
      place: null,
      challenge: null,
      lastHeardMs: nowMs,
      heartbeatDueMs: Number.POSITIVE_INFINITY,
      allowance: this.options.maxMessagesPerS,
      relayAllowance: this.#relayBytesPerS,
      dropped: 0,
    });
  }

  get #relayBytesPerS(): number {
    return (this.options.maxRelayKbps * 1000) / 8;
  }

  /** A rendezvous plays nothing. */
  setInput(): void {}

  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const participant = this.#participants.get(from);
    if (!participant) return;
    this.counters.receivedMessages++;
    this.counters.receivedBytes += bytes.length;
    const isRelay = bytes[1] === Kind.relay;
    if (!isRelay && !this.#allow(participant)) return;
    participant.lastHeardMs = nowMs;
    try {
      if (bytes.length > MAX_RENDEZVOUS_MESSAGE_BYTES) throw new ProtocolError(`message of ${bytes.length} bytes`);
      if (isRelay) this.#relay(participant, bytes);
      else if (isRendezvousMessage(bytes)) this.#handle(participant, decodeRendezvous(bytes), nowMs);
      else if (kindOf(bytes) === Kind.hello) this.#refuse(participant, wrongDoor(bytes[0]!));
      else this.#handleCommon(participant, decodeMessage(bytes), nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.malformed++;
    }
  }

  /** Counts a message against its link's second; far over the rate, the link is closed. */
  #allow(participant: Participant): boolean {
    if (participant.allowance > 0) {
      participant.allowance--;
      return true;
    }
    this.counters.overRate++;
    participant.dropped++;
    if (participant.dropped === 3 * this.options.maxMessagesPerS) {
      this.#outbox.disconnect(participant.link, 'too many messages');
    }
    return false;
  }

  /** Counts what is carried from one participant to another against its sender's second. */
  #allowCarrying(participant: Participant, bytes: number): boolean {
    if (participant.relayAllowance < bytes + HEADER_BYTES) {
      this.counters.overRate++;
      return false;
    }
    participant.relayAllowance -= bytes + HEADER_BYTES;
    return true;
  }

  /** The bulk of the traffic: what came goes out as it is, with its sender in the place of its receiver. */
  #relay(participant: Participant, bytes: Uint8Array): void {
    if (!this.#allowCarrying(participant, bytes.length)) return;
    const message = decodeRendezvous(bytes);
    if (message.type !== 'relay') return;
    const { room, seat } = placeOf(participant, message);
    const to = room.present.get(message.peer);
    if (!to || to === seat) {
      this.counters.strays++;
      return;
    }
    const copy = new Uint8Array(bytes);
    copy[2] = seat.peer & 0xff;
    copy[3] = seat.peer >>> 8;
    this.counters.relayedMessages++;
    this.counters.relayedBytes += message.payload.length;
    seat.relayedMessages++;
    seat.relayedBytes += message.payload.length;
    this.#outbox.send(to.link, 'unreliable', copy);
  }

  #handleCommon(participant: Participant, message: Message, nowMs: number): void {
    switch (message.type) {
      case 'reliable':
        for (const inner of participant.line.receive(message.sequence, message.inner)) {
          this.#handle(participant, decodeRendezvous(inner), nowMs);
        }
        return;
      case 'ack':
        participant.line.acknowledged(message.next, nowMs);
        return;
      case 'bye':
        this.#leave(participant, 'left', 'left', nowMs);
        this.#outbox.disconnect(participant.link, 'bye');
        return;
      default:
        throw new ProtocolError(`a rendezvous takes no ${message.type}`);
    }
  }

  #handle(participant: Participant, message: RendezvousMessage, nowMs: number): void {
    if (isRoomMessage(message)) {
      const { room, seat } = placeOf(participant, message);
      if (!room.seated) throw new ProtocolError(`${message.type} in a room without seats`);
      room.seated.receive(seat.peer, message, nowMs);
      return;
    }
    switch (message.type) {
      case 'enter':
        this.#enter(participant, message, nowMs);
        return;
      case 'heartbeat':
        return;
      case 'signal':
        this.#signal(participant, message, nowMs);
        return;
      case 'ballot':
        this.#ballot(participant, message.payload);
        return;
      case 'members': {
        const { room, seat } = placeOf(participant, message);
        const outcome = room.report(seat.peer, message.view, message.peers);
        if (outcome === 'other') this.#sendReliable(participant, { type: 'founding', granted: false }, nowMs);
        return;
      }
      case 'found': {
        const { room, seat } = placeOf(participant, message);
        this.#sendReliable(participant, { type: 'founding', granted: room.found(seat.peer, nowMs) }, nowMs);
        return;
      }
      default:
        throw new ProtocolError(`a rendezvous takes no ${message.type} this way`);
    }
  }

  #signal(participant: Participant, message: Extract<RendezvousMessage, { type: 'signal' }>, nowMs: number): void {
    const { room, seat } = placeOf(participant, message);
    const to = room.present.get(message.peer);
    if (!to || to === seat) {
      this.counters.strays++;
      return;
    }
    const bytes = encodeRendezvous({ ...message, peer: seat.peer });
    // A flood of signals is the fault of who sends them: what does not fit is dropped, and nobody is sent away.
    if (!this.#allowCarrying(participant, bytes.length)) return;
    if (!this.#participants.get(to.link)?.line.send(bytes, nowMs)) {
      this.counters.overRate++;
      return;
    }
    this.counters.signals++;
    seat.signals++;
  }

  #ballot(participant: Participant, payload: Uint8Array): void {
    const { room } = placeOf(participant, { type: 'ballot' });
    this.counters.ballots++;
    room.acceptor ??= this.options.acceptorOf?.(room.code) ?? null;
    if (!room.acceptor) {
      this.counters.ballotsDropped++;
      return;
    }
    const answer = room.acceptor.handle(payload);
    if (answer)
      this.#outbox.send(participant.link, 'unreliable', encodeRendezvous({ type: 'ballot', payload: answer }));
  }

  #enter(participant: Participant, enter: Enter, nowMs: number): void {
    // Repeated while the answer, which is resent by itself, is on its way.
    if (participant.place) return;
    const answer = this.#entrance.answer(participant, enter, nowMs);
    switch (answer.type) {
      case 'seat':
        this.#letIn(participant, answer, nowMs);
        return;
      case 'refused':
        this.#refuse(participant, answer);
        return;
      case 'challenge':
        this.#outbox.send(participant.link, 'reliable', encodeRendezvous(answer));
        return;
      case 'wait':
        this.#outbox.send(participant.link, 'unreliable', encodeRendezvous({ type: 'heartbeat' }));
    }
  }

  #letIn(participant: Participant, { room, seat, resumed, memory }: Welcome, nowMs: number): void {
    const wasPresent = seat.link >= 0;
    if (wasPresent) this.#replace(seat.link);
    room.arrive(seat, participant.link);
    participant.place = { room, seat };
    participant.heartbeatDueMs = nowMs + HEARTBEAT_EVERY_MS;
    this.counters.entered++;
    const { seated, code, settings } = room;
    // Where there are seats, epochs tell who is present.
    const others = seated ? [] : [...room.present.values()].filter((other) => other !== seat);
    const peers = others.map(({ peer, name }) => ({ peer, name }));
    this.#sendReliable(
      participant,
      { type: 'entered', self: seat.peer, token: seat.token, room: code, settings, peers },
      nowMs,
    );
    this.#outbox.tell({ type: 'joined', peer: participant.link, player: seat.peer, name: seat.name, resumed });
    if (seated) seated.enter(seat.peer, seat.name, memory, nowMs);
    else if (!wasPresent) this.#tellOthers(room, seat, { type: 'peerCame', peer: seat.peer, name: seat.name }, nowMs);
  }

  /** A link whose participant came in again over another one. */
  #replace(link: PeerId): void {
    const former = this.#participants.get(link);
    if (former) former.place = null;
    this.#outbox.disconnect(link, 'entered again elsewhere');
  }

  #refuse(participant: Participant, { reason, text }: Refusal): void {
    this.counters.refused++;
    this.#outbox.send(participant.link, 'reliable', encodeMessage({ type: 'refuse', reason, text }));
    this.#outbox.tell({ type: 'refused', peer: participant.link, reason, text });
  }

  #tellOthers(room: Room, seat: RoomSeat, message: RendezvousMessage, nowMs: number): void {
    for (const other of room.present.values()) {
      const to = other === seat ? undefined : this.#participants.get(other.link);
      if (to) this.#sendReliable(to, message, nowMs);
    }
  }

  #sendReliable(participant: Participant, message: RendezvousMessage, nowMs: number): void {
    if (!participant.line.send(encodeRendezvous(message), nowMs)) {
      this.#outbox.disconnect(participant.link, 'acknowledges nothing');
    }
  }

  #forget(link: PeerId, how: Departure, reason: string, nowMs: number): void {
    const participant = this.#participants.get(link);
    if (!participant) return;
    this.#participants.delete(link);
    this.#leave(participant, how, reason, nowMs);
  }

  #leave(participant: Participant, how: Departure, reason: string, nowMs: number): void {
    if (!participant.place) return;
    const { room, seat } = participant.place;
    participant.place = null;
    participant.heartbeatDueMs = Number.POSITIVE_INFINITY;
    room.depart(seat, how, nowMs);
    this.#outbox.tell({ type: 'left', peer: participant.link, player: seat.peer, reason });
    if (room.seated) room.seated.depart(seat.peer, how === 'left', nowMs);
    else this.#tellOthers(room, seat, { type: 'peerGone', peer: seat.peer }, nowMs);
  }

  get nextDueMs(): number {
    return this.#beatDueMs;
  }

  advance(nowMs: number): boolean {
    if (nowMs < this.#beatDueMs) return false;
    const sleptMs = nowMs - this.#beatDueMs;
    this.#beatDueMs = nowMs + BEAT_MS;
    const isNewSecond = nowMs >= this.#secondDueMs;
    if (isNewSecond) {
      this.#secondDueMs = nowMs + 1000;
      this.#rooms.sweep(this.options.emptyRoomMs, nowMs);
    }
    for (const participant of this.#participants.values()) {
      if (isNewSecond) this.#refill(participant);
      // Whoever seems silent may have spoken while this process stood still.
      if (sleptMs > SLEPT_MS) participant.lastHeardMs = Math.min(nowMs, participant.lastHeardMs + sleptMs);
      this.#beat(participant, nowMs);
    }
    for (const room of this.#rooms) room.seated?.advance(nowMs);
    return false;
  }

  #refill(participant: Participant): void {
    participant.allowance = this.options.maxMessagesPerS;
    participant.relayAllowance = this.#relayBytesPerS;
    participant.dropped = 0;
  }

  #beat(participant: Participant, nowMs: number): void {
    const silentMs = nowMs - participant.lastHeardMs;
    if (silentMs > this.options.silenceMs) {
      const reason = `silent for ${Math.round(silentMs)} ms`;
      this.#outbox.tell({ type: 'silent', peer: participant.link, silentMs });
      this.#outbox.disconnect(participant.link, reason);
      this.#forget(participant.link, 'silent', reason, nowMs);
      return;
    }
    participant.line.advance(nowMs);
    if (nowMs < participant.heartbeatDueMs) return;
    participant.heartbeatDueMs = nowMs + HEARTBEAT_EVERY_MS;
    this.#outbox.send(participant.link, 'unreliable', encodeRendezvous({ type: 'heartbeat' }));
  }

  drain(): readonly Request[] {
    return this.#outbox.drain();
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#outbox.takeEvents();
  }
}

function placeOf({ place }: Participant, { type }: { type: RendezvousMessage['type'] }): Place {
  if (!place) throw new ProtocolError(`${type} before enter`);
  return place;
}
