/**
 * What an authority writes down about itself: how long each tick took, and the truth tape, one row per living player and
 * tick. Where nobody is the authority because all simulate the same, one of the peers keeps this recorder for all. The auditor joins it with what the viewers wrote. All times are ms of one monotonic clock, or virtual time.
 * Cost per tick: one pass over the player slots, four stores per living player, no allocation but by doubling.
 */
import { checksums, type SectionChecksums } from '../game/checksum.ts';
import { coinsError, EventKind, Status, type World } from '../game/world.ts';
import { packTables, type Rows, Table, unpackTables } from './columns.ts';
import { Distribution } from './histogram.ts';
import { MeasuringWindow, type ResourceSample } from './measuring-window.ts';

export interface AuthorityRecorderOptions {
  /** Slots of the world. */
  capacity: number;
  /** Side of the arena in sub-units. */
  arenaSize: number;
  tickRateHz: number;
  /** Off: only times and totals are kept, to measure what the truth tape costs. */
  tape?: boolean;
  /** Off: no checksums of the world once per second. */
  checksums?: boolean;
  /** Most rows of the truth tape; 14 bytes each. */
  rowLimit?: number;
}

/**
 * One authority tick, after it has been done and its snapshots were handed to the links. Of a peer that simulates: a
 * tick once it is confirmed, with the world as confirmed, and the times at which it was due and first stepped, as
 * predicted under rollback. Waiting for others' inputs is lateness; ticks stepped again since the last one are `receiveMs`.
 */
export interface TickReport {
  tick: number;
  /** When it should have started. */
  dueMs: number;
  startMs: number;
  endMs: number;
  /** Time spent on messages that arrived since the last tick and before this one was due; later ones made it late. */
  receiveMs?: number;
  world: World;
  /**
   * Per slot, the newest tick of that player's own input timeline that the world reflects; −1 for none. In lockstep all
   * share one timeline: it is the tick itself for every slot that has a peer.
   */
  executedInputTick: Int32Array;
}

export const TICK_SHAPE = {
  tick: 'i32',
  dueMs: 'f64',
  startMs: 'f64',
  endMs: 'f64',
  receiveMs: 'f64',
  firstRow: 'i32',
} as const;
/** Living players of one tick, by rising slot. `input` is the newest input tick reflected. */
export const TRUTH_SHAPE = { player: 'u16', x: 'i32', y: 'i32', input: 'i32' } as const;
/** Outcomes: kills (a victim, b killer), pickups (a player, b coin) and purchases (a player, b key). */
export const OUTCOME_SHAPE = { tick: 'i32', kind: 'u8', a: 'u16', b: 'i32', amount: 'i32' } as const;
export const TALLY_SHAPE = { player: 'u16', distance: 'f64', ticks: 'i32', score: 'i32' } as const;
/** What players had at the end of the tape's first tick. */
export const BASELINE_SHAPE = { player: 'u16', score: 'i32', kills: 'i32', deaths: 'i32', purchaseKey: 'i32' } as const;
const RESOURCE_SHAPE = { atMs: 'f64', userUs: 'f64', systemUs: 'f64', rssBytes: 'f64' } as const;

export interface AuthorityMeta {
  kind: 'authority';
  capacity: number;
  arenaSize: number;
  tickRateHz: number;
  fromMs: number;
  untilMs: number;
  taped: boolean;
  /** Receiving, lateness and duration of the measured ticks, added up and encoded. */
  tickTimes: string;
  coinsError: number;
  shots: number;
  pickups: number;
  kills: number;
  purchases: number;
  joins: number;
  leaves: Record<string, number>;
  sentBytes: number;
  receivedBytes: number;
  sentDatagrams: number;
  receivedDatagrams: number;
  checksums: { atMs: number; sections: SectionChecksums }[];
}

export interface AuthorityRecording {
  meta: AuthorityMeta;
  ticks: Rows<typeof TICK_SHAPE>;
  truth: Rows<typeof TRUTH_SHAPE>;
  /** Of the ticks after the first one. */
  outcomes: Rows<typeof OUTCOME_SHAPE>;
  baselines: Rows<typeof BASELINE_SHAPE>;
  /** Per player that lived in the window: distance walked in sub-units, ticks alive, score gained. */
  tallies: Rows<typeof TALLY_SHAPE>;
  resources: Rows<typeof RESOURCE_SHAPE>;
  dropped: number;
}

