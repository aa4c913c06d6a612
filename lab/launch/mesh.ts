/** `mesh`: everybody owns its avatar; peers meet at a rendezvous, and each bot writes down what is true of itself. */
import { encodeMeshSettings } from '../../netcode/mesh/settings.ts';
import type { RendezvousSettings } from '../../p2p-host/rendezvous-process.ts';
import { meshSettingsOf } from '../peer-settings.ts';
import type { Launcher } from './launcher.ts';
import { webRtcObstacle } from './web-rtc.ts';

/** Those in the room besides those who have a seat: who is refused must get in first. */
const ROOM_TO_ASK = 16;

/**
 * CPU time of a link until both ends have it, nearly all of it cryptography, on one of two busy cores: measured with 48
 * peers, whose 1,128 links keep event loops late for 4 s beyond the joins.
 */
const LINK_MS = 10;

export const meshLauncher: Launcher = {
  topology: 'mesh',
  hubName: 'the rendezvous process',
  entry: () => new URL('../../p2p-host/rendezvous-main.ts', import.meta.url),
  settings: (plan, port): RendezvousSettings => {
    const settings = meshSettingsOf(plan);
    const { players } = plan;
    return {
      port,
      room: { settings: [...encodeMeshSettings(settings)], maxPeers: players + ROOM_TO_ASK, seats: players },
      // The match begins with its rendezvous: there is nothing that others could remember.
      rendezvous: { recoverMs: 0 },
    };
  },
  truth: 'owners',
  isHubBusy: false,
  joinsAtOnce: 16,
  linkingMs: (plan) => (plan.players * Math.min(plan.players - 1, meshSettingsOf(plan).maxLinks) * LINK_MS) / 2,
  // One UDP port for the rendezvous and one for all peers; ICE opens one per address while it gathers.
  filesPerPlayer: () => ({ inHub: 3, inBot: 6 }),
  hubPlays: () => false,
  obstacle: webRtcObstacle,
};
