/** What can be known to fail before anything is started is said before anything is started. */
import { availableParallelism } from 'node:os';
import type { Plan } from '../../metrics/plan.ts';
import { OWN_FILES, openFileLimit } from '../doctor/open-files.ts';
import { BrokenRun } from '../exit.ts';
import type { Launcher } from './launcher.ts';

/** Worker processes of a plan: one core is left to the authority. */
export function workersOf(plan: Plan): number {
  return Math.min(plan.players, plan.workers ?? Math.max(1, availableParallelism() - 1));
}

/** Throws a BrokenRun that says what is in the way and what to do. */
export async function preflight(plan: Plan, launcher: Launcher, fileLimit = openFileLimit()): Promise<void> {
  const perWorker = Math.ceil(plan.players / workersOf(plan)) * launcher.filesPerPlayer + OWN_FILES;
  const inAuthority = plan.players * launcher.filesPerPlayer + OWN_FILES;
  const advice = 'raise the limit with `ulimit -n` in this shell, or ask for fewer --players';
  if (inAuthority > fileLimit) {
    throw new BrokenRun(
      `${plan.players} players need about ${inAuthority} open files in ${launcher.authorityName}, and this machine allows ${fileLimit} per process: ${advice}`,
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
