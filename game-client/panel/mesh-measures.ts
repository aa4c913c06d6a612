/**
 * What the network panel shows of a peer of a mesh: what is told and heard per second, over all links and over each, how
 * old what it believes is, and one record per own tick for the lagometer.
 */
import { SUBUNITS } from '../../game/constants.ts';
import { type Bodies, movePlayer } from '../../game/step.ts';
import type { PeerDriver } from '../../links/peer-driver.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { AvatarState } from '../../netcode/mesh/state-codec.ts';
import type { PeerId, SessionEvent } from '../../netcode/session.ts';
import { LAG_RECORDS } from './measures.ts';
import { Peak, Rates } from './rates.ts';

/** What happened since the own tick before. */
export interface MeshTick {
  /** States of others that came. */
  heard: number;
  /** By which what is believed of those in sight is older than the own tick: on the whole, and at most. */
  meanAgeTicks: number;
  mostAgeTicks: number;
  /** Units by which somebody was misjudged until it told anew. */
  misjudged: number;
  hasLostLink: boolean;
}

const RATES = ['sentBytes', 'receivedBytes', 'relayedBytes', 'told', 'heard', 'forwarded', 'linksOpened'] as const;
/** Nobody is carried on for longer than this when it is drawn. */
const MAX_AHEAD_TICKS = 8;
/** Farther off, an avatar was put somewhere else, and not misjudged. */
const MOST_MISJUDGED_UNITS = 96;

export class MeshMeasures {
  /** Records so far; the newest is at `(written - 1) % LAG_RECORDS`. */
  written = 0;
  readonly records: MeshTick[] = Array.from({ length: LAG_RECORDS }, () => ({
    heard: 0,
    meanAgeTicks: 0,
    mostAgeTicks: 0,
    misjudged: 0,
    hasLostLink: false,
  }));
  /** By how much the own ticks are ahead of the room's time; negative: behind. NaN before the first. */
  offsetMs = Number.NaN;
  readonly #driver: PeerDriver<MeshSession>;
  readonly #rates = new Rates(RATES);
  readonly #linkRates = new Map<PeerId, Rates<'bytes'>>();
  readonly #misjudged = new Peak();
  /** What each had told when it was last looked at. */
  readonly #states = new Map<PeerId, AvatarState>();
  readonly #body: Bodies = { x: new Int32Array(1), y: new Int32Array(1) };
  #pending = { misjudged: 0, hasLostLink: false };
  #heardBefore = 0;
  #linked = new Set<PeerId>();

  constructor(driver: PeerDriver<MeshSession>) {
    this.#driver = driver;
  }

  get upKbps(): number {
    return (this.#rates.perS('sentBytes') * 8) / 1000;
  }

  get downKbps(): number {
    return (this.#rates.perS('receivedBytes') * 8) / 1000;
  }

  /** Of one link, in both directions. */
  linkKbps(peer: PeerId): number {
    return ((this.#linkRates.get(peer)?.perS('bytes') ?? 0) * 8) / 1000;
  }

  /** Share of all bytes, in both directions, that went by way of the rendezvous. */
  get relayedRatio(): number {
    const all = this.#rates.perS('sentBytes') + this.#rates.perS('receivedBytes');
    return all === 0 ? 0 : this.#rates.perS('relayedBytes') / all;
  }

  perS(name: 'told' | 'heard' | 'forwarded' | 'linksOpened'): number {
    return this.#rates.perS(name);
  }

  /** The newest record; null before the first own tick. */
  get newest(): MeshTick | null {
    return this.written === 0 ? null : this.records[(this.written - 1) % LAG_RECORDS]!;
  }

  /** How far off somebody was drawn, at most, until it told anew; in the last second, in units. */
  misjudged(nowMs: number): number {
    return this.#misjudged.at(nowMs);
  }

  onEvent(event: SessionEvent, nowMs: number): void {
    if (event.type === 'snapshot') this.#record();
    else if (event.type === 'input') {
      const { session } = this.#driver;
      const dueRoomMs = session.rendezvous.roomTimeMs(nowMs) - (nowMs - event.dueMs);
      this.offsetMs = event.tick * session.tickMs - dueRoomMs;
    }
  }

  /** Call often: it compares what is told with what was believed, and looks at the counters four times a second. */
  sample(nowMs: number): void {
    this.#judge(nowMs);
    this.#rates.sample(nowMs, () => {
      const { counters } = this.#driver.session;
      const { direct, relayed, rendezvous } = this.#driver.totals();
      this.#sampleLinks(nowMs);
      return {
        sentBytes: direct.sentBytes + rendezvous.sentBytes,
        receivedBytes: direct.receivedBytes + rendezvous.receivedBytes,
        relayedBytes: relayed.sentBytes + relayed.receivedBytes,
        told: counters.statesSent,
        heard: counters.statesReceived,
        forwarded: counters.forwarded,
        linksOpened: counters.linksOpened,
      };
    });
  }

  #sampleLinks(nowMs: number): void {
    for (const { peer, direct, relayed } of this.#driver.reach()) {
      let rates = this.#linkRates.get(peer);
      if (!rates) {
        rates = new Rates(['bytes']);
        this.#linkRates.set(peer, rates);
      }
      const bytes = direct.sentBytes + direct.receivedBytes + relayed.sentBytes + relayed.receivedBytes;
      rates.sample(nowMs, () => ({ bytes }));
    }
  }

  /** Notes how far those who told anew are from where they were believed to be by then, and whose link is gone. */
  #judge(nowMs: number): void {
    const linked = new Set<PeerId>();
    for (const { id, state, isReachable } of this.#driver.session.peers.values()) {
      if (isReachable) linked.add(id);
      const before = this.#states.get(id);
      if (state === before) continue;
      if (!state) {
        this.#states.delete(id);
        continue;
      }
      this.#states.set(id, state);
      if (!before?.isAlive || !state.isAlive) continue;
      const units = this.#distance(before, state);
      if (units > MOST_MISJUDGED_UNITS) continue;
      this.#misjudged.note(units, nowMs);
      this.#pending.misjudged = Math.max(this.#pending.misjudged, units);
    }
    for (const id of this.#linked) if (!linked.has(id)) this.#pending.hasLostLink = true;
    this.#linked = linked;
  }

  /** In units, from where the rules would have carried it. */
  #distance(before: AvatarState, after: AvatarState): number {
    const { x, y } = this.#body;
    x[0] = before.x;
    y[0] = before.y;
    const ticks = Math.min(MAX_AHEAD_TICKS, after.tick - before.tick);
    for (let i = 0; i < ticks; i++) movePlayer(this.#body, 0, before.buttons, this.#driver.session.arena!);
    return Math.hypot(after.x - x[0]!, after.y - y[0]!) / SUBUNITS;
  }

  #record(): void {
    const { view, counters } = this.#driver.session;
    if (!view) return;
    const { ageTicks, count } = view.players;
    let sum = 0;
    let most = 0;
    for (let row = 0; row < count; row++) {
      sum += ageTicks[row]!;
      most = Math.max(most, ageTicks[row]!);
    }
    Object.assign(this.records[this.written % LAG_RECORDS]!, {
      ...this.#pending,
      heard: counters.statesReceived - this.#heardBefore,
      meanAgeTicks: count === 0 ? 0 : sum / count,
      mostAgeTicks: most,
    });
    this.#heardBefore = counters.statesReceived;
    this.#pending = { misjudged: 0, hasLostLink: false };
    this.written += 1;
  }
}
