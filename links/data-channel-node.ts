/**
 * A data-channel end for Node: geckos.io's signalling done directly over node-datachannel, without a browser polyfill
 * and without its ten HTTP polls per connection. The host cannot tell it from the official client.
 *
 * An exception inside a native callback would abort the whole process and no handler would see it, so each callback is
 * wrapped by `guarded`.
 */
import type { DataChannel, PeerConnection } from 'node-datachannel';
import nodeDataChannel from 'node-datachannel';
import type { Transport } from '../netcode/session.ts';
import { BaseEnd, MAX_MESSAGE_BYTES, OPEN_TIMEOUT_MS } from './client-end.ts';
import { delayAcknowledgements, lowerNativeThreads } from './native-tuning.ts';
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
  #channel: DataChannel | null = null;

  constructor({ url, bindAddress = '127.0.0.1' }: NodeDataChannelEndOptions) {
    super();
    this.#url = url;
    this.#timeout = setTimeout(() => {
      this.close(`no data channel to ${url} within ${OPEN_TIMEOUT_MS / 1000} s; a firewall may block UDP`);
    }, OPEN_TIMEOUT_MS);
    this.#dial(bindAddress).catch((error: unknown) => this.close(readableSignalError(error, url)));
  }

  get bufferedBytes(): number {
    return this.#channel?.bufferedAmount() ?? 0;
  }

  async #dial(bindAddress: string): Promise<void> {
    const { id, localDescription } = await this.#request<Offer>('POST', '/connections');
    if (this.#abort.signal.aborted) return;
    const connection = new nodeDataChannel.PeerConnection(id, { iceServers: [], bindAddress });
    this.#connection = connection;
    connection.onStateChange(
      this.#guarded((state: string) => {
        if (state === 'failed' || state === 'closed' || state === 'disconnected') {
          this.close('the link to the host was lost');
        }
      }),
    );
    connection.onDataChannel(this.#guarded((channel: DataChannel) => this.#attach(channel)));
    const gathered = new Promise<void>((resolve) => {
      setTimeout(resolve, GATHERING_LIMIT_MS).unref();
      connection.onGatheringStateChange(this.#guarded((state: string) => state === 'complete' && resolve()));
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
    if (this.#channel || channel.getLabel() !== CHANNEL_LABEL) return;
    this.#channel = channel;
    channel.onMessage(
      this.#guarded((data: string | Buffer | ArrayBuffer) => {
        if (typeof data === 'string' || data.byteLength > MAX_MESSAGE_BYTES) this.stats.malformedMessages += 1;
        else this.received(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
      }),
    );
    channel.onClosed(this.#guarded(() => this.close('the host closed the link')));
    const ready = this.#guarded(() => {
      clearTimeout(this.#timeout);
      lowerNativeThreads();
      this.opened();
    });
    if (channel.isOpen()) ready();
    else channel.onOpen(ready);
  }

  /** Nothing thrown leaves a native callback; the end closes with the reason instead. */
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
    clearTimeout(this.#timeout);
    this.#abort.abort();
    this.#channel?.close();
    this.#connection?.close();
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
