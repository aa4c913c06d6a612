/** `lockstep`: every peer simulates; they meet at a rendezvous, and the first bot writes down what is true. */
import { encodeSettings } from '../../netcode/lockstep/settings.ts';
import type { RendezvousSettings } from '../../p2p-host/rendezvous-process.ts';
import { peerSettingsOf } from '../peer-settings.ts';
import type { Launcher } from './launcher.ts';
import { webRtcObstacle } from './web-rtc.ts';

/** Everybody links to everybody, and the messages that tell of them have room for so many. */
export const MOST_PEERS = 64;

export const lockstepLauncher: Launcher = {
  topology: 'lockstep',
  hubName: 'the rendezvous process',
  entry: () => new URL('../../p2p-host/rendezvous-main.ts', import.meta.url),
  settings: (plan, port): RendezvousSettings => ({
    port,
    room: { settings: [...encodeSettings(peerSettingsOf(plan))], maxPeers: MOST_PEERS },
  }),
  truth: 'bot',
  isHubBusy: false,
  // Each newcomer links to all who are there, takes over the state of the match and is voted in.
  joinsAtOnce: 4,
  mostPlayers: MOST_PEERS,
  // One UDP port for the rendezvous and one for all peers; ICE opens one per address while it gathers.
  filesPerPlayer: () => ({ inHub: 3, inBot: 6 }),
  hubPlays: () => false,
  obstacle: webRtcObstacle,
};
