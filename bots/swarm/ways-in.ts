/** Which way bots take part: as clients of an authority, or as peers among peers. */
import { topologyOf } from '../../netcode/topologies/index.ts';
import { ClientParticipant } from './client-participant.ts';
import { openersOf } from './ends.ts';
import type { WayIn } from './participant.ts';

export async function wayIntoMatchesOf(topology: string): Promise<WayIn> {
  if (topologyOf(topology).decides === 'nobody') {
    // Peers load a native library, which a swarm of WebSockets must not need.
    const { PeerParticipant, cleanupPeers } = await import('./peer-participant.ts');
    return {
      create: (role, around, handlers) => new PeerParticipant(role, around, handlers),
      cleanup: cleanupPeers,
    };
  }
  const openers = await openersOf(topology);
  return {
    create: (role, around, handlers) => new ClientParticipant(role, around, handlers, openers),
    cleanup: openers.cleanup,
  };
}
