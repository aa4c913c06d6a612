/**
 * Turns what the authority and the players wrote down into the measures of a record. The joining of truth and views
 * over time is audit/sweep.ts; here are the totals, and the naming. Definitions are in docs/metrics.md.
 */
import { SUBUNITS } from '../game/constants.ts';
import { EventKind } from '../game/world.ts';
import { drawnErrors } from './audit/drawn.ts';
import { gatherInputs } from './audit/inputs.ts';
import { type Conflicts, countConflicts } from './audit/outcomes.ts';
import { Sweep } from './audit/sweep.ts';
import { Truth } from './audit/truth.ts';
import { gatherViewers } from './audit/viewers.ts';
import type { AuthorityRecording, ResourceRows } from './authority-recorder.ts';
import { Distribution } from './histogram.ts';
import { type Evidence, MEASURE_NAMES, MEASURES, type Measure, type MeasureName, type Measures } from './measures.ts';
import type { Activity, Coverage, Desync, SeriesRow } from './record.ts';
import type { SwarmRecording } from './swarm-recorder.ts';

/** What an audit needs besides the recordings. */
export interface AuditOptions {
  evidence: Evidence;
  /** Players that should have joined through a swarm. */
  expectedJoins: number;
  /** Step of the codec's positions in sub-units per axis: a smaller difference is no desync. */
  quantisation: number;
  /** Bytes that the transport adds to one message; 78 for WebSocket over TLS, 93 for a data channel. */
  headerBytes: number;
  /** The authority is one of the participants: its upload counts as a participant's. */
  authorityPlays: boolean;
  /** What the same policies do per player-minute without latency; null when unknown. */
  reference: ActivityRates | null;
}

/** Per minute of a living player: distance in units. */
export interface ActivityRates {
  distance: number;
  shots: number;
  pickups: number;
}

/** Per player, over the window: what a cheater is compared with its twin by. */
export interface PlayerTally {
  player: number;
  scorePerMin: number;
  /** Units. */
  distancePerMin: number;
  /** Mean number of players beyond vision that it held; null when it was no measured viewer. */
  exposure: number | null;
}

export interface Audit {
  measures: Measures;
  activity: Activity;
  coverage: Coverage;
  desync: Desync | null;
  /** Reasons of failed joins and lost links, counted. */
  failures: Record<string, number>;
  tallies: PlayerTally[];
  series: SeriesRow[];
}

/** Ticks over this many ms are stalls. */
const STALL_MS = 250;
/** A pair must have been in interest for this long to be called the worst. */
const PAIR_LEAST_MS = 2000;

/** Joins what the authority and the players wrote down into measures. Linear in their rows. */
export function audit(authority: AuthorityRecording, swarms: SwarmRecording[], options: AuditOptions): Audit {
  const { meta } = authority;
  const { fromMs, untilMs, capacity, arenaSize } = meta;
  const inputs = gatherInputs(swarms, capacity);
  const viewers = gatherViewers(swarms, capacity);
  const { quantisation } = options;
  const truth = new Truth(authority, inputs);
  const sweep = new Sweep(truth, inputs, viewers, {
    fromMs,
    untilMs,
    capacity,
    arenaSize,
    quantisation,
  }).run();
  const out = new MeasureSheet(options.evidence);
  addTicks(out, authority, options.evidence);
  addSweep(out, sweep, countConflicts(authority, viewers));
  addTraffic(out, authority, swarms, options);
  addPlayers(out, authority, swarms, options);
  out.set('positionError.drawn.p95', drawnErrors(swarms, truth).percentile(95), 'no client drew');
  const activity = activityOf(authority, options.reference);
  const failures: Record<string, number> = {};
  for (const { meta: swarm } of swarms) {
    for (const [reason, count] of [...Object.entries(swarm.failures), ...Object.entries(swarm.disconnects)]) {
      failures[reason] = (failures[reason] ?? 0) + count;
    }
  }
  const coverage: Coverage = {
    players: authority.tallies.count,
    inputs: inputs.players,
    viewers: viewers.length,
    pairs: sweep.pairs.count,
    measuredS: (untilMs - fromMs) / 1000,
    truncated: authority.dropped > 0 || swarms.some((swarm) => swarm.dropped > 0),
  };
  return {
    measures: out.finish(),
    activity,
    coverage,
    desync: sweep.firstDesync,
    failures,
    tallies: talliesOf(authority, sweep),
    series: seriesOf(authority, sweep),
  };
}

