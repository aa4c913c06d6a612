/**
 * The front: when a tick is due, the own input for some ticks later is taken and told, and, with rollback, the tick is
 * stepped on predictions, after what was predicted wrong before it has been corrected.
 */

import { type Core, ownSeatOf } from './core.ts';
import { packInput, predictedAfter } from './input-word.ts';
import { isSuspected } from './members.ts';
import { knowsAll, shown, sit } from './stepping.ts';
import { tellInputs } from './talking.ts';
import type { WorldLine } from './world-line.ts';

/** Ticks that may be stepped on predictions. */
export const MAX_ROLLBACK_TICKS = 8;

/** Whether the newest tick was stepped, so that the next may be taken when it is due. */
export function isFrontReady(core: Core): boolean {
  const { truth, guess, timeline } = core.stage!;
  const { nextTick } = timeline;
  if (!guess) return truth.tick === nextTick - 1;
  return guess.tick >= nextTick - 1 && nextTick - truth.tick <= MAX_ROLLBACK_TICKS;
}

export function mayTakeTick(core: Core, nowMs: number): boolean {
  if (core.role !== 'member' || nowMs < core.stage!.timeline.dueMs) return false;
  if (isFrontReady(core)) return true;
  if (Number.isNaN(core.waitingSinceMs)) core.waitingSinceMs = Math.max(core.stage!.timeline.dueMs, core.shownMs);
  return false;
}

/** Whether the player's input is asked for in the tick that is due next. */
export function isInputTick(core: Core): boolean {
  return core.stage!.timeline.nextTick % inputInterval(core) === 0;
}

function inputInterval(core: Core): number {
  return Math.max(1, Math.round(core.stage!.settings.config.tickRateHz / core.options.inputRateHz));
}

/** One tick of the own timeline: take the input, tell it, step as far as possible. */
export function takeTick(core: Core, nowMs: number): void {
  const { timeline, guess } = core.stage!;
  const tick = timeline.nextTick;
  const { dueMs } = timeline;
  adapt(core, nowMs);
  takeInput(core, tick, dueMs, nowMs);
  timeline.advance(nowMs, aheadOfMean(core));
  tellInputs(core, nowMs);
  if (guess) predict(core, guess, tick, nowMs);
  else if (!knowsAll(core, tick)) core.waitingSinceMs = Math.max(dueMs, core.shownMs);
}

/** The delay follows the slowest member that is not suspected. */
function adapt(core: Core, nowMs: number): void {
  let margin = Number.POSITIVE_INFINITY;
  for (const peer of core.peers.values()) {
    if (core.roster.member(peer.id) && !isSuspected(peer, nowMs)) margin = Math.min(margin, peer.ourMarginTicks);
  }
  core.stage!.delay.adapt(margin, nowMs);
}

function aheadOfMean(core: Core): number {
  let sum = 0;
  let count = 1;
  for (const peer of core.peers.values()) {
    if (!core.roster.member(peer.id)) continue;
    sum += peer.aheadTicks;
    count++;
  }
  return sum / count;
}

function takeInput(core: Core, tick: number, dueMs: number, nowMs: number): void {
  const seat = ownSeatOf(core)!;
  const { log } = seat;
  const until = tick + core.stage!.delay.ticks;
  const first = log.through + 1;
  if (first > until) return;
  if (tick % inputInterval(core) === 0 && core.player >= 0) {
    core.word = packInput(core.intent.input, core.intent.takePurchase());
    core.counters.inputs++;
    core.inputDueMs[first % core.inputDueMs.length] = dueMs;
    core.outbox.tell({ type: 'input', tick: first, dueMs });
  }
  for (let t = first; t <= until; t++) {
    core.stage!.commitments?.seal(seat, t, core.word);
    log.put(t, core.word);
    core.word = predictedAfter(core.word);
  }
  core.stage!.commitments?.open(core.roster, nowMs);
}

/** With rollback: corrects what was predicted wrong, then steps the newest tick. */
function predict(core: Core, guess: WorldLine, tick: number, nowMs: number): void {
  const { truth, scene } = core.stage!;
  const wrong = firstWrong(core, guess);
  if (wrong <= guess.tick) {
    scene.beforeCorrection();
    const until = guess.tick;
    if (!guess.goBack(wrong - 1)) guess.load(truth.state(truth.tick)!);
    const depthTicks = until - guess.tick;
    while (guess.tick < until) guess.step(core.roster);
    core.counters.rollbacks++;
    core.outbox.tell({ type: 'rollback', depthTicks });
    const distance = scene.corrected(core.player, nowMs);
    if (distance > 0) {
      core.counters.corrections++;
      core.outbox.tell({ type: 'corrected', distance });
    }
  }
  while (guess.tick < tick) {
    scene.beforeStep();
    guess.step(core.roster);
  }
  sit(core, guess.tick);
  shown(core, tick, nowMs);
}

/** The first tick that was stepped with another input than is known now; beyond the newest when none was. */
function firstWrong(core: Core, guess: WorldLine): number {
  for (let tick = Math.max(0, core.checkedTick + 1); tick <= guess.tick; tick++) {
    if (guess.state(tick) && guess.tookWrong(core.roster, tick)) return tick;
  }
  core.checkedTick = Math.min(core.stage!.truth.tick, guess.tick);
  return guess.tick + 1;
}
