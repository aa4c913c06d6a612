/**
 * What the network panel shows of a client, from the session's own counters and events: windowed rates, the newest
 * snapshot's age, and one record per snapshot for the lagometer.
 */

import { SUBUNITS } from '../../game/constants.ts';
import type { EndStats } from '../../links/client-end.ts';
import { type ClientSession, INTERPOLATION_DELAY_TICKS } from '../../netcode/client-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { Peak, Rates } from './rates.ts';

/** Snapshots that the lagometer remembers. */
export const LAG_RECORDS = 128;

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
  /** Records so far; the newest is at `(written - 1) % LAG_RECORDS`. */
  written = 0;
  readonly records: LagRecord[] = Array.from({ length: LAG_RECORDS }, () => ({
    latencyMs: 0,
    marginMs: 0,
    missed: 0,
    corrected: 0,
  }));
  readonly #session: ClientSession;
  readonly #rates = new Rates(['sentBytes', 'receivedBytes', 'snapshots', 'missed']);
  readonly #correction = new Peak();
  #missedBefore = 0;
  #arrivedMs = Number.NaN;
  #pendingCorrection = 0;

  constructor(session: ClientSession) {
    this.#session = session;
  }

  get upKbps(): number {
    return (this.#rates.perS('sentBytes') * 8) / 1000;
  }

  get downKbps(): number {
    return (this.#rates.perS('receivedBytes') * 8) / 1000;
  }

  get snapshotsPerS(): number {
    return this.#rates.perS('snapshots');
  }

  /** Share of the snapshots of the last 2 s that never came. */
  get lossRatio(): number {
    const missed = this.#rates.perS('missed');
    return missed === 0 ? 0 : missed / (missed + this.snapshotsPerS);
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
    return this.#correction.at(nowMs);
  }

  onEvent(event: SessionEvent, nowMs: number): void {
    if (event.type === 'corrected') {
      const units = event.distance / SUBUNITS;
      this.#correction.note(units, nowMs);
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
  sample({ sentBytes, receivedBytes }: EndStats, nowMs: number): void {
    const { snapshots, snapshotsMissed, snapshotsLate } = this.#session.counters;
    // What came after a newer one was overtaken, not lost.
    const missed = snapshotsMissed - snapshotsLate;
    this.#rates.sample(nowMs, () => ({ sentBytes, receivedBytes, snapshots, missed }));
  }
}
