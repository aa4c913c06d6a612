/** What can be known to fail is said before anything is started. */
import { expect, test } from 'vitest';
import type { Launcher } from '../../lab/launch/launcher.ts';
import { preflight } from '../../lab/launch/preflight.ts';
import { serverLauncher } from '../../lab/launch/server.ts';
import { planOf } from '../../lab/plan-options.ts';

const plan = planOf({ topology: 'server', players: 3000, durationS: 1 });

test('more players than the authority may open files', async () => {
  await expect(preflight(plan, serverLauncher, 1024)).rejects.toThrow(
    /3200 open files in the server process.*1024.*ulimit -n.*--players/s,
  );
});

test('more players than a bot process may open files', async () => {
  const hungry: Launcher = { ...serverLauncher, filesPerPlayer: () => ({ inHub: 0, inBot: 0 }) };
  await expect(preflight(plan, hungry, 100)).rejects.toThrow(/200 open files/);
  await expect(preflight({ ...plan, workers: 4 }, serverLauncher, 4000)).resolves.toBeUndefined();
});

test('a topology that cannot run here says why', async () => {
  const without: Launcher = { ...serverLauncher, obstacle: async () => 'WebRTC does not work here' };
  await expect(preflight(plan, without, 20_000)).rejects.toThrow('WebRTC does not work here');
});
