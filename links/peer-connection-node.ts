/** A peer connection in Node, over node-datachannel. */
import { isIP } from 'node:net';
import type { PeerConnection as NativeConnection } from 'node-datachannel';
import nodeDataChannel from 'node-datachannel';
import { keepUntilEnded, NativeChannel } from './native-channel.ts';
import { delayAcknowledgements } from './native-tuning.ts';
import { BasePeerConnection, type ConnectionFactory, PEER_CHANNEL, type PeerConnection } from './peer-connection.ts';
import { addressOfCandidate, MID } from './peer-signals.ts';

export interface NodePeerConnectionOptions {
  /** Local address to use; on loopback nothing leaves the machine. */
  bindAddress?: string;
  /** Local UDP port, which all connections on it share; without it each has a port of its own. */
  port?: number;
}

function nativeConnection({ bindAddress = '127.0.0.1', port }: NodePeerConnectionOptions): NativeConnection {
  const onPort = port === undefined ? {} : { portRangeBegin: port, portRangeEnd: port, enableIceUdpMux: true };
  return new nodeDataChannel.PeerConnection('peer', { iceServers: [], bindAddress, ...onPort });
}

class NodePeerConnection extends BasePeerConnection {
  readonly #connection: NativeConnection;
  readonly #channel = new NativeChannel({
    stats: this.stats,
    opened: () => this.opened(),
    received: (bytes) => this.received(bytes),
    close: (reason) => this.close(reason),
    closedReason: 'the peer closed the link',
    lostReason: () => (this.state === 'opening' ? 'no direct link could be made' : 'the link to the peer was lost'),
  });

  constructor(options: NodePeerConnectionOptions) {
    super();
    const connection = nativeConnection(options);
    this.#connection = connection;
    this.#channel.watch(connection);
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  protected startOffer(): void {
    this.#channel.guarded(() => {
      this.#openChannel();
      this.#signalLocal();
    })();
  }

  protected takeDescription(type: 'offer' | 'answer', sdp: string): void {
    try {
      // An offer is answered by the library itself.
      this.#connection.setRemoteDescription(sdp, type);
    } catch {
      this.stats.malformedMessages += 1;
      this.close('the peer sent a description that cannot be used');
      return;
    }
    if (type === 'offer') {
      this.#channel.guarded(() => this.#openChannel())();
      this.#signalLocal();
    }
    this.described();
  }

  /**
   * Where no server is asked for addresses, what describes this side is complete when the call that makes it returns. So it
   * is read, and no callbacks wait for it: see NativeChannel for what each of them costs.
   */
  #signalLocal(): void {
    const local = this.#connection.localDescription();
    if (local?.type === 'offer' || local?.type === 'answer') this.signalDescription(local.type, local.sdp);
  }

  protected takeCandidate(candidate: string): void {
    // Browsers hide their addresses behind names of multicast DNS. Nobody needs to look those up: the browser, which has
    // our address, comes to us.
    if (isIP(addressOfCandidate(candidate)) === 0) return;
    try {
      this.#connection.addRemoteCandidate(`candidate:${candidate}`, MID);
    } catch {
      this.stats.malformedMessages += 1;
    }
  }

  #openChannel(): void {
    const { label, id, maxRetransmits } = PEER_CHANNEL;
    const options = { negotiated: true, id, unordered: true, maxRetransmits };
    this.#channel.attach(this.#connection.createDataChannel(label, options));
  }

  protected transmit(bytes: Uint8Array): void {
    this.#channel.send(bytes);
  }

  protected release(): void {
    this.#channel.close(this.#connection);
  }
}

/** Below the ports that systems give to those who do not mind which. */
const LEAST_PORT = 20_000;
const PORTS = 12_000;
const MOST_ATTEMPTS = 20;
/** Until then the first connection of a peer has taken its port. */
const HOLD_MS = 5000;

/**
 * Makes connections that share one UDP port, for one peer of many: a process that serves hundreds of links polls as many
 * sockets as it has peers, not links. The peers on the other sides must have a port each, too: on a shared port others are
 * known by where their datagrams come from. The port is chosen when the first connection is made; throws when none is free.
 */
export function peerConnectionsOnOnePort(options: Omit<NodePeerConnectionOptions, 'port'> = {}): ConnectionFactory {
  let port: number | undefined;
  return () => {
    delayAcknowledgements();
    port ??= takePort(options);
    return new NodePeerConnection({ ...options, port });
  };
}

/** A free port, held by a connection that nobody uses until the caller's have taken it. */
function takePort(options: NodePeerConnectionOptions): number {
  let why = '';
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const port = LEAST_PORT + Math.floor(Math.random() * PORTS);
    const holder = nativeConnection({ ...options, port });
    try {
      // This binds the port, or throws.
      keepUntilEnded(holder.createDataChannel('holder'));
      setTimeout(() => holder.close(), HOLD_MS).unref();
      return port;
    } catch (error) {
      why = (error as Error).message;
      holder.close();
    }
  }
  const last = LEAST_PORT + PORTS - 1;
  throw new Error(`no UDP port could be had: tried ${MOST_ATTEMPTS} of those from ${LEAST_PORT} to ${last} (${why})`);
}

/** A connection to one peer, from Node. Whoever made one calls `cleanupDataChannels` before the process ends. */
export function createNodePeerConnection(options: NodePeerConnectionOptions = {}): PeerConnection {
  delayAcknowledgements();
  return new NodePeerConnection(options);
}
