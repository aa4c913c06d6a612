/** `host`: one player's process decides, over data channels. */
import { castBots } from '../../bots/swarm/assign.ts';
import type { HostOrders } from './host-main.ts';
import { authorityEntry, authorityOf, type Launcher } from './launcher.ts';
import { webRtcObstacle } from './web-rtc.ts';

const ENTRY = new URL('./host-main.ts', import.meta.url);

export const hostLauncher: Launcher = {
  topology: 'host',
  hubName: 'the host process',
  entry: (plan) => authorityEntry(plan, ENTRY),
  settings: (plan, port): HostOrders => ({
    authority: authorityOf(plan),
    port,
    dedicated: plan.dedicated,
    role: plan.dedicated ? null : castBots(plan)[0]!,
    inputRateHz: plan.inputRateHz,
  }),
  truth: 'hub',
  isHubBusy: true,
  joinsAtOnce: 16,
  // A data channel holds a UDP socket, and ICE opens one per address while it gathers.
  filesPerPlayer: () => ({ inHub: 3, inBot: 3 }),
  hubPlays: (plan) => !plan.dedicated,
  obstacle: webRtcObstacle,
};
