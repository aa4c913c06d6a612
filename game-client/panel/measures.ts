/**
 * What the network panel shows, from the session's own counters and events: windowed rates, the newest snapshot's age,
 * and one record per snapshot for the lagometer. Nothing is allocated after construction.
 */

import { SUBUNITS } from '../../game/constants.ts';
import type { EndStats } from '../../links/client-end.ts';
import { type ClientSession, INTERPOLATION_DELAY_TICKS } from '../../netcode/client-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';

/** Snapshots that the lagometer remembers. */
export const LAG_RECORDS = 128;
const SAMPLE_EVERY_MS = 250;
/** Rates are over this many samples: 2 s. */
const SAMPLES = 8;
/** The greatest correction of this last time is shown. */
const CORRECTION_SHOWN_MS = 1000;

/** One snapshot, as it came. */
export interface LagRecord {
  /** From its making to its arrival, estimated: half a round trip, and what it waited longer than the quickest. */
  latencyMs: number;
  /** Time left until it was needed for drawing; negative when drawing had to wait for it. */
  marginMs: number;
  /** Snapshots that should have come between the one before and this. */
  missed: number;
  /** Units by which this snapshot corrected the prediction. */
  corrected: number;
}

export class Measures {
  upKbps = 0;
  downKbps = 0;
  lossRatio = 0;
  snapshotsPerS = 0;
  /** Records so far; the newest is at `(written - 1) % LAG_RECORDS`. */
  written = 0;
  readonly records: LagRecord[] = Array.from({ length: LAG_RECORDS }, () => ({
    latencyMs: 0,
    marginMs: 0,
    missed: 0,
    corrected: 0,
  }));
  readonly #session: ClientSession;
  readonly #ring = new Float64Array(SAMPLES * 5);
  #samples = 0;
  #sampleDueMs = 0;
  #missedBefore = 0;
  #arrivedMs = Number.NaN;
  #correction = 0;
  #correctionMs = 0;
  #pendingCorrection = 0;

  constructor(session: ClientSession) {
    this.#session = session;
  }

  /** The delay at which others are drawn. */
  get interpolationDelayMs(): number {
    const { view, snapshotRateHz } = this.#session;
    if (!view || snapshotRateHz === 0) return 0;
    const { tickRateHz } = view.arena.rules;
    const interval = Math.max(1, tickRateHz / snapshotRateHz);
    return (((INTERPOLATION_DELAY_TICKS - 1) * interval + 1) * 1000) / tickRateHz;
  }

  /** Age of the newest snapshot, from its making: half a round trip and the time since it came. */
  snapshotAgeMs(nowMs: number): number {
    return nowMs - this.#arrivedMs + this.#session.rttMs / 2;
  }

  /** Greatest correction of the last second, in units. */
  predictionError(nowMs: number): number {
    return nowMs - this.#correctionMs < CORRECTION_SHOWN_MS ? this.#correction : 0;
  }

  onEvent(event: SessionEvent, nowMs: number): void {
    if (event.type === 'corrected') {
      const units = event.distance / SUBUNITS;
      this.#correction = Math.max(this.predictionError(nowMs), units);
      this.#correctionMs = nowMs;
      this.#pendingCorrection = units;
    } else if (event.type === 'snapshot') {
      this.#record(event.tick, nowMs);
    }
  }

  #record(tick: number, nowMs: number): void {
    const session = this.#session;
    const tickMs = 1000 / session.view!.arena.rules.tickRateHz;
    const waitedMs = Math.max(0, (session.authorityTick(nowMs) - tick) * tickMs);
    const record = this.records[this.written % LAG_RECORDS]!;
    record.latencyMs = (Number.isNaN(session.rttMs) ? 0 : session.rttMs / 2) + waitedMs;
    record.marginMs = this.interpolationDelayMs - waitedMs;
    record.missed = session.counters.snapshotsMissed - this.#missedBefore;
    record.corrected = this.#pendingCorrection;
    this.#missedBefore = session.counters.snapshotsMissed;
    this.#pendingCorrection = 0;
    this.#arrivedMs = nowMs;
    this.written += 1;
  }

  /** Call often; it looks at the counters four times a second. */
  sample(stats: EndStats, nowMs: number): void {
    if (nowMs < this.#sampleDueMs) return;
    this.#sampleDueMs = nowMs + SAMPLE_EVERY_MS;
    const { counters } = this.#session;
    const ring = this.#ring;
    const at = (this.#samples % SAMPLES) * 5;
    if (this.#samples >= SAMPLES) {
      const seconds = (nowMs - ring[at]!) / 1000;
      const snapshots = counters.snapshots - ring[at + 3]!;
      // What came after a newer one was overtaken, not lost.
      const missed = Math.max(0, counters.snapshotsMissed - counters.snapshotsLate - ring[at + 4]!);
      // A new link counts from zero again: one odd window shows nothing rather than nonsense.
      this.upKbps = Math.max(0, ((stats.sentBytes - ring[at + 1]!) * 8) / 1000 / seconds);
      this.downKbps = Math.max(0, ((stats.receivedBytes - ring[at + 2]!) * 8) / 1000 / seconds);
      this.snapshotsPerS = snapshots / seconds;
      this.lossRatio = snapshots + missed > 0 ? missed / (snapshots + missed) : 0;
    }
    ring[at] = nowMs;
    ring[at + 1] = stats.sentBytes;
    ring[at + 2] = stats.receivedBytes;
    ring[at + 3] = counters.snapshots;
    ring[at + 4] = counters.snapshotsMissed - counters.snapshotsLate;
    this.#samples += 1;
  }
}
