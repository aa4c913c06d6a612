/**
 * The run record: what every run leaves behind, whichever runner and topology it had. Reports, verdicts and scripts read
 * nothing else. A change of its shape is a new `recordVersion`.
 */
import { z } from 'zod';
import { EVIDENCE, MEASURE_NAMES, type MeasureName, UNITS } from './measures.ts';
import { planSchema } from './plan.ts';

export const RECORD_VERSION = 1;

/** `void`: a self-check failed, so no verdict may use it. `partial`: interrupted. */
export const STATUSES = ['ok', 'void', 'partial'] as const;
export type Status = (typeof STATUSES)[number];

export const LEVEL_NAMES = ['fast', 'crowd'] as const;
export type LevelName = (typeof LEVEL_NAMES)[number];

const measureSchema = z.union([
  z.object({ value: z.number(), unit: z.enum(UNITS), evidence: z.enum(EVIDENCE), why: z.string().optional() }),
  z.object({ value: z.null(), unit: z.enum(UNITS), why: z.string() }),
]);

/** What one check of the run by itself found. `sentence` says it in words, with the numbers. */
export const selfCheckSchema = z.object({
  id: z.string(),
  held: z.boolean(),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  sentence: z.string(),
});
export type SelfCheck = z.infer<typeof selfCheckSchema>;

/** What players did, per player-minute; `ratio` compares with the same policies in a match without latency. */
export const activitySchema = z.object({
  distance: z.number(),
  shots: z.number(),
  pickups: z.number(),
  kills: z.number(),
  /** 95 % interval of kills per player-minute (Poisson). */
  killsInterval: z.tuple([z.number(), z.number()]),
  /** Least of the ratios of distance, shots and pickups to the reference; null without a reference. */
  ratio: z.number().nullable(),
  /** The same with the upper ends of the 95 % intervals of the counts (Poisson): what chance leaves possible. */
  ratioHigh: z.number().nullable().default(null),
});
export type Activity = z.infer<typeof activitySchema>;

export const coverageSchema = z.object({
  players: z.number().int(),
  /** Players whose inputs were logged. */
  inputs: z.number().int(),
  /** Players whose views were logged in full. */
  viewers: z.number().int(),
  /** (viewer, actor) pairs that met. */
  pairs: z.number().int(),
  /** Seconds of the run that the measures cover. */
  measuredS: z.number(),
  /** A recorder reached its limit and dropped rows. */
  truncated: z.boolean(),
});
export type Coverage = z.infer<typeof coverageSchema>;

/**
 * The first contradiction: between a snapshot and the truth of its tick, or between two peers that simulate the same
 * tick and told each other its checksums. Positions are in sub-units.
 */
export const desyncSchema = z.object({
  tick: z.number().int(),
  /** Part of the world that differs: players, shots, coins, random. */
  section: z.string().default('players'),
  /** The player that held it, or whose peer reported it. */
  viewer: z.number().int(),
  /** Id of the peer that holds `truth` instead; null when the truth tape does. */
  peer: z.number().int().nullable().default(null),
  entity: z.number().int(),
  field: z.string(),
  seen: z.number(),
  truth: z.number().nullable(),
  /** From the start of that tick to the viewer holding the contradiction, or to the peers having found it. */
  detectedMs: z.number(),
});
export type Desync = z.infer<typeof desyncSchema>;

/** Outcomes of a mesh on which two participants still disagree after 5 s, by kind; `sentence` says what the kind means. */
export const conflictSchema = z.object({ kind: z.string(), count: z.number().int(), sentence: z.string() });
export type Conflict = z.infer<typeof conflictSchema>;

/** The coins of a mesh as its homes held them after the match had settled; `error` is by how much any count is off. */
export const ledgerSchema = z.object({
  error: z.number(),
  minted: z.number().int(),
  held: z.number().int(),
  lying: z.number().int(),
  spent: z.number().int(),
});
export type LedgerCount = z.infer<typeof ledgerSchema>;

