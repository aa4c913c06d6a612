/** Records sorted into sweeps: runs that differ in nothing but the number of players and the seed. */
import { type Cost, costOf, RELAYED_SHARE } from '../cost.ts';
import { type MeasureName, numberOf } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { isScreening, judgeSweep, type SweepVerdict } from '../verdict.ts';

export interface Group {
  /** Equal for runs of one sweep. */
  key: string;
  /** What a legend says: topology and network, and whatever else distinguishes it from the other groups. */
  label: string;
  topology: string;
  network: string;
  simulated: boolean;
  runs: RunRecord[];
  fast: SweepVerdict;
  crowd: SweepVerdict;
  isScreening: boolean;
}

const PARTS: ((run: RunRecord) => string)[] = [
  ({ plan }) => (plan.dedicated ? `${plan.topology} (dedicated)` : plan.topology),
  ({ plan }) => plan.network,
  ({ plan }) => plan.scenario,
  ({ plan }) => `${plan.inView} in view`,
  ({ plan }) => `${plan.snapshotRateHz} Hz snapshots`,
  ({ plan }) => `${plan.inputRateHz} Hz inputs`,
  ({ plan }) => `${plan.tickRateHz} Hz ticks`,
  ({ plan }) => (plan.simulated ? 'simulated' : 'live'),
];
/** Topology and network are always told. */
const ALWAYS = 2;

/** Runs with a cheat or an injected fault are no part of a sweep. */
export function groupRuns(records: readonly RunRecord[]): Group[] {
  const sweeps = records.filter(({ plan }) => plan.cheat === null && plan.inject === null);
  const varies = PARTS.map((part, i) => i < ALWAYS || new Set(sweeps.map(part)).size > 1);
  const groups = new Map<string, RunRecord[]>();
  for (const run of sweeps) {
    const key = PARTS.map((part) => part(run)).join(' · ');
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups].map(([key, unsorted]) => {
    const runs = latest(unsorted).sort((a, b) => a.plan.players - b.plan.players || a.plan.seed - b.plan.seed);
    const { plan } = runs[0]!;
    return {
      key,
      label: PARTS.filter((_, i) => varies[i])
        .map((part) => part(runs[0]!))
        .join(' · '),
      topology: plan.topology,
      network: plan.network,
      simulated: plan.simulated,
      runs,
      fast: judgeSweep(runs, 'fast'),
      crowd: judgeSweep(runs, 'crowd'),
      isScreening: isScreening(runs),
    };
  });
}

/** Of runs with the same players and seed, the last one: what was void may have been tried again. */
function latest(runs: readonly RunRecord[]): RunRecord[] {
  const byTime = [...runs].sort((a, b) => a.about.startedAt.localeCompare(b.about.startedAt));
  return [...new Map(byTime.map((run) => [`${run.plan.players} ${run.plan.seed}`, run])).values()];
}

/** The middle of a measure over the seeds of one N; void runs do not count. */
export function medianAt(group: Group, players: number, name: MeasureName): number | null {
  const values = group.runs
    .filter((run) => run.plan.players === players && run.status === 'ok')
    .map((run) => numberOf(run.measures, name))
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

export function sizesOf(group: Group): number[] {
  return [...new Set(group.runs.map((run) => run.plan.players))].sort((a, b) => a - b);
}

/** Cost at the group's largest trusted run; null when a number that it needs was not measured. */
export function groupCost(group: Group): (Cost & { players: number }) | null {
  const run = group.runs.findLast(({ status }) => status === 'ok');
  if (!run) return null;
  const { measures, plan } = run;
  const [down, up, worst, cpu] = (['down.wire.mean', 'up.wire.mean', 'up.wire.worst', 'cpu.authority'] as const).map(
    (name) => numberOf(measures, name),
  ) as [number | null, number | null, number | null, number | null];
  const playersHost = plan.topology === 'host' && !plan.dedicated;
  if (down === null || up === null || (cpu === null && !playersHost)) return null;
  return {
    players: plan.players,
    ...costOf({
      egressKbps: playersHost ? 0 : down,
      cores: playersHost ? 0 : cpu! / 100 / plan.players,
      relayedKbps: playersHost ? RELAYED_SHARE * (down + up) : 0,
      donatedKbps: up,
      donatedWorstKbps: worst ?? up,
    }),
  };
}

export interface CheatCell {
  topology: string;
  cheat: string;
  defended: boolean;
  pairs: number;
  /** Score per minute above the honest twin's, with half the width of its 95 % interval. */
  gain: number;
  margin: number;
  /** Ratio of distance to the twin's. */
  distanceRatio: number;
  exposure: number | null;
  detected: number | null;
  innocentsBlamed: number;
  /** Too few pairs, or an interval that spans zero. */
  inconclusive: boolean;
  simulated: boolean;
}

/** Fewest twin pairs of a cell that says anything. */
const LEAST_PAIRS = 5;
/** Two-sided 95 % of Student's t for 1 to 10 degrees of freedom; beyond, the normal one is close. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

export function cheatCells(records: readonly RunRecord[]): CheatCell[] {
  const cells = new Map<string, { run: RunRecord; pairs: RunRecord['cheats'] }>();
  for (const run of records.filter(({ status }) => status === 'ok')) {
    for (const pair of run.cheats) {
      const key = [run.plan.topology, run.plan.simulated, pair.cheat, pair.defended].join(' ');
      const cell = cells.get(key) ?? { run, pairs: [] };
      cell.pairs.push(pair);
      cells.set(key, cell);
    }
  }
  return [...cells.values()].map(({ run, pairs }) => {
    const gains = pairs.map((pair) => pair.scorePerMin - pair.twinScorePerMin);
    const gain = mean(gains);
    const spread = Math.sqrt(gains.reduce((sum, g) => sum + (g - gain) ** 2, 0) / Math.max(1, gains.length - 1));
    const t = STUDENT[gains.length - 2] ?? 1.96;
    const margin = gains.length > 1 ? (t * spread) / Math.sqrt(gains.length) : Number.POSITIVE_INFINITY;
    const exposures = pairs.map((pair) => pair.exposure).filter((exposure) => exposure !== null);
    const judged = pairs.filter((pair) => pair.detected !== null);
    return {
      topology: run.plan.topology,
      cheat: pairs[0]!.cheat,
      defended: pairs[0]!.defended,
      pairs: pairs.length,
      gain,
      margin,
      distanceRatio:
        mean(pairs.map((p) => p.distancePerMin)) / Math.max(1, mean(pairs.map((p) => p.twinDistancePerMin))),
      exposure: exposures.length > 0 ? mean(exposures) : null,
      detected: judged.length > 0 ? judged.filter((pair) => pair.detected).length / judged.length : null,
      innocentsBlamed: pairs.reduce((most, pair) => Math.max(most, pair.innocentsBlamed), 0),
      inconclusive: pairs.length < LEAST_PAIRS || Math.abs(gain) <= margin,
      simulated: run.plan.simulated,
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
