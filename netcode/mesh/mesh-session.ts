/**
 * One peer of a match in which everybody owns its avatar. It steps that one by the rules, tells it to those who can see
 * it, and believes of all others what they last told. Victims decide hits; coins have homes that must agree (ledger/);
 * who takes part is told by epochs (epoch.ts). Whom it links with changes as it walks (linking.ts).
 */
import type { PlayerInput } from '../../game/input.ts';
import type { PlayingPeer } from '../playing-peer.ts';
import { ProtocolError } from '../protocol.ts';
import { type LinkState, type PeerId, RENDEZVOUS, type Request, type SessionEvent } from '../session.ts';
import { appear, clearSlot, prepareReturn, stepAvatar } from './avatar.ts';
import { layKnownCoins } from './coins.ts';
import { type Core, createCore, createStage, isWho, type MeshOptions, resumeTokenOf, type Stage } from './core.ts';
import { receive, showOther } from './hearing.ts';
import { careForLinks, hearStrangers, isGone, vanish } from './linking.ts';
import { MeshScene } from './scene.ts';
import { decodeMeshSettings, type MeshSettings } from './settings.ts';
import { canSignal, signal } from './signalling.ts';
import { linkChanged, sayBye, sendAnyhow, tellState } from './telling.ts';
import { attachTrust } from './trust/attach.ts';

export type { MeshCounters, MeshOptions } from './core.ts';

/** Housekeeping. */
const CARE_EVERY_MS = 50;
/** Ticks that are made up for after a stall; more are let go. */
const MAX_BACKLOG_TICKS = 3;
/** Share of the distance to the room's time that is corrected per tick, and the most that time may be bent. */
const GAIN = 0.1;
const MAX_BEND = 0.05;

/**
 * Ticks of all peers at once would have all of them send to each other at once. Multiples of the golden ratio, modulo 1,
 * are spread evenly however many there are, and those of any slots in sequence too (three-distance theorem, Sós 1958).
 */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Share of a tick by which those of a slot come after the room's, in [0, 1). NaN for no slot. */
export function phaseOf(slot: number): number {
  return slot < 0 ? Number.NaN : (slot * GOLDEN) % 1;
}

export class MeshSession implements PlayingPeer {
  readonly #core: Core;
  /** Made when something is first drawn. */
  #scene: { stage: Stage; scene: MeshScene } | null = null;

  constructor(options: MeshOptions, startMs: number) {
    this.#core = createCore(options, startMs);
  }

  get options() {
    return this.#core.options;
  }

  get rendezvous() {
    return this.#core.rendezvous;
  }

  get counters() {
    return this.#core.counters;
  }

  get peers() {
    return this.#core.others;
  }

  get epoch() {
    return this.#core.epoch;
  }

  get state() {
    return this.#core.state;
  }

  get player() {
    return this.#core.player;
  }

  get refusal() {
    return this.#core.refusal;
  }

  get self(): PeerId {
    return this.#core.rendezvous.self;
  }