export class AuthorityRecorder {
  readonly window = new MeasuringWindow();
  readonly #options: Required<AuthorityRecorderOptions>;
  readonly #ticks = new Table(TICK_SHAPE, 4_000_000);
  readonly #truth: Table<typeof TRUTH_SHAPE>;
  readonly #outcomes = new Table(OUTCOME_SHAPE, 20_000_000);
  readonly #baselines = new Table(BASELINE_SHAPE, 65_536);
  readonly #resources = new Table(RESOURCE_SHAPE, 1_000_000);
  readonly #tickTimes = new Distribution();
  readonly #lastX: Int32Array;
  readonly #lastY: Int32Array;
  /** Tick after which the last position of a slot is that of the same life; −1: unknown. */
  readonly #seenTick: Int32Array;
  readonly #distance: Float64Array;
  readonly #aliveTicks: Int32Array;
  readonly #lastScore: Int32Array;
  readonly #score: Int32Array;
  readonly #sums: AuthorityMeta['checksums'] = [];
  readonly #leaves: Record<string, number> = {};
  #counts = { coinsError: 0, shots: 0, pickups: 0, kills: 0, purchases: 0, joins: 0 };
  #bytes = { sentBytes: 0, receivedBytes: 0, sentDatagrams: 0, receivedDatagrams: 0 };

  constructor(options: AuthorityRecorderOptions) {
    this.#options = { tape: true, checksums: true, rowLimit: 60_000_000, ...options };
    const { capacity, rowLimit } = this.#options;
    this.#truth = new Table(TRUTH_SHAPE, rowLimit);
    this.#lastX = new Int32Array(capacity);
    this.#lastY = new Int32Array(capacity);
    this.#seenTick = new Int32Array(capacity).fill(-1);
    this.#distance = new Float64Array(capacity);
    this.#aliveTicks = new Int32Array(capacity);
    this.#lastScore = new Int32Array(capacity).fill(-1);
    this.#score = new Int32Array(capacity);
  }

  /** Says from when to when to measure. Before this call only joins and leaves are counted. */
  measure(fromMs: number, untilMs: number): void {
    this.window.set(fromMs, untilMs);
  }

