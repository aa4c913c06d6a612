/** A peer connection in Node, over node-datachannel. */
import { isIP } from 'node:net';
import type { PeerConnection as NativeConnection } from 'node-datachannel';
import nodeDataChannel from 'node-datachannel';
import { NativeChannel } from './native-channel.ts';
import { delayAcknowledgements } from './native-tuning.ts';
import { BasePeerConnection, PEER_CHANNEL, type PeerConnection } from './peer-connection.ts';
import { addressOfCandidate, candidatesIn } from './peer-signals.ts';

export interface NodePeerConnectionOptions {
  /** Local address to use; on loopback nothing leaves the machine. */
  bindAddress?: string;
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

  constructor({ bindAddress = '127.0.0.1' }: NodePeerConnectionOptions) {
    super();
    // One UDP port for all would lose dials when many are made at once, so each connection has its own.
    const connection = new nodeDataChannel.PeerConnection('peer', { iceServers: [], bindAddress });
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
    if (local?.type !== 'offer' && local?.type !== 'answer') return;
    this.signalDescription(local.type, local.sdp);
    for (const { candidate, mid } of candidatesIn(local.sdp)) this.signalCandidate(candidate, mid);
  }

  protected takeCandidate(candidate: string, mid: string): void {
    // Browsers hide their addresses behind names of multicast DNS. Nobody needs to look those up: the browser, which has
    // our address, comes to us.
    if (isIP(addressOfCandidate(candidate)) === 0) return;
    try {
      this.#connection.addRemoteCandidate(candidate, mid);
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

/** A connection to one peer, from Node. Whoever made one calls `cleanupDataChannels` before the process ends. */
export function createNodePeerConnection(options: NodePeerConnectionOptions = {}): PeerConnection {
  delayAcknowledgements();
  return new NodePeerConnection(options);
}
