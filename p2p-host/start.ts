/**
 * Starts a host peer: one player's process that is the authority for all, reached over geckos.io data channels. The
 * session is the server's; only the links differ.
 */
import { AuthorityDriver } from '../links/authority-driver.ts';
import { systemTimer } from '../links/timer.ts';
import { type AuthorityOptions, AuthoritySession } from '../netcode/authority-session.ts';
import { type LinkCounters, type Listener, type ListenerOptions, listenGeckos } from './geckos-listener.ts';
import { OwnPlayer, type OwnPlayerOptions } from './own-player.ts';

export interface HostOptions extends Omit<ListenerOptions, 'maxLinks'> {
  authority: AuthorityOptions;
  /** The player who hosts; without one the process only hosts (`--dedicated`). */
  player?: OwnPlayerOptions;
  /** Called before anybody can connect: add hooks here. */
  attach?: (driver: AuthorityDriver) => void;
}

export interface RunningHost {
  /** Address of the signalling: `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  driver: AuthorityDriver;
  player: OwnPlayer | null;
  counters: LinkCounters;
  signalling: Listener['signalling'];
  stop(reason?: string): Promise<void>;
}

/** Starts the host. Rejects with a ListenError, or a RangeError for a bad config. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { authority, attach, player: ownPlayer } = options;
  const session = new AuthoritySession(authority, systemTimer.nowMs());
  const driver = new AuthorityDriver({ session, timer: systemTimer });
  attach?.(driver);
  const listener = await listenGeckos(driver, { ...options, maxLinks: session.world.arena.capacity });
  driver.start();
  const player = ownPlayer ? new OwnPlayer(driver, ownPlayer) : null;
  const { url, port, counters, signalling } = listener;
  return {
    url,
    port,
    driver,
    player,
    counters,
    signalling,
    async stop(reason = 'the host is closing') {
      player?.stop();
      driver.stop(reason);
      await listener.stop();
    },
  };
}
