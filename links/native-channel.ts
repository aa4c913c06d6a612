/**
 * One data channel over node-datachannel, as an end needs it. An exception inside a native callback would abort the whole
 * process and no handler would see it, so each callback is wrapped by `guarded`.
 *
 * There are two callbacks, for messages and for the end. Each costs as long as its link lives: it is a handle of the event
 * loop, and whenever the native side wakes the loop all of these are walked. With four peers of 31 links each in a process,
 * and eight callbacks at each end of a link, that was a quarter of what the event loop did. So now and then it is looked
 * whether channels have opened, or closed. The callback for the end costs nothing: the native side has one there anyway.
 */
import type { DataChannel, PeerConnection } from 'node-datachannel';
import { type EndStats, MAX_MESSAGE_BYTES } from './client-end.ts';
import { lowerNativeThreads } from './native-tuning.ts';

const BROKEN: ReadonlySet<string> = new Set(['failed', 'closed', 'disconnected']);

/**
 * Looks at things as long as there are any, until a look says that it was the last: at all of them within a few
 * milliseconds, or, where there may be a thousand, at a part of them at a time, so that nothing has to wait for it.
 */
class Watch {
  readonly #everyMs: number;
  readonly #parts: number;
  readonly #looks = new Map<NativeChannel, () => boolean>();
  /** Those that the round still has to look at. */
  #round = this.#looks.entries();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(everyMs: number, parts = 1) {
    this.#everyMs = everyMs;
    this.#parts = parts;
  }

  add(channel: NativeChannel, look: () => boolean): void {
    this.#looks.set(channel, look);
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs / this.#parts).unref();
  }

  delete(channel: NativeChannel): void {
    this.#looks.delete(channel);
  }

  #look(): void {
    for (let left = Math.ceil(this.#looks.size / this.#parts); left > 0; left--) {
      let next = this.#round.next();
      if (next.done) {
        this.#round = this.#looks.entries();
        next = this.#round.next();
      }
      if (next.done) break;
      const [channel, look] = next.value;
      if (look()) this.#looks.delete(channel);
    }
    if (this.#looks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether those that are to open have, and whether the others still hold. */
const opening = new Watch(10);
const holding = new Watch(500, 25);

/**
 * What is sent is copied here first, and handed over in views that are kept, one for each length. Short messages live in
 * the heap of the engine; the native side would have a buffer of its own made for each, and collecting these takes longer
 * than everything else that is collected.
 */
const outgoing = Buffer.alloc(2048);
const views: (Buffer | undefined)[] = [];

function outgoingOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > outgoing.length) return bytes;
  outgoing.set(bytes);
  views[length] ??= outgoing.subarray(0, length);
  return views[length];
}

/**
 * Channels whose end has not been told. The native side lists each until it has told its end, and goes through the list in
 * its clean-up: what has been collected before is read there after it was freed, and the process dies.
 */
const unended = new Set<DataChannel>();

/** Every channel goes through here before it may be collected. */
export function keepUntilEnded(channel: DataChannel): void {
  unended.add(channel);
  channel.onClosed(() => unended.delete(channel));
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
  #hasOpened = false;

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

  /** Closes the owner when the connection breaks, or the other side closes the channel. */
  watch(connection: PeerConnection): void {
    holding.add(this, () => {
      const isBroken = BROKEN.has(connection.state());
      if (!isBroken && !(this.#hasOpened && !this.#isOpen)) return false;
      this.guarded(() => this.#owner.close(isBroken ? this.#owner.lostReason() : this.#owner.closedReason))();
      return true;
    });
  }

  /** Takes the one channel there is. */
  attach(channel: DataChannel): void {
    const owner = this.#owner;
    this.#channel = channel;
    keepUntilEnded(channel);
    channel.onMessage(
      this.guarded((data: string | Buffer | ArrayBuffer) => {
        // It may come before anybody has looked whether the channel is open.
        this.#lookWhetherOpen();
        if (typeof data === 'string' || data.byteLength > MAX_MESSAGE_BYTES) owner.stats.malformedMessages += 1;
        else owner.received(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
      }),
    );
    if (!this.#lookWhetherOpen()) opening.add(this, () => this.#lookWhetherOpen());
  }

  #lookWhetherOpen(): boolean {
    if (this.#hasOpened) return true;
    if (!this.#isOpen) return false;
    this.#hasOpened = true;
    this.guarded(() => {
      lowerNativeThreads();
      this.#owner.opened();
    })();
    return true;
  }

  get #isOpen(): boolean {
    try {
      return this.#channel?.isOpen() ?? false;
    } catch {
      return false;
    }
  }

  /** Sends one message, or counts it as dropped. Never throws. */
  send(bytes: Uint8Array): void {
    try {
      if (this.#channel?.sendMessageBinary(outgoingOf(bytes))) return;
    } catch {
      // Closed between the question and the call: the close event that follows says so.
    }
    this.#owner.stats.droppedMessages += 1;
  }

  /** Closes the channel, and the connection below it. Never throws. */
  close(connection: PeerConnection | null): void {
    opening.delete(this);
    holding.delete(this);
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
