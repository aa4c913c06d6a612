/** Puts together what a run left: plan, audit, checks of itself, and the level that it reached. */
import type { Audit } from './auditor.ts';
import type { Evidence } from './measures.ts';
import type { Plan } from './plan.ts';
import { type About, type CheatPair, RECORD_VERSION, type RunRecord, type SelfCheck } from './record.ts';
import { type LevelContext, levelOf } from './verdict.ts';

export interface RunParts {
  plan: Plan;
  evidence: Evidence;
  audit: Audit;
  selfChecks: SelfCheck[];
  context: LevelContext;
  cheats?: CheatPair[];
  about: About;
  /** Why the run ended before its time; null when it did not. */
  interrupted?: string | null;
}

export function composeRecord(parts: RunParts): RunRecord {
  const { plan, evidence, audit, selfChecks, context, about, cheats = [], interrupted = null } = parts;
  const failed = selfChecks.filter((check) => !check.held).map((check) => `${check.id}: ${check.sentence}`);
  const reasons = interrupted === null ? failed : [`interrupted: ${interrupted}`, ...failed];
  const status = interrupted !== null ? 'partial' : failed.length > 0 ? 'void' : 'ok';
  return {
    recordVersion: RECORD_VERSION,
    status,
    reasons,
    plan,
    evidence,
    measures: audit.measures,
    level: status === 'ok' ? levelOf(audit.measures, context) : null,
    baseOneWayMs: context.baseOneWayMs,
    uplinkKbps: context.uplinkKbps,
    downlinkKbps: context.downlinkKbps,
    coverage: audit.coverage,
    activity: audit.activity,
    selfChecks,
    desync: audit.desync,
    conflicts: audit.conflicts,
    ledger: audit.ledger,
    accusations: audit.accusations,
    uploads: audit.uploads,
    cheats,
    failures: audit.failures,
    about,
  };
}

/** What the record says of a cheater next to its twin; what only the launcher knows is passed in. */
export function cheatPair(
  audit: Audit,
  pair: Pick<CheatPair, 'cheat' | 'defence' | 'defended' | 'cheater' | 'twin'> & Partial<CheatPair>,
): CheatPair {
  const tally = (player: number) => audit.tallies.find((row) => row.player === player);
  const cheater = tally(pair.cheater);
  const twin = tally(pair.twin);
  return {
    open: null,
    prevented: null,
    attempts: null,
    accepted: null,
    detected: null,
    detectMs: null,
    attributed: null,
    innocentsBlamed: 0,
    scorePerMin: cheater?.scorePerMin ?? 0,
    twinScorePerMin: twin?.scorePerMin ?? 0,
    distancePerMin: cheater?.distancePerMin ?? 0,
    twinDistancePerMin: twin?.distancePerMin ?? 0,
    othersScorePerMin: null,
    exposure: cheater?.exposure ?? null,
    twinExposure: twin?.exposure ?? null,
    ...pair,
  };
}