/** Collects the measures; what was never set says why. */
class MeasureSheet {
  readonly #evidence: Evidence;
  readonly #set = new Map<MeasureName, Measure>();

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  /** A null value needs a reason. */
  set(name: MeasureName, value: number | null, why = 'nothing was recorded for it', evidence?: Evidence): void {
    const { unit } = MEASURES[name];
    if (value === null || !Number.isFinite(value)) this.#set.set(name, { value: null, unit, why });
    else this.#set.set(name, { value: Math.round(value * 1e6) / 1e6, unit, evidence: evidence ?? this.#evidence });
  }

  finish(): Measures {
    const all = MEASURE_NAMES.map((name): [MeasureName, Measure] => {
      const measure = this.#set.get(name);
      return [name, measure ?? { value: null, unit: MEASURES[name].unit, why: ABSENT[name] ?? 'not taken' }];
    });
    return Object.fromEntries(all) as Measures;
  }
}

const ABSENT: Partial<Record<MeasureName, string>> = {
  'rollback.depth.p50': 'no rollback under an authority',
  'relayed.ratio': 'no relay between these ends',
  'recovery.p99': 'no authority was killed in this run',
};

/** The authority's own numbers. In virtual time a tick takes what a model says. */
function addTicks(out: MeasureSheet, { meta, ticks, resources }: AuthorityRecording, runEvidence: Evidence): void {
  const evidence = runEvidence === 'simulated' ? 'modelled' : runEvidence;
  const times = new Distribution(meta.tickTimes);
  const { columns } = ticks;
  const windowMs = meta.untilMs - meta.fromMs;
  const budgetMs = 1000 / meta.tickRateHz;
  let done = 0;
  let stalls = 0;
  let jumps = 0;
  let before = Number.NaN;
  for (let k = 0; k < ticks.count; k++) {
    const startMs = columns.startMs[k]!;
    if (startMs < meta.fromMs || startMs >= meta.untilMs) continue;
    const tookMs = columns.receiveMs[k]! + columns.endMs[k]! - columns.dueMs[k]!;
    done++;
    if (tookMs > STALL_MS) stalls++;
    const time = Math.max(budgetMs, tookMs);
    if (done > 1) jumps += Math.abs(time - before);
    before = time;
  }
  const set = (name: MeasureName, value: number | null) => out.set(name, value, 'no tick was recorded', evidence);
  set('tick.p50', times.percentile(50));
  set('tick.p95', times.percentile(95));
  set('tick.p99', times.percentile(99));
  set('tick.p999', times.percentile(99.9));
  set('tick.max', times.max);
  set('tick.rate', windowMs > 0 ? (done * 1000) / windowMs : null);
  set('tick.isr', windowMs > 0 && done > 0 ? jumps / (2 * budgetMs * (windowMs / budgetMs)) : null);
  set('stalls.count', done > 0 ? stalls : null);
  out.set('coins.error', done > 0 ? meta.coinsError : null);
  const why = runEvidence === 'simulated' ? 'not modelled on virtual time' : 'the authority took no samples';
  out.set('cpu.authority', cpuPercent(resources, meta.fromMs, meta.untilMs), why, evidence);
  out.set('memory.authority', memoryMb(resources), why);
}

