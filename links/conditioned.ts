/**
 * An end whose link is made worse than it is: both directions pass through the one link model of netcode/link/, so that
 * a network profile means the same on real sockets and in the simulator. It wraps any other end and is one itself.
 */
import { ConditionedLink, type ConditionedLinkOptions } from '../netcode/link/conditioned-link.ts';
import type { Channel, Transport } from '../netcode/session.ts';
import { BaseEnd, type ClientEnd } from './client-end.ts';
import type { Timer } from './timer.ts';

export interface ConditionedEndOptions extends Omit<ConditionedLinkOptions, 'transport'> {
  end: ClientEnd;
  timer: Timer;
}

class ConditionedEnd extends BaseEnd {
  readonly transport: Transport;
  /** Its profile may be changed at any time. */
  readonly link: ConditionedLink;
  /** The end that is conditioned; its handlers belong to this one. */
  readonly inner: ClientEnd;
  readonly #timer: Timer;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | null = null;
  // Made once, for there are hundreds of messages a second.
  readonly #wake = (): void => this.#deliver();
  readonly #receive = (bytes: Uint8Array): void => this.received(bytes);
  /** Both channels are one below: what a stream needs to keep, the model keeps. */
  readonly #send = (bytes: Uint8Array): void => this.inner.send('unreliable', bytes);

  constructor({ end, timer, ...options }: ConditionedEndOptions) {
    super();
    this.inner = end;
    this.transport = end.transport;
    this.#timer = timer;
    this.link = new ConditionedLink({ ...options, transport: end.transport });
    end.onOpen = () => this.opened();
    end.onClose = (reason) => this.close(reason);
    // Where the sender has delayed a message already, it need not wait for a timer.
    end.onMessage = (bytes) => {
      this.link.down.pass(bytes, this.#timer.nowMs(), this.#receive);
      this.#arm();
    };
  }

  get bufferedBytes(): number {
    return this.inner.bufferedBytes;
  }

  protected transmit(bytes: Uint8Array, _channel: Channel): void {
    this.link.up.offer(bytes, this.#timer.nowMs());
    this.#arm();
  }

  /** Sleeps until the next message is due, in either direction. */
  #arm(): void {
    const dueMs = this.link.nextDueMs;
    if (dueMs >= this.#wakesAtMs) return;
    this.#cancel?.();
    this.#wakesAtMs = dueMs;
    this.#cancel = this.#timer.callAt(dueMs, this.#wake);
  }

  #deliver(): void {
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.#cancel = null;
    const nowMs = this.#timer.nowMs();
    this.link.up.deliver(nowMs, this.#send);
    this.link.down.deliver(nowMs, this.#receive);
    if (this.state === 'closed') return;
    if (this.link.broken) this.close('the connection gave up after too many losses');
    else this.#arm();
  }

  protected release(): void {
    this.#cancel?.();
    this.link.clear();
    this.inner.close();
  }
}

export type { ConditionedEnd };

/** Makes the link below `end` as bad as a profile says. Returns at once, in the state of a new end. */
export function conditionEnd(options: ConditionedEndOptions): ConditionedEnd {
  return new ConditionedEnd(options);
}
