/**
 * Keeps the truth of a match that nobody decides: one peer's final worlds, and when each tick was due and first stepped
 * there. Waiting for others' inputs is lateness, as it is when an authority comes late to a tick.
 */
import type { World } from '../../game/world.ts';
import type { AuthorityRecorder } from '../../metrics/authority-recorder.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';

/** More than there can be between a tick's first step and its being final. */
const KEPT_TICKS = 256;

export class TruthKeeper {
  readonly #recorder: AuthorityRecorder;
  readonly #session: LockstepSession;
  readonly #nowMs: () => number;
  #executed = new Int32Array(0);
  /** Ticks that were stepped on predictions, by tick modulo length. */
  readonly #predicted = Array.from({ length: KEPT_TICKS }, () => ({ tick: -1, dueMs: 0, startMs: 0, endMs: 0 }));
  /** The last tick for which an input was taken, and when it was due: from there it is counted on. */
  #known = { tick: -1, dueMs: Number.NaN };
  /** The newest tick that this peer has stepped, predicted or final. */
  #front = -1;
  #beganMs = 0;
  /** Until here the time of the current turn belongs to ticks. */
  #countedMs = 0;
  /** Time since the last tick that belongs to none. */
  #betweenMs = 0;
  #lastTick = -1;

  constructor(recorder: AuthorityRecorder, session: LockstepSession, nowMs: () => number) {
    this.#recorder = recorder;
    this.#session = session;
    this.#nowMs = nowMs;
  }

  /** A turn of the session begins. */
  begin(): void {
    this.#beganMs = this.#nowMs();
    this.#countedMs = this.#beganMs;
  }

  /** A turn ends: what was due has been done, and was handed to the links. */
  end(): void {
    const endMs = this.#nowMs();
    const front = this.#session.world?.match.tick[0] ?? -1;
    if (front > this.#session.confirmedTick) {
      for (let tick = Math.max(this.#front + 1, front - KEPT_TICKS); tick <= front; tick++) {
        const dueMs = Math.min(this.#beganMs, this.#dueOf(tick));
        this.#predicted[tick % KEPT_TICKS] = { tick, dueMs, startMs: this.#beganMs, endMs };
        this.#countedMs = endMs;
      }
    }
    this.#front = front;
    this.#betweenMs += endMs - this.#countedMs;
  }

  /** The session took an input that was due at `dueMs`, for the newest of its ticks at which one may be taken. */
  inputTaken(dueMs: number): void {
    const { inputTick, delayTicks, settings, options } = this.#session;
    const interval = Math.max(1, Math.round(settings!.config.tickRateHz / options.inputRateHz));
    const newest = inputTick - delayTicks;
    this.#known = { tick: newest - (newest % interval), dueMs };
  }

  /** Ticks are a tick apart, but for what little the peers bend their time to keep step. */
  #dueOf(tick: number): number {
    const { tick: known, dueMs } = this.#known;
    return known < 0 ? Number.POSITIVE_INFINITY : dueMs + (tick - known) * this.#session.tickMs;
  }

  /** A tick became final, and `world` is as it left it. */
  confirmed(world: World, tick: number): void {
    // A change of the members may make ticks again that only a few had done; a tape goes forward only.
    if (tick <= this.#lastTick) return;
    this.#lastTick = tick;
    const predicted = this.#predicted[tick % KEPT_TICKS]!;
    const startMs = this.#countedMs;
    const endMs = this.#nowMs();
    const times = predicted.tick === tick ? predicted : { dueMs: Math.min(startMs, this.#dueOf(tick)), startMs, endMs };
    if (predicted.tick !== tick) this.#countedMs = endMs;
    const { dueMs } = times;
    this.#recorder.tick({
      tick,
      dueMs,
      startMs: times.startMs,
      endMs: times.endMs,
      receiveMs: this.#betweenMs,
      world,
      executedInputTick: this.#seated(tick, world.arena.capacity),
    });
    this.#betweenMs = 0;
  }

  /** All share one timeline: whoever has a seat has executed its input of this tick. */
  #seated(tick: number, capacity: number): Int32Array {
    if (this.#executed.length !== capacity) this.#executed = new Int32Array(capacity);
    this.#executed.fill(-1);
    for (const { slot, firstTick, lastTick } of this.#session.roster.seats) {
      if (firstTick <= tick && tick <= lastTick) this.#executed[slot] = tick;
    }
    return this.#executed;
  }
}
