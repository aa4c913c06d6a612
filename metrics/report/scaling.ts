/**
 * Where a full mesh stops, and why: what its runs measured beside what arithmetic says, and how both
 * go on beyond the largest run. All that was not run is modelled, and is called so.
 */
import { type MeasureName, numberOf } from '../measures.ts';
import { tidy } from '../verdict.ts';
import { type Group, isFullMesh, medianAt, sizesOf } from './groups.ts';

/** Uplinks of players in kbit/s, from a poor one to fibre. */
export const UPLINKS_KBPS = [1000, 5000, 10_000, 20_000, 100_000] as const;

export const mbit = (kbps: number) => tidy(kbps / 1000);

/** What one peer sends to one other. */
export interface LinkArithmetic {
  players: number;
  rateHz: number;
  payloadBytes: number;
  headerBytes: number;
  /** kbit/s of one direction of one link, by arithmetic. */
  linkKbps: number;
  /** Of one peer to all others: by arithmetic, and measured with headers. */
  formulaKbps: number;
  measuredKbps: number;
}

/** Of the largest trusted run that has all of it; null without one, or where not everybody tells everybody. */
export function linkArithmetic(group: Group): LinkArithmetic | null {
  if (!isFullMesh(group.runs[0]!.plan)) return null;
  const run = group.runs.findLast(
    ({ status, measures, coverage }) =>
      status === 'ok' && coverage.players > 1 && (numberOf(measures, 'up.formula') ?? 0) > 0,
  );
  if (!run) return null;
  const of = (name: MeasureName) => numberOf(run.measures, name);
  const [formula, wire, payload, rate, bytes] = (
    ['up.formula', 'up.wire.mean', 'up.mean', 'messages.rate', 'messages.bytes'] as const
  ).map(of);
  if (formula == null || wire == null || payload == null || !rate || bytes == null) return null;
  const { players } = run.coverage;
  const headerBytes = ((wire - payload) * 1000) / 8 / rate;
  const linkKbps = formula / (players - 1);
  return {
    players,
    rateHz: (linkKbps * 1000) / 8 / (headerBytes + bytes),
    payloadBytes: bytes,
    headerBytes,
    linkKbps,
    formulaKbps: formula,
    measuredKbps: wire,
  };
}

/** Most players of a full mesh whose upload fits into an uplink: (N − 1) links of this rate. */
export function largestMesh(uplinkKbps: number, linkKbps: number): number {
  return 1 + Math.floor(uplinkKbps / linkKbps);
}

