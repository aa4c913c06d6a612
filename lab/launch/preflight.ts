/** What can be known to fail before anything is started is said before anything is started. */
import { availableParallelism } from 'node:os';
import type { Plan } from '../../metrics/plan.ts';
import { OWN_FILES, openFileLimit } from '../doctor/open-files.ts';
import { BrokenRun } from '../exit.ts';
import type { Launcher } from './launcher.ts';

/**
 * Peers that link to each other share the native library's one lock with all links of their process, and wait for it:
 * 16 peers in two processes took their inputs 90 ms early to be in time on `lan`, in eight 50 ms.
 */
const PEER_WORKERS_PER_CORE = 4;

/** Worker processes of a plan: one core is left to a hub that is busy. */
export function workersOf(plan: Plan, { isHubBusy }: Pick<Launcher, 'isHubBusy'>): number {
  const cores = availableParallelism();
  const usual = isHubBusy ? Math.max(1, cores - 1) : PEER_WORKERS_PER_CORE * cores;
  return Math.min(plan.players, plan.workers ?? usual);
}

/** Throws a BrokenRun that says what is in the way and what to do. */
export async function preflight(plan: Plan, launcher: Launcher, fileLimit = openFileLimit()): Promise<void> {
  const files = launcher.filesPerPlayer(plan);
  const perWorker = Math.ceil(plan.players / workersOf(plan, launcher)) * files.inBot + OWN_FILES;
  const inHub = plan.players * files.inHub + OWN_FILES;
  const advice = 'raise the limit with `ulimit -n` in this shell, or ask for fewer --players';
  if (inHub > fileLimit) {
    throw new BrokenRun(
      `${plan.players} players need about ${inHub} open files in ${launcher.hubName}, and this machine allows ${fileLimit} per process: ${advice}`,
    );
  }
  if (perWorker > fileLimit) {
    throw new BrokenRun(
      `${plan.players} players need about ${perWorker} open files in each bot process, and this machine allows ${fileLimit}: ${advice}, or use more --workers`,
    );
  }
  const obstacle = await launcher.obstacle();
  if (obstacle !== null) throw new BrokenRun(obstacle);
}
