/**
 * The ticks of a client's own timeline. The authority reports how early inputs arrive (`margin`), and a client that
 * predicts runs its timeline a little faster or slower until they arrive just in time.
 */

/** A client that was suspended for longer skips the time instead of sending it all at once. */
const MAX_BACKLOG_MS = 1000;
/** More than any margin that an authority reports. */
const NO_MARGIN = 127;

export interface ClientTimelineOptions {
  inputRateHz: number;
  /** It has all ticks, and not only those in which it takes an input. */
  prediction: boolean;
}

export class ClientTimeline {
  /** The newest one; −1 before the first. */
  tick = -1;
  /** When the next one is due; Infinity while time stands still. */
  dueMs = Number.POSITIVE_INFINITY;
  /** NaN before the first start. */
  tickMs = Number.NaN;
  readonly #options: ClientTimelineOptions;
  /** Ticks between two inputs. */
  #interval = 1;
  /** Margins that are heard of in a second. */
  #samplesPerS = 1;
  #leastMargin = NO_MARGIN;
  #samples = 0;
  #speed = 1;

  constructor(options: ClientTimelineOptions) {
    this.#options = options;
  }

  /** Goes on from the newest tick, now. */
  start(tickRateHz: number, snapshotRateHz: number, nowMs: number): void {
    this.tickMs = 1000 / tickRateHz;
    this.dueMs = nowMs;
    this.#interval = Math.max(1, Math.round(tickRateHz / this.#options.inputRateHz));
    this.#samplesPerS = snapshotRateHz;
    this.#resetMargin();
  }

  /** Time stands still until the next start. */
  stop(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
  }

  /** Whether an input is taken for a tick. */
  takesInput(tick: number): boolean {
    return !this.#options.prediction || tick % this.#interval === 0;
  }

  /** Goes on to the next tick with something to do, which must be due; returns when it was. */
  next(nowMs: number): number {
    this.#skipBacklog(nowMs);
    const { dueMs, tickMs } = this;
    if (this.#options.prediction) {
      this.tick += 1;
      this.dueMs = dueMs + tickMs / this.#speed;
    } else {
      // Nothing to do between two inputs; who predicts does so every tick.
      this.tick += this.tick < 0 ? 1 : this.#interval;
      this.dueMs = dueMs + tickMs * this.#interval;
    }
    return dueMs;
  }

  #skipBacklog(nowMs: number): void {
    const behindMs = nowMs - this.dueMs;
    if (behindMs < MAX_BACKLOG_MS) return;
    const skipped = Math.floor(behindMs / (this.tickMs * this.#interval)) * this.#interval;
    this.tick += skipped;
    this.dueMs += skipped * this.tickMs;
  }

  /** How much of the time between the newest tick and the next has passed. */
  share(nowMs: number): number {
    return Math.max(0, Math.min(1, 1 - (this.dueMs - nowMs) / this.tickMs));
  }

  /**
   * Runs 5 % faster while inputs come too late, and 2 % slower while they come more than a tick before they are needed,
   * judged by the least margin of each second.
   */
  steer(marginTicks: number): void {
    this.#leastMargin = Math.min(this.#leastMargin, marginTicks);
    if (++this.#samples < this.#samplesPerS) return;
    this.#speed = this.#leastMargin < 1 ? 1.05 : this.#leastMargin > 1 ? 0.98 : 1;
    this.#resetMargin();
  }

  #resetMargin(): void {
    this.#leastMargin = NO_MARGIN;
    this.#samples = 0;
  }
}