function addSweep(out: MeasureSheet, sweep: Sweep, { outcomes, conflicts }: Conflicts): void {
  const seen = sweep.viewers.length > 0;
  const whySeen = seen ? 'no pair met in interest' : 'no viewer was measured';
  for (const [name, distribution] of [
    ['action', sweep.action],
    ['ownAction', sweep.ownAction],
  ] as const) {
    out.set(`${name}.p50`, distribution.percentile(50), whySeen);
    out.set(`${name}.p95`, distribution.percentile(95), whySeen);
  }
  out.set('action.p99', sweep.action.percentile(99), whySeen);
  const near = sweep.near.distribution();
  const all = sweep.all.distribution();
  out.set('age.near.p95', near.percentile(95), seen ? 'nobody came within 160 units' : whySeen);
  out.set('age.near.p99', near.percentile(99), seen ? 'nobody came within 160 units' : whySeen);
  out.set('age.all.p95', all.percentile(95), whySeen);
  out.set('age.all.p99', all.percentile(99), whySeen);
  out.set('age.worstPair.p99', sweep.pairs.worst(PAIR_LEAST_MS), seen ? 'no pair met for 2 s' : whySeen);
  out.set('positionError.p95', sweep.positionError.percentile(95), whySeen);
  out.set('positionError.sameTick.p95', sweep.sameTickError.percentile(95), whySeen);
  out.set('inconsistency.mean', sweep.pairMs > 0 ? (sweep.inconsistency / sweep.pairMs) * 60 : null, whySeen);
  out.set('viewError.ratio', sweep.judged > 0 ? (sweep.missing + sweep.phantom) / sweep.judged : null, whySeen);
  out.set('desync.count', sweep.received > 0 ? sweep.desyncs : null, whySeen);
  const why = seen ? 'nothing happened to the measured viewers' : whySeen;
  out.set('conflicts.per1000', outcomes > 0 ? (conflicts / outcomes) * 1000 : null, why);
  const lived = sweep.viewers.reduce((sum, viewer) => sum + viewer.livedMs, 0);
  const hidden = sweep.viewers.reduce((sum, viewer) => sum + viewer.hiddenMs, 0);
  out.set('exposure.mean', lived > 0 ? hidden / lived : null, whySeen);
}

/** Payload is what was counted; with headers, it is a model of the transport added to it. */
function addTraffic(
  out: MeasureSheet,
  { meta }: AuthorityRecording,
  swarms: readonly SwarmRecording[],
  { headerBytes, authorityPlays, evidence }: AuditOptions,
): void {
  const kbps = 8 / Math.max(1, meta.untilMs - meta.fromMs);
  const up = new Spread();
  const down = new Spread();
  const upWire = new Spread();
  const downWire = new Spread();
  const add = (sent: number, received: number, datagramsSent: number, datagramsReceived: number) => {
    up.add(sent * kbps);
    down.add(received * kbps);
    upWire.add((sent + datagramsSent * headerBytes) * kbps);
    downWire.add((received + datagramsReceived * headerBytes) * kbps);
  };
  for (const { traffic } of swarms) {
    const { sentBytes, receivedBytes, sentDatagrams, receivedDatagrams } = traffic.columns;
    for (let i = 0; i < traffic.count; i++) {
      add(sentBytes[i]!, receivedBytes[i]!, sentDatagrams[i]!, receivedDatagrams[i]!);
    }
  }
  if (authorityPlays) add(meta.sentBytes, meta.receivedBytes, meta.sentDatagrams, meta.receivedDatagrams);
  const why = 'no participant counted bytes';
  const wire = evidence === 'measured' ? 'modelled' : evidence;
  for (const [name, plain, withHeaders] of [
    ['up', up, upWire],
    ['down', down, downWire],
  ] as const) {
    out.set(`${name}.mean`, plain.mean, why);
    out.set(`${name}.p99`, plain.percentile(99), why);
    out.set(`${name}.worst`, plain.max, why);
    out.set(`${name}.wire.mean`, withHeaders.mean, why, wire);
    out.set(`${name}.wire.worst`, withHeaders.max, why, wire);
  }
  const counted = meta.sentBytes + meta.receivedBytes > 0;
  out.set('authority.up', counted ? meta.sentBytes * kbps : null, 'the authority counted no bytes');
  out.set('authority.down', counted ? meta.receivedBytes * kbps : null, 'the authority counted no bytes');
}

/** One value per participant. */
class Spread {
  readonly #values = new Distribution();
  #sum = 0;
  max: number | null = null;

  add(value: number): void {
    this.#values.add(value);
    this.#sum += value;
    this.max = Math.max(this.max ?? 0, value);
  }

  get mean(): number | null {
    return this.max === null ? null : this.#sum / this.#values.count;
  }

  percentile(percent: number): number | null {
    return this.#values.percentile(percent);
  }
}

