/** The process of a host peer whose own player is a bot like the others. */
import type { BotRole } from '../../bots/swarm/assign.ts';
import { brainOf } from '../../bots/swarm/brain.ts';
import { type HostSettings, runHostProcess } from '../../p2p-host/process.ts';

export interface HostOrders extends HostSettings {
  /** The host's own player; null on a dedicated host. */
  role: BotRole | null;
  inputRateHz: number;
}

runHostProcess<HostOrders>(({ role, inputRateHz }) => ({
  name: 'host',
  inputRateHz,
  prediction: true,
  ...(role === null ? {} : { decide: brainOf(role) }),
}));
