/**
 * Starts a host peer: one player's process that is the authority for all, reached over geckos.io data channels. The
 * session is the server's; only the links differ. One per process, because geckos' event bridge is a module of which
 * there is one.
 *
 * Data channels are native: an exception inside one of their callbacks would abort the process, unseen by any handler.
 * Every callback here goes through `guarded`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import geckos, { type ServerChannel } from '@geckos.io/server';
import { AuthorityDriver, type PeerLink } from '../links/authority-driver.ts';
import { MAX_MESSAGE_BYTES } from '../links/client-end.ts';
import { listen, urlOf } from '../links/listen.ts';
import { delayAcknowledgements, lowerNativeThreads } from '../links/native-tuning.ts';
import { CHANNEL_LABEL } from '../links/signalling.ts';
import { systemTimer } from '../links/timer.ts';
import { type AuthorityOptions, AuthoritySession } from '../netcode/authority-session.ts';
import type { PeerId } from '../netcode/session.ts';
import { OwnPlayer, type OwnPlayerOptions } from './own-player.ts';
import { SignallingGuard } from './signalling-guard.ts';

export interface HostOptions {
  authority: AuthorityOptions;
  /** TCP port of the signalling; 0 lets the system choose. */
  port: number;
  /** Address for signalling and data channels. Default: this machine only. */
  bind?: string;
  /** The player who hosts; without one the process only hosts (`--dedicated`). */
  player?: OwnPlayerOptions;
  /** Called before anybody can connect: add hooks here. */
  attach?: (driver: AuthorityDriver) => void;
  /** Whether a page of this origin may join. Default: pages served by this machine. */
  allowsOrigin?: (origin: string) => boolean;
  /** Answers what is not signalling on the same port, such as the built page. */
  onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface HostCounters {
  /** Messages that were text, or too long. */
  malformedMessages: number;
  /** Messages whose handling threw; the link was closed. */
  faultyMessages: number;
}

export interface RunningHost {
  /** Address of the signalling: `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  driver: AuthorityDriver;
  player: OwnPlayer | null;
  counters: HostCounters;
  signalling: SignallingGuard['counters'];
  stop(reason?: string): Promise<void>;
}

/** A peer with this much unsent gets nothing more until it has caught up: datagrams are not worth queueing. */
const MAX_BUFFERED_BYTES = 64 * 1024;
const PENDING_MS = 15_000;
const MAX_PENDING = 64;

function isLocalOrigin(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(origin);
}

/** Starts the host. Rejects with a ListenError, or a RangeError for a bad config. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { authority, port, bind = '127.0.0.1', attach, allowsOrigin = isLocalOrigin, onRequest } = options;
  const session = new AuthoritySession(authority, systemTimer.nowMs());
  const driver = new AuthorityDriver({ session, timer: systemTimer });
  attach?.(driver);
  const counters: HostCounters = { malformedMessages: 0, faultyMessages: 0 };

  delayAcknowledgements();
  const http = createServer();
  if (onRequest) http.on('request', onRequest);
  const server = geckos({
    iceServers: [],
    bindAddress: bind === '0.0.0.0' || bind === '::' ? undefined : bind,
    label: CHANNEL_LABEL,
    ordered: false,
    maxRetransmits: 0,
    // One UDP port for all loses dials when many join at once.
    multiplex: false,
    cors: { origin: ({ headers }) => headers.origin ?? 'null' },
  });
  server.addServer(http);
  const { capacity } = session.world.arena;
  const guard = new SignallingGuard(http, server, {
    maxLinks: capacity,
    maxPending: MAX_PENDING,
    pendingMs: PENDING_MS,
    allowsOrigin,
  });
  server.onConnection((channel) => {
    try {
      acceptPeer(channel, driver, guard, counters);
      lowerNativeThreads();
    } catch (error) {
      counters.faultyMessages += 1;
      console.error(error);
    }
  });
  const boundPort = await listen(http, port, bind);
  driver.start();
  const player = options.player ? new OwnPlayer(driver, options.player) : null;

  return {
    url: urlOf(bind, boundPort),
    port: boundPort,
    driver,
    player,
    counters,
    signalling: guard.counters,
    async stop(reason = 'the host is closing') {
      player?.stop();
      driver.stop(reason);
      // geckos closes its connections and stops the native threads when the HTTP server has closed.
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeAllConnections();
      await closed;
    },
  };
}

/** Makes a link of a channel that has just opened. Called inside a native callback. */
function acceptPeer(
  channel: ServerChannel,
  driver: AuthorityDriver,
  guard: SignallingGuard,
  counters: HostCounters,
): void {
  const { dataChannel } = channel;
  let peer: PeerId = -1;
  let isDown = false;
  const close = (): void => {
    channel.close().catch(() => {});
  };
  const guarded =
    <A extends unknown[]>(callback: (...args: A) => void) =>
    (...args: A): void => {
      try {
        callback(...args);
      } catch (error) {
        counters.faultyMessages += 1;
        console.error(error);
        close();
      }
    };
  const down = guarded(() => {
    if (isDown) return;
    isDown = true;
    guard.linkDown();
    driver.peerDown(peer);
    close();
  });
  // Before anything else: the handler that geckos has put here parses text as JSON, and `null` ends the process.
  dataChannel.onMessage(
    guarded((data) => {
      if (typeof data === 'string' || data.byteLength > MAX_MESSAGE_BYTES) counters.malformedMessages += 1;
      else driver.receive(peer, data instanceof ArrayBuffer ? new Uint8Array(data) : data);
    }),
  );
  dataChannel.onClosed(down);
  dataChannel.onError(() => {});
  channel.onDisconnect(down);
  guard.linkUp(channel.id!);
  const link: PeerLink = {
    send(bytes) {
      // The native side copies the bytes before it returns. A channel that has just closed throws.
      try {
        return dataChannel.bufferedAmount() <= MAX_BUFFERED_BYTES && dataChannel.sendMessageBinary(bytes);
      } catch {
        return false;
      }
    },
    close,
  };
  peer = driver.peerUp(link);
}
