/**
 * The client's side of inputs: what the player wants now, the message that carries the newest inputs, and purchases, each
 * press of the buy button becoming one request with a key of its own.
 */
import { NO_INPUT, nextPurchaseKey, type PlayerInput } from '../game/input.ts';
import { createInputMessage, encodeInput } from './input-codec.ts';
import { Intent } from './intent.ts';

/** A purchase that was not answered for this long may be asked again, under the same key. */
const PURCHASE_RETRY_MS = 3000;
/** How far back a message can point. */
const MAX_TICKS_BACK = 255;

export class InputSender {
  readonly #message = createInputMessage();
  /** The newest inputs taken, newest first; as many as one message repeats. */
  readonly #ticks: Int32Array;
  readonly #buttons: Uint8Array;
  readonly #aims: Uint16Array;
  #count = 0;
  readonly #intent = new Intent();
  #askedMs = Number.NEGATIVE_INFINITY;
  #key = 0;
  /** The input that was taken last: it holds until the next is. */
  readonly taken: PlayerInput = { ...NO_INPUT };

  /** `repeats`: inputs that each message carries. */
  constructor(repeats: number) {
    this.#ticks = new Int32Array(repeats);
    this.#buttons = new Uint8Array(repeats);
    this.#aims = new Uint16Array(repeats);
  }

  set(input: PlayerInput): void {
    this.#intent.set(input);
  }

  /** Takes the current input for a tick of the own timeline, and returns the message that says so. */
  take(tick: number, viewTick: number, nowMs: number): Uint8Array {
    Object.assign(this.taken, this.#intent.input);
    this.#ticks.copyWithin(1, 0);
    this.#buttons.copyWithin(1, 0);
    this.#aims.copyWithin(1, 0);
    this.#ticks[0] = tick;
    this.#buttons[0] = this.taken.buttons;
    this.#aims[0] = this.taken.aim;
    this.#count = Math.min(this.#count + 1, this.#ticks.length);
    const message = this.#message;
    message.tick = tick;
    message.clientTimeMs = Math.floor(nowMs) & 0xffff;
    message.viewTick = Math.max(0, Math.floor(viewTick)) & 0xffff;
    message.count = 0;
    for (let i = 0; i < this.#count; i++) {
      const back = tick - this.#ticks[i]!;
      if (back > MAX_TICKS_BACK) break;
      message.ticksBack[i] = back;
      message.buttons[i] = this.#buttons[i]!;
      message.aim[i] = this.#aims[i]!;
      message.count++;
    }
    return encodeInput(message);
  }

  /** The key to ask for when a purchase is wanted and none is under way; 0 otherwise. `answeredKey`: the last answered. */
  purchaseKey(answeredKey: number, nowMs: number): number {
    if (!this.#intent.takePurchase()) return 0;
    if (nowMs - this.#askedMs < PURCHASE_RETRY_MS) return 0;
    this.#key = nextPurchaseKey(answeredKey);
    this.#askedMs = nowMs;
    return this.#key;
  }

  purchaseAnswered(key: number): void {
    if (key === this.#key) this.#askedMs = Number.NEGATIVE_INFINITY;
  }
}
