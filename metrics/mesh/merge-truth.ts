/**
 * The truth tape of a mesh, which nobody held while it was played: what each owner wrote of itself, put together after the
 * run, in the shape of an authority's recording, so that one auditor serves all. An owner's truth holds until its next
 * tick, so ticks that it came too late to are filled with the one before. Linear in the rows: they are walked by player,
 * and then sorted by tick with a counting sort.
 */
import { EventKind } from '../../game/world.ts';
import {
  type AuthorityMeta,
  type AuthorityRecording,
  BASELINE_SHAPE,
  createResourceTable,
  OUTCOME_SHAPE,
  TALLY_SHAPE,
  TICK_SHAPE,
  TRUTH_SHAPE,
} from '../authority-recorder.ts';
import { type Rows, type Shape, Table } from '../columns.ts';
import { Distribution } from '../histogram.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';
import { OwnRows } from './own-rows.ts';
import { type Standing, standingsOf } from './standings.ts';

export interface MergeOptions {
  /** Slots of the world. */
  capacity: number;
  /** Side of the arena in sub-units. */
  arenaSize: number;
  tickRateHz: number;
}

/** A peer that did no tick for longer was away, and not at the same place all the time. */
const LONGEST_GAP_MS = 2000;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The ticks of all owners, by tick − `firstTick`. */
interface CommonTicks {
  firstTick: number;
  /** Owners that did it. */
  count: Int32Array;
  /**
   * Where nobody did it NaN. Owners come to a tick one after the other, each at its phase: the earliest of them, had they
   * no phases, and the mean phase on top. So half of the rows are of a moment before it, and half of one after it.
   */
  dueMs: Float64Array;
  startMs: Float64Array;
  /** Lateness and duration, of the owner that took longest. */
  tookMs: Float64Array;
}

/** Living players as owners told them, by rising player; `tick` counts from the first one. */
const LIVED_SHAPE = { tick: 'i32', ...TRUTH_SHAPE } as const;

/** Merges what all owners recorded; the window is that of the recordings. */
export function mergeTruth(swarms: readonly SwarmRecording[], options: MergeOptions): AuthorityRecording {
  const { capacity } = options;
  const { fromMs, untilMs } = swarms[0]?.meta ?? { fromMs: 0, untilMs: 0 };
  const rows = new OwnRows(swarms, capacity);
  const ticks = commonTicks(rows, capacity);
  const standings = standingsOf(swarms, capacity);
  const lived = new Table(LIVED_SHAPE, NO_LIMIT);
  const tallies = new Table(TALLY_SHAPE, capacity);
  const longestGap = Math.max(1, Math.round((LONGEST_GAP_MS * options.tickRateHz) / 1000));
  const isCovered = (tick: number) => {
    const startMs = ticks.startMs[tick - ticks.firstTick]!;
    return startMs >= fromMs && startMs < untilMs;
  };
  for (let player = 0; player < capacity; player++) {
    const { distance, ticks: livedTicks } = walk(rows, player, { ticks, lived, longestGap, isCovered });
    if (livedTicks === 0 || !tallies.reserve(1)) continue;
    const at = tallies.count++;
    tallies.columns.player[at] = player;
    tallies.columns.distance[at] = distance;
    tallies.columns.ticks[at] = livedTicks;
    tallies.columns.score[at] = scoreGained(standings[player]!, isCovered);
  }
  const { tickTable, truth } = layOut(ticks, lived);
  return {
    meta: metaOf(swarms, options, { fromMs, untilMs }),
    ticks: trimmed(tickTable),
    truth: trimmed(truth),
    outcomes: trimmed(outcomesOf(swarms, ticks.firstTick)),
    baselines: trimmed(baselinesOf(standings)),
    tallies: trimmed(tallies),
    resources: trimmed(createResourceTable()),
    dropped: 0,
  };
}

