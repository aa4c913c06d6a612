/**
 * The side whose world is true. It seats players, queues their inputs, steps the world, and sends each player what it
 * may see. A Colyseus room, a host peer and the simulator all run this one class.
 *
 * One tick: execute one input per player → step → gather who sees what → write this tick's snapshots.
 */
import { checkMatchConfig } from '../game/arena.ts';
import { createInputTable, type InputTable } from '../game/input.ts';
import { rulesHash } from '../game/rules-hash.ts';
import { addPlayer, removePlayer, step } from '../game/step.ts';
import { createWorld, EventKind, type World } from '../game/world.ts';
import type { AuthorityCounters, AuthorityOptions } from './authority-options.ts';
import { createInputMessage, decodeInput } from './input-codec.ts';
import { InputQueues } from './input-queue.ts';
import { decodeMessage, encodeMessage, type Hello, kindOf, type Message } from './messages.ts';
import { Outbox } from './outbox.ts';
import {
  Kind,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_ROSTER_ENTRIES,
  PROTOCOL_VERSION,
  ProtocolError,
  TOKEN_BYTES,
} from './protocol.ts';
import { ReliableChannel } from './reliable-channel.ts';
import { type Peer, Seats } from './seats.ts';
import type { LinkState, PeerId, RefusalName, Request, RosterEntry, Session, SessionEvent } from './session.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

export { type AuthorityCounters, type AuthorityOptions, DEFAULT_AUTHORITY } from './authority-options.ts';

export class AuthoritySession implements Session {
  readonly world: World;
  readonly options: AuthorityOptions;
  readonly counters: AuthorityCounters = {
    receivedMessages: 0,
    receivedBytes: 0,
    malformed: 0,
    overRate: 0,
    sentMessages: 0,
    sentBytes: 0,
    snapshots: 0,
    snapshotEntities: 0,
    partialSnapshots: 0,
    refused: 0,
  };
  readonly #startMs: number;
  readonly #tickMs: number;
  readonly #inputs: InputTable;
  readonly #queues: InputQueues;
  readonly #snapshots: SnapshotWriter;
  readonly #seats: Seats;
  readonly #peers = new Map<PeerId, Peer>();
  readonly #input = createInputMessage();
  /** By slot: purchase key to execute at the next tick, 0 for none. */
  readonly #purchase: Uint16Array;
  readonly #outbox = new Outbox(this.counters);

  /** Tick k is due at `startMs + k × tick length`. Throws a RangeError on bad options. */
  constructor(options: AuthorityOptions, startMs: number) {
    checkMatchConfig(options.config);
    if (!(options.snapshotRateHz > 0))
      throw new RangeError(`snapshot rate ${options.snapshotRateHz} Hz: must be above 0`);
    this.options = options;
    this.world = createWorld(options.config);
    const { capacity } = this.world.arena;
    this.#startMs = startMs;
    this.#tickMs = 1000 / options.config.tickRateHz;
    this.#inputs = createInputTable(capacity);
    this.#queues = new InputQueues(capacity, options.config.tickRateHz, options.defences.timeBucket);
    this.#snapshots = new SnapshotWriter(this.world, options, this.#queues, this.counters);
    this.#seats = new Seats(options.config.players);
    this.#purchase = new Uint16Array(capacity);
  }

  /** By slot: newest tick of that player's own timeline whose input the world reflects; −1 for none. */
  get executedInputTick(): Int32Array {
    return this.#queues.reflected;
  }

  /** By slot: 1 for players that claimed more time than has passed. */
  get flagged(): Uint8Array {
    return this.#queues.flagged;
  }

  get inputCounters(): Readonly<InputQueues['counters']> {
    return this.#queues.counters;
  }

  get playerCount(): number {
    return this.#seats.taken;
  }

  /** Slot of a peer's player; −1 for none. */
  playerOf(peer: PeerId): number {
    return this.#peers.get(peer)?.slot ?? -1;
  }

