/**
 * A peer connection in Node, over node-datachannel. An exception inside a native callback would abort the whole process
 * and no handler would see it, so each callback is wrapped by `guarded`.
 */
import { isIP } from 'node:net';
import type { DataChannel, PeerConnection as NativeConnection } from 'node-datachannel';
import nodeDataChannel from 'node-datachannel';
import { MAX_MESSAGE_BYTES } from './client-end.ts';
import { delayAcknowledgements, lowerNativeThreads } from './native-tuning.ts';
import { BasePeerConnection, PEER_CHANNEL_LABEL, type PeerConnection } from './peer-connection.ts';
import { addressOfCandidate } from './peer-signals.ts';

export interface NodePeerConnectionOptions {
  /** Local address to use; on loopback nothing leaves the machine. */
  bindAddress?: string;
}

class NodePeerConnection extends BasePeerConnection {
  readonly #connection: NativeConnection;
  #channel: DataChannel | null = null;

  constructor({ bindAddress = '127.0.0.1' }: NodePeerConnectionOptions) {
    super();
    // One UDP port for all would lose dials when many are made at once, so each connection has its own.
    const connection = new nodeDataChannel.PeerConnection('peer', { iceServers: [], bindAddress });
    this.#connection = connection;
    connection.onLocalDescription(
      this.#guarded((sdp: string, type: string) => {
        if (type === 'offer' || type === 'answer') this.signalDescription(type, sdp);
      }),
    );
    connection.onLocalCandidate(
      this.#guarded((candidate: string, mid: string) => this.signalCandidate(candidate, mid)),
    );
    connection.onStateChange(
      this.#guarded((state: string) => {
        if (state === 'failed' || state === 'closed' || state === 'disconnected') this.close(this.#lost());
      }),
    );
    connection.onDataChannel(this.#guarded((channel: DataChannel) => this.#attach(channel)));
  }

  get bufferedBytes(): number {
    try {
      return this.#channel?.bufferedAmount() ?? 0;
    } catch {
      // Closed a moment ago; the event that says so is on its way.
      return 0;
    }
  }

  #lost(): string {
    return this.state === 'opening' ? 'no direct link could be made' : 'the link to the peer was lost';
  }

  protected startOffer(): void {
    this.#guarded(() => {
      this.#attach(this.#connection.createDataChannel(PEER_CHANNEL_LABEL, { unordered: true, maxRetransmits: 0 }));
    })();
  }

  protected takeDescription(type: 'offer' | 'answer', sdp: string): void {
    try {
      // An offer is answered by the library itself.
      this.#connection.setRemoteDescription(sdp, type);
      this.described();
    } catch {
      this.stats.malformedMessages += 1;
      this.close('the peer sent a description that cannot be used');
    }
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

  #attach(channel: DataChannel): void {
    if (this.#channel || channel.getLabel() !== PEER_CHANNEL_LABEL || this.state === 'closed') {
      channel.close();
      return;
    }
    this.#channel = channel;
    channel.onMessage(
      this.#guarded((data: string | Buffer | ArrayBuffer) => {
        if (typeof data === 'string' || data.byteLength > MAX_MESSAGE_BYTES) this.stats.malformedMessages += 1;
        else this.received(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
      }),
    );
    channel.onClosed(this.#guarded(() => this.close('the peer closed the link')));
    channel.onError(() => {});
    const ready = this.#guarded(() => {
      lowerNativeThreads();
      this.opened();
    });
    if (channel.isOpen()) ready();
    else channel.onOpen(ready);
  }

  /** Nothing thrown leaves a native callback; the connection closes with the reason instead. */
  #guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        callback(...args);
      } catch (error) {
        this.#abandon(error);
      }
    };
  }

  #abandon(error: unknown): void {
    console.error(error);
    try {
      this.close(`a handler of this link failed: ${(error as Error).message}`);
    } catch (again) {
      console.error(again);
    }
  }

  protected transmit(bytes: Uint8Array): void {
    try {
      if (this.#channel?.isOpen() && this.#channel.sendMessageBinary(bytes)) return;
    } catch {
      // Closed between the question and the call: the close event that follows says so.
    }
    this.stats.droppedMessages += 1;
  }

  protected release(): void {
    try {
      this.#channel?.close();
      this.#connection.close();
    } catch (error) {
      console.error(error);
    }
  }
}

/** A connection to one peer, from Node. Whoever made one calls `cleanupDataChannels` before the process ends. */
export function createNodePeerConnection(options: NodePeerConnectionOptions = {}): PeerConnection {
  delayAcknowledgements();
  return new NodePeerConnection(options);
}