function commonTicks(rows: OwnRows, capacity: number): CommonTicks {
  const [firstTick, lastTick] = rows.tickRange;
  const span = Math.max(0, lastTick - firstTick + 1);
  const ticks: CommonTicks = {
    firstTick,
    count: new Int32Array(span),
    dueMs: new Float64Array(span).fill(Number.NaN),
    startMs: new Float64Array(span).fill(Number.NaN),
    tookMs: new Float64Array(span),
  };
  const { count, dueMs, startMs, tookMs } = ticks;
  const phaseMs = new Float64Array(span);
  for (let player = 0; player < capacity; player++) {
    rows.each(player, (own) => {
      const at = own.tick - firstTick;
      const isFirst = count[at]!++ === 0;
      const dueInRoomMs = own.dueMs - own.phaseMs;
      const startInRoomMs = own.startMs - own.phaseMs;
      if (isFirst || dueInRoomMs < dueMs[at]!) dueMs[at] = dueInRoomMs;
      if (isFirst || startInRoomMs < startMs[at]!) startMs[at] = startInRoomMs;
      phaseMs[at]! += own.phaseMs;
      tookMs[at] = Math.max(tookMs[at]!, own.endMs - own.dueMs);
    });
  }
  for (let at = 0; at < span; at++) {
    const meanMs = phaseMs[at]! / Math.max(1, count[at]!);
    dueMs[at]! += meanMs;
    startMs[at]! += meanMs;
  }
  return ticks;
}

interface Walk {
  ticks: CommonTicks;
  lived: Table<typeof LIVED_SHAPE>;
  longestGap: number;
  isCovered: (tick: number) => boolean;
}

/** Appends one player's life, and adds up what it did inside the window. */
function walk(rows: OwnRows, player: number, { ticks, lived, longestGap, isCovered }: Walk) {
  const did = { distance: 0, ticks: 0 };
  const before = { tick: 0, alive: false, x: 0, y: 0, inputTick: -1 };
  const append = (tick: number, { x, y, inputTick }: typeof before) => {
    if (ticks.count[tick - ticks.firstTick] === 0 || !lived.reserve(1)) return;
    const at = lived.count++;
    const { columns } = lived;
    columns.tick[at] = tick - ticks.firstTick;
    columns.player[at] = player;
    columns.x[at] = x;
    columns.y[at] = y;
    columns.input[at] = inputTick;
  };
  rows.each(player, (own) => {
    const { tick, alive, x, y } = own;
    const continues = before.alive && tick - before.tick <= longestGap;
    if (continues) for (let missed = before.tick + 1; missed < tick; missed++) append(missed, before);
    if (alive) append(tick, own);
    if (alive && isCovered(tick)) {
      did.ticks++;
      const dx = x - before.x;
      const dy = y - before.y;
      if (continues && (dx !== 0 || dy !== 0)) did.distance += Math.sqrt(dx * dx + dy * dy);
    }
    before.tick = tick;
    before.alive = alive;
    before.x = x;
    before.y = y;
    before.inputTick = own.inputTick;
  });
  return did;
}

/** Score only grows in one life of a slot; less than before is a new owner. */
function scoreGained(standings: readonly Standing[], isCovered: (tick: number) => boolean): number {
  let gained = 0;
  for (let i = 1; i < standings.length; i++) {
    const more = standings[i]!.score - standings[i - 1]!.score;
    if (more > 0 && isCovered(standings[i]!.tick)) gained += more;
  }
  return gained;
}