  get resumeToken() {
    return resumeTokenOf(this.#core);
  }

  /** Null before the room was entered, as are the arena, the world and the ledger. */
  get settings(): MeshSettings | null {
    return this.#core.stage?.settings ?? null;
  }

  get arena() {
    return this.#core.stage?.arena ?? null;
  }

  /** The own avatar, exactly, and what is believed of the rest. */
  get world() {
    return this.#core.stage?.world ?? null;
  }

  /** Null where no defence is on. */
  get trust() {
    return this.#core.trust;
  }

  get ledger() {
    return this.#core.stage?.ledger ?? null;
  }

  /** The own tick; −1 before the first. */
  get tick(): number {
    return this.#core.player < 0 ? -1 : this.#core.nextTick - 1;
  }

  get tickMs(): number {
    const settings = this.settings;
    return settings ? 1000 / settings.config.tickRateHz : Number.NaN;
  }

  /** How much later than the room's a tick of this peer is due; NaN before it plays. */
  get phaseMs(): number {
    return phaseOf(this.#core.player) * this.tickMs;
  }

  /** Called after each own tick: for recorders. What happened in it is in `world.events`. */
  get onTick() {
    return this.#core.onTick;
  }

  set onTick(hook: Core['onTick']) {
    this.#core.onTick = hook;
  }

  get view() {
    const { stage, player } = this.#core;
    if (!stage || player < 0) return null;
    const { view, viewer, toldTick } = stage;
    if (this.#core.isViewFresh) return view;
    this.#core.isViewFresh = true;
    viewer.invalidate();
    viewer.fill(view, player);
    const { players } = view;
    for (let row = 0; row < players.count; row++) {
      players.ageTicks[row] = view.tick - toldTick[players.id[row]!]!;
    }
    return view;
  }

  get confirmedView() {
    return this.view;
  }

  /** What a page draws now: everybody carried on from what was last told. */
  drawn(nowMs: number) {
    const core = this.#core;
    if (!core.stage || core.player < 0) return null;
    if (this.#scene?.stage !== core.stage) this.#scene = { stage: core.stage, scene: new MeshScene(core) };
    const share = 1 - Math.max(0, Math.min(1, (core.dueMs - nowMs) / this.tickMs));
    return this.#scene.scene.drawn(share, nowMs);
  }

  /** The longest round trip to a peer in reach. NaN before any is known. */
  get rttMs(): number {
    let longest = Number.NaN;
    for (const other of this.peers.values()) {
      const { isReachable, rttMs } = other;
      if (isReachable && !Number.isNaN(rttMs) && !(rttMs <= longest)) longest = rttMs;
    }
    return longest;
  }

  linkChanged(id: PeerId, state: LinkState, nowMs: number): void {
    const core = this.#core;
    core.nowMs = nowMs;
    if (id === RENDEZVOUS) {
      if (state === 'up' && core.state === 'connecting') core.state = 'joining';
      core.rendezvous.linkChanged(state, nowMs);
      return;
    }
    linkChanged(core, id, state, nowMs);
  }

  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const core = this.#core;
    core.nowMs = nowMs;
    if (core.state === 'refused') return;
    receive(core, from, bytes, nowMs);
    if (from === RENDEZVOUS) this.#followRendezvous(nowMs);
  }

  /** Hands a text to a peer's dialler: through the rendezvous, or a neighbour of both. */
  signal(to: PeerId, payload: string, nowMs: number): boolean {
    this.#core.nowMs = nowMs;
    return signal(this.#core, to, payload, nowMs);
  }

  canSignal(to: PeerId): boolean {
    return canSignal(this.#core, to);
  }

  setInput(input: PlayerInput): void {
    this.#core.intent.set(input);
  }

  wantsInput(nowMs: number): boolean {
    const core = this.#core;
    return core.player >= 0 && nowMs >= core.dueMs && this.#isInputTick(core.nextTick);
  }

  #isInputTick(tick: number): boolean {
    const { stage, options } = this.#core;
    const interval = Math.max(1, Math.round(stage!.settings.config.tickRateHz / options.inputRateHz));
    return tick % interval === 0;
  }

  get nextDueMs(): number {
    const { rendezvous, careDueMs, dueMs, stage } = this.#core;
    return Math.min(rendezvous.nextDueMs, careDueMs, dueMs, stage?.ledger.nextDueMs ?? Number.POSITIVE_INFINITY);
  }

  advance(nowMs: number): boolean {
    const core = this.#core;
    core.nowMs = nowMs;
    if (core.state === 'refused') return false;
    core.rendezvous.advance(nowMs);
    this.#followRendezvous(nowMs);
    core.stage?.ledger.advance(nowMs);
    if (nowMs >= core.careDueMs) {
      core.careDueMs = nowMs + CARE_EVERY_MS;
      if (core.stage) careForLinks(core, nowMs);
    }
    if (nowMs < core.dueMs) return false;
    this.#step(nowMs);
    return nowMs >= core.dueMs;
  }

  /** Takes over what the rendezvous has decided: the room, who takes part, and that we do. */
  #followRendezvous(nowMs: number): void {
    const core = this.#core;
    const { rendezvous } = core;
    if (rendezvous.state === 'refused' && core.player < 0) {
      core.state = 'refused';
      core.refusal = rendezvous.refusal;
      core.dueMs = Number.POSITIVE_INFINITY;
      return;
    }
    if (!core.stage && rendezvous.settings) this.#enter(rendezvous.settings);
    if (!core.stage || !rendezvous.epoch) return;
    if (rendezvous.introduced !== core.introduced) {
      core.introduced = rendezvous.introduced;
      hearStrangers(core, core.introduced, nowMs);
    }
    if (rendezvous.epoch !== core.epoch) this.#takeEpoch(nowMs);
    // The room's time may become known later than the epoch.
    else if (core.player < 0) this.#takeSeat(nowMs);
  }

  #enter(bytes: Uint8Array): void {
    const core = this.#core;
    try {
      const settings = decodeMeshSettings(bytes);
      core.stage = createStage(core, settings, (to, message) => sendAnyhow(core, to, message, core.nowMs));
      core.trust = attachTrust(core, settings);
    } catch (error) {
      if (!(error instanceof ProtocolError) && !(error instanceof RangeError)) throw error;
      core.stage = null;
      core.state = 'refused';
      core.refusal = `this room is no mesh: ${error.message}`;
    }
  }

  #takeEpoch(nowMs: number): void {
    const core = this.#core;
    const { rendezvous } = core;
    const stage = core.stage!;
    const epoch = rendezvous.epoch!;
    const isNewLine = core.epoch?.line !== epoch.line;
    if (isNewLine && core.epoch) this.#forgetMatch(nowMs);
    const before = core.epoch;
    core.epoch = epoch;
    core.trust?.epochChanged(isNewLine, nowMs);
    stage.ledger.epochChanged((number) => rendezvous.epochAt(number), epoch, rendezvous.seat, nowMs);
    for (const other of core.others.values()) {
      const seat = epoch.seatOf(other.id);
      const slot = seat?.slot ?? -1;
      // Its program was started anew: what is left of the link leads to the one before.
      const isReborn = seat !== undefined && !isNewLine && seat.life !== (before?.seatOf(other.id)?.life ?? seat.life);
      if (isReborn) isGone(core, other);
      if (slot === other.slot) continue;
      const wasSeated = other.slot >= 0;
      const { state } = other;
      vanish(core, other);
      other.slot = slot;
      if (slot < 0 && wasSeated) isGone(core, other);
      else if (state) {
        other.state = state;
        showOther(core, other, nowMs);
      }
    }
    this.#takeSeat(nowMs);
  }

  #takeSeat(nowMs: number): void {
    const core = this.#core;
    const seat = core.rendezvous.seat;
    const { player } = core;
    if (!seat || Number.isNaN(core.rendezvous.roomTimeMs(nowMs))) {
      if (!seat && player >= 0) this.#loseSeat();
      return;
    }
    if (seat.slot !== player) {
      if (player >= 0) this.#loseSeat();
      const timeMs = this.#timeMs(seat.slot, nowMs);
      core.nextTick = Math.floor(timeMs / this.tickMs) + 1;
      core.dueMs = nowMs + core.nextTick * this.tickMs - timeMs;
      appear(core, seat.slot);
      core.state = 'playing';
      this.#joined(seat.slot, core.wasAway || isWho(core.options.resumeToken, this.self));
    } else if (core.wasAway && !seat.isAway) this.#joined(seat.slot, true);
    core.wasAway = seat.isAway;
  }

