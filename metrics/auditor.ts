/**
 * Turns what the authority and the players wrote down into the measures of a record; where nobody is the authority, one
 * of the peers keeps the truth for all. The joining of truth and views over time is audit/sweep.ts, bytes are
 * audit/traffic.ts, peers among themselves audit/peers.ts; here are the other totals, and the naming. Definitions are in docs/metrics.md.
 */
import { SUBUNITS } from '../game/constants.ts';
import { drawnErrors } from './audit/drawn.ts';
import { gatherInputs } from './audit/inputs.ts';
import { MeasureSheet } from './audit/measure-sheet.ts';
import { type Conflicts, countConflicts } from './audit/outcomes.ts';
import { addPeers, reportedDesyncs } from './audit/peers.ts';
import { addRendezvous, NO_RENDEZVOUS } from './audit/rendezvous.ts';
import { cpuPercent, memoryMb, sumOf } from './audit/resources.ts';
import { seriesOf } from './audit/series.ts';
import { Sweep } from './audit/sweep.ts';
import { addTicks, addTickTimes, tickEvidence } from './audit/ticks.ts';
import { addFormula, addTraffic, NO_AUTHORITY, trafficOf } from './audit/traffic.ts';
import { Truth } from './audit/truth.ts';
import { gatherViewers } from './audit/viewers.ts';
import type { AuthorityRecording } from './authority-recorder.ts';
import type { UploadForm } from './cost.ts';
import { Distribution } from './histogram.ts';
import type { Evidence, Measures } from './measures.ts';
import { meshConflicts } from './mesh/conflicts.ts';
import { accusationsOf, addMesh, addMeshFormula, uploadsOf, withoutOwners } from './mesh/mesh-measures.ts';
import { OwnRows } from './mesh/own-rows.ts';
import { addOwnTicks } from './mesh/own-ticks.ts';
import type { Activity, Conflict, Coverage, Desync, LedgerCount, SeriesRow } from './record.ts';
import type { RendezvousRecording } from './rendezvous-recorder.ts';
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
  /**
   * `nobody`: every peer simulates the match, and the first argument of `audit` is what one of them recorded. `owners`:
   * every peer decides for its own avatar, and the first argument is what all of them recorded, merged.
   */
  decides?: 'authority' | 'nobody' | 'owners';
  /** Whether peers predict missing inputs and step again when they come. */
  rollback?: boolean;
  /** What the process wrote down where peers meet. */
  rendezvous?: RendezvousRecording | null;
  /** Closed form of the upload; null: there is none. Without it, the usual one of who decides. */
  formula?: UploadForm | null;
  /** Coins of a mesh as counted when the match had settled; null or left out: nobody counted. */
  ledger?: LedgerCount | null;
  /**
   * Messages per second that it means to send over each link; null or left out: the rate of inputs or snapshots recorded,
   * and where owners tell their state, by need.
   */
  sendRateHz?: number | null;
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
  /** The first one; where avatars have owners, the first row that differs from its owner's truth. */
  desync: Desync | null;
  /** Of a mesh, by kind; empty elsewhere. */
  conflicts: Conflict[];
  ledger: LedgerCount | null;
  /** How often peers of a mesh accused each other, by reason. */
  accusations: Record<string, number>;
  /** What they upload, by what it is for, in kbit/s with transport headers; empty elsewhere. */
  uploads: Record<string, number>;
  /** Reasons of failed joins and lost links, counted. */
  failures: Record<string, number>;
  tallies: PlayerTally[];
  series: SeriesRow[];
}

/** A pair must have been in interest for this long to be called the worst. */
const PAIR_LEAST_MS = 2000;

