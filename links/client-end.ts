/**
 * One common interface for every way a client reaches its authority: the Colyseus SDK, a raw WebSocket, a data channel,
 * or a call inside the same process. An end knows nothing about the protocol: it carries messages of bytes, says when it
 * opened and closed, and counts. A driver (`client-driver.ts`) joins an end and a session.
 *
 * Ends are made by plain functions (`openColyseusEnd`, `openDataChannelEnd`, …) that return at once, in state `opening`;
 * assign the handlers in the same turn of the event loop and nothing is missed.
 */
import type { Channel, Transport } from '../netcode/session.ts';

/** What passed through an end since it was made: the application's bytes, without framing and transport headers. */
export interface EndStats {
  sentMessages: number;
  sentBytes: number;
  receivedMessages: number;
  receivedBytes: number;
  /** Messages not sent because the end was not open, or because its own buffer stood at its limit. */
  droppedMessages: number;
  /** Messages that did not have the form this transport carries (text where bytes belong, too long). */
  malformedMessages: number;
}

export type EndState = 'opening' | 'open' | 'closed';

export interface ClientEnd {
  /** What lies below: give the same to the session. */
  readonly transport: Transport;
  readonly state: EndState;
  readonly stats: EndStats;
  /** Bytes handed over by `send` that have not left this process yet. */
  readonly bufferedBytes: number;
  /** Called once, when messages can be sent. */
  onOpen: () => void;
  /** Called per message; `bytes` are valid during the call only. */
  onMessage: (bytes: Uint8Array) => void;
  /** Called once, whether the end was open or never came up; the reason is a sentence for people. */
  onClose: (reason: string) => void;
  /**
   * Sends one message; the end owns `bytes` from then on. On a stream both channels are the stream; over datagrams both
   * are one unreliable channel, because the session itself acknowledges and resends what must arrive. Never throws: what
   * cannot be sent is dropped and counted.
   */
  send(channel: Channel, bytes: Uint8Array): void;
  /** Closes for good; `onClose` is called with the reason. Harmless when closed already. */
  close(reason?: string): void;
}

/** A client's own send buffer may hold this much before more is dropped: about 2 s of the fastest inputs. */
export const MAX_CLIENT_BUFFERED_BYTES = 64 * 1024;

const CHECK_EVERY_BYTES = 2048;

/** Longest message either side takes; snapshots of the densest crowd stay below it. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** How long an end tries to open before it closes with a reason. */
export const OPEN_TIMEOUT_MS = 15_000;

export function createEndStats(): EndStats {
  return {
    sentMessages: 0,
    sentBytes: 0,
    receivedMessages: 0,
    receivedBytes: 0,
    droppedMessages: 0,
    malformedMessages: 0,
  };
}

/** What all ends share: the state, the counters, and handlers that run once. Subclasses move the bytes. */
export abstract class BaseEnd implements ClientEnd {
  abstract readonly transport: Transport;
  abstract readonly bufferedBytes: number;
  readonly stats: EndStats = createEndStats();
  onOpen: () => void = () => {};
  onMessage: (bytes: Uint8Array) => void = () => {};
  onClose: (reason: string) => void = () => {};
  #state: EndState = 'opening';
  #uncheckedBytes = 0;

  get state(): EndState {
    return this.#state;
  }

  send(channel: Channel, bytes: Uint8Array): void {
    if (this.#state !== 'open' || this.#isFull(bytes.length)) {
      this.stats.droppedMessages += 1;
      return;
    }
    this.stats.sentMessages += 1;
    this.stats.sentBytes += bytes.length;
    this.transmit(bytes, channel);
  }

  /** What lies below is asked once for many small messages: the question costs as much as sending one of them. */
  #isFull(bytes: number): boolean {
    this.#uncheckedBytes += bytes;
    if (this.#uncheckedBytes < CHECK_EVERY_BYTES) return false;
    if (this.bufferedBytes > MAX_CLIENT_BUFFERED_BYTES) return true;
    this.#uncheckedBytes = 0;
    return false;
  }

  close(reason = 'closed by this side'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.release();
    this.onClose(reason);
  }

  /** Subclasses report here that messages can flow. */
  protected opened(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.onOpen();
  }

  /** Subclasses hand every arrived message here. */
  protected received(bytes: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.stats.receivedMessages += 1;
    this.stats.receivedBytes += bytes.length;
    this.onMessage(bytes);
  }

  protected abstract transmit(bytes: Uint8Array, channel: Channel): void;
  /** Frees sockets and timers; called once. */
  protected abstract release(): void;
}
