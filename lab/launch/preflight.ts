/** What can be known to fail before anything is started is said before anything is started. */
import { availableParallelism } from 'node:os';
import type { Plan } from '../../metrics/plan.ts';
import { OWN_FILES, openFileLimit } from '../doctor/open-files.ts';
import { BrokenRun } from '../exit.ts';
import type { Launcher } from './launcher.ts';

/**
 * Worker processes of a plan: one core is left to a hub that is busy. More than one per core only take turns: 48 peers of a
 * mesh lag 13 ms in two processes on two cores and 58 ms in four, where each has code of its own to warm up, and fewer
 * datagrams are waiting whenever a native thread wakes.
 */
export function workersOf(plan: Plan, { isHubBusy }: Pick<Launcher, 'isHubBusy'>): number {
  const cores = availableParallelism();
  const usual = isHubBusy ? Math.max(1, cores - 1) : cores;
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
