/** The registry of launchers, one per topology that runs live. */
import { BrokenRun } from '../exit.ts';
import { hostLauncher } from './host.ts';
import type { Launcher } from './launcher.ts';
import { lockstepLauncher } from './lockstep.ts';
import { meshLauncher } from './mesh.ts';
import { serverLauncher } from './server.ts';

export type { Launcher } from './launcher.ts';

export const LAUNCHERS: readonly Launcher[] = [serverLauncher, hostLauncher, lockstepLauncher, meshLauncher];

/** The launcher of a topology. Throws a BrokenRun for one that has none. */
export function launcherOf(topology: string): Launcher {
  const found = LAUNCHERS.find((launcher) => launcher.topology === topology);
  if (!found)
    throw new BrokenRun(
      `topology '${topology}' has no live launcher; those that have: ${LAUNCHERS.map((l) => l.topology).join(', ')}`,
    );
  return found;
}