  #joined(player: number, resumed: boolean): void {
    const { options, outbox } = this.#core;
    outbox.tell({ type: 'joined', peer: this.self, player, name: options.name, resumed });
  }

  /** Another match was founded in the room: what was believed of the one before is void. */
  #forgetMatch(nowMs: number): void {
    const core = this.#core;
    if (core.player >= 0) this.#loseSeat();
    for (const other of core.others.values()) {
      vanish(core, other);
      other.slot = -1;
      other.lastHeardMs = nowMs;
    }
    core.credited.clear();
    core.news = [];
  }

  /** The others have given up on us: we come in again as somebody new. */
  #loseSeat(): void {
    const core = this.#core;
    clearSlot(core.stage!, core.player);
    core.told = new Uint8Array(0);
    core.player = -1;
    core.state = 'joining';
    core.dueMs = Number.POSITIVE_INFINITY;
    core.buying = 0;
    core.isViewFresh = false;
  }

  /** The room's time less the phase of a slot: its ticks are multiples of a tick's length in that. NaN while it is not known. */
  #timeMs(slot: number, nowMs: number): number {
    return this.#core.rendezvous.roomTimeMs(nowMs) - phaseOf(slot) * this.tickMs;
  }

  /** One tick of the own avatar. */
  #step(nowMs: number): void {
    const core = this.#core;
    const stage = core.stage!;
    const { tickMs } = this;
    const knownMs = this.#timeMs(core.player, nowMs);
    // Between two matches nobody knows the time: the own one goes on.
    const timeMs = Number.isNaN(knownMs) ? core.nextTick * tickMs + nowMs - core.dueMs : knownMs;
    // After a stall the others have gone on: what is too old to matter is skipped.
    core.nextTick = Math.max(core.nextTick, Math.floor(timeMs / tickMs) - MAX_BACKLOG_TICKS);
    const tick = core.nextTick++;
    const dueMs = core.dueMs;
    if (this.#isInputTick(tick)) {
      core.taken = { ...core.intent.input };
      core.counters.inputs++;
      core.outbox.tell({ type: 'input', tick, dueMs });
      core.outbox.tell({ type: 'echo', tick, afterMs: nowMs - dueMs });
    }
    stepAvatar(core, tick, nowMs);
    layKnownCoins(stage);
    core.isViewFresh = false;
    core.counters.snapshots++;
    tellState(core, tick, nowMs);
    prepareReturn(core);
    core.onTick(tick, dueMs, nowMs);
    // Between two ticks a shot that is told late may still hit: that belongs to the next.
    stage.world.events.count = 0;
    core.outbox.tell({ type: 'snapshot', tick });
    const shouldMs = nowMs + core.nextTick * tickMs - timeMs;
    const bend = Math.max(-MAX_BEND * tickMs, Math.min(MAX_BEND * tickMs, (shouldMs - dueMs - tickMs) * GAIN));
    const straightMs = dueMs + tickMs + bend;
    core.dueMs = Math.abs(shouldMs - straightMs) > MAX_BACKLOG_TICKS * tickMs ? shouldMs : straightMs;
  }

  drain(): readonly Request[] {
    return this.#core.outbox.drain();
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#core.outbox.takeEvents();
  }

  leave(nowMs: number): void {
    const core = this.#core;
    core.nowMs = nowMs;
    sayBye(core, nowMs);
    if (core.player >= 0) this.#loseSeat();
    core.dueMs = Number.POSITIVE_INFINITY;
    core.rendezvous.leave();
    core.state = 'connecting';
  }
}
