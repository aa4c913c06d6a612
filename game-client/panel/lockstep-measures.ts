/**
 * What the network panel shows of a lockstep peer: how often and how long it waited or went back, what was compared with
 * the others, and one record per tick for the lagometer.
 */
import { SUBUNITS } from '../../game/constants.ts';
import type { PeerDriver } from '../../links/peer-driver.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import type { Desync, SessionEvent } from '../../netcode/session.ts';
import { LAG_RECORDS } from './measures.ts';
import { Peak, Rates } from './rates.ts';

/** What happened until one more tick could be shown. */
export interface TickRecord {
  /** How long the tick waited for somebody's input after it was due. */
  waitedMs: number;
  /** How early the slowest peer's inputs come; negative: late. */
  spareMs: number;
  /** Ticks that were stepped again. */
  depthTicks: number;
  /** Units by which that moved oneself. */
  corrected: number;
  /** Somebody was dropped or let in. */
  viewChanged: boolean;
}

const RATES = ['sentBytes', 'receivedBytes', 'relayedBytes', 'rollbacks', 'depthTicks', 'stalls', 'waitedMs'] as const;

export class LockstepMeasures {
  /** Records so far; the newest is at `(written - 1) % LAG_RECORDS`. */
  written = 0;
  readonly records: TickRecord[] = Array.from({ length: LAG_RECORDS }, () => ({
    waitedMs: 0,
    spareMs: 0,
    depthTicks: 0,
    corrected: 0,
    viewChanged: false,
  }));
  /** The newest difference that was found between this world and another's; null while there is none. */
  desync: Desync | null = null;
  readonly #driver: PeerDriver<LockstepSession>;
  readonly #rates = new Rates(RATES);
  readonly #correction = new Peak();
  readonly #wait = new Peak();
  #tick = -1;
  #depthTicks = 0;
  #waitedMs = 0;
  #pending = { waitedMs: 0, depthTicks: 0, corrected: 0, viewChanged: false };

  constructor(driver: PeerDriver<LockstepSession>) {
    this.#driver = driver;
  }

  get upKbps(): number {
    return (this.#rates.perS('sentBytes') * 8) / 1000;
  }

  get downKbps(): number {
    return (this.#rates.perS('receivedBytes') * 8) / 1000;
  }

  /** Share of all bytes, in both directions, that went by way of the rendezvous. */
  get relayedRatio(): number {
    const all = this.#rates.perS('sentBytes') + this.#rates.perS('receivedBytes');
    return all === 0 ? 0 : this.#rates.perS('relayedBytes') / all;
  }

  get rollbacksPerS(): number {
    return this.#rates.perS('rollbacks');
  }

  /** Mean ticks of a rollback. */
  get depthTicks(): number {
    return this.rollbacksPerS === 0 ? 0 : this.#rates.perS('depthTicks') / this.rollbacksPerS;
  }

  get stallsPerS(): number {
    return this.#rates.perS('stalls');
  }

  /** Longest wait of the last second. */
  longestWaitMs(nowMs: number): number {
    return this.#wait.at(nowMs);
  }

  /** Greatest correction of the own place in the last second, in units. */
  correction(nowMs: number): number {
    return this.#correction.at(nowMs);
  }

  onEvent(event: SessionEvent, nowMs: number): void {
    const pending = this.#pending;
    switch (event.type) {
      case 'stalled':
        pending.waitedMs = Math.max(pending.waitedMs, event.waitedMs);
        this.#waitedMs += event.waitedMs;
        this.#wait.note(event.waitedMs, nowMs);
        return;
      case 'rollback':
        pending.depthTicks = Math.max(pending.depthTicks, event.depthTicks);
        this.#depthTicks += event.depthTicks;
        return;
      case 'corrected':
        pending.corrected = Math.max(pending.corrected, event.distance / SUBUNITS);
        this.#correction.note(event.distance / SUBUNITS, nowMs);
        return;
      case 'viewChanged':
        pending.viewChanged = true;
        return;
      case 'desync':
        this.desync = event;
        return;
      default:
        return;
    }
  }

  /** Call often: it notes the ticks that have passed, and looks at the counters four times a second. */
  sample(nowMs: number): void {
    const { session } = this.#driver;
    const tick = session.view?.tick ?? -1;
    if (tick > this.#tick) this.#record();
    this.#tick = tick;
    this.#rates.sample(nowMs, () => {
      const { direct, relayed, rendezvous } = this.#driver.totals();
      return {
        sentBytes: direct.sentBytes + rendezvous.sentBytes,
        receivedBytes: direct.receivedBytes + rendezvous.receivedBytes,
        relayedBytes: relayed.sentBytes + relayed.receivedBytes,
        rollbacks: session.counters.rollbacks,
        depthTicks: this.#depthTicks,
        stalls: session.counters.stalls,
        waitedMs: this.#waitedMs,
      };
    });
  }

  #record(): void {
    const { session } = this.#driver;
    let spareTicks = Number.POSITIVE_INFINITY;
    for (const { peer } of session.roster.members) {
      spareTicks = Math.min(spareTicks, session.peers.get(peer)?.marginTicks ?? Number.POSITIVE_INFINITY);
    }
    const record = this.records[this.written % LAG_RECORDS]!;
    Object.assign(record, this.#pending);
    record.spareMs = Number.isFinite(spareTicks) ? spareTicks * session.tickMs : 0;
    this.#pending = { waitedMs: 0, depthTicks: 0, corrected: 0, viewChanged: false };
    this.written += 1;
  }
}