/** Joins what the authority (or a peer, or all owners together) and the players wrote down into measures. Linear in their rows. */
export function audit(authority: AuthorityRecording, swarms: SwarmRecording[], options: AuditOptions): Audit {
  const { meta } = authority;
  const { fromMs, untilMs, capacity, arenaSize } = meta;
  const inputs = gatherInputs(swarms, capacity);
  const viewers = gatherViewers(swarms, capacity);
  const { quantisation } = options;
  // Owners are each at a phase of their own: which of them is ahead says nothing about when the tick was.
  const truth = new Truth(authority, inputs, options.decides === 'owners' ? [] : viewers);
  const sweep = new Sweep(truth, inputs, viewers, {
    fromMs,
    untilMs,
    capacity,
    arenaSize,
    quantisation,
  }).run();
  const out = new MeasureSheet(options.evidence);
  const reported = reportedDesyncs(swarms);
  const ledger = options.ledger ?? null;
  addTickTimes(out, authority, tickEvidence(options.evidence));
  addTraffic(out, authority, swarms, options);
  addPlayers(out, authority, swarms, options);
  const peers = sendersOf(swarms, fromMs, untilMs);
  addRendezvous(out, options, { peers, windowMs: untilMs - fromMs });
  let conflicts: Conflict[] = [];
  if (options.decides === 'owners') {
    const rows = new OwnRows(swarms, capacity);
    const disputed = meshConflicts(swarms, rows, meta.tickRateHz);
    conflicts = disputed.kinds;
    addSweep(out, sweep, disputed, 'nothing happened 5 s after the first and before the last tick', reported.count);
    addOwnTicks(out, meta, rows, tickEvidence(options.evidence));
    addMesh(out, meta, swarms, { sweep, truth, peers, headerBytes: options.headerBytes });
    out.set('coins.error', ledger?.error ?? null, 'nobody counted the ledger after the match');
  } else {
    const disputed = countConflicts(authority, viewers);
    const seen = sweep.viewers.length > 0;
    const why = seen ? 'nothing happened to the measured viewers' : 'no viewer was measured';
    addSweep(out, sweep, disputed, why, reported.count);
    addTicks(out, authority, tickEvidence(options.evidence));
    withoutOwners(out);
  }
  addMachines(out, authority, swarms, options);
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
    desync: earlier(reported.first, sweep.firstDesync),
    conflicts,
    ledger,
    accusations: accusationsOf(swarms),
    uploads: options.decides === 'owners' ? uploadsOf(meta, swarms, options.headerBytes) : {},
    failures,
    tallies: talliesOf(authority, sweep),
    series: seriesOf(authority, sweep),
  };
}

/** Of the same tick, what the peers found among themselves says more than what differs from the tape. */
function earlier(reported: Desync | null, found: Desync | null): Desync | null {
  if (!reported || !found) return reported ?? found;
  return found.tick < reported.tick ? found : reported;
}

function addSweep(
  out: MeasureSheet,
  sweep: Sweep,
  { outcomes, conflicts }: Conflicts,
  whyNoOutcome: string,
  reported: number,
): void {
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
  out.set('desync.count', sweep.received > 0 || reported > 0 ? sweep.desyncs + reported : null, whySeen);
  out.set('conflicts.per1000', outcomes > 0 ? (conflicts / outcomes) * 1000 : null, whyNoOutcome);
  const lived = sweep.viewers.reduce((sum, viewer) => sum + viewer.livedMs, 0);
  const hidden = sweep.viewers.reduce((sum, viewer) => sum + viewer.hiddenMs, 0);
  out.set('exposure.mean', lived > 0 ? hidden / lived : null, whySeen);
}

function addPlayers(
  out: MeasureSheet,
  authority: AuthorityRecording,
  swarms: readonly SwarmRecording[],
  options: AuditOptions,
): void {
  const { expectedJoins, decides = 'authority', rollback = false } = options;
  const { fromMs, untilMs, tickRateHz } = authority.meta;
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
  const senders = sendersOf(swarms, fromMs, untilMs);
  const inputsHz = senders > 0 ? late.count / senders / seconds : null;
  out.set('inputs.rate', inputsHz, 'no input was sent');
  out.set('inputs.late.p99', late.percentile(99), 'no input was sent');
  const snapshotsHz = snapshotRate(swarms, fromMs, untilMs);
  out.set('snapshots.rate', snapshotsHz, 'no viewer was measured');
  const echo = merged((swarm) => swarm.meta.echo);
  out.set('echo.p95', echo.percentile(95), 'no client told when it saw its own inputs');
  const corrections = merged((swarm) => swarm.meta.corrections);
  const predicts = decides === 'authority' || rollback;
  const fullClients = predicts ? swarms.reduce((sum, swarm) => sum + swarm.meta.fullClients, 0) : 0;
  const alone =
    decides === 'owners' ? 'an owner needs no prediction of itself' : 'nothing is predicted without rollback';
  const whyNot = predicts ? 'no client predicts' : alone;
  out.set('prediction.error.p95', corrections.percentile(95), fullClients > 0 ? 'no prediction was corrected' : whyNot);
  out.set('corrections.rate', fullClients > 0 ? (corrections.count / fullClients / seconds) * 60 : null, whyNot);
  addPeers(out, swarms, options, { peers: senders, windowMs: untilMs - fromMs, tickRateHz });
  if (decides === 'owners') addMeshFormula(out, swarms, options);
  else addFormula(out, authority, swarms, options, { inputsHz, snapshotsHz, links: linksOf(swarms) });
}

