/**
 * How a topology is started live: which process decides, what it is told, and what must hold before it starts. A topology
 * is a description in netcode/topologies/, a session, and one of these.
 */
import type { ProcessSettings } from '../../links/authority-process.ts';
import type { Plan } from '../../metrics/plan.ts';
import { DEFAULT_AUTHORITY } from '../../netcode/authority-options.ts';
import { BrokenRun } from '../exit.ts';

export interface Launcher {
  /** Id in the registry of topologies. */
  topology: string;
  /** What decides, for sentences: `the server process`. */
  authorityName: string;
  /** The process to fork; it speaks the orders of links/authority-process.ts. */
  entry: URL;
  /** Joins under way at once, over all workers: past it, joins wait for each other and then time out. */
  joinsAtOnce: number;
  /** Files that one player opens in the authority's process, and in its bot's. */
  filesPerPlayer: number;
  /** What the authority's process is told. */
  settings(plan: Plan, port: number): ProcessSettings;
  /** Whether the authority's process brings a player of its own. */
  authorityPlays(plan: Plan): boolean;
  /** Says why it cannot run on this machine, and what to do; null when it can. */
  obstacle(): Promise<string | null>;
}

/** What every authority is told by a plan. Throws a BrokenRun for what no match can be. */
export function authorityOf(plan: Plan): ProcessSettings['authority'] {
  const historyTicks =
    Math.ceil((plan.lagCompensationMs * plan.tickRateHz) / 1000) + (plan.lagCompensationMs > 0 ? 1 : 0);
  if (historyTicks > 30)
    throw new BrokenRun(`lag compensation of ${plan.lagCompensationMs} ms does not fit the tick rate`);
  return {
    ...DEFAULT_AUTHORITY,
    config: {
      seed: plan.seed,
      tickRateHz: plan.tickRateHz,
      players: plan.players,
      inView: plan.inView,
      scenario: plan.scenario,
      historyTicks,
    },
    snapshotRateHz: plan.snapshotRateHz,
    send: plan.send,
    defences: plan.defences,
    // A speeding cheat must meet the time bucket, not the flood limit: that one answers floods.
    maxMessagesPerS: Math.max(DEFAULT_AUTHORITY.maxMessagesPerS, plan.inputRateHz * 8),
  };
}
