/** Records sorted into sweeps: runs that differ in nothing but the number of players and the seed. */
import { type Cost, costOf, RELAYED_SHARE } from '../cost.ts';
import { type MeasureName, numberOf } from '../measures.ts';
import type { Plan } from '../plan.ts';
import type { RunRecord } from '../record.ts';
import { isScreening, judgeSweep, type SweepVerdict } from '../verdict.ts';

export interface Group {
  /** Equal for runs of one sweep. */
  key: string;
  /** What a legend says: topology and network, and whatever else distinguishes it from others of its topology. */
  label: string;
  topology: string;
  /** The topology with what changes its nature: rollback, or a host that only hosts. */
  variant: string;
  network: string;
  simulated: boolean;
  runs: RunRecord[];
  fast: SweepVerdict;
  crowd: SweepVerdict;
  isScreening: boolean;
}

/** Topologies in which no process decides for all: every player's machine simulates. */
const WITHOUT_AUTHORITY = ['lockstep', 'mesh'];

export function withoutAuthority({ topology }: Plan): boolean {
  return WITHOUT_AUTHORITY.includes(topology);
}

/** Everybody tells everybody, so that links and upload grow with the number of players. */
export function isFullMesh({ topology }: Plan): boolean {
  return topology === 'lockstep';
}

/** Everybody owns its avatar and tells those who can see it, so that links and upload grow with the density. */
export function isInterestMesh({ topology }: Plan): boolean {
  return topology === 'mesh';
}

/** Nobody but the players runs and pays for the machines. */
function playersServe(plan: Plan): boolean {
  return withoutAuthority(plan) || (plan.topology === 'host' && !plan.dedicated);
}

function variantOf({ topology, dedicated, rollback }: Plan): string {
  if (rollback) return `${topology} (rollback)`;
  return dedicated ? `${topology} (dedicated)` : topology;
}

function defencesOf({ defences: { timeBucket: _, visionFilter: __, ...ofPeers } }: Plan): string {
  const on = Object.entries(ofPeers).flatMap(([name, isOn]) => (isOn ? [name] : []));
  return on.length > 0 ? `with ${on.join(' and ')}` : 'without defences of peers';
}

const PARTS: ((run: RunRecord) => string)[] = [
  ({ plan }) => variantOf(plan),
  ({ plan }) => plan.network,
  ({ plan }) => plan.scenario,
  ({ plan }) => `${plan.inView} in view`,
  ({ plan }) => (isFullMesh(plan) ? `${plan.tickRateHz} Hz ticks` : `${plan.snapshotRateHz} Hz snapshots`),
  ({ plan }) => `${plan.inputRateHz} Hz inputs`,
  ({ plan }) => `${plan.tickRateHz} Hz ticks`,
  ({ plan }) => `input delay up to ${plan.maxDelayMs} ms`,
  ({ plan }) => `${plan.natBlockedRatio * 100} % of pairs relayed`,
  ({ plan }) => defencesOf(plan),
  ({ plan }) => (plan.simulated ? 'simulated' : 'live'),
];
/** Topology and network are always told. */
const ALWAYS = 2;

/** Runs with a cheat or an injected fault are no part of a sweep. */
export function groupRuns(records: readonly RunRecord[]): Group[] {
  const sweeps = records.filter(({ plan }) => plan.cheat === null && plan.inject === null);
  const isTold = (run: RunRecord, part: (typeof PARTS)[number]) =>
    new Set(sweeps.filter(({ plan }) => plan.topology === run.plan.topology).map(part)).size > 1;
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
      label: PARTS.filter((part, i) => i < ALWAYS || isTold(runs[0]!, part))
        .map((part) => part(runs[0]!))
        .join(' · '),
      topology: plan.topology,
      variant: variantOf(plan),
      network: plan.network,
      simulated: plan.simulated,
      runs,
      fast: judgeSweep(runs, 'fast'),
      crowd: judgeSweep(runs, 'crowd'),
      isScreening: isScreening(runs),
    };
  });
}

/**
 * Of runs with the same players and seed, the last one that can be trusted, or else the last one: what was void may have
 * been tried again, and a run that was stopped says nothing against the one before it.
 */
function latest(runs: readonly RunRecord[]): RunRecord[] {
  const isTrusted = ({ status }: RunRecord) => Number(status === 'ok');
  const sorted = [...runs].sort(
    (a, b) => isTrusted(a) - isTrusted(b) || a.about.startedAt.localeCompare(b.about.startedAt),
  );
  return [...new Map(sorted.map((run) => [`${run.plan.players} ${run.plan.seed}`, run])).values()];
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
  const byPlayers = playersServe(plan);
  if (down === null || up === null || (cpu === null && !byPlayers)) return null;
  // A run that blocks pairs on purpose knows its share; one that does not says nothing about players' routers.
  const share = (plan.natBlockedRatio > 0 ? numberOf(measures, 'relayed.ratio') : null) ?? RELAYED_SHARE;
  // In a mesh what one sends another receives: the relay sends it on once.
  const throughRelay = withoutAuthority(plan) ? up : down + up;
  return {
    players: plan.players,
    ...costOf({
      egressKbps: byPlayers ? 0 : down,
      cores: byPlayers ? 0 : cpu! / 100 / plan.players,
      relayedKbps: byPlayers ? share * throughRelay : 0,
      donatedKbps: up,
      donatedWorstKbps: worst ?? up,
    }),
  };
}

