/**
 * The truth: a tick is stepped when the inputs of all who play in it are known, and is final then, unless the next view
 * says that somebody had left before it.
 */
import { Status } from '../../game/world.ts';
import { tellHeads } from './accusing.ts';
import { noteBlocked } from './blame.ts';
import { tellChecksums } from './checks.ts';
import { type Core, KEPT_S, newestWorldOf, ownSeatOf } from './core.ts';
import { NEVER } from './roster.ts';

/** Ticks up to the newest one that are looked at for inputs whose effect is to be seen now. */
const ECHO_TICKS = 16;

/** The truth may go as far as ticks have been due here; an observer follows as fast as it can. */
export function canStepTruth(core: Core): boolean {
  const { truth, timeline } = core.stage!;
  const tick = truth.tick + 1;
  if (core.role === 'member' && tick >= timeline.nextTick) return false;
  return knowsAll(core, tick);
}

export function knowsAll(core: Core, tick: number): boolean {
  for (const seat of core.roster.seats) {
    if (seat.firstTick <= tick && tick <= seat.lastTick && !seat.log.has(tick)) return false;
  }
  return true;
}

export function stepTruth(core: Core, nowMs: number): void {
  const { truth, guess, scene } = core.stage!;
  if (!canStepTruth(core)) {
    noteBlocked(core, nowMs);
    return;
  }
  while (canStepTruth(core)) {
    if (!guess) scene.beforeStep();
    truth.step(core.roster);
    confirmed(core, nowMs);
  }
  core.progressMs = nowMs;
  if (!guess) shown(core, truth.tick, nowMs);
  noteBlocked(core, nowMs);
  core.outbox.tell({ type: 'snapshot', tick: truth.tick });
}

/** A tick became final. */
function confirmed(core: Core, nowMs: number): void {
  const { truth, guess, scene, settings } = core.stage!;
  const { tick, world } = truth;
  core.counters.snapshots++;
  core.steppedMs[tick % core.steppedMs.length] = nowMs;
  scene.changed();
  core.tape?.note(world, truth.lastTaken);
  if (!guess) sit(core, tick);
  core.onConfirmed(world, tick, nowMs);
  const { tickRateHz } = settings.config;
  if (tick % tickRateHz === 0) {
    tellChecksums(core, tick, nowMs);
    tellHeads(core, tick, nowMs);
    core.roster.prune(tick - 2 * KEPT_S * tickRateHz);
  }
}

/** The own player is in the world from its first tick on. */
export function sit(core: Core, tick: number): void {
  if (core.player >= 0) return;
  const seat = ownSeatOf(core);
  if (!seat || tick < seat.firstTick) return;
  core.player = seat.slot;
  core.state = 'playing';
  const { peer, slot, name, resumes } = seat;
  core.outbox.tell({ type: 'joined', peer, player: slot, name, resumed: resumes });
}

/** The newest tick that the own player sees moved on: its inputs up to there have their effect. */
export function shown(core: Core, tick: number, nowMs: number): void {
  core.stage!.scene.changed();
  for (let t = tick; t > tick - ECHO_TICKS && t >= 0; t--) {
    const at = t % core.inputDueMs.length;
    const dueMs = core.inputDueMs[at]!;
    if (Number.isNaN(dueMs)) continue;
    core.inputDueMs[at] = Number.NaN;
    core.outbox.tell({ type: 'echo', tick: t, afterMs: nowMs - dueMs });
  }
  core.shownMs = nowMs;
  if (Number.isNaN(core.waitingSinceMs)) return;
  const waitedMs = nowMs - core.waitingSinceMs;
  core.waitingSinceMs = Number.NaN;
  if (waitedMs <= 0) return;
  core.counters.stalls++;
  core.outbox.tell({ type: 'stalled', tick, waitedMs });
}

/** Undoes what was stepped from a tick on; false when that lies too far back. */
export function revise(core: Core, affected: number): boolean {
  const { truth, guess, scene, watch } = core.stage!;
  if (affected === NEVER) return true;
  if (affected <= truth.tick) {
    if (!truth.goBack(affected - 1)) return false;
    watch.retract(affected);
    core.tape?.retract(affected);
  }
  if (guess && affected <= guess.tick) {
    const until = guess.tick;
    if (!guess.goBack(affected - 1)) guess.load(truth.state(truth.tick)!);
    while (guess.tick < until) guess.step(core.roster);
  }
  core.checkedTick = Math.min(core.checkedTick, affected - 1);
  scene.changed();
  if (core.player >= 0 && newestWorldOf(core)!.players.status[core.player] === Status.empty) core.player = -1;
  return true;
}
