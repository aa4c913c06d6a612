/**
 * Reliable messages of one link to the rendezvous, whatever its transport. Somebody who enters a full room dials
 * everybody at once; what exceeds the other side's window waits here, instead of being sent only to be dropped.
 */
import { encodeMessage } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { ReliableChannel, WINDOW } from './reliable-channel.ts';
import type { PeerId, Transport } from './session.ts';

/** Bytes that may wait for one peer; more means that it no longer listens. */
const MAX_WAITING_BYTES = 1_048_576;

export class ReliableLine {
  readonly #outbox: Pick<Outbox, 'send'>;
  readonly #to: PeerId;
  readonly #transport: Transport;
  readonly #channel: ReliableChannel;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(outbox: Pick<Outbox, 'send'>, to: PeerId, transport: Transport, firstResendMs?: number) {
    this.#channel = new ReliableChannel(firstResendMs);
    this.#outbox = outbox;
    this.#to = to;
    this.#transport = transport;
  }

  /** False when too much waits already: then the message is not sent. */
  send(bytes: Uint8Array, nowMs: number): boolean {
    if (this.#transport === 'stream') {
      this.#outbox.send(this.#to, 'reliable', bytes);
      return true;
    }
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) return false;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#fillWindow(nowMs);
    return true;
  }

  #fillWindow(nowMs: number): void {
    while (this.#waiting.length > 0 && this.#channel.unackedCount < WINDOW) {
      const bytes = this.#waiting.shift()!;
      this.#waitingBytes -= bytes.length;
      this.#outbox.send(this.#to, 'unreliable', this.#channel.wrap(bytes, nowMs)!);
    }
  }

  /** Takes one wrapped message and acknowledges it; returns those that are now next in order. */
  receive(sequence: number, inner: Uint8Array): Uint8Array[] {
    const ready = this.#channel.receive(sequence, inner);
    this.#outbox.send(this.#to, 'unreliable', encodeMessage({ type: 'ack', next: this.#channel.ackNext }));
    return ready;
  }

  acknowledged(next: number, nowMs: number): void {
    this.#channel.acknowledged(next);
    this.#fillWindow(nowMs);
  }

  /** Sends again what was not acknowledged in time. */
  advance(nowMs: number): void {
    if (this.#channel.isIdle) return;
    for (const bytes of this.#channel.due(nowMs)) this.#outbox.send(this.#to, 'unreliable', bytes);
  }

  get isIdle(): boolean {
    return this.#channel.isIdle;
  }
}
