/**
 * One peer of a match that nobody decides: everybody simulates everything from the same inputs. A peer takes its input
 * for a tick a little ahead (the input delay), sends it to all, and steps a tick when it knows everybody's. With
 * rollback it steps ahead on predictions instead, and goes back when one was wrong.
 *
 * A peer is a candidate until it holds the world, an observer until the members let it in, then a member. Who is a
 * member changes by views (roster.ts) on which a majority agrees (view-changer.ts); who is cut off with fewer waits.
 */
import { hashWords } from '../../game/checksum.ts';
import type { PlayerInput } from '../../game/input.ts';
import type { World } from '../../game/world.ts';
import { encodeMessage } from '../messages.ts';
import type { PeerSession } from '../peer-session.ts';
import { type LinkState, type PeerId, RENDEZVOUS, type Request, type SessionEvent } from '../session.ts';
import { askToPlay, follow } from './admission.ts';
import {
  type Core,
  confirmedTickOf,
  createCore,
  type LockstepOptions,
  newestWorldOf,
  ownSeatOf,
  selfOf,
} from './core.ts';
import { electorateOf, govern } from './governance.ts';
import { receive } from './hearing.ts';
import { becomeCandidate } from './roles.ts';
import { canStepTruth, stepTruth } from './stepping.ts';
import { isFrontReady, isInputTick, mayTakeTick, takeTick } from './taking-ticks.ts';
import { dial, greet, linkChanged, send } from './talking.ts';

export type { LockstepCounters, LockstepOptions, Role } from './core.ts';
export type { LockstepCrypto } from './signed-heads.ts';
export { MAX_ROLLBACK_TICKS } from './taking-ticks.ts';

/** Housekeeping, and repetition while nothing goes on. */
const CARE_EVERY_MS = 50;

export class LockstepSession implements PeerSession {
  readonly #core: Core;

  constructor(options: LockstepOptions, startMs: number) {
    this.#core = createCore(options, startMs, electorateOf);
  }

