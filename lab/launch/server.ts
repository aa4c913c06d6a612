/** `server`: one Colyseus process decides, over WebSockets. */
import type { ProcessSettings } from '../../links/authority-process.ts';
import { authorityEntry, authorityOf, type HubSettings, type Launcher } from './launcher.ts';

const ENTRY = new URL('../../server/main.ts', import.meta.url);

export const serverLauncher: Launcher = {
  topology: 'server',
  hubName: 'the server process',
  entry: (plan) => authorityEntry(plan, ENTRY),
  settings: (plan, port): ProcessSettings & HubSettings => ({ authority: authorityOf(plan), port }),
  truth: 'hub',
  isHubBusy: true,
  joinsAtOnce: 64,
  filesPerPlayer: () => ({ inHub: 1, inBot: 1 }),
  hubPlays: () => false,
  obstacle: async () => null,
};
