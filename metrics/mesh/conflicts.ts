/**
 * Outcome conflicts of a mesh: kills, pickups and purchases on which two participants disagree five seconds later. A
 * victim declares its death and names the killer, who counts it; a coin or a purchase is granted by the homes of the
 * coins and announced to those who can see it. What is younger than five seconds at either end of the tape is not judged.
 */
import { EventKind } from '../../game/world.ts';
import type { Conflict } from '../record.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';
import type { OwnRows } from './own-rows.ts';
import { type Standing, standingAt, standingsOf } from './standings.ts';

const SETTLED_MS = 5000;

/** Kinds, and what each means; records and reports use these words. */
export const CONFLICT_WORDS = {
  killUncounted: 'a victim declared its killer, and 5 s later the killer had not counted it',
  killUndeclared: 'a killer counted a kill that no victim declared',
  coinTwice: 'a coin was granted to a second player while the first one lived on',
  pickupUngranted: 'a player told others that it took a coin, and 5 s later it had not been granted',
  pickupUnannounced: 'a coin was granted, and 5 s later its new owner had told nobody',
  purchaseUngranted: 'a player told others of a purchase, and 5 s later it had not been granted',
  purchaseUnannounced: 'a purchase was granted, and 5 s later its player had told nobody',
} as const;
export type ConflictKind = keyof typeof CONFLICT_WORDS;

export interface MeshConflicts {
  /** Outcomes old enough to be judged. */
  outcomes: number;
  conflicts: number;
  kinds: Conflict[];
}

/** Something that one player says of itself. */
interface Said {
  player: number;
  tick: number;
  atMs: number;
  other: number;
}

export function meshConflicts(swarms: readonly SwarmRecording[], rows: OwnRows, tickRateHz: number): MeshConflicts {
  const capacity = rows.capacity;
  const settledTicks = Math.round((SETTLED_MS * tickRateHz) / 1000);
  const [firstTick, lastTick] = rows.tickRange;
  const declared = (kind: number) => declaredOf(swarms, kind);
  const kills = declared(EventKind.kill);
  const granted = { pickup: declared(EventKind.pickup), purchase: declared(EventKind.purchase) };
  const counts = new Map<ConflictKind, number>();
  const add = (kind: ConflictKind, count: number) => counts.set(kind, (counts.get(kind) ?? 0) + count);

  const standings = standingsOf(swarms, capacity);
  for (let player = 0; player < capacity; player++) {
    const { uncounted, undeclared } = disputedKills(kills, player, standings[player]!, rows, settledTicks);
    add('killUncounted', uncounted);
    add('killUndeclared', undeclared);
  }
  add('coinTwice', grantedTwice(granted.pickup, kills, rows));
  const judged = ({ tick }: Said) => tick > firstTick + settledTicks && tick <= lastTick - settledTicks;
  for (const [name, kind] of [
    ['pickup', EventKind.pickup],
    ['purchase', EventKind.purchase],
  ] as const) {
    const grants = granted[name];
    const told = announcedOf(swarms, kind);
    if (told.length === 0) continue;
    const spanMs = spanOf(swarms);
    add(`${name}Ungranted`, without(told.filter(isWithin(spanMs)), grants));
    add(`${name}Unannounced`, without(grants.filter(isWithin(spanMs)), told));
  }
  const outcomes = [...kills, ...granted.pickup, ...granted.purchase].filter(judged).length;
  const kinds = [...counts].filter(([, count]) => count > 0);
  return {
    outcomes,
    conflicts: kinds.reduce((sum, [, count]) => sum + count, 0),
    kinds: kinds.map(([kind, count]) => ({ kind, count, sentence: CONFLICT_WORDS[kind] })),
  };
}

