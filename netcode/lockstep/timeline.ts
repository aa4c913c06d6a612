/**
 * When ticks are due here, and how this peer keeps step with the others. Every message of a peer says where on its
 * timeline it was sent; with half the round trip added, each peer knows how far it is ahead of the others, and runs a
 * little slower or faster until their mean is its own (the time synchronisation of GGPO, Cannon 2006, for more than two).
 */

/** Ticks that are made up for after a stall; more are let go, for the others have waited as well. */
const MAX_BACKLOG_TICKS = 3;
/** Share of the distance to the others that is corrected per tick, and the most that time may be bent. */
const GAIN = 0.02;
const MAX_BEND = 0.05;

export class Timeline {
  readonly tickMs: number;
  /** The tick that is due next, and when. */
  nextTick = 0;
  dueMs = Number.POSITIVE_INFINITY;

  constructor(tickRateHz: number) {
    this.tickMs = 1000 / tickRateHz;
  }

  /** Begins, or begins anew: `tick` is due at `dueMs`. */
  start(tick: number, dueMs: number): void {
    this.nextTick = tick;
    this.dueMs = dueMs;
  }

  /** Where on the timeline a moment lies, in ticks; it stands still while a due tick cannot be stepped. */
  position(nowMs: number): number {
    return Math.min(this.nextTick, this.nextTick - (this.dueMs - nowMs) / this.tickMs);
  }

  /** When a tick is or was due. */
  dueOf(tick: number): number {
    return this.dueMs + (tick - this.nextTick) * this.tickMs;
  }

  /** The due tick was taken; `aheadTicks`: how far this peer is ahead of the mean of all. */
  advance(nowMs: number, aheadTicks: number): void {
    const bend = Math.max(-MAX_BEND, Math.min(MAX_BEND, aheadTicks * GAIN));
    this.nextTick++;
    const earliestMs = nowMs - MAX_BACKLOG_TICKS * this.tickMs;
    this.dueMs = Math.max(this.dueMs + this.tickMs * (1 + bend), earliestMs);
  }
}

/** Late arrivals are answered at once, early ones given back slowly: delay is felt less than stalls. */
const RAISE_BELOW_TICKS = 0.2;
const LOWER_ABOVE_TICKS = 1.4;
const LOWER_AFTER_MS = 2000;
/** A changed delay shows in the reports, which look back over a second, only after a while. */
const SETTLE_MS = 1200;

export interface DelayLimits {
  leastTicks: number;
  mostTicks: number;
  /** How late an input may come to the slowest healthy peer: with rollback it may. */
  lateTicks: number;
}

/** The input delay: as short as the slowest healthy peer allows, within limits. */
export class InputDelay {
  ticks: number;
  readonly #limits: DelayLimits;
  #settledMs = Number.NEGATIVE_INFINITY;
  /** The least margin since it was last comfortable for a while, and since when it is. */
  #spareTicks = Number.POSITIVE_INFINITY;
  #comfortableMs = 0;

  constructor(limits: DelayLimits) {
    this.#limits = limits;
    this.ticks = limits.leastTicks;
  }

  /** `marginTicks`: how early our inputs came, at worst, as the slowest healthy peer reports; Infinity without reports. */
  adapt(marginTicks: number, nowMs: number): void {
    const { leastTicks, mostTicks, lateTicks } = this.#limits;
    const margin = marginTicks + lateTicks;
    if (margin <= LOWER_ABOVE_TICKS) {
      this.#comfortableMs = nowMs;
      this.#spareTicks = Number.POSITIVE_INFINITY;
    }
    this.#spareTicks = Math.min(this.#spareTicks, margin);
    if (nowMs < this.#settledMs) return;
    if (margin < RAISE_BELOW_TICKS && this.ticks < mostTicks) {
      this.#change(Math.ceil(RAISE_BELOW_TICKS - margin), nowMs);
    } else if (this.ticks > leastTicks && nowMs - this.#comfortableMs > LOWER_AFTER_MS) {
      this.#change(-Math.max(1, Math.floor(Math.min(this.#spareTicks, mostTicks) - LOWER_ABOVE_TICKS)), nowMs);
    }
    this.ticks = Math.max(leastTicks, Math.min(mostTicks, this.ticks));
  }

  #change(byTicks: number, nowMs: number): void {
    this.ticks += byTicks;
    this.#comfortableMs = nowMs;
    this.#spareTicks = Number.POSITIVE_INFINITY;
    this.#settledMs = nowMs + SETTLE_MS;
  }

  /** Somebody came or went: what was reported until now says nothing for a while. */
  pause(nowMs: number): void {
    this.#settledMs = nowMs + SETTLE_MS;
    this.#comfortableMs = nowMs;
    this.#spareTicks = Number.POSITIVE_INFINITY;
  }
}