function addPlayers(
  out: MeasureSheet,
  { meta }: AuthorityRecording,
  swarms: readonly SwarmRecording[],
  { expectedJoins, evidence }: AuditOptions,
): void {
  const { fromMs, untilMs } = meta;
  const seconds = (untilMs - fromMs) / 1000;
  const merged = (pick: (swarm: SwarmRecording) => string) => {
    const all = new Distribution();
    for (const swarm of swarms) all.merge(new Distribution(pick(swarm)));
    return all;
  };
  const joinTimes = merged((swarm) => swarm.meta.joinTimes);
  const joined = swarms.reduce((sum, swarm) => sum + swarm.meta.joined, 0);
  out.set('joins.ok', expectedJoins > 0 ? Math.min(1, joined / expectedJoins) : null, 'nobody was to join');
  out.set('joins.p50', joinTimes.percentile(50), 'nobody joined');
  out.set('joins.p99', joinTimes.percentile(99), 'nobody joined');
  const lost = swarms.flatMap((swarm) => Object.values(swarm.meta.disconnects));
  out.set(
    'disconnects',
    lost.reduce((sum, count) => sum + count, 0),
  );

  const late = merged((swarm) => swarm.meta.late);
  const senders = new Set<number>();
  for (const { inputs } of swarms) {
    const { player, dueMs } = inputs.columns;
    for (let i = 0; i < inputs.count; i++) {
      if (dueMs[i]! >= fromMs && dueMs[i]! < untilMs) senders.add(player[i]!);
    }
  }
  out.set('inputs.rate', senders.size > 0 ? late.count / senders.size / seconds : null, 'no input was sent');
  out.set('inputs.late.p99', late.percentile(99), 'no input was sent');
  out.set('snapshots.rate', snapshotRate(swarms, fromMs, untilMs), 'no viewer was measured');
  const echo = merged((swarm) => swarm.meta.echo);
  out.set('echo.p95', echo.percentile(95), 'no client told when it saw its own inputs');
  const corrections = merged((swarm) => swarm.meta.corrections);
  const fullClients = swarms.reduce((sum, swarm) => sum + swarm.meta.fullClients, 0);
  const whyNot = fullClients === 0 ? 'no client predicts' : 'no prediction was corrected';
  out.set('prediction.error.p95', corrections.percentile(95), whyNot);
  out.set('corrections.rate', fullClients > 0 ? (corrections.count / fullClients / seconds) * 60 : null, whyNot);

  const lags = swarms.map((swarm) => new Distribution(swarm.meta.lag).percentile(99)).filter((lag) => lag !== null);
  const why = evidence === 'simulated' ? 'virtual time: bots cannot lag' : 'no bot process sampled it';
  out.set('bots.lag.p99', lags.length > 0 ? Math.max(...lags) : null, why);
  const cpus = swarms.map((swarm) => cpuPercent(swarm.resources, fromMs, untilMs));
  const memories = swarms.map((swarm) => memoryMb(swarm.resources));
  const whyCpu = evidence === 'simulated' ? 'not modelled on virtual time' : 'bot processes took no samples';
  out.set('cpu.bots', sumOf(cpus), whyCpu);
  out.set('memory.bots', sumOf(memories), whyCpu);
}

/** null as soon as one part is unknown. */
function sumOf(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value));
}

function snapshotRate(swarms: readonly SwarmRecording[], fromMs: number, untilMs: number): number | null {
  const viewers = new Set<number>();
  let received = 0;
  for (const { snapshots } of swarms) {
    const { player, atMs } = snapshots.columns;
    for (let i = 0; i < snapshots.count; i++) {
      viewers.add(player[i]!);
      if (atMs[i]! >= fromMs && atMs[i]! < untilMs) received++;
    }
  }
  return viewers.size === 0 ? null : (received / viewers.size) * (1000 / (untilMs - fromMs));
}

/** CPU between the first and the last sample inside the window, in percent of one core; null with fewer than two. */
function cpuPercent({ count, columns }: ResourceRows, fromMs: number, untilMs: number): number | null {
  let first = -1;
  let last = -1;
  for (let i = 0; i < count; i++) {
    if (columns.atMs[i]! < fromMs || columns.atMs[i]! > untilMs) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first === last) return null;
  const used = (i: number) => columns.userUs[i]! + columns.systemUs[i]!;
  return (used(last) - used(first)) / (columns.atMs[last]! - columns.atMs[first]!) / 10;
}

/** null when nobody said how much. */
function memoryMb({ count, columns }: ResourceRows): number | null {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, columns.rssBytes[i]!);
  return most === 0 ? null : most / 1e6;
}

