/** Which connection a bot opens: thin ones carry the load, official ones in the sample keep them honest. */
import type { ClientEnd } from '../../links/client-end.ts';
import { openColyseusEnd } from '../../links/colyseus.ts';
import { openThinColyseusEnd } from '../../links/colyseus-thin.ts';
import { conditionEnd } from '../../links/conditioned.ts';
import type { Timer } from '../../links/timer.ts';
import { needsConditioning, profileOf } from '../../netcode/link/profiles.ts';
import type { BotRole } from './assign.ts';
import type { Endpoint } from './messages.ts';

type Opener = (url: string) => ClientEnd;

/** Openers of one topology; data channels load a native library, which a swarm of WebSockets must not need. */
export interface Openers {
  thin: Opener;
  full: Opener;
  /** Must be called before the process ends. */
  cleanup(): void;
}

export async function openersOf(topology: string): Promise<Openers> {
  if (topology === 'server') {
    return {
      thin: (url) => openThinColyseusEnd({ url }),
      full: (url) => openColyseusEnd({ url }),
      cleanup: () => {},
    };
  }
  const { cleanupDataChannels, openNodeDataChannelEnd } = await import('../../links/data-channel-node.ts');
  const open: Opener = (url) => openNodeDataChannelEnd({ url });
  return { thin: open, full: open, cleanup: cleanupDataChannels };
}

export interface LinkConditions {
  network: string;
  seed: number;
  /** Planted fault: added to each direction of this bot's link. */
  extraDelayMs: number;
}

/** Opens a bot's connection, and makes it as bad as the network profile says. */
export function openEnd(
  openers: Openers,
  endpoint: Endpoint,
  role: BotRole,
  conditions: LinkConditions,
  timer: Timer,
): ClientEnd {
  const end = (role.full ? openers.full : openers.thin)(endpoint.url);
  const profile = profileOf(conditions.network);
  if (!needsConditioning(profile) && conditions.extraDelayMs === 0) return end;
  const worse = conditionEnd({ end, timer, profile, seed: conditions.seed, participant: role.index });
  if (conditions.extraDelayMs > 0) worse.link.setExtraDelay(conditions.extraDelayMs);
  return worse;
}