export interface CheatCell {
  topology: string;
  cheat: string;
  /** Null where none stops it. */
  defence: string | null;
  defended: boolean;
  /** Where no defence stops it, or none quite: why. */
  open: string | null;
  prevented: string | null;
  pairs: number;
  /** Score per minute above the honest twin's, with half the width of its 95 % interval. */
  gain: number;
  margin: number;
  /** Ratio of distance to the twin's. */
  distanceRatio: number;
  exposure: number | null;
  /** Share of tries that came to something. */
  accepted: number | null;
  /** Share of cheaters that were noticed, after how long (median and 95th percentile), and share that was named. */
  detected: number | null;
  detectMs: number | null;
  detectWorstMs: number | null;
  attributed: number | null;
  innocentsBlamed: number;
  /** Score per minute of those who neither cheat nor are twins, and share of their time that peers waited. */
  othersScore: number | null;
  waiting: number | null;
  /** Too few pairs, or an interval that spans zero. */
  inconclusive: boolean;
  simulated: boolean;
}

/** Fewest twin pairs of a cell that says anything. */
const LEAST_PAIRS = 5;
/** Two-sided 95 % of Student's t for 1 to 10 degrees of freedom; beyond, the normal one is close. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

export function cheatCells(records: readonly RunRecord[]): CheatCell[] {
  const cells = new Map<string, { run: RunRecord; pairs: RunRecord['cheats']; waiting: number[] }>();
  for (const run of records.filter(({ status }) => status === 'ok')) {
    for (const pair of run.cheats) {
      const key = [run.plan.topology, run.plan.rollback, run.plan.simulated, pair.cheat, pair.defended].join(' ');
      const cell = cells.get(key) ?? { run, pairs: [], waiting: [] };
      cell.pairs.push(pair);
      const waiting = numberOf(run.measures, 'stalls.time.ratio');
      if (waiting !== null) cell.waiting.push(waiting);
      cells.set(key, cell);
    }
  }
  return [...cells.values()].map(({ run, pairs, waiting }) => {
    const gains = pairs.map((pair) => pair.scorePerMin - pair.twinScorePerMin);
    const gain = mean(gains);
    const spread = Math.sqrt(gains.reduce((sum, g) => sum + (g - gain) ** 2, 0) / Math.max(1, gains.length - 1));
    const t = STUDENT[gains.length - 2] ?? 1.96;
    const margin = gains.length > 1 ? (t * spread) / Math.sqrt(gains.length) : Number.POSITIVE_INFINITY;
    const known = (pick: (pair: RunRecord['cheats'][number]) => number | null) =>
      pairs.map(pick).filter((value) => value !== null);
    const times = known((pair) => pair.detectMs).sort((a, b) => a - b);
    const tried = pairs.filter((pair) => pair.accepted !== null && (pair.attempts ?? 0) > 0);
    const total = (pick: (pair: RunRecord['cheats'][number]) => number | null) =>
      tried.reduce((sum, pair) => sum + (pick(pair) ?? 0), 0);
    return {
      topology: run.plan.rollback ? variantOf(run.plan) : run.plan.topology,
      cheat: pairs[0]!.cheat,
      defence: pairs[0]!.defence,
      defended: pairs[0]!.defended,
      open: pairs[0]!.open,
      prevented: pairs[0]!.prevented,
      pairs: pairs.length,
      gain,
      margin,
      distanceRatio:
        mean(pairs.map((p) => p.distancePerMin)) / Math.max(1, mean(pairs.map((p) => p.twinDistancePerMin))),
      exposure: meanOf(known((pair) => pair.exposure)),
      accepted: tried.length > 0 ? total((pair) => pair.accepted) / total((pair) => pair.attempts) : null,
      detected: meanOf(known((pair) => (pair.detected === null ? null : Number(pair.detected)))),
      detectMs: times[times.length >> 1] ?? null,
      detectWorstMs: times[Math.ceil(0.95 * times.length) - 1] ?? null,
      attributed: meanOf(known((pair) => (pair.attributed === null ? null : Number(pair.attributed)))),
      innocentsBlamed: pairs.reduce((most, pair) => Math.max(most, pair.innocentsBlamed), 0),
      othersScore: meanOf(known((pair) => pair.othersScorePerMin)),
      waiting: meanOf(waiting),
      inconclusive: pairs.length < LEAST_PAIRS || Math.abs(gain) <= margin,
      simulated: run.plan.simulated,
    };
  });
}

function meanOf(values: readonly number[]): number | null {
  return values.length > 0 ? mean(values) : null;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
