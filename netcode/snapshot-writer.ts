/**
 * When each player gets a snapshot, and the writing of it. Clients are staggered over ticks by slot, so that a rate below
 * the tick rate spreads its load evenly; with sending by need those in combat come more often.
 */
import { EventKind, type World } from '../game/world.ts';
import type { AuthorityCounters, AuthorityOptions } from './authority-options.ts';
import type { InputQueues } from './input-queue.ts';
import { Interest } from './interest.ts';
import { MAX_MESSAGE_BYTES } from './protocol.ts';
import { encodeSnapshot, type SnapshotHeader } from './snapshot-codec.ts';

/** How far beyond vision snapshots reach without the vision filter: 2² times its radius. */
const UNFILTERED_REACH = 2;
/** Snapshots are written into slabs of this size; one is dropped when the next would not surely fit. */
const SLAB_BYTES = 16 * MAX_MESSAGE_BYTES;

export class SnapshotWriter {
  readonly #world: World;
  readonly #options: AuthorityOptions;
  readonly #queues: InputQueues;
  readonly #counters: AuthorityCounters;
  readonly #interest: Interest;
  readonly #header: SnapshotHeader;
  /** By slot: the last tick of combat; when statistics were last sent, and until when they ride along. */
  readonly #combatTick: Int32Array;
  readonly #statsSentTick: Int32Array;
  readonly #statsUntilTick: Int32Array;
  /** By slot: the client's clock as its last input told it, and when that came by ours. */
  readonly #clientTimeMs: Uint16Array;
  readonly #toldAtMs: Float64Array;
  #slab = new Uint8Array(0);
  #slabAt = 0;

  constructor(world: World, options: AuthorityOptions, queues: InputQueues, counters: AuthorityCounters) {
    const { capacity } = world.arena;
    const reach = options.defences.visionFilter ? 0 : UNFILTERED_REACH;
    this.#world = world;
    this.#options = options;
    this.#queues = queues;
    this.#counters = counters;
    this.#interest = new Interest(world, reach);
    this.#header = { tick: 0, ackedTick: 0, marginTicks: 0, echoedTimeMs: 0, heldMs: 0, reach, hasStats: false };
    this.#combatTick = new Int32Array(capacity);
    this.#statsSentTick = new Int32Array(capacity);
    this.#statsUntilTick = new Int32Array(capacity);
    this.#clientTimeMs = new Uint16Array(capacity);
    this.#toldAtMs = new Float64Array(capacity);
  }

  /** A player took its seat, or came back to it. */
  seated(slot: number): void {
    const { tickRateHz } = this.#options.config;
    const tick = this.#world.match.tick[0]!;
    this.#statsUntilTick[slot] = tick + tickRateHz;
    this.#combatTick[slot] = tick - tickRateHz;
    this.#toldAtMs[slot] = Number.NEGATIVE_INFINITY;
  }

  /** An input told the client's clock. */
  clientTime(slot: number, clientTimeMs: number, nowMs: number): void {
    this.#clientTimeMs[slot] = clientTimeMs;
    this.#toldAtMs[slot] = nowMs;
  }

  /** Once after each step, before any snapshot of its tick: notes who fought and whose statistics changed. */
  update(): void {
    const { events, match } = this.#world;
    const tick = match.tick[0]!;
    const aSecondOn = tick + this.#options.config.tickRateHz;
    for (let i = 0; i < events.count; i++) {
      const a = events.a[i]!;
      const b = events.b[i]!;
      const kind = events.kind[i];
      if (kind === EventKind.spawn) continue;
      if (kind === EventKind.fire || kind === EventKind.hit) this.#combatTick[a] = tick;
      if (kind === EventKind.hit) this.#combatTick[b] = tick;
      if (kind !== EventKind.fire) this.#statsUntilTick[a] = aSecondOn;
      if (kind === EventKind.kill) this.#statsUntilTick[b] = aSecondOn;
    }
    this.#interest.update();
  }

  /** Whether a slot gets a snapshot at this tick: its rate's share of ticks, shifted by its slot. */
  isDue(slot: number, tick: number): boolean {
    const { config, send, snapshotRateHz } = this.#options;
    const { tickRateHz } = config;
    const inNeed = send === 'need' && tick - this.#combatTick[slot]! < tickRateHz;
    const rate = Math.min(tickRateHz, inNeed ? 2 * snapshotRateHz : snapshotRateHz);
    return ((tick + slot) * rate) % tickRateHz < rate;
  }

  /** Writes what a slot sees now. The bytes are never written again. */
  write(slot: number, nowMs: number): Uint8Array {
    const header = this.#header;
    const tick = this.#world.match.tick[0]!;
    header.tick = tick;
    header.ackedTick = this.#queues.timeline[slot]! & 0xffff;
    header.marginTicks = this.#queues.margin[slot]!;
    header.echoedTimeMs = this.#clientTimeMs[slot]!;
    header.heldMs = Math.min(255, Math.round(nowMs - this.#toldAtMs[slot]!));
    header.hasStats =
      tick <= this.#statsUntilTick[slot]! || tick - this.#statsSentTick[slot]! >= this.#options.config.tickRateHz;
    if (header.hasStats) this.#statsSentTick[slot] = tick;
    const sight = this.#interest.look(slot);
    if (this.#slab.length - this.#slabAt < MAX_MESSAGE_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabAt = 0;
    }
    const start = this.#slabAt;
    this.#slabAt = encodeSnapshot(this.#slab, start, this.#world, slot, header, sight);
    this.#counters.snapshots++;
    this.#counters.snapshotEntities += sight.playerCount + sight.shotCount + sight.coinCount;
    if (sight.radius > 0) this.#counters.partialSnapshots++;
    return this.#slab.subarray(start, this.#slabAt);
  }
}