/** Players that sent an input in the window. */
function sendersOf(swarms: readonly SwarmRecording[], fromMs: number, untilMs: number): number {
  const senders = new Set<number>();
  for (const { inputs } of swarms) {
    const { player, dueMs } = inputs.columns;
    for (let i = 0; i < inputs.count; i++) {
      if (dueMs[i]! >= fromMs && dueMs[i]! < untilMs) senders.add(player[i]!);
    }
  }
  return senders.size;
}

/** CPU and memory, of all processes and of one participant, and how late bots were. */
function addMachines(
  out: MeasureSheet,
  { meta, resources }: AuthorityRecording,
  swarms: readonly SwarmRecording[],
  { evidence, decides = 'authority', rendezvous = null }: AuditOptions,
): void {
  const { fromMs, untilMs } = meta;
  const virtual = evidence === 'simulated';
  const none = virtual ? 'not modelled on virtual time' : 'it took no samples';
  if (decides !== 'authority') {
    out.absent(['cpu.authority', 'memory.authority'], NO_AUTHORITY[decides]);
  } else {
    const kind = virtual ? 'modelled' : evidence;
    out.set('cpu.authority', cpuPercent(resources, fromMs, untilMs), none, kind);
    out.set('memory.authority', memoryMb(resources), none);
  }
  const rendezvousCpu = rendezvous && cpuPercent(rendezvous.resources, fromMs, untilMs);
  out.set('cpu.rendezvous', rendezvousCpu, rendezvous ? none : NO_RENDEZVOUS);

  const lags = swarms.map((swarm) => new Distribution(swarm.meta.lag).percentile(99)).filter((lag) => lag !== null);
  const why = virtual ? 'virtual time: bots cannot lag' : 'no bot process sampled it';
  out.set('bots.lag.p99', lags.length > 0 ? Math.max(...lags) : null, why);
  const cpu = sumOf(swarms.map((swarm) => cpuPercent(swarm.resources, fromMs, untilMs)));
  const memory = sumOf(swarms.map((swarm) => memoryMb(swarm.resources)));
  const whyCpu = virtual ? 'not modelled on virtual time' : 'bot processes took no samples';
  out.set('cpu.bots', cpu, whyCpu);
  out.set('memory.bots', memory, whyCpu);
  const peers = sendersOf(swarms, fromMs, untilMs);
  const { sentDatagrams, receivedDatagrams } = trafficOf(swarms);
  const messages = sentDatagrams + receivedDatagrams;
  const shared = (value: number | null) => (value === null || peers === 0 ? null : value / peers);
  out.set('cpu.peer', shared(cpu), whyCpu);
  out.set('memory.peer', shared(memory), whyCpu);
  // In percent of one core over the window, hence 10 µs for each percent and ms.
  out.set('cpu.perMessage', cpu === null || messages === 0 ? null : (cpu * 10 * (untilMs - fromMs)) / messages, whyCpu);
}

/** Mean links per peer; null when nobody told. */
function linksOf(swarms: readonly SwarmRecording[]): number | null {
  const links = new Distribution();
  for (const { meta } of swarms) links.merge(new Distribution(meta.peers.links));
  return links.mean;
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
  const most = (count: number) => per(poissonInterval(count)[1]);
  const possible = { distance: rates.distance, shots: most(meta.shots), pickups: most(meta.pickups) };
  return {
    ...rates,
    kills: per(meta.kills),
    killsInterval: [per(low), per(high)],
    ratio: reference && leastRatio(rates, reference),
    ratioHigh: reference && leastRatio(possible, reference),
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
