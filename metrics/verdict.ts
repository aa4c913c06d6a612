/**
 * Which service level a run reaches, what broke first, and how a sweep over the number of players ended. Limits on
 * latency are meant plus the base one-way delay between actor and viewer: no topology is blamed for the speed of light.
 */
import { type MeasureName, type Measures, numberOf } from './measures.ts';
import { LEVEL_NAMES, type LevelName, type RunRecord } from './record.ts';

/** Limits in ms, before the base one-way delay is added. */
export const LEVELS: Record<LevelName, { actionP95Ms: number; ageNearP99Ms: number }> = {
  fast: { actionP95Ms: 150, ageNearP99Ms: 250 },
  crowd: { actionP95Ms: 300, ageNearP99Ms: 500 },
};

/** A verdict counts for this long and with this many seeds; what is less is called a screening. */
export const FULL_DURATION_S = 30;
export const FULL_SEEDS = 3;

export interface LevelContext {
  tickRateHz: number;
  /** Base one-way delay between actor and viewer. */
  baseOneWayMs: number;
  /** What a participant's link carries, null when unlimited. */
  uplinkKbps: number | null;
  downlinkKbps: number | null;
}

/** One promise of a level that was not kept. */
export interface Breach {
  measure: MeasureName;
  value: number | null;
  limit: number;
  /** How far past the limit: 1 is at it; Infinity when it was not measured. */
  excess: number;
  sentence: string;
}

interface Pledge {
  measure: MeasureName;
  limit: number;
  atLeast?: boolean;
  unit: string;
}

function pledges(level: LevelName, context: LevelContext): Pledge[] {
  const { tickRateHz, baseOneWayMs, uplinkKbps, downlinkKbps } = context;
  const { actionP95Ms, ageNearP99Ms } = LEVELS[level];
  const links: Pledge[] = [];
  if (uplinkKbps !== null) links.push({ measure: 'up.wire.worst', limit: uplinkKbps, unit: 'kbit/s' });
  if (downlinkKbps !== null) links.push({ measure: 'down.wire.worst', limit: downlinkKbps, unit: 'kbit/s' });
  return [
    { measure: 'joins.ok', limit: 0.999, atLeast: true, unit: '' },
    { measure: 'tick.p99', limit: 1000 / tickRateHz, unit: 'ms' },
    { measure: 'tick.rate', limit: 0.99 * tickRateHz, atLeast: true, unit: 'Hz' },
    { measure: 'stalls.count', limit: 0, unit: '' },
    { measure: 'action.p95', limit: actionP95Ms + baseOneWayMs, unit: 'ms' },
    { measure: 'age.near.p99', limit: ageNearP99Ms + baseOneWayMs, unit: 'ms' },
    { measure: 'desync.count', limit: 0, unit: '' },
    ...links,
  ];
}

/** Promises of a level that these measures break, the worst first. Empty: the level is reached. */
export function breaches(level: LevelName, measures: Partial<Measures>, context: LevelContext): Breach[] {
  const broken: Breach[] = [];
  for (const { measure, limit, atLeast, unit } of pledges(level, context)) {
    const value = numberOf(measures, measure);
    const limitText = `${atLeast ? 'at least' : 'at most'} ${tidy(limit)}${unit && ` ${unit}`}`;
    if (value === null) {
      const sentence = `${measure} was not measured; ${level} asks for ${limitText}`;
      broken.push({ measure, value, limit, excess: Number.POSITIVE_INFINITY, sentence });
    } else if (atLeast ? value < limit : value > limit) {
      const excess = atLeast ? limit / Math.max(value, 1e-9) : (value + 1) / (limit + 1);
      const sentence = `${measure} was ${tidy(value)}${unit && ` ${unit}`}; ${level} asks for ${limitText}`;
      broken.push({ measure, value, limit, excess, sentence });
    }
  }
  return broken.sort((a, b) => b.excess - a.excess);
}

/** What a record says of its own limits. */
export function contextOf({ plan, baseOneWayMs, uplinkKbps, downlinkKbps }: RunRecord): LevelContext {
  return { tickRateHz: plan.tickRateHz, baseOneWayMs, uplinkKbps, downlinkKbps };
}

/** The best level reached, or null. */
export function levelOf(measures: Partial<Measures>, context: LevelContext): LevelName | null {
  return LEVEL_NAMES.find((level) => breaches(level, measures, context).length === 0) ?? null;
}

export function tidy(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/**
 * How a sweep ended. `broke`: a trusted run went past the level. `at least`: the next step was void, so bots or machine
 * were the limit. `largest tried`: nobody asked for more.
 */
export type SweepEnd =
  | { type: 'broke'; players: number; breach: Breach }
  | { type: 'at least'; reason: string }
  | { type: 'largest tried' };

export interface SweepVerdict {
  level: LevelName;
  /** Most players at which the level was reached with none smaller broken; null when there is none. */
  largest: number | null;
  end: SweepEnd;
}

/** Judges the runs of one topology, density and network over the number of players; several seeds of one N must all hold. */
export function judgeSweep(runs: readonly RunRecord[], level: LevelName): SweepVerdict {
  const sizes = [...new Set(runs.map((run) => run.plan.players))].sort((a, b) => a - b);
  let largest: number | null = null;
  for (const players of sizes) {
    const all = runs.filter((run) => run.plan.players === players);
    const trusted = all.filter((run) => run.status === 'ok');
    for (const run of trusted) {
      const worst = breaches(level, run.measures, contextOf(run))[0];
      if (worst) return { level, largest, end: { type: 'broke', players, breach: worst } };
    }
    if (trusted.length < all.length) {
      const reason = all.find((run) => run.status !== 'ok')!.reasons[0] ?? 'the run was interrupted';
      return { level, largest, end: { type: 'at least', reason: `at ${tidy(players)} players: ${reason}` } };
    }
    largest = players;
  }
  return { level, largest, end: { type: 'largest tried' } };
}

/** Whether these runs satisfy the rule of a full verdict, or are a screening only. */
export function isScreening(runs: readonly RunRecord[]): boolean {
  const seeds = new Set(runs.map((run) => run.plan.seed));
  return seeds.size < FULL_SEEDS || runs.some((run) => run.plan.durationS < FULL_DURATION_S);
}
