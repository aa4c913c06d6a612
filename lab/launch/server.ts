/** `server`: one Colyseus process decides, over WebSockets. */
import { authorityOf, type Launcher } from './launcher.ts';

export const serverLauncher: Launcher = {
  topology: 'server',
  authorityName: 'the server process',
  entry: new URL('../../server/main.ts', import.meta.url),
  joinsAtOnce: 64,
  filesPerPlayer: 1,
  settings: (plan, port) => ({ authority: authorityOf(plan), port }),
  authorityPlays: () => false,
  obstacle: async () => null,
};
