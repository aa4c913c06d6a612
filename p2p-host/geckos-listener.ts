/**
 * Listens as a geckos.io server and hands every data channel that opens to whoever asked: what a host peer and the
 * rendezvous have in common. It stands between the framework's faults and the process: signalling is guarded, the
 * framework's own message handler is replaced, and nothing thrown leaves a native callback, where it would abort the
 * process unseen by any handler. One per process, because geckos' event bridge is a module of which there is one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import geckos, { type ServerChannel } from '@geckos.io/server';
import { MAX_MESSAGE_BYTES } from '../links/client-end.ts';
import { listen, urlOf } from '../links/listen.ts';
import { delayAcknowledgements, lowerNativeThreads } from '../links/native-tuning.ts';
import type { PeerLink } from '../links/session-links.ts';
import { CHANNEL_LABEL } from '../links/signalling.ts';
import type { PeerId } from '../netcode/session.ts';
import { SignallingGuard } from './signalling-guard.ts';

/** Who is behind the links: an AuthorityDriver, a RendezvousDriver. */
export interface Reception {
  /** A link is up; returns the id under which it is known from now on. */
  peerUp(link: PeerLink): PeerId;
  peerDown(peer: PeerId): void;
  /** One message; `bytes` are valid during the call only. */
  receive(peer: PeerId, bytes: Uint8Array): void;
}

export interface ListenerOptions {
  /** TCP port of the signalling; 0 lets the system choose. */
  port: number;
  /** Address for signalling and data channels. Default: this machine only. */
  bind?: string | undefined;
  /** Links that may be up or being made at once. */
  maxLinks: number;
  /** Whether a page of this origin may connect. Default: pages served by this machine. */
  allowsOrigin?: ((origin: string) => boolean) | undefined;
  /** Answers what is not signalling on the same port, such as the built page. */
  onRequest?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

export interface LinkCounters {
  /** Messages that were text, or too long. */
  malformedMessages: number;
  /** Messages whose handling threw; the link was closed. */
  faultyMessages: number;
}

export interface Listener {
  /** Address of the signalling: `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  counters: LinkCounters;
  signalling: SignallingGuard['counters'];
  /** Closes the port, every link, and the native threads. */
  stop(): Promise<void>;
}

/** A peer with this much unsent gets nothing more until it has caught up: datagrams are not worth queueing. */
const MAX_BUFFERED_BYTES = 64 * 1024;
const PENDING_MS = 15_000;
const MAX_PENDING = 64;

function isLocalOrigin(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(origin);
}

/** Which pages may connect beside this machine's own: those of the named origins, all with `*`. For `allowsOrigin`. */
export function allowOrigins(origins: readonly string[]): (origin: string) => boolean {
  return (origin) => isLocalOrigin(origin) || origins.includes('*') || origins.includes(origin);
}

/** Starts listening; links come up at `reception` from then on. Rejects with a ListenError. */
export async function listenGeckos(reception: Reception, options: ListenerOptions): Promise<Listener> {
  const { port, bind = '127.0.0.1', maxLinks, allowsOrigin = isLocalOrigin, onRequest } = options;
  const counters: LinkCounters = { malformedMessages: 0, faultyMessages: 0 };
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
  const guard = new SignallingGuard(http, server, {
    maxLinks,
    maxPending: MAX_PENDING,
    pendingMs: PENDING_MS,
    allowsOrigin,
  });
  server.onConnection((channel) => {
    try {
      acceptPeer(channel, reception, guard, counters);
      lowerNativeThreads();
    } catch (error) {
      counters.faultyMessages += 1;
      console.error(error);
    }
  });
  const boundPort = await listen(http, port, bind);
  return {
    url: urlOf(bind, boundPort),
    port: boundPort,
    counters,
    signalling: guard.counters,
    async stop() {
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
  reception: Reception,
  guard: SignallingGuard,
  counters: LinkCounters,
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
    reception.peerDown(peer);
    close();
  });
  // Before anything else: the handler that geckos has put here parses text as JSON, and `null` ends the process.
  dataChannel.onMessage(
    guarded((data) => {
      if (typeof data === 'string' || data.byteLength > MAX_MESSAGE_BYTES) counters.malformedMessages += 1;
      else reception.receive(peer, data instanceof ArrayBuffer ? new Uint8Array(data) : data);
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
  peer = reception.peerUp(link);
}