/** What players did, per minute of a living player. With a reference, the least of the three ratios to it. */
export function activityOf(authority: AuthorityRecording, reference: ActivityRates | null = null): Activity {
  const { meta, tallies } = authority;
  let ticks = 0;
  let distance = 0;
  for (let i = 0; i < tallies.count; i++) {
    ticks += tallies.columns.ticks[i]!;
    distance += tallies.columns.distance[i]!;
  }
  const minutes = ticks / meta.tickRateHz / 60;
  const per = (value: number) => (minutes > 0 ? Math.round((value / minutes) * 1000) / 1000 : 0);
  const rates = { distance: per(distance / SUBUNITS), shots: per(meta.shots), pickups: per(meta.pickups) };
  const [low, high] = poissonInterval(meta.kills);
  return {
    ...rates,
    kills: per(meta.kills),
    killsInterval: [per(low), per(high)],
    ratio: reference && leastRatio(rates, reference),
  };
}

function leastRatio(rates: ActivityRates, reference: ActivityRates): number {
  const ratio = (name: keyof ActivityRates) => (reference[name] > 0 ? rates[name] / reference[name] : 1);
  return Math.round(Math.min(ratio('distance'), ratio('shots'), ratio('pickups')) * 1000) / 1000;
}

/** 95 % interval of a Poisson count (Byar's approximation, Breslow and Day 1987). */
export function poissonInterval(count: number): [number, number] {
  const bound = (n: number, sign: number) => n * Math.max(0, 1 - 1 / (9 * n) + (sign * 1.96) / (3 * Math.sqrt(n))) ** 3;
  return [count > 0 ? bound(count, -1) : 0, bound(count + 1, 1)];
}

function talliesOf({ meta, tallies }: AuthorityRecording, sweep: Sweep): PlayerTally[] {
  const minutes = (meta.untilMs - meta.fromMs) / 60_000;
  const exposures = new Map(
    sweep.viewers.filter((viewer) => viewer.livedMs > 0).map((v) => [v.log.player, v.hiddenMs / v.livedMs]),
  );
  const rows: PlayerTally[] = [];
  for (let i = 0; i < tallies.count; i++) {
    const player = tallies.columns.player[i]!;
    rows.push({
      player,
      scorePerMin: tallies.columns.score[i]! / minutes,
      distancePerMin: tallies.columns.distance[i]! / SUBUNITS / minutes,
      exposure: exposures.get(player) ?? null,
    });
  }
  return rows;
}

function seriesOf({ meta, ticks, truth, outcomes }: AuthorityRecording, sweep: Sweep): SeriesRow[] {
  const { fromMs, untilMs } = meta;
  const rows: SeriesRow[] = [];
  for (let s = 0; s < Math.ceil((untilMs - fromMs) / 1000); s++) {
    const ageMs = sweep.ageMsBySecond[s]!;
    rows.push({
      s,
      players: 0,
      ticks: 0,
      tickWorstMs: 0,
      tickMeanMs: 0,
      ageMeanMs: ageMs > 0 ? round3(sweep.ageSumBySecond[s]! / ageMs) : null,
      kills: 0,
      pickups: 0,
      checksums: {},
    });
  }
  const secondOfTick = new Map<number, SeriesRow>();
  const { columns } = ticks;
  for (let k = 0; k < ticks.count; k++) {
    const row = rows[Math.floor((columns.startMs[k]! - fromMs) / 1000)];
    if (!row) continue;
    const tookMs = columns.receiveMs[k]! + columns.endMs[k]! - columns.dueMs[k]!;
    secondOfTick.set(columns.tick[k]!, row);
    row.ticks++;
    row.players = (k + 1 < ticks.count ? columns.firstRow[k + 1]! : truth.count) - columns.firstRow[k]!;
    row.tickWorstMs = Math.max(row.tickWorstMs, round3(tookMs));
    row.tickMeanMs += tookMs;
  }
  for (const row of rows) row.tickMeanMs = row.ticks > 0 ? round3(row.tickMeanMs / row.ticks) : 0;
  for (let i = 0; i < outcomes.count; i++) {
    const row = secondOfTick.get(outcomes.columns.tick[i]!);
    if (!row) continue;
    if (outcomes.columns.kind[i] === EventKind.kill) row.kills++;
    if (outcomes.columns.kind[i] === EventKind.pickup) row.pickups++;
  }
  for (const { atMs, sections } of meta.checksums) {
    const row = rows[Math.floor((atMs - fromMs) / 1000)];
    if (row) row.checksums = sections;
  }
  return rows;
}

const round3 = (value: number) => Math.round(value * 1000) / 1000;