  tick(report: TickReport): void {
    const { tick, dueMs, startMs, endMs, receiveMs = 0, world } = report;
    if (!this.window.touches(startMs)) return;
    const covered = this.window.covers(startMs);
    if (covered) this.#tickTimes.add(endMs - dueMs + receiveMs);
    if (this.#ticks.count === 0) this.#keepBaseline(world);
    this.#countEvents(tick, world, covered);
    if (tick % this.#options.tickRateHz === 0) this.#oncePerSecond(world, endMs);
    if (!this.#ticks.reserve(1)) return;
    const at = this.#ticks.count++;
    const { columns } = this.#ticks;
    columns.tick[at] = tick;
    columns.dueMs[at] = dueMs;
    columns.startMs[at] = startMs;
    columns.endMs[at] = endMs;
    columns.receiveMs[at] = receiveMs;
    columns.firstRow[at] = this.#truth.count;
    this.#walkPlayers(report, covered);
  }

  /** Appends the truth of one tick and adds up what each player did. One pass over the slots. */
  #walkPlayers({ tick, world, executedInputTick }: TickReport, covered: boolean): void {
    const { status, x, y, score, spawnTick } = world.players;
    const limit = world.match.playerLimit[0]!;
    const taping = this.#options.tape && this.#truth.reserve(limit);
    const rows = this.#truth.columns;
    let row = this.#truth.count;
    for (let id = 0; id < limit; id++) {
      if (status[id] !== Status.alive) continue;
      const px = x[id]!;
      const py = y[id]!;
      if (taping) {
        rows.player[row] = id;
        rows.x[row] = px;
        rows.y[row] = py;
        rows.input[row] = executedInputTick[id]!;
        row++;
      }
      if (covered) {
        this.#aliveTicks[id]!++;
        // Appearing is no walk, and a slot may have changed hands.
        if (this.#seenTick[id] === tick - 1 && spawnTick[id]! < tick) {
          const dx = px - this.#lastX[id]!;
          const dy = py - this.#lastY[id]!;
          if (dx !== 0 || dy !== 0) this.#distance[id]! += Math.sqrt(dx * dx + dy * dy);
        }
        // Score only grows in one life of a slot; less than before is a new owner.
        const before = this.#lastScore[id]!;
        if (before >= 0 && score[id]! > before) this.#score[id]! += score[id]! - before;
      }
      this.#lastScore[id] = score[id]!;
      this.#seenTick[id] = tick;
      this.#lastX[id] = px;
      this.#lastY[id] = py;
    }
    if (taping) this.#truth.count = row;
  }

  #keepBaseline({ players, match }: World): void {
    for (let id = 0; id < match.playerLimit[0]!; id++) {
      if (players.status[id] === Status.empty || !this.#baselines.reserve(1)) continue;
      const at = this.#baselines.count++;
      const { columns } = this.#baselines;
      columns.player[at] = id;
      columns.score[at] = players.score[id]!;
      columns.kills[at] = players.kills[id]!;
      columns.deaths[at] = players.deaths[id]!;
      columns.purchaseKey[at] = players.purchaseKey[id]!;
    }
  }

  #countEvents(tick: number, world: World, covered: boolean): void {
    const { count, kind, a, b, amount } = world.events;
    for (let i = 0; i < count; i++) {
      const what = kind[i]!;
      if (covered && what === EventKind.fire) this.#counts.shots++;
      if (what !== EventKind.kill && what !== EventKind.pickup && what !== EventKind.purchase) continue;
      if (covered && what === EventKind.kill) this.#counts.kills++;
      if (covered && what === EventKind.pickup) this.#counts.pickups++;
      if (covered && what === EventKind.purchase) this.#counts.purchases++;
      if (this.#ticks.count === 0 || !this.#outcomes.reserve(1)) continue;
      const at = this.#outcomes.count++;
      const { columns } = this.#outcomes;
      columns.tick[at] = tick;
      columns.kind[at] = what;
      columns.a[at] = a[i]!;
      columns.b[at] = b[i]!;
      columns.amount[at] = amount[i]!;
    }
  }

  #oncePerSecond(world: World, atMs: number): void {
    this.#counts.coinsError = Math.max(this.#counts.coinsError, Math.abs(coinsError(world)));
    if (this.#options.checksums) this.#sums.push({ atMs, sections: checksums(world) });
  }

  /** A player got its seat, at any time. */
  joined(): void {
    this.#counts.joins++;
  }

  /** A player's seat became free, at any time. */
  left(reason: string): void {
    this.#leaves[reason] = (this.#leaves[reason] ?? 0) + 1;
  }

  /** Bytes and datagrams of all links together since the last call, transport headers not included. */
  bytes(nowMs: number, sent: number, received: number, datagramsSent: number, datagramsReceived: number): void {
    if (!this.window.covers(nowMs)) return;
    this.#bytes.sentBytes += sent;
    this.#bytes.receivedBytes += received;
    this.#bytes.sentDatagrams += datagramsSent;
    this.#bytes.receivedDatagrams += datagramsReceived;
  }

  /** A sample of the process's CPU and memory, about once per second. */
  resources(sample: ResourceSample): void {
    appendResources(this.#resources, this.window, sample);
  }

  /** Everything as bytes, for the process that audits. The recorder may be used further. */
  finish(): Uint8Array {
    const { capacity, arenaSize, tickRateHz, tape } = this.#options;
    const tallies = new Table(TALLY_SHAPE, capacity);
    for (let id = 0; id < capacity; id++) {
      if (this.#aliveTicks[id] === 0 || !tallies.reserve(1)) continue;
      const at = tallies.count++;
      tallies.columns.player[at] = id;
      tallies.columns.distance[at] = this.#distance[id]!;
      tallies.columns.ticks[at] = this.#aliveTicks[id]!;
      tallies.columns.score[at] = this.#score[id]!;
    }
    const meta: AuthorityMeta = {
      kind: 'authority',
      capacity,
      arenaSize,
      tickRateHz,
      ...windowOf(this.window),
      taped: tape,
      tickTimes: this.#tickTimes.encode(),
      ...this.#counts,
      ...this.#bytes,
      leaves: this.#leaves,
      checksums: this.#sums,
    };
    return packTables(meta, {
      ticks: this.#ticks,
      truth: this.#truth,
      outcomes: this.#outcomes,
      baselines: this.#baselines,
      tallies,
      resources: this.#resources,
    } as never);
  }
}

/** JSON knows no Infinity: a window that was never set is 0..0. */
export function windowOf(window: MeasuringWindow): { fromMs: number; untilMs: number } {
  return Number.isFinite(window.fromMs)
    ? { fromMs: window.fromMs, untilMs: window.untilMs }
    : { fromMs: 0, untilMs: 0 };
}

export type ResourceTable = Table<typeof RESOURCE_SHAPE>;
export type ResourceRows = Rows<typeof RESOURCE_SHAPE>;
export const createResourceTable = (): ResourceTable => new Table(RESOURCE_SHAPE, 1_000_000);

export function appendResources(table: ResourceTable, window: MeasuringWindow, sample: ResourceSample): void {
  if (!window.touches(sample.atMs) || !table.reserve(1)) return;
  const at = table.count++;
  table.columns.atMs[at] = sample.atMs;
  table.columns.userUs[at] = sample.userUs;
  table.columns.systemUs[at] = sample.systemUs;
  table.columns.rssBytes[at] = sample.rssBytes;
}

/** Undoes `finish`. Throws a RangeError when the bytes are something else. */
export function decodeAuthority(bytes: Uint8Array): AuthorityRecording {
  const { meta, tables, dropped } = unpackTables(bytes);
  if ((meta as AuthorityMeta).kind !== 'authority') throw new RangeError('this recording is not an authority’s');
  return { meta, ...tables, dropped } as unknown as AuthorityRecording;
}