/** Ticks that somebody did, each with its rows by rising player: the sort is stable, and rows came by rising player. */
function layOut({ firstTick, count, dueMs, startMs, tookMs }: CommonTicks, lived: Table<typeof LIVED_SHAPE>) {
  const tickTable = new Table(TICK_SHAPE, NO_LIMIT);
  const truth = new Table(TRUTH_SHAPE, NO_LIMIT);
  const next = new Int32Array(count.length + 1);
  for (let i = 0; i < lived.count; i++) next[lived.columns.tick[i]! + 1]!++;
  for (let at = 0; at < count.length; at++) next[at + 1]! += next[at]!;
  tickTable.reserve(count.length);
  for (let at = 0; at < count.length; at++) {
    if (count[at] === 0) continue;
    const to = tickTable.count++;
    tickTable.columns.tick[to] = firstTick + at;
    tickTable.columns.dueMs[to] = dueMs[at]!;
    tickTable.columns.startMs[to] = startMs[at]!;
    tickTable.columns.endMs[to] = dueMs[at]! + tookMs[at]!;
    tickTable.columns.firstRow[to] = next[at]!;
  }
  truth.reserve(lived.count);
  truth.count = lived.count;
  for (let i = 0; i < lived.count; i++) {
    const to = next[lived.columns.tick[i]!]!++;
    for (const name of ['player', 'x', 'y', 'input'] as const) truth.columns[name][to] = lived.columns[name][i]!;
  }
  return { tickTable, truth };
}

/** By rising tick, those of the tape's first tick left out. */
function outcomesOf(swarms: readonly SwarmRecording[], firstTick: number): Table<typeof OUTCOME_SHAPE> {
  const all = swarms.flatMap(({ declared }) =>
    Array.from({ length: declared.count }, (_, i) => ({
      tick: declared.columns.tick[i]!,
      kind: declared.columns.kind[i]!,
      a: declared.columns.player[i]!,
      b: declared.columns.other[i]!,
      amount: declared.columns.amount[i]!,
    })),
  );
  all.sort((a, b) => a.tick - b.tick || a.a - b.a);
  const table = new Table(OUTCOME_SHAPE, NO_LIMIT);
  for (const outcome of all) {
    if (outcome.tick <= firstTick || !table.reserve(1)) continue;
    const at = table.count++;
    for (const name of ['tick', 'kind', 'a', 'b', 'amount'] as const) table.columns[name][at] = outcome[name];
  }
  return table;
}

function baselinesOf(standings: readonly (readonly Standing[])[]): Table<typeof BASELINE_SHAPE> {
  const table = new Table(BASELINE_SHAPE, NO_LIMIT);
  standings.forEach(([first], player) => {
    if (!first || !table.reserve(1)) return;
    const at = table.count++;
    table.columns.player[at] = player;
    for (const name of ['score', 'kills', 'deaths', 'purchaseKey'] as const) table.columns[name][at] = first[name];
  });
  return table;
}

function metaOf(
  swarms: readonly SwarmRecording[],
  { capacity, arenaSize, tickRateHz }: MergeOptions,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): AuthorityMeta {
  const times = new Distribution();
  const happened = { [EventKind.kill]: 0, [EventKind.pickup]: 0, [EventKind.purchase]: 0 };
  for (const { meta, declared } of swarms) {
    times.merge(new Distribution(meta.owners.tickTimes));
    const { kind, atMs } = declared.columns;
    for (let i = 0; i < declared.count; i++) {
      if (atMs[i]! >= fromMs && atMs[i]! < untilMs) happened[kind[i] as keyof typeof happened]++;
    }
  }
  return {
    kind: 'authority',
    capacity,
    arenaSize,
    tickRateHz,
    fromMs,
    untilMs,
    taped: true,
    tickTimes: times.encode(),
    coinsError: 0,
    shots: swarms.reduce((sum, { meta }) => sum + meta.owners.shots, 0),
    kills: happened[EventKind.kill],
    pickups: happened[EventKind.pickup],
    purchases: happened[EventKind.purchase],
    joins: swarms.reduce((sum, { meta }) => sum + meta.joined, 0),
    leaves: {},
    sentBytes: 0,
    receivedBytes: 0,
    sentDatagrams: 0,
    receivedDatagrams: 0,
    checksums: [],
  };
}

/** What decoding a recording would give: columns exactly as long as there are rows. */
function trimmed<S extends Shape>({ count, columns }: Table<S>): Rows<S> {
  const cut = Object.entries(columns).map(([name, column]) => [name, column.subarray(0, count)]);
  return { count, columns: Object.fromEntries(cut) };
}