  /** The peer that plays a slot; −1 while its link is down or nobody does. */
  peerOf(player: number): PeerId {
    return this.#seats.at(player)?.peer ?? -1;
  }

  nameOf(player: number): string {
    return this.#seats.at(player)?.name ?? '';
  }

  /** Lines `first` to `first + count` of the scoreboard: by score, then by slot. */
  roster(first: number, count: number): RosterEntry[] {
    const { score, kills, deaths } = this.world.players;
    const slots: number[] = [];
    for (let slot = 0; slot < this.#seats.slots; slot++) if (this.#seats.at(slot)) slots.push(slot);
    slots.sort((a, b) => score[b]! - score[a]! || a - b);
    return slots.slice(first, first + count).map((player) => ({
      player,
      name: this.nameOf(player),
      score: score[player]!,
      kills: kills[player]!,
      deaths: deaths[player]!,
    }));
  }

  linkChanged(peerId: PeerId, state: LinkState, nowMs: number): void {
    if (state === 'down') {
      this.#linkDown(peerId, nowMs);
      return;
    }
    this.#linkDown(peerId, nowMs);
    this.#peers.set(peerId, {
      id: peerId,
      slot: -1,
      resumed: false,
      lastHeardMs: nowMs,
      allowance: this.options.maxMessagesPerS,
      dropped: 0,
      reliable: new ReliableChannel(),
    });
  }

  /** The authority itself plays nothing: a host's own player is a client like any other. */
  setInput(): void {}

  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const peer = this.#peers.get(from);
    if (!peer) return;
    this.counters.receivedMessages++;
    this.counters.receivedBytes += bytes.length;
    if (!this.#allow(peer)) return;
    peer.lastHeardMs = nowMs;
    try {
      if (bytes.length > MAX_CLIENT_MESSAGE_BYTES) throw new ProtocolError(`message of ${bytes.length} bytes`);
      if (kindOf(bytes) === Kind.input) this.#receiveInput(peer, bytes, nowMs);
      else this.#handle(peer, decodeMessage(bytes), nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.malformed++;
    }
  }

  /** Counts a message against its peer's second; far over the rate, the peer is sent away. */
  #allow(peer: Peer): boolean {
    if (peer.allowance > 0) {
      peer.allowance--;
      return true;
    }
    this.counters.overRate++;
    peer.dropped++;
    if (peer.dropped === 3 * this.options.maxMessagesPerS) {
      this.#outbox.disconnect(peer.id, 'too many messages');
    }
    return false;
  }

  #receiveInput(peer: Peer, bytes: Uint8Array, nowMs: number): void {
    if (peer.slot < 0) throw new ProtocolError('input before hello');
    decodeInput(bytes, this.#input);
    this.#queues.receive(peer.slot, this.#input, this.world.match.tick[0]!);
    this.#snapshots.clientTime(peer.slot, this.#input.clientTimeMs, nowMs);
  }

  #handle(peer: Peer, message: Message, nowMs: number): void {
    switch (message.type) {
      case 'hello':
        this.#hello(peer, message, nowMs);
        return;
      case 'reliable': {
        const ready = peer.reliable.receive(message.sequence, message.inner);
        this.#outbox.send(peer.id, 'unreliable', encodeMessage({ type: 'ack', next: peer.reliable.ackNext }));
        for (const inner of ready) {
          const decoded = decodeMessage(inner);
          if (decoded.type === 'reliable') throw new ProtocolError('a reliable message inside another');
          this.#handle(peer, decoded, nowMs);
        }
        return;
      }
      case 'ack':
        peer.reliable.acknowledged(message.next);
        return;
      case 'purchase':
        if (peer.slot < 0) throw new ProtocolError('purchase before hello');
        this.#purchase[peer.slot] = message.key;
        return;
      case 'rosterRequest': {
        const entries = this.roster(message.first, Math.min(message.count, MAX_ROSTER_ENTRIES));
        const roster = { type: 'roster', total: this.#seats.taken, first: message.first, entries } as const;
        this.#sendReliable(peer, roster, nowMs);
        return;
      }
      case 'bye':
        this.#leave(peer.slot, 'left');
        peer.slot = -1;
        this.#outbox.disconnect(peer.id, 'bye');
        return;
      default:
        throw new ProtocolError(`an authority takes no ${message.type}`);
    }
  }

  #hello(peer: Peer, hello: Hello, nowMs: number): void {
    if (hello.protocol !== PROTOCOL_VERSION) {
      this.#refuse(
        peer,
        'protocol',
        `this match speaks protocol ${PROTOCOL_VERSION}, you speak ${hello.protocol}: update the older of the two`,
      );
      return;
    }
    if (hello.rulesHash !== rulesHash()) {
      this.#refuse(peer, 'rules', 'your rules of the game differ from this match: use the same version on both sides');
      return;
    }
    if (peer.slot >= 0) {
      // The welcome was lost: say it again.
      this.#welcome(peer);
      return;
    }
    const held = hello.token ? this.#seats.slotOf(hello.token) : -1;
    if (held >= 0) {
      this.#resume(peer, held, nowMs);
      return;
    }
    const token = new Uint8Array(TOKEN_BYTES);
    this.options.randomBytes(token);
    const slot = this.#seats.take({ name: hello.name || 'player', token, peer: peer.id, heldUntilMs: 0 });
    if (slot < 0) {
      this.#refuse(peer, 'full', `this match is full: ${this.#seats.slots} players`);
      return;
    }
    addPlayer(this.world, slot);
    this.#queues.seat(slot);
    this.#purchase[slot] = 0;
    this.#sit(peer, slot, false);
    this.#welcome(peer);
  }

  #resume(peer: Peer, slot: number, nowMs: number): void {
    const seat = this.#seats.at(slot)!;
    const former = this.#peers.get(seat.peer);
    if (former) {
      former.slot = -1;
      this.#outbox.disconnect(former.id, 'joined again elsewhere');
    }
    seat.peer = peer.id;
    seat.heldUntilMs = nowMs;
    this.#queues.reset(slot);
    this.#sit(peer, slot, true);
    this.#welcome(peer);
  }

  #sit(peer: Peer, slot: number, resumed: boolean): void {
    peer.slot = slot;
    peer.resumed = resumed;
    this.#outbox.tell({ type: 'joined', peer: peer.id, player: slot, name: this.nameOf(slot), resumed });
    this.#snapshots.seated(slot);
  }

  #welcome(peer: Peer): void {
    const seat = this.#seats.at(peer.slot)!;
    const { config, snapshotRateHz } = this.options;
    const tick = this.world.match.tick[0]!;
    const welcome = {
      type: 'welcome',
      player: peer.slot,
      resumed: peer.resumed,
      token: seat.token,
      tick,
      snapshotRateHz,
      config,
    } as const;
    this.#outbox.send(peer.id, 'reliable', encodeMessage(welcome));
  }

  #refuse(peer: Peer, reason: RefusalName, text: string): void {
    this.counters.refused++;
    this.#outbox.send(peer.id, 'reliable', encodeMessage({ type: 'refuse', reason, text }));
    this.#outbox.tell({ type: 'refused', peer: peer.id, reason, text });
  }

  #linkDown(peerId: PeerId, nowMs: number): void {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    this.#peers.delete(peerId);
    const seat = this.#seats.at(peer.slot);
    if (!seat) return;
    seat.peer = -1;
    seat.heldUntilMs = nowMs + this.options.seatHoldMs;
    this.#queues.release(peer.slot);
  }

  #leave(slot: number, reason: string): void {
    const seat = this.#seats.at(slot);
    if (!seat) return;
    removePlayer(this.world, slot);
    this.#queues.release(slot);
    this.#seats.free(slot);
    this.#outbox.tell({ type: 'left', peer: seat.peer, player: slot, reason });
  }

  get nextDueMs(): number {
    return this.#startMs + (this.world.match.tick[0]! + 1) * this.#tickMs;
  }

  advance(nowMs: number): boolean {
    if (nowMs < this.nextDueMs) return false;
    this.#execute();
    step(this.world, this.#inputs);
    this.#answerPurchases(nowMs);
    this.#sendSnapshots(nowMs);
    if (this.world.match.tick[0]! % this.options.config.tickRateHz === 0) this.#everySecond(nowMs);
    this.#resend(nowMs);
    return nowMs >= this.nextDueMs;
  }

  #execute(): void {
    const { match } = this.world;
    const { buttons, aim, purchase, rewindTicks, steps } = this.#inputs;
    const queues = this.#queues;
    const tick = match.tick[0]!;
    const { historyTicks } = this.options.config;
    for (let slot = 0; slot < match.playerLimit[0]!; slot++) {
      const seat = this.#seats.at(slot);
      if (!seat) continue;
      steps[slot] = seat.peer >= 0 ? queues.execute(slot, tick) : 1;
      buttons[slot] = queues.buttons[slot]!;
      aim[slot] = queues.aim[slot]!;
      purchase[slot] = this.#purchase[slot]!;
      this.#purchase[slot] = 0;
      if (historyTicks > 0) {
        const viewTick = queues.viewTick[slot]!;
        rewindTicks[slot] = viewTick < 0 ? 0 : Math.max(0, Math.min(historyTicks - 1, tick - viewTick));
      }
    }
  }

  #answerPurchases(nowMs: number): void {
    const { events } = this.world;
    for (let i = 0; i < events.count; i++) {
      if (events.kind[i] !== EventKind.purchase) continue;
      this.#answerPurchase(events.a[i]!, events.b[i]!, events.amount[i]! > 0, nowMs);
    }
  }

  #answerPurchase(player: number, key: number, granted: boolean, nowMs: number): void {
    this.#outbox.tell({ type: 'purchased', player, key, granted });
    const peer = this.#peers.get(this.peerOf(player));
    if (peer) this.#sendReliable(peer, { type: 'purchased', key, granted }, nowMs);
  }

  #sendSnapshots(nowMs: number): void {
    this.#snapshots.update();
    const tick = this.world.match.tick[0]!;
    for (const { id, slot } of this.#peers.values()) {
      if (slot >= 0 && this.#snapshots.isDue(slot, tick))
        this.#outbox.send(id, 'unreliable', this.#snapshots.write(slot, nowMs));
    }
  }

  #everySecond(nowMs: number): void {
    for (const peer of this.#peers.values()) {
      peer.allowance = this.options.maxMessagesPerS;
      peer.dropped = 0;
      const silentMs = nowMs - peer.lastHeardMs;
      if (silentMs <= this.options.silenceMs) continue;
      this.#outbox.tell({ type: 'silent', peer: peer.id, silentMs });
      this.#outbox.disconnect(peer.id, `silent for ${Math.round(silentMs)} ms`);
      this.#linkDown(peer.id, nowMs);
    }
    for (let slot = 0; slot < this.#seats.slots; slot++) {
      const seat = this.#seats.at(slot);
      if (seat && seat.peer < 0 && nowMs >= seat.heldUntilMs) this.#leave(slot, 'did not return');
    }
  }

  #resend(nowMs: number): void {
    if (this.options.transport === 'stream') return;
    for (const peer of this.#peers.values()) {
      if (peer.reliable.isIdle) continue;
      for (const bytes of peer.reliable.due(nowMs)) this.#outbox.send(peer.id, 'unreliable', bytes);
    }
  }

  #sendReliable(peer: Peer, message: Message, nowMs: number): void {
    const bytes = encodeMessage(message);
    if (this.options.transport === 'stream') {
      this.#outbox.send(peer.id, 'reliable', bytes);
      return;
    }
    const wrapped = peer.reliable.wrap(bytes, nowMs);
    if (wrapped) this.#outbox.send(peer.id, 'unreliable', wrapped);
    else this.#outbox.disconnect(peer.id, 'acknowledges nothing');
  }

  drain(): readonly Request[] {
    return this.#outbox.drain();
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#outbox.takeEvents();
  }
}
