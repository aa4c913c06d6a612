/**
 * The page's end of a geckos.io link, over the official client. Only its signalling is used: once the data channel is
 * up, bytes are sent on it directly and its message handler is replaced by ours, because geckos' own parser takes text
 * for JSON and throws on `null`, sends a `DataView` as JSON, and sends in a later microtask.
 */
import geckos, { type ClientChannel } from '@geckos.io/client';
import type { Transport } from '../netcode/session.ts';
import { NO_WEBRTC, takeMessages, whenPageCloses } from './browser-channel.ts';
import { BaseEnd, OPEN_TIMEOUT_MS } from './client-end.ts';
import { readableSignalError } from './signalling.ts';

export interface DataChannelEndOptions {
  /** Address of the host's signalling: `http://127.0.0.1:9208`. */
  url: string;
}

/** What geckos keeps private and this file needs: the browser's own channel, and the connection it belongs to. */
interface GeckosInside {
  peerConnection?: { dataChannel?: RTCDataChannel; localPeerConnection?: RTCPeerConnection };
}

class DataChannelEnd extends BaseEnd {
  readonly transport: Transport = 'datagram';
  readonly #geckos: ClientChannel;
  readonly #timeout: ReturnType<typeof setTimeout>;
  #channel: RTCDataChannel | null = null;
  #forgetPage: () => void = () => {};

  constructor({ url }: DataChannelEndOptions) {
    super();
    const { protocol, hostname, port } = new URL(url);
    this.#geckos = geckos({
      url: `${protocol}//${hostname}`,
      port: Number(port || (protocol === 'https:' ? 443 : 80)),
      iceServers: [],
    });
    this.#timeout = setTimeout(() => {
      this.close(`no data channel to ${url} within ${OPEN_TIMEOUT_MS / 1000} s; a firewall may block UDP`);
    }, OPEN_TIMEOUT_MS);
    this.#forgetPage = whenPageCloses((reason) => this.close(reason));
    if (typeof RTCPeerConnection === 'undefined') {
      queueMicrotask(() => this.close(NO_WEBRTC));
      return;
    }
    this.#geckos
      .onConnect((error) => {
        if (error) this.close(readableSignalError(error, url));
        else this.#connected(url);
      })
      .catch((error: unknown) => this.close(readableSignalError(error, url)));
  }

  get bufferedBytes(): number {
    return this.#channel?.bufferedAmount ?? 0;
  }

  #connected(url: string): void {
    const inside = (this.#geckos as unknown as GeckosInside).peerConnection;
    const channel = inside?.dataChannel;
    const connection = inside?.localPeerConnection;
    if (this.state === 'closed') {
      connection?.close();
      return;
    }
    if (!channel || !connection) {
      this.close(`this version of geckos.io keeps its channel elsewhere: cannot talk to ${url}`);
      return;
    }
    this.#channel = channel;
    takeMessages(channel, this.stats, (bytes) => this.received(bytes));
    channel.addEventListener('close', () => this.close('the host closed the link'));
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'failed' || connection.connectionState === 'closed') {
        this.close('the link to the host was lost');
      }
    });
    const ready = (): void => {
      clearTimeout(this.#timeout);
      this.opened();
    };
    if (channel.readyState === 'open') ready();
    else channel.addEventListener('open', ready);
  }

  protected transmit(bytes: Uint8Array): void {
    // send() throws when the channel has just closed; the close event that follows says so.
    if (this.#channel?.readyState === 'open') this.#channel.send(bytes as Uint8Array<ArrayBuffer>);
    else this.stats.droppedMessages += 1;
  }

  protected release(): void {
    clearTimeout(this.#timeout);
    this.#forgetPage();
    this.#channel?.close();
    (this.#geckos as unknown as GeckosInside).peerConnection?.localPeerConnection?.close();
  }
}

export type { DataChannelEnd };

/** Joins the match of a host peer. Returns at once, in state `opening`. */
export function openDataChannelEnd(options: DataChannelEndOptions): DataChannelEnd {
  return new DataChannelEnd(options);
}
