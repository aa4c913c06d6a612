/**
 * How a topology is started live. Each has one process that everybody joins at, its hub: an authority, which decides and
 * writes down what is true, or a rendezvous, where peers only meet and write that down themselves. A launcher says which
 * process that is, what it is told, and what must hold before it starts. A topology is a description in
 * netcode/topologies/, a session, and one of these.
 */
import type { MatchConfig } from '../../game/arena.ts';
import type { ProcessSettings } from '../../links/authority-process.ts';
import type { ProcessAnswer, ProcessOrder, Usage } from '../../links/ordered-process.ts';
import type { Plan } from '../../metrics/plan.ts';
import { DEFAULT_AUTHORITY } from '../../netcode/authority-options.ts';
import { BrokenRun } from '../exit.ts';

/** What every hub is told; each kind of process has settings of its own besides. */
export interface HubSettings {
  /** 0 lets the system choose. */
  port: number;
  /** Address to listen on; default: this machine only. */
  bind?: string;
  /** Origins of pages that may join, beyond this machine's own. */
  origins?: string[];
}

export type HubOrder = ProcessOrder<HubSettings>;

/** What any hub tells of itself; an authority also says whom it caught claiming more time than has passed. */
export interface HubStatus extends Usage {
  type: 'status';
  flagged?: number[];
}

export type HubAnswer = ProcessAnswer<HubStatus>;

export interface Launcher {
  /** Id in the registry of topologies. */
  topology: string;
  /** What everybody joins at, for sentences: `the server process`. */
  hubName: string;
  /** The process to fork; it speaks the orders of links/ordered-process.ts. */
  entry(plan: Plan): URL;
  /** What it is told. */
  settings(plan: Plan, port: number): HubSettings;
  /** Who writes down what is true: the hub; the first bot for all, since they simulate the same; or each bot its own part. */
  truth: 'hub' | 'bot' | 'owners';
  /** Whether the hub works so hard that it gets a core of its own. */
  isHubBusy: boolean;
  /** Joins under way at once, over all workers: past it, joins wait for each other and then time out. */
  joinsAtOnce: number;
  /** How long those who have joined go on making links, in ms: that is not measured. None when not given. */
  linkingMs?(plan: Plan): number;
  /** Players that a match may have; no limit when not given. */
  mostPlayers?: number;
  /** Files that one player opens, in the hub's process and in its bot's. */
  filesPerPlayer(plan: Plan): { inHub: number; inBot: number };
  /** Whether the hub's process brings a player of its own. */
  hubPlays(plan: Plan): boolean;
  /** Says why it cannot run on this machine, and what to do; null when it can. */
  obstacle(): Promise<string | null>;
}

/** The authority's own process, or one whose recorder lies: a planted fault. */
export function authorityEntry(plan: Plan, honest: URL): URL {
  return plan.inject === 'desync' ? new URL('./desync-authority.ts', import.meta.url) : honest;
}

/** The match that a plan asks for. Throws a BrokenRun for what no match can be. */
export function matchConfigOf(plan: Plan): MatchConfig {
  const historyTicks =
    Math.ceil((plan.lagCompensationMs * plan.tickRateHz) / 1000) + (plan.lagCompensationMs > 0 ? 1 : 0);
  if (historyTicks > 30)
    throw new BrokenRun(`lag compensation of ${plan.lagCompensationMs} ms does not fit the tick rate`);
  const { seed, tickRateHz, players, inView, scenario } = plan;
  return { seed, tickRateHz, players, inView, scenario, historyTicks };
}

/** What every authority is told by a plan. Throws a BrokenRun for what no match can be. */
export function authorityOf(plan: Plan): ProcessSettings['authority'] {
  return {
    ...DEFAULT_AUTHORITY,
    config: matchConfigOf(plan),
    snapshotRateHz: plan.snapshotRateHz,
    send: plan.send,
    defences: plan.defences,
    // A speeding cheat must meet the time bucket, not the flood limit: that one answers floods.
    maxMessagesPerS: Math.max(DEFAULT_AUTHORITY.maxMessagesPerS, plan.inputRateHz * 8),
  };
}
