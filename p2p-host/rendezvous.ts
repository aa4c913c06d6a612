/**
 * Starts a rendezvous: a geckos.io server where peers meet. It introduces them and relays for pairs that cannot connect;
 * matches go on without it.
 */
import { randomFillSync } from 'node:crypto';
import { systemTimer } from '../links/timer.ts';
import { DEFAULT_RENDEZVOUS, type RendezvousOptions, type RoomPlan } from '../netcode/rendezvous-options.ts';
import { RendezvousSession } from '../netcode/rendezvous-session.ts';
import { type LinkCounters, type Listener, type ListenerOptions, listenGeckos } from './geckos-listener.ts';
import { RendezvousDriver, type RendezvousDriverOptions } from './rendezvous-driver.ts';

/** Code of the room that a rendezvous may be started with. */
export const MAIN_ROOM = 'MAIN';

export interface RendezvousStart
  extends Omit<ListenerOptions, 'maxLinks'>,
    Pick<RendezvousDriverOptions, 'onEvent' | 'onCarried'> {
  /** A room of code MAIN_ROOM that exists from the beginning and never vanishes. */
  room?: Omit<RoomPlan, 'code'> | undefined;
  /** What differs from DEFAULT_RENDEZVOUS. */
  rendezvous?: Partial<Omit<RendezvousOptions, 'transport' | 'rooms' | 'randomBytes'>> | undefined;
}

export interface RunningRendezvous {
  /** Address of the signalling: `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  driver: RendezvousDriver;
  counters: LinkCounters;
  signalling: Listener['signalling'];
  stop(reason?: string): Promise<void>;
}

/** Links held at once: native memory is 0.4 MB each. */
const MAX_LINKS = 2000;

/** Starts the rendezvous. Rejects with a ListenError, or a RangeError for bad options. */
export async function startRendezvous(options: RendezvousStart): Promise<RunningRendezvous> {
  const { room, rendezvous, onEvent, onCarried } = options;
  const session = new RendezvousSession(
    {
      ...DEFAULT_RENDEZVOUS,
      ...(room ? { maxPeersPerRoom: Math.max(DEFAULT_RENDEZVOUS.maxPeersPerRoom, room.maxPeers) } : {}),
      ...rendezvous,
      rooms: room ? [{ code: MAIN_ROOM, ...room }] : [],
      transport: 'datagram',
      randomBytes: (into) => {
        randomFillSync(into);
      },
    },
    systemTimer.nowMs(),
  );
  const driver = new RendezvousDriver({ session, timer: systemTimer, onEvent, onCarried });
  const { url, port, counters, signalling, stop } = await listenGeckos(driver, { ...options, maxLinks: MAX_LINKS });
  driver.start();
  return {
    url,
    port,
    driver,
    counters,
    signalling,
    async stop(reason = 'the rendezvous is closing') {
      driver.stop(reason);
      await stop();
    },
  };
}
