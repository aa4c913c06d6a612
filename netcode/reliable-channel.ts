/**
 * Reliable, ordered messages over datagrams: sequence numbers, a cumulative ack, resending after a time-out that doubles
 * (RFC 9002's shape without its estimator: messages here are rare and small). One object holds both directions of one
 * peer. Over a stream it is bypassed.
 */
import { encodeMessage } from './messages.ts';

const FIRST_RESEND_MS = 200;
const MAX_RESEND_MS = 1600;
/** Unacknowledged messages that are kept; more means that the peer no longer listens. */
export const MAX_UNACKED = 128;
/** How far ahead of the next expected message others are kept. */
export const WINDOW = 32;

interface Waiting {
  sequence: number;
  bytes: Uint8Array;
  dueMs: number;
  waitMs: number;
}

export class ReliableChannel {
  #nextToSend = 0;
  #nextToDeliver = 0;
  readonly #unacked: Waiting[] = [];
  readonly #early = new Map<number, Uint8Array>();
  readonly #firstResendMs: number;
  resent = 0;

  /** `firstResendMs`: longer than a round trip and whatever the other side waits before it acknowledges. */
  constructor(firstResendMs = FIRST_RESEND_MS) {
    this.#firstResendMs = firstResendMs;
  }

  /** Wraps a message for sending, and keeps it until it is acknowledged; null when the queue is full. */
  wrap(inner: Uint8Array, nowMs: number): Uint8Array | null {
    if (this.#unacked.length >= MAX_UNACKED) return null;
    const sequence = this.#nextToSend;
    this.#nextToSend = (sequence + 1) & 0xffff;
    const bytes = encodeMessage({ type: 'reliable', sequence, inner });
    const waitMs = this.#firstResendMs;
    this.#unacked.push({ sequence, bytes, dueMs: nowMs + waitMs, waitMs });
    return bytes;
  }

  /** Takes one wrapped message; returns those that are now next in order. The caller answers with `ackNext`. */
  receive(sequence: number, inner: Uint8Array): Uint8Array[] {
    const ahead = ((sequence - this.#nextToDeliver) << 16) >> 16;
    if (ahead < 0 || ahead >= WINDOW) return [];
    this.#early.set(sequence, inner);
    const ready: Uint8Array[] = [];
    for (;;) {
      const next = this.#early.get(this.#nextToDeliver);
      if (!next) return ready;
      this.#early.delete(this.#nextToDeliver);
      ready.push(next);
      this.#nextToDeliver = (this.#nextToDeliver + 1) & 0xffff;
    }
  }

  /** The first sequence that has not arrived yet: all before it are acknowledged by it. */
  get ackNext(): number {
    return this.#nextToDeliver;
  }

  acknowledged(next: number): void {
    while (this.#unacked.length > 0 && ((next - this.#unacked[0]!.sequence) << 16) >> 16 > 0) this.#unacked.shift();
  }

  /** The wrapped messages whose time-out has passed. They are the same bytes as before, and stay untouched. */
  due(nowMs: number): Uint8Array[] {
    const due: Uint8Array[] = [];
    for (const waiting of this.#unacked) {
      if (waiting.dueMs > nowMs) continue;
      waiting.waitMs = Math.min(waiting.waitMs * 2, MAX_RESEND_MS);
      waiting.dueMs = nowMs + waiting.waitMs;
      due.push(waiting.bytes);
      this.resent++;
    }
    return due;
  }

  /** Messages sent and not yet acknowledged. */
  get unackedCount(): number {
    return this.#unacked.length;
  }

  get isIdle(): boolean {
    return this.#unacked.length === 0;
  }
}
