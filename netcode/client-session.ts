/**
 * A player's end of an authority topology: says hello, sends inputs, holds the newest snapshot. A full client predicts
 * itself and interpolates others; a thin one (load bots) does neither. Both speak the same bytes. Either counts ticks of
 * its own timeline (client-timeline.ts).
 */
import { createArena } from '../game/arena.ts';
import type { PlayerInput } from '../game/input.ts';
import { rulesHash } from '../game/rules-hash.ts';
import { expand16 } from './bytes.ts';
import type { ClientCounters, ClientOptions } from './client-options.ts';
import { ClientTimeline } from './client-timeline.ts';
import { ClockEstimate } from './clock.ts';
import { InputSender } from './input-sender.ts';
import { ViewRing } from './interpolation.ts';
import { decodeMessage, encodeMessage, kindOf, type Message, type Welcome } from './messages.ts';
import { Outbox } from './outbox.ts';
import { Prediction } from './prediction.ts';
import { Kind, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, ProtocolError } from './protocol.ts';
import { ReliableChannel } from './reliable-channel.ts';
import {
  AUTHORITY,
  type Channel,
  type LinkState,
  type PeerId,
  type Request,
  type Session,
  type SessionEvent,
} from './session.ts';
import { decodeSnapshot, type SnapshotHeader, snapshotTick } from './snapshot-codec.ts';
import type { View } from './view.ts';

export type { ClientCounters, ClientOptions } from './client-options.ts';

export type ClientState = 'connecting' | 'joining' | 'playing' | 'refused' | 'lost';

/** A hello is repeated until it is answered. */
const HELLO_EVERY_MS = 500;
/** An authority that said nothing for this long is lost. */
const LOST_AFTER_MS = 3000;
/** Over datagrams each message repeats so many inputs: two losses in a row cost nothing. */
const REPEATED_INPUTS = 3;
/** With a snapshot each tick, one loss plus a tick of jitter still leaves a later one to aim at. */
export const INTERPOLATION_DELAY_TICKS = 3;
/** A snapshot from farther ahead is not believed: one forged tick must not make all later ones look old. */
const MAX_TICK_GAP = 60 * 60 * 60;
/** A visible correction fades by half in this time. */
const ERROR_HALF_LIFE_MS = 50;

