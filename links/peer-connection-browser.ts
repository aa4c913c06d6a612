/** A peer connection in a page, over the browser's own WebRTC. Workers have none: it lives on the page's main thread. */
import { NO_WEBRTC, takeMessages, whenPageCloses } from './browser-channel.ts';
import { BasePeerConnection, PEER_CHANNEL, type PeerConnection } from './peer-connection.ts';
import { MID } from './peer-signals.ts';

class BrowserPeerConnection extends BasePeerConnection {
  readonly #connection: RTCPeerConnection | null;
  #channel: RTCDataChannel | null = null;
  /** The browser's steps are promises: each waits for the one before. */
  #steps: Promise<void> = Promise.resolve();
  #forgetPage: () => void = () => {};

  constructor() {
    super();
    if (typeof RTCPeerConnection === 'undefined') {
      this.#connection = null;
      queueMicrotask(() => this.close(NO_WEBRTC));
      return;
    }
    const connection = new RTCPeerConnection({ iceServers: [] });
    this.#connection = connection;
    connection.onicecandidate = ({ candidate }) => {
      // The empty one says that there are no more.
      if (candidate?.candidate) this.signalCandidate(candidate.candidate);
    };
    connection.onconnectionstatechange = () => {
      const { connectionState } = connection;
      if (connectionState !== 'failed' && connectionState !== 'closed') return;
      this.close(this.state === 'opening' ? 'no direct link could be made' : 'the link to the peer was lost');
    };
    this.#forgetPage = whenPageCloses((reason) => this.close(reason));
  }

  get bufferedBytes(): number {
    return this.#channel?.bufferedAmount ?? 0;
  }

  /** Takes the next step once the ones before are done; what fails closes the connection. */
  #step(step: (connection: RTCPeerConnection) => Promise<void>): void {
    this.#steps = this.#steps.then(async () => {
      const connection = this.#connection;
      if (!connection || this.state === 'closed') return;
      try {
        await step(connection);
      } catch (error) {
        this.stats.malformedMessages += 1;
        this.close(`no direct link could be made: ${(error as Error).message}`);
      }
    });
  }

  protected startOffer(): void {
    this.#step(async (connection) => {
      this.#openChannel(connection);
      await connection.setLocalDescription();
      this.#signalLocal(connection);
    });
  }

  protected takeDescription(type: 'offer' | 'answer', sdp: string): void {
    this.#step(async (connection) => {
      await connection.setRemoteDescription({ type, sdp });
      if (type === 'offer') {
        this.#openChannel(connection);
        await connection.setLocalDescription();
        this.#signalLocal(connection);
      }
      this.described();
    });
  }

  #signalLocal({ localDescription }: RTCPeerConnection): void {
    const type = localDescription?.type;
    if (type === 'offer' || type === 'answer') this.signalDescription(type, localDescription!.sdp);
  }

  protected takeCandidate(candidate: string): void {
    // Not a step: a candidate that cannot be used takes nothing along.
    this.#connection?.addIceCandidate({ candidate: `candidate:${candidate}`, sdpMid: MID }).catch(() => {
      this.stats.malformedMessages += 1;
    });
  }

  #openChannel(connection: RTCPeerConnection): void {
    const { label, id, maxRetransmits } = PEER_CHANNEL;
    const channel = connection.createDataChannel(label, { negotiated: true, id, ordered: false, maxRetransmits });
    this.#channel = channel;
    takeMessages(channel, this.stats, (bytes) => this.received(bytes));
    channel.onclose = () => this.close('the peer closed the link');
    if (channel.readyState === 'open') this.opened();
    else channel.onopen = () => this.opened();
  }

  protected transmit(bytes: Uint8Array): void {
    try {
      this.#channel!.send(bytes as Uint8Array<ArrayBuffer>);
    } catch {
      // Closed a moment ago: the close event that follows says so.
      this.stats.droppedMessages += 1;
    }
  }

  protected release(): void {
    this.#forgetPage();
    this.#channel?.close();
    this.#connection?.close();
  }
}

/** A connection to one peer, from a page. */
export function createBrowserPeerConnection(): PeerConnection {
  return new BrowserPeerConnection();
}
