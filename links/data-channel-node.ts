/**
 * A data-channel end for Node: geckos.io's signalling done directly over node-datachannel, without a browser polyfill
 * and without its ten HTTP polls per connection. The host cannot tell it from the official client.
 */
import type { DataChannel, PeerConnection } from 'node-datachannel';
import nodeDataChannel from 'node-datachannel';
import type { Transport } from '../netcode/session.ts';
import { BaseEnd, OPEN_TIMEOUT_MS } from './client-end.ts';
import { keepUntilEnded, NativeChannel } from './native-channel.ts';
import { delayAcknowledgements } from './native-tuning.ts';
import { CHANNEL_LABEL, readableSignalError, SIGNALLING_PATH } from './signalling.ts';

export interface NodeDataChannelEndOptions {
  /** Address of the host's signalling: `http://127.0.0.1:9208`. */
  url: string;
  /** Local address to use; on loopback nothing leaves the machine. */
  bindAddress?: string;
}

/** How often the host is asked for candidates that it found after its first answer. */
const CANDIDATE_POLL_MS = 100;
/** Candidates of this machine are waited for until gathering ends, or this long. */
const GATHERING_LIMIT_MS = 500;

interface Offer {
  id: string;
  localDescription: { sdp: string; type: 'offer' };
}

class NodeDataChannelEnd extends BaseEnd {
  readonly transport: Transport = 'datagram';
  readonly #url: string;
  readonly #abort = new AbortController();
  readonly #timeout: ReturnType<typeof setTimeout>;
  #connection: PeerConnection | null = null;
  readonly #channel = new NativeChannel({
    stats: this.stats,
    opened: () => {
      clearTimeout(this.#timeout);
      this.opened();
    },
    received: (bytes) => this.received(bytes),
    close: (reason) => this.close(reason),
    closedReason: 'the host closed the link',
    lostReason: () => 'the link to the host was lost',
  });

  constructor({ url, bindAddress = '127.0.0.1' }: NodeDataChannelEndOptions) {
    super();
    this.#url = url;
    this.#timeout = setTimeout(() => {
      this.close(`no data channel to ${url} within ${OPEN_TIMEOUT_MS / 1000} s; a firewall may block UDP`);
    }, OPEN_TIMEOUT_MS);
    this.#dial(bindAddress).catch((error: unknown) => this.close(readableSignalError(error, url)));
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  async #dial(bindAddress: string): Promise<void> {
    const { id, localDescription } = await this.#request<Offer>('POST', '/connections');
    if (this.#abort.signal.aborted) return;
    const connection = new nodeDataChannel.PeerConnection(id, { iceServers: [], bindAddress });
    this.#connection = connection;
    this.#channel.watch(connection);
    connection.onDataChannel(this.#channel.guarded((channel: DataChannel) => this.#attach(channel)));
    const gathered = new Promise<void>((resolve) => {
      setTimeout(resolve, GATHERING_LIMIT_MS).unref();
      connection.onGatheringStateChange(this.#channel.guarded((state: string) => state === 'complete' && resolve()));
    });
    connection.setRemoteDescription(localDescription.sdp, localDescription.type);
    await gathered;
    if (this.#abort.signal.aborted) return;
    await this.#request('POST', `/connections/${id}/remote-description`, connection.localDescription());
    while (this.state === 'opening') {
      const path = `/connections/${id}/additional-candidates`;
      const found = await this.#request<{ candidate: string; sdpMid: string }[]>('GET', path);
      if (this.state !== 'opening') return;
      for (const { candidate, sdpMid } of found) connection.addRemoteCandidate(candidate, sdpMid);
      await new Promise((resolve) => setTimeout(resolve, CANDIDATE_POLL_MS));
    }
  }

  async #request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.#url + SIGNALLING_PATH + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: this.#abort.signal,
    });
    const text = await response.text();
    if (!response.ok) throw { status: response.status, message: text };
    return (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined) as T;
  }

  #attach(channel: DataChannel): void {
    if (!this.#channel.isAttached && channel.getLabel() === CHANNEL_LABEL) this.#channel.attach(channel);
    else keepUntilEnded(channel);
  }

  protected transmit(bytes: Uint8Array): void {
    this.#channel.send(bytes);
  }

  protected release(): void {
    clearTimeout(this.#timeout);
    this.#abort.abort();
    this.#channel.close(this.#connection);
  }
}

export type { NodeDataChannelEnd };

/** Joins the match of a host peer from Node. Returns at once, in state `opening`. */
export function openNodeDataChannelEnd(options: NodeDataChannelEndOptions): NodeDataChannelEnd {
  delayAcknowledgements();
  return new NodeDataChannelEnd(options);
}

/** Stops the native threads behind all data channels; without it a process that used one does not end by itself. */
export function cleanupDataChannels(): void {
  nodeDataChannel.cleanup();
}
