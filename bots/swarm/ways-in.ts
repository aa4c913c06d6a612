/** Which way bots take part: as clients of an authority, or as peers of one kind or another. */
import { topologyOf } from '../../netcode/topologies/index.ts';
import { ClientParticipant } from './client-participant.ts';
import { openersOf } from './ends.ts';
import type { WayIn } from './participant.ts';

export async function wayIntoMatchesOf(topology: string): Promise<WayIn> {
  switch (topologyOf(topology).decides) {
    case 'authority': {
      const openers = await openersOf(topology);
      return {
        create: (role, around, handlers) => new ClientParticipant(role, around, handlers, openers),
        hasManyLinks: false,
        cleanup: openers.cleanup,
      };
    }
    // Peers load a native library, which a swarm of WebSockets must not need.
    case 'nobody': {
      const { LockstepPart } = await import('./lockstep-part.ts');
      const { PeerParticipant, cleanupPeers } = await import('./peer-participant.ts');
      return {
        create: (role, around, handlers) => new PeerParticipant(role, around, handlers, (own) => new LockstepPart(own)),
        hasManyLinks: true,
        cleanup: cleanupPeers,
      };
    }
    case 'owners': {
      const { MeshPart } = await import('./mesh-part.ts');
      const { PeerParticipant, cleanupPeers } = await import('./peer-participant.ts');
      return {
        create: (role, around, handlers) => new PeerParticipant(role, around, handlers, (own) => new MeshPart(own)),
        hasManyLinks: true,
        cleanup: cleanupPeers,
      };
    }
  }
}