/** Refused purchases are no outcomes. */
function declaredOf(swarms: readonly SwarmRecording[], wanted: number): Said[] {
  return swarms.flatMap(({ declared: { count, columns } }) => {
    const said: Said[] = [];
    for (let i = 0; i < count; i++) {
      if (columns.kind[i] !== wanted || (wanted === EventKind.purchase && columns.amount[i] === 0)) continue;
      const [player, tick, atMs, other] = [columns.player[i]!, columns.tick[i]!, columns.atMs[i]!, columns.other[i]!];
      said.push({ player, tick, atMs, other });
    }
    return said;
  });
}

function announcedOf(swarms: readonly SwarmRecording[], wanted: number): Said[] {
  return swarms.flatMap(({ announced: { count, columns } }) => {
    const said: Said[] = [];
    for (let i = 0; i < count; i++) {
      if (columns.kind[i] !== wanted) continue;
      said.push({ player: columns.player[i]!, tick: -1, atMs: columns.atMs[i]!, other: columns.other[i]! });
    }
    return said;
  });
}

/**
 * A killer's tally against what victims declared while it was there. Tallies only grow; what is declared may be counted
 * up to five seconds later, so both ends of its time have that much to spare.
 */
function disputedKills(
  kills: readonly Said[],
  killer: number,
  standings: readonly Standing[],
  rows: OwnRows,
  settledTicks: number,
): { uncounted: number; undeclared: number } {
  const [first, last] = rows.ticksOf(killer);
  const none = { uncounted: 0, undeclared: 0 };
  const base = standingAt(standings, first + settledTicks);
  if (!base || last - first <= 2 * settledTicks) return none;
  let counted = 0;
  let before = base.kills;
  for (const { tick, kills: tally } of standings) {
    if (tick <= first + settledTicks || tick > last) continue;
    counted += Math.max(0, tally - before);
    before = tally;
  }
  const own = kills.filter(({ other, player, tick }) => other === killer && player !== killer && tick <= last);
  const due = own.filter(({ tick }) => tick > first + settledTicks && tick <= last - settledTicks).length;
  return { uncounted: Math.max(0, due - counted), undeclared: Math.max(0, counted - own.length) };
}

/** Coins change hands by a death, or when their owner has left: without either, only one grant can be true. */
function grantedTwice(pickups: readonly Said[], kills: readonly Said[], rows: OwnRows): number {
  const deaths = new Map<number, number[]>();
  for (const { player, tick } of kills) deaths.set(player, [...(deaths.get(player) ?? []), tick]);
  const holder = new Map<number, Said>();
  let twice = 0;
  for (const grant of [...pickups].sort((a, b) => a.tick - b.tick || a.atMs - b.atMs)) {
    const before = holder.get(grant.other);
    holder.set(grant.other, grant);
    if (!before || before.player === grant.player) continue;
    const died = deaths.get(before.player)?.some((tick) => tick >= before.tick && tick <= grant.tick);
    if (!died && rows.ticksOf(before.player)[1] >= grant.tick) twice++;
  }
  return twice;
}

/** From when to when the recordings of all reach, less what is too young to be judged at either end. */
function spanOf(swarms: readonly SwarmRecording[]): [number, number] {
  let [from, until] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { owned } of swarms) {
    const { dueMs } = owned.columns;
    for (let i = 0; i < owned.count; i++) {
      from = Math.min(from, dueMs[i]!);
      until = Math.max(until, dueMs[i]!);
    }
  }
  return [from + SETTLED_MS, until - SETTLED_MS];
}

const isWithin =
  ([from, until]: [number, number]) =>
  ({ atMs }: Said) =>
    atMs >= from && atMs <= until;

/** How many of `said` nobody answered in `others` until five seconds later: same player, same thing. */
function without(said: readonly Said[], others: readonly Said[]): number {
  const key = ({ player, other }: Said) => player * 2 ** 32 + other;
  const when = new Map<number, number>();
  for (const one of others) when.set(key(one), Math.min(one.atMs, when.get(key(one)) ?? one.atMs));
  return said.filter((one) => !((when.get(key(one)) ?? Number.POSITIVE_INFINITY) <= one.atMs + SETTLED_MS)).length;
}
