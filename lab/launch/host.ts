/** `host`: one player's process decides, over data channels. */
import { castBots } from '../../bots/swarm/assign.ts';
import { checkWebRtc } from '../doctor/checks.ts';
import type { HostOrders } from './host-main.ts';
import { authorityOf, type Launcher } from './launcher.ts';

export const hostLauncher: Launcher = {
  topology: 'host',
  authorityName: 'the host process',
  entry: new URL('./host-main.ts', import.meta.url),
  joinsAtOnce: 16,
  // A data channel holds a UDP socket, and ICE opens one per address while it gathers.
  filesPerPlayer: 3,
  settings: (plan, port): HostOrders => ({
    authority: authorityOf(plan),
    port,
    dedicated: plan.dedicated,
    role: plan.dedicated ? null : castBots(plan)[0]!,
    inputRateHz: plan.inputRateHz,
  }),
  authorityPlays: (plan) => !plan.dedicated,
  async obstacle() {
    const finding = await checkWebRtc();
    return finding.ok ? null : `WebRTC does not work here (${finding.found}). ${finding.advice}`;
  },
};