/** CPU of one peer as a line over the number of players, by least squares; null with fewer than two sizes. */
export function cpuSlope(group: Group): { perPlayer: number; base: number } | null {
  const points = sizesOf(group).flatMap((players) => {
    const cpu = medianAt(group, players, 'cpu.peer');
    return cpu === null ? [] : [{ players, cpu }];
  });
  if (points.length < 2) return null;
  const mean = (pick: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const meanPlayers = mean(({ players }) => players);
  const meanCpu = mean(({ cpu }) => cpu);
  const spread = mean(({ players }) => (players - meanPlayers) ** 2);
  const perPlayer = mean(({ players, cpu }) => (players - meanPlayers) * (cpu - meanCpu)) / spread;
  return { perPlayer, base: meanCpu - perPlayer * meanPlayers };
}

/** Where the upload of a full mesh must end, in one sentence; null where none was measured. */
export function meshLimit(groups: readonly Group[]): string | null {
  for (const group of [...groups].sort((a, b) => Number(a.simulated) - Number(b.simulated))) {
    const link = linkArithmetic(group);
    if (!link) continue;
    const [poor, usual] = [UPLINKS_KBPS[0], UPLINKS_KBPS[2]].map(
      (uplink) => `${mbit(uplink)} Mbit/s from N = ${tidy(largestMesh(uplink, link.linkKbps) + 1)}`,
    );
    return (
      `${group.runs[0]!.plan.topology}: every peer sends to every other, which fills an uplink of ${poor} and one of ` +
      `${usual} (modelled); the report tells why a mesh stops.`
    );
  }
  return null;
}

/** One paragraph that says why such a sweep ends where it does; none for other topologies. */
export function whyItStops(group: Group): string[] {
  if (!isFullMesh(group.runs[0]!.plan)) return [];
  const sentences = [uploadSentence(group), cpuSentence(group), waitingSentence(group)].filter((text) => text !== null);
  if (sentences.length === 0) return [];
  const end = endSentenceOf(group);
  if (end !== null) sentences.push(end);
  return [`${group.label}, why it stops: ${sentences.join(' ')}`];
}

/** Of a sweep that went past no level: that it shows no end; null of one that did. */
export function endSentenceOf(group: Group): string | null {
  if (group.fast.end.type === 'broke') return null;
  const shared = group.simulated
    ? `the simulator plays ${isFullMesh(group.runs[0]!.plan) ? 'tens of players' : 'as many as were asked for'}`
    : 'peers that share a machine do not bound the topology';
  const last = group.runs.findLast(({ status }) => status === 'ok')?.plan.players ?? 0;
  return `Nothing in these runs shows its end: ${shared}, and beyond ${tidy(last)} players all is arithmetic.`;
}

function uploadSentence(group: Group): string | null {
  const link = linkArithmetic(group);
  if (!link) return null;
  const { players, rateHz, payloadBytes, headerBytes, linkKbps, formulaKbps, measuredKbps } = link;
  const terms = `(${tidy(players)} − 1) × ${tidy(round(rateHz))} messages/s × (${Math.round(headerBytes)} + ${Math.round(payloadBytes)} bytes)`;
  const exceeded = UPLINKS_KBPS.map(
    (uplink) => `${mbit(uplink)} Mbit/s from N = ${tidy(largestMesh(uplink, linkKbps) + 1)}`,
  );
  return (
    `Every peer sends its inputs to every other: ${terms} = ${tidy(formulaKbps)} kbit/s of upload each (modelled), ` +
    `${tidy(measuredKbps)} with the same headers were counted (${group.simulated ? 'simulated' : 'measured'}). ` +
    `That exceeds an uplink of ${exceeded.join(', ')} (modelled).`
  );
}

function cpuSentence(group: Group): string | null {
  const known = sizesOf(group).flatMap((players) => {
    const cpu = medianAt(group, players, 'cpu.peer');
    return cpu === null ? [] : [{ players, cpu }];
  });
  const last = known.at(-1);
  if (!last) return null;
  const told = known.map(({ players, cpu }) => `${tidy(cpu)} % of a core at ${tidy(players)}`).join(', ');
  const slope = cpuSlope(group);
  const text = `Every peer also simulates everybody, so its CPU grows with N, and that of all peers with N²: ${told} (measured)`;
  if (!slope || slope.perPlayer <= 0) return `${text}.`;
  const full = Math.floor((100 - slope.base) / slope.perPlayer);
  return full > last.players
    ? `${text}; at that slope a peer fills one core at N = ${tidy(full)} (modelled).`
    : `${text}.`;
}

function waitingSentence(group: Group): string | null {
  const last = group.runs.findLast(({ status }) => status === 'ok');
  if (!last) return null;
  const [waited, delayMs] = (['stalls.time.ratio', 'delay.mean'] as const).map((name) => numberOf(last.measures, name));
  if (waited == null || delayMs == null) return null;
  const kind = group.simulated ? 'simulated' : 'measured';
  const depth = numberOf(last.measures, 'rollback.depth.p95');
  if (depth !== null) {
    return (
      `An input that is missing is predicted and the tick stepped again when it comes, until that takes too many ticks: ` +
      `at ${tidy(last.plan.players)} players ${tidy(depth)} ticks at the 95th percentile and ${tidy(round(waited * 100))} % ` +
      `of the time waiting (${kind}).`
    );
  }
  return (
    `A tick needs the inputs of all, so the slowest peer sets the pace: at ${tidy(last.plan.players)} players ` +
    `${tidy(delayMs)} ms of input delay and ${tidy(round(waited * 100))} % of the time waiting (${kind}).`
  );
}

const round = (value: number) => Math.round(value * 100) / 100;