export class ClientSession implements Session {
  readonly options: ClientOptions;
  readonly counters: ClientCounters = {
    receivedMessages: 0,
    receivedBytes: 0,
    malformed: 0,
    snapshots: 0,
    snapshotsLate: 0,
    snapshotsMissed: 0,
    sentMessages: 0,
    sentBytes: 0,
    inputs: 0,
    corrections: 0,
  };
  /** Switches for a page that shows what they do. */
  prediction: boolean;
  interpolation = true;
  state: ClientState = 'connecting';
  player = -1;
  /** Proves that the seat is ours when the link comes up again; null before the first welcome. */
  resumeToken: Uint8Array | null = null;
  refusal = '';
  #welcome: Welcome | null = null;
  #views: ViewRing | null = null;
  #prediction: Prediction | null = null;
  #clock = new ClockEstimate(50);
  #reliable = new ReliableChannel();
  readonly #header: SnapshotHeader = {
    tick: 0,
    ackedTick: 0,
    marginTicks: 0,
    echoedTimeMs: 0,
    heldMs: 0,
    reach: 0,
    hasStats: false,
  };
  readonly #inputs: InputSender;
  /** Tick of the newest snapshot that came, read or not. */
  #snapshotTick = -1;
  #kept = new Uint8Array(0);
  #keptBytes = 0;
  #keptAtMs = 0;
  readonly #timeline: ClientTimeline;
  #helloDueMs = Number.POSITIVE_INFINITY;
  #heardMs = 0;
  #errorX = 0;
  #errorY = 0;
  #errorMs = 0;
  readonly #outbox = new Outbox(this.counters);

  constructor(options: ClientOptions, startMs: number) {
    if (!(options.inputRateHz > 0)) throw new RangeError(`input rate ${options.inputRateHz} Hz: must be above 0`);
    this.options = options;
    this.prediction = options.prediction;
    this.#timeline = new ClientTimeline(options);
    this.#inputs = new InputSender(options.transport === 'datagram' ? REPEATED_INPUTS : 1);
    this.#heardMs = startMs;
  }

  /** The newest snapshot as it came; null before the welcome. */
  get view(): View | null {
    if (this.#keptBytes > 0) this.#decodeKept();
    return this.#views?.newest ?? null;
  }

  /** Length of a tick; NaN before the welcome. */
  get tickMs(): number {
    return this.#timeline.tickMs;
  }

  /** Smoothed round trip in ms; NaN before the first echo. */
  get rttMs(): number {
    return this.#clock.rttMs;
  }

  get jitterMs(): number {
    return this.#clock.jitterMs;
  }

  /** Newest tick of the own timeline. */
  get inputTick(): number {
    return this.#timeline.tick;
  }

  /** Low-delay estimate of the tick whose snapshot could be here by now. */
  authorityTick(nowMs: number): number {
    return this.#clock.tickAt(nowMs);
  }

  get snapshotRateHz(): number {
    return this.#welcome?.snapshotRateHz ?? 0;
  }

  linkChanged(_peer: PeerId, state: LinkState, nowMs: number): void {
    this.#reliable = new ReliableChannel();
    this.#timeline.stop();
    if (state === 'down') {
      if (this.state !== 'refused') this.state = this.state === 'connecting' ? 'connecting' : 'lost';
      this.#helloDueMs = Number.POSITIVE_INFINITY;
      return;
    }
    this.state = 'joining';
    this.#heardMs = nowMs;
    this.#sayHello(nowMs);
  }

  #sayHello(nowMs: number): void {
    const { name } = this.options;
    const hello = {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      rulesHash: rulesHash(),
      name,
      token: this.resumeToken,
    } as const;
    this.#send(encodeMessage(hello), 'reliable');
    this.#helloDueMs = nowMs + HELLO_EVERY_MS;
  }

  receive(_from: PeerId, bytes: Uint8Array, nowMs: number): void {
    if (this.state === 'refused' || this.state === 'connecting') return;
    this.counters.receivedMessages++;
    this.counters.receivedBytes += bytes.length;
    try {
      if (kindOf(bytes) === Kind.snapshot) this.#receiveSnapshot(bytes, nowMs);
      else this.#handle(decodeMessage(bytes), nowMs);
      this.#heardMs = nowMs;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.malformed++;
    }
  }

  #handle(message: Message, nowMs: number): void {
    switch (message.type) {
      case 'welcome':
        this.#welcomed(message, nowMs);
        return;
      case 'refuse':
        if (this.state !== 'joining') return;
        this.state = 'refused';
        this.refusal = message.text;
        this.#helloDueMs = Number.POSITIVE_INFINITY;
        this.#outbox.tell({ type: 'refused', peer: AUTHORITY, reason: message.reason, text: message.text });
        return;
      case 'reliable': {
        const ready = this.#reliable.receive(message.sequence, message.inner);
        this.#send(encodeMessage({ type: 'ack', next: this.#reliable.ackNext }), 'unreliable');
        for (const inner of ready) {
          const decoded = decodeMessage(inner);
          if (decoded.type === 'reliable') throw new ProtocolError('a reliable message inside another');
          this.#handle(decoded, nowMs);
        }
        return;
      }
      case 'ack':
        this.#reliable.acknowledged(message.next);
        return;
      case 'purchased':
        this.#inputs.purchaseAnswered(message.key);
        this.#outbox.tell({ type: 'purchased', player: this.player, key: message.key, granted: message.granted });
        return;
      case 'roster':
        this.#outbox.tell(message);
        return;
      default:
        throw new ProtocolError(`a client takes no ${message.type}`);
    }
  }

  #welcomed(welcome: Welcome, nowMs: number): void {
    if (this.state !== 'joining') return;
    this.state = 'playing';
    this.player = welcome.player;
    this.resumeToken = welcome.token;
    this.#helloDueMs = Number.POSITIVE_INFINITY;
    // An authority that was started anew counts from 0 again: what it said before is of another match.
    const isNewMatch =
      welcome.tick < this.#snapshotTick || JSON.stringify(this.#welcome?.config) !== JSON.stringify(welcome.config);
    if (!this.#views || isNewMatch) {
      this.#snapshotTick = -1;
      this.#keptBytes = 0;
      const arena = createArena(welcome.config);
      this.#views = new ViewRing(arena, this.options.prediction);
      this.#prediction = new Prediction(arena);
    }
    this.#prediction!.restart();
    this.#timeline.start(welcome.config.tickRateHz, welcome.snapshotRateHz, nowMs);
    this.#clock = new ClockEstimate(this.#timeline.tickMs);
    this.#welcome = welcome;
    this.#outbox.tell({
      type: 'joined',
      peer: AUTHORITY,
      player: welcome.player,
      name: this.options.name,
      resumed: welcome.resumed,
    });
  }

  #receiveSnapshot(bytes: Uint8Array, nowMs: number): void {
    if (this.state !== 'playing') return;
    if (bytes.length > MAX_MESSAGE_BYTES) throw new ProtocolError(`snapshot of ${bytes.length} bytes`);
    const tick = snapshotTick(bytes);
    const before = this.#snapshotTick;
    if (tick <= before) {
      this.counters.snapshotsLate++;
      return;
    }
    if (before >= 0 && tick - before > MAX_TICK_GAP)
      throw new ProtocolError(`snapshot of tick ${tick} after ${before}`);
    if (this.options.prediction) this.#decode(bytes, nowMs);
    else this.#keep(bytes, nowMs);
    this.#snapshotTick = tick;
    this.counters.snapshots++;
    this.#noteGap(tick, before);
    this.#clock.snapshot(tick, nowMs);
    this.#outbox.tell({ type: 'snapshot', tick });
  }

  /** A thin client reads a snapshot when it is asked for its view: it decides less often than snapshots come. */
  #keep(bytes: Uint8Array, nowMs: number): void {
    if (this.#kept.length < bytes.length) this.#kept = new Uint8Array(2 * bytes.length);
    this.#kept.set(bytes);
    this.#keptBytes = bytes.length;
    this.#keptAtMs = nowMs;
  }

  #decodeKept(): void {
    const length = this.#keptBytes;
    this.#keptBytes = 0;
    try {
      this.#decode(this.#kept.subarray(0, length), this.#keptAtMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.malformed++;
    }
  }

  #decode(bytes: Uint8Array, arrivedMs: number): void {
    const views = this.#views!;
    const view = views.spare;
    view.tick = -1;
    Object.assign(view.self, views.newest.self);
    const header = this.#header;
    decodeSnapshot(bytes, view, header);
    view.self.player = this.player;
    views.commit();
    if (header.heldMs < 255)
      this.#clock.roundTrip((Math.floor(arrivedMs) - header.echoedTimeMs) & 0xffff, header.heldMs);
    if (!this.options.prediction) return;
    if (this.counters.inputs > 0) this.#timeline.steer(header.marginTicks);
    this.#reconcile(view, expand16(header.ackedTick, Math.max(0, this.#timeline.tick)), arrivedMs);
  }

  #noteGap(tick: number, before: number): void {
    const { config, snapshotRateHz } = this.#welcome!;
    const interval = Math.ceil(config.tickRateHz / snapshotRateHz);
    if (before >= 0 && tick - before > interval)
      this.counters.snapshotsMissed += Math.floor((tick - before - 1) / interval);
  }

  #reconcile(view: View, ackedTick: number, nowMs: number): void {
    const prediction = this.#prediction!;
    const wasX = prediction.x;
    const wasY = prediction.y;
    const { self } = view;
    const distance = prediction.reconcile(self.x, self.y, self.alive, ackedTick);
    if (distance === 0) return;
    this.counters.corrections++;
    this.#fadeError(nowMs);
    this.#errorX += wasX - prediction.x;
    this.#errorY += wasY - prediction.y;
    this.#outbox.tell({ type: 'corrected', distance });
  }

  setInput(input: PlayerInput): void {
    this.#inputs.set(input);
  }

  /** Whether the next `advance(nowMs)` takes the current input: set it right before. */
  wantsInput(nowMs: number): boolean {
    const timeline = this.#timeline;
    return this.state === 'playing' && nowMs >= timeline.dueMs && timeline.takesInput(timeline.tick + 1);
  }

  get nextDueMs(): number {
    if (this.state === 'playing') return Math.min(this.#timeline.dueMs, this.#heardMs + LOST_AFTER_MS);
    return this.#helloDueMs;
  }

  advance(nowMs: number): boolean {
    if (this.state === 'joining' && nowMs >= this.#helloDueMs) this.#sayHello(nowMs);
    if (this.state !== 'playing') return false;
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= LOST_AFTER_MS) {
      this.state = 'lost';
      this.#timeline.stop();
      this.#outbox.tell({ type: 'silent', peer: AUTHORITY, silentMs });
      return false;
    }
    if (nowMs < this.#timeline.dueMs) return false;
    this.#oneTick(nowMs);
    return nowMs >= this.#timeline.dueMs;
  }

  #oneTick(nowMs: number): void {
    const dueMs = this.#timeline.next(nowMs);
    const { tick } = this.#timeline;
    if (this.#timeline.takesInput(tick)) this.#takeInput(tick, dueMs, nowMs);
    if (this.options.prediction) this.#prediction!.advance(tick, this.#inputs.taken);
    if (this.options.transport === 'datagram') {
      for (const bytes of this.#reliable.due(nowMs)) this.#send(bytes, 'unreliable');
    }
  }

  #takeInput(tick: number, dueMs: number, nowMs: number): void {
    this.counters.inputs++;
    this.#send(this.#inputs.take(tick, this.#viewTick(nowMs), nowMs), 'unreliable');
    this.#outbox.tell({ type: 'input', tick, dueMs });
    const key = this.#inputs.purchaseKey(this.view!.self.purchaseKey, nowMs);
    if (key !== 0) this.#sendReliable({ type: 'purchase', key }, nowMs);
  }

  /** Asks for lines of the scoreboard; the answer is an event. */
  requestRoster(first: number, count: number, nowMs: number): void {
    if (this.state === 'playing') this.#sendReliable({ type: 'rosterRequest', first, count }, nowMs);
  }

  /** Gives the seat up for good. */
  leave(): void {
    this.#send(encodeMessage({ type: 'bye', text: 'left' }), 'reliable');
  }

  #sendReliable(message: Message, nowMs: number): void {
    const bytes = encodeMessage(message);
    if (this.options.transport === 'stream') {
      this.#send(bytes, 'reliable');
      return;
    }
    const wrapped = this.#reliable.wrap(bytes, nowMs);
    if (wrapped) this.#send(wrapped, 'unreliable');
    else this.#outbox.disconnect(AUTHORITY, 'acknowledges nothing');
  }

  #send(bytes: Uint8Array, channel: Channel): void {
    this.#outbox.send(AUTHORITY, channel, bytes);
  }

  /** The tick of the authority that a person at this client sees now. */
  #viewTick(nowMs: number): number {
    const view = this.view!;
    if (!this.options.prediction || !this.interpolation) return view.tick;
    return Math.min(view.tick, this.#clock.tickAt(nowMs) - this.#interpolationDelayTicks());
  }

  #interpolationDelayTicks(): number {
    const { config, snapshotRateHz } = this.#welcome!;
    const interval = Math.max(1, config.tickRateHz / snapshotRateHz);
    return (INTERPOLATION_DELAY_TICKS - 1) * interval + 1;
  }

  /**
   * What a page draws now: others interpolated, oneself predicted and smoothed. Reused by the next call; null before the
   * first snapshot. For full clients only.
   */
  drawn(nowMs: number): View | null {
    const views = this.#views;
    if (!views || views.newest.tick < 0 || !this.#prediction) return null;
    const tick = this.interpolation ? this.#clock.tickAt(nowMs) - this.#interpolationDelayTicks() : views.newest.tick;
    const view = views.at(tick);
    if (this.prediction && view.self.alive) this.#drawSelf(view, nowMs);
    return view;
  }

  #drawSelf(view: View, nowMs: number): void {
    const { x, y, fromX, fromY } = this.#prediction!;
    const share = this.#timeline.share(nowMs);
    this.#fadeError(nowMs);
    view.self.x = Math.round(fromX + (x - fromX) * share + this.#errorX);
    view.self.y = Math.round(fromY + (y - fromY) * share + this.#errorY);
  }

  #fadeError(nowMs: number): void {
    // 1 / (1 + t) falls by half in one half-life, and needs no exponential.
    const kept = 1 / (1 + Math.max(0, nowMs - this.#errorMs) / ERROR_HALF_LIFE_MS);
    this.#errorX *= kept;
    this.#errorY *= kept;
    this.#errorMs = nowMs;
  }

  drain(): readonly Request[] {
    return this.#outbox.drain();
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#outbox.takeEvents();
  }
}