/** One cheater next to its honest twin. Rates are per minute; what was not observed is null. */
export const cheatPairSchema = z.object({
  cheat: z.string(),
  /** Null where no defence stops it. */
  defence: z.string().nullable(),
  defended: z.boolean(),
  /** Where no defence stops it, or none quite: why. */
  open: z.string().nullable().default(null),
  /** Where it comes to nothing though no switch is set against it: why. */
  prevented: z.string().nullable().default(null),
  cheater: z.number().int(),
  twin: z.number().int(),
  scorePerMin: z.number(),
  twinScorePerMin: z.number(),
  distancePerMin: z.number(),
  twinDistancePerMin: z.number(),
  /** Mean of those who neither cheat nor are twins. */
  othersScorePerMin: z.number().nullable().default(null),
  exposure: z.number().nullable(),
  twinExposure: z.number().nullable(),
  /** How often it tried, and how often it got what it wanted. */
  attempts: z.number().nullable(),
  accepted: z.number().nullable(),
  detected: z.boolean().nullable(),
  /** From its first try until somebody noticed. */
  detectMs: z.number().nullable(),
  /** Noticed as its doing. */
  attributed: z.boolean().nullable(),
  innocentsBlamed: z.number().int(),
});
export type CheatPair = z.infer<typeof cheatPairSchema>;

/** When, where and on what: the only part in which two equal simulated runs may differ. */
export const aboutSchema = z.object({
  startedAt: z.string(),
  wallS: z.number(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number().int(),
    memoryMb: z.number(),
    os: z.string(),
  }),
  versions: z.record(z.string(), z.string()),
  commit: z.string().nullable().default(null),
});
export type About = z.infer<typeof aboutSchema>;

export const recordSchema = z.object({
  recordVersion: z.literal(RECORD_VERSION),
  status: z.enum(STATUSES),
  reasons: z.array(z.string()),
  plan: planSchema,
  /** Of the run as a whole; single measures may be modelled nevertheless. */
  evidence: z.enum(EVIDENCE),
  measures: z.partialRecord(z.enum(MEASURE_NAMES as [MeasureName, ...MeasureName[]]), measureSchema),
  /** The best service level reached, null when neither. */
  level: z.enum(LEVEL_NAMES).nullable(),
  /** Base one-way delay between actor and viewer (ms) that the level allows on top. */
  baseOneWayMs: z.number(),
  /** What a participant's link carries in kbit/s; null when unlimited. */
  uplinkKbps: z.number().nullable().default(null),
  downlinkKbps: z.number().nullable().default(null),
  coverage: coverageSchema,
  activity: activitySchema,
  selfChecks: z.array(selfCheckSchema),
  desync: desyncSchema.nullable(),
  conflicts: z.array(conflictSchema).default([]),
  ledger: ledgerSchema.nullable().default(null),
  /** How often peers accused each other, by reason. */
  accusations: z.record(z.string(), z.number()).default({}),
  /** What a peer of a mesh uploads, by what it is for: mean in kbit/s with transport headers. Empty elsewhere. */
  uploads: z.record(z.string(), z.number()).default({}),
  cheats: z.array(cheatPairSchema),
  /** How often each reason ended a join or a link. */
  failures: z.record(z.string(), z.number()),
  about: aboutSchema,
});
export type RunRecord = z.infer<typeof recordSchema>;

/** Checks foreign JSON. Throws an Error whose message names the fields that are wrong. */
export function parseRecord(json: unknown): RunRecord {
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) throw new Error(`not a netbed run record:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** One second of a run, for plots over time; a line of series.ndjson. */
export const seriesRowSchema = z.object({
  /** Seconds since measuring began. */
  s: z.number(),
  players: z.number(),
  ticks: z.number(),
  tickWorstMs: z.number(),
  tickMeanMs: z.number(),
  /** Age of information of pairs within vision at that second, mean. */
  ageMeanMs: z.number().nullable(),
  kills: z.number(),
  pickups: z.number(),
  /** Checksum of the authority's world at the end of that second, per section; empty when not recorded. */
  checksums: z.record(z.string(), z.number()),
});
export type SeriesRow = z.infer<typeof seriesRowSchema>;