  // What the player and those who watch it see.

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
    return this.#core.peers;
  }

  get roster() {
    return this.#core.roster;
  }

  get state() {
    return this.#core.state;
  }

  get role() {
    return this.#core.role;
  }

  /** Slot of the own player; −1 before its first tick. */
  get player() {
    return this.#core.player;
  }

  /** Why it was refused; empty while it was not. */
  get refusal() {
    return this.#core.refusal;
  }

  /** Why this side waits: it is the smaller part of a broken network. Empty while it does not. */
  get halted() {
    return this.#core.halted;
  }

  get resumeToken() {
    return this.#core.resumeToken;
  }

  /** Null before the room was entered, as is the arena. */
  get settings() {
    return this.#core.stage?.settings ?? null;
  }

  get arena() {
    return this.#core.stage?.arena ?? null;
  }

  /** What happened, for a replay; null before the first world. */
  get tape() {
    return this.#core.tape;
  }

  /** Called after each tick that is final, with the world as it then is: for recorders. */
  get onConfirmed() {
    return this.#core.onConfirmed;
  }

  set onConfirmed(hook: (world: World, tick: number, nowMs: number) => void) {
    this.#core.onConfirmed = hook;
  }

  get self(): PeerId {
    return selfOf(this.#core);
  }

  /** The newest world: final without rollback, predicted with it. Null before there is one. */
  get world(): World | null {
    return newestWorldOf(this.#core);
  }

  /** The newest world that is final; null before there is one. */
  get confirmedWorld(): World | null {
    return this.#core.stage?.truth.world ?? null;
  }

  get view() {
    const { stage, player } = this.#core;
    return stage && player >= 0 ? stage.scene.view(player) : null;
  }

  /** What the own player sees of the final world: what recorders compare with the truth. */
  get confirmedView() {
    const { stage, player } = this.#core;
    return stage && player >= 0 ? stage.scene.confirmedView(player) : null;
  }

  /** What a page draws now: between the last two ticks, corrections smoothed. */
  drawn(nowMs: number) {
    const { stage, player } = this.#core;
    if (!stage || player < 0) return null;
    const { tickMs, dueMs } = stage.timeline;
    const share = 1 - Math.max(0, Math.min(1, (dueMs - nowMs) / tickMs));
    return stage.scene.drawn(player, share, nowMs);
  }

  get tickMs(): number {
    return this.#core.stage?.timeline.tickMs ?? Number.NaN;
  }

  get inputTick(): number {
    return ownSeatOf(this.#core)?.log.through ?? -1;
  }

  get confirmedTick(): number {
    return confirmedTickOf(this.#core);
  }

  /** Ticks between taking an input and the tick it counts for. */
  get delayTicks(): number {
    return this.#core.stage?.delay.ticks ?? 0;
  }

  /** The longest round trip to a member. NaN before any is known. */
  get rttMs(): number {
    let longest = Number.NaN;
    for (const { id, rttMs } of this.peers.values()) {
      if (this.roster.member(id) && !(rttMs <= longest)) longest = rttMs;
    }
    return longest;
  }

  /** The checksum of the final world after a tick; null when that is no longer kept, or not yet reached. */
  checksumAt(tick: number): number | null {
    const state = this.#core.stage?.truth.state(tick);
    return state ? hashWords(new Int32Array(state.buffer), 0, state.length / 4) : null;
  }

  get checksCompared(): number {
    return this.#core.stage?.watch.checksCompared ?? 0;
  }

  /** Whether anything ever went through the rendezvous because a direct link was missing. */
  get usesRelay(): boolean {
    return this.#core.wasRelayed;
  }

  // What drivers call.

  linkChanged(id: PeerId, state: LinkState, nowMs: number): void {
    const core = this.#core;
    if (id !== RENDEZVOUS) {
      linkChanged(core, id, state, nowMs);
      return;
    }
    if (state === 'up' && core.state === 'connecting') core.state = 'joining';
    core.rendezvous.linkChanged(state, nowMs);
    core.isInRoom = false;
  }

  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    if (this.#core.state !== 'refused') receive(this.#core, from, bytes, nowMs);
  }

  setInput(input: PlayerInput): void {
    this.#core.intent.set(input);
  }

  /** Whether the next `advance(nowMs)` takes the current input: set it right before. */
  wantsInput(nowMs: number): boolean {
    return this.player >= 0 && mayTakeTick(this.#core, nowMs) && isInputTick(this.#core);
  }

  get nextDueMs(): number {
    const core = this.#core;
    const due = Math.min(core.rendezvous.nextDueMs, core.careDueMs, core.changer.nextDueMs);
    if (core.role === 'candidate' || !core.stage) return due;
    if (canStepTruth(core)) return Number.NEGATIVE_INFINITY;
    if (core.role === 'member' && isFrontReady(core)) return Math.min(due, core.stage.timeline.dueMs);
    return due;
  }

  advance(nowMs: number): boolean {
    const core = this.#core;
    if (core.state === 'refused') return false;
    core.rendezvous.advance(nowMs);
    if (core.rendezvous.state !== 'entered') core.isInRoom = false;
    core.changer.advance(nowMs);
    if (nowMs >= core.careDueMs) this.#takeCare(nowMs);
    // Care may have changed the role.
    if (this.role === 'candidate') return false;
    stepTruth(core, nowMs);
    if (!mayTakeTick(core, nowMs)) return false;
    takeTick(core, nowMs);
    stepTruth(core, nowMs);
    return mayTakeTick(core, nowMs);
  }

  #takeCare(nowMs: number): void {
    const core = this.#core;
    core.careDueMs = nowMs + CARE_EVERY_MS;
    if (!core.stage) return;
    dial(core, nowMs);
    for (const peer of core.peers.values()) {
      peer.line.advance(nowMs);
      greet(core, peer, nowMs);
      if (peer.link === 'down' && !core.rendezvous.peers.has(peer.id) && !core.roster.member(peer.id))
        core.peers.delete(peer.id);
    }
    if (core.role === 'candidate') askToPlay(core, nowMs);
    else if (core.role === 'observer') follow(core, nowMs);
    else govern(core, nowMs);
  }

  drain(): readonly Request[] {
    return this.#core.outbox.drain();
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#core.outbox.takeEvents();
  }

  /** Leaves for good: the others are told, so that nobody waits for us. */
  leave(nowMs: number): void {
    const core = this.#core;
    const bye = encodeMessage({ type: 'bye', text: 'left' });
    for (const peer of core.peers.values()) {
      // Twice, for datagrams get lost and there will be no third chance.
      if (peer.isReachable) for (let i = 0; i < 2; i++) send(core, peer.id, bye.slice());
    }
    becomeCandidate(core, nowMs);
    core.rendezvous.leave();
    core.state = 'connecting';
  }
}
