/**
 * One data channel over node-datachannel, as an end needs it. An exception inside a native callback would abort the whole
 * process and no handler would see it, so each callback is wrapped by `guarded`.
 *
 * Callbacks are few, for each costs as long as its link lives: it is a handle of the event loop, and whenever the native
 * side wakes the loop all of these are walked. With four peers of 31 links each in a process, and eight callbacks at each
 * end of a link, that was a quarter of what the event loop did.
 */
import type { DataChannel, PeerConnection } from 'node-datachannel';
import { type EndStats, MAX_MESSAGE_BYTES } from './client-end.ts';
import { lowerNativeThreads } from './native-tuning.ts';

/** How often connections are looked at, whether they still hold. */
const WATCH_EVERY_MS = 500;
const BROKEN: ReadonlySet<string> = new Set(['failed', 'closed', 'disconnected']);

/** What is done when one of these connections has broken. */
const watched = new Map<PeerConnection, () => void>();
let watching: ReturnType<typeof setInterval> | undefined;

function lookAtAll(): void {
  for (const [connection, broken] of [...watched]) {
    if (!BROKEN.has(connection.state())) continue;
    watched.delete(connection);
    broken();
  }
  if (watched.size > 0) return;
  clearInterval(watching);
  watching = undefined;
}

/** The end that a channel carries for. */
export interface ChannelOwner {
  readonly stats: EndStats;
  /** Messages can flow. */
  opened(): void;
  /** Called per message; `bytes` are valid during the call only. */
  received(bytes: Uint8Array): void;
  /** The link is of no use any more. May be called again. */
  close(reason: string): void;
  /** The sentence for people when the other side has closed the channel. */
  readonly closedReason: string;
  /** The same when the connection below has broken. */
  lostReason(): string;
}

export class NativeChannel {
  readonly #owner: ChannelOwner;
  #channel: DataChannel | null = null;

  constructor(owner: ChannelOwner) {
    this.#owner = owner;
  }

  get isAttached(): boolean {
    return this.#channel !== null;
  }

  get bufferedBytes(): number {
    try {
      return this.#channel?.bufferedAmount() ?? 0;
    } catch {
      // Closed a moment ago; the event that says so is on its way.
      return 0;
    }
  }

  /** Closes the owner when the connection breaks. */
  watch(connection: PeerConnection): void {
    watched.set(
      connection,
      this.guarded(() => this.#owner.close(this.#owner.lostReason())),
    );
    watching ??= setInterval(lookAtAll, WATCH_EVERY_MS).unref();
  }

  /** Takes the one channel there is. */
  attach(channel: DataChannel): void {
    const owner = this.#owner;
    this.#channel = channel;
    channel.onMessage(
      this.guarded((data: string | Buffer | ArrayBuffer) => {
        if (typeof data === 'string' || data.byteLength > MAX_MESSAGE_BYTES) owner.stats.malformedMessages += 1;
        else owner.received(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
      }),
    );
    channel.onClosed(this.guarded(() => owner.close(owner.closedReason)));
    const ready = this.guarded(() => {
      lowerNativeThreads();
      owner.opened();
    });
    if (channel.isOpen()) ready();
    else channel.onOpen(ready);
  }

  /** Sends one message, or counts it as dropped. Never throws. */
  send(bytes: Uint8Array): void {
    try {
      if (this.#channel?.sendMessageBinary(bytes)) return;
    } catch {
      // Closed between the question and the call: the close event that follows says so.
    }
    this.#owner.stats.droppedMessages += 1;
  }

  /** Closes the channel, and the connection below it. Never throws. */
  close(connection: PeerConnection | null): void {
    if (connection) watched.delete(connection);
    try {
      this.#channel?.close();
      connection?.close();
    } catch (error) {
      console.error(error);
    }
  }

  /** Nothing thrown leaves a native callback; the owner closes with the reason instead. */
  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
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
      this.#owner.close(`a handler of this link failed: ${(error as Error).message}`);
    } catch (again) {
      console.error(again);
    }
  }
}
