/**
 * An authority's queues of inputs, one ring per player, in typed arrays.
 *
 * A player's client counts its own ticks; the authority executes one of them per tick of its own. When the next input
 * has not arrived, the last one holds; when it arrives after its tick, it still replaces what is held, from now on. So
 * a player moves exactly once per tick however its inputs come.
 *
 * An honest client whose first input was slow runs early ever after, and one with a fast clock runs earlier and earlier.
 * The *time bucket* tells it from one that claims more time than has passed: extra ticks are executed from an allowance
 * of BURST_TICKS per 30 s; past it they are skipped, without movement, and counted against the player. With the
 * bucket off, whatever has arrived is executed: an authority that trusts its clients' clocks, open to a speed cheat.
 */
import { expand16 } from './bytes.ts';
import type { InputMessage } from './input-codec.ts';

/** Inputs kept per player: at 60 Hz about a second. */
const RING = 64;
/** Extra ticks that a player may execute per BUCKET_SECONDS: 1 % of them at 20 Hz. */
export const BURST_TICKS = 6;
export const BUCKET_SECONDS = 30;
/** A least margin that jitter alone does not leave standing for a second; below it a skipped tick is nobody's fault. */
const SUSPECT_MARGIN = 3;
/** Skipped ticks within BUCKET_SECONDS from which a player is flagged: no honest clock is 2.5 % fast. */
export const FLAG_TICKS = 15;

export interface QueueCounters {
  inputsReceived: number;
  inputsLate: number;
  inputsTooEarly: number;
  ticksOverBudget: number;
}

export class InputQueues {
  readonly #tickRateHz: number;
  readonly #timeBucket: boolean;
  readonly #ringTick: Int32Array;
  readonly #ringButtons: Uint8Array;
  readonly #ringAim: Uint16Array;
  readonly #newest: Int32Array;
  readonly #heldTick: Int32Array;
  readonly #earliestMargin: Int32Array;
  readonly #credit: Float64Array;
  readonly #windowStart: Int32Array;
  readonly #windowSkips: Int32Array;
  /** Newest tick of each player's own timeline that was executed, held inputs included: what a snapshot acknowledges. */
  readonly timeline: Int32Array;
  /** Tick of the newest received input that each player's avatar reflects; −1 for none. */
  readonly reflected: Int32Array;
  /** Ticks by which the last input of each player preceded its execution; 0 and below is late. */
  readonly margin: Int8Array;
  readonly viewTick: Int32Array;
  readonly buttons: Uint8Array;
  readonly aim: Uint16Array;
  /** 1 for players whose claims went past what any honest clock explains. */
  readonly flagged: Uint8Array;
  readonly counters: QueueCounters = { inputsReceived: 0, inputsLate: 0, inputsTooEarly: 0, ticksOverBudget: 0 };

  constructor(capacity: number, tickRateHz: number, timeBucket: boolean) {
    this.#tickRateHz = tickRateHz;
    this.#timeBucket = timeBucket;
    this.#ringTick = new Int32Array(capacity * RING);
    this.#ringButtons = new Uint8Array(capacity * RING);
    this.#ringAim = new Uint16Array(capacity * RING);
    this.#newest = new Int32Array(capacity);
    this.#heldTick = new Int32Array(capacity);
    this.#earliestMargin = new Int32Array(capacity);
    this.#credit = new Float64Array(capacity);
    this.#windowStart = new Int32Array(capacity);
    this.#windowSkips = new Int32Array(capacity);
    this.timeline = new Int32Array(capacity);
    this.reflected = new Int32Array(capacity);
    this.margin = new Int8Array(capacity);
    this.viewTick = new Int32Array(capacity);
    this.buttons = new Uint8Array(capacity);
    this.aim = new Uint16Array(capacity);
    this.flagged = new Uint8Array(capacity);
  }

  /** Forgets all about a slot; its timeline begins with the next input. */
  reset(slot: number): void {
    this.#ringTick.fill(-1, slot * RING, (slot + 1) * RING);
    this.#newest[slot] = -1;
    this.#heldTick[slot] = -1;
    this.#earliestMargin[slot] = RING;
    this.timeline[slot] = -1;
    this.reflected[slot] = -1;
    this.margin[slot] = 0;
    this.viewTick[slot] = -1;
    this.release(slot);
  }

  /** A new player in a slot: no history, a full allowance. */
  seat(slot: number): void {
    this.reset(slot);
    this.#credit[slot] = BURST_TICKS;
    this.#windowStart[slot] = 0;
    this.#windowSkips[slot] = 0;
    this.flagged[slot] = 0;
  }

  /** Stands still: nobody is there to hold the buttons. */
  release(slot: number): void {
    this.buttons[slot] = 0;
  }

  /** Takes the inputs of one message. Repeated ones are ignored. */
  receive(slot: number, message: InputMessage, authorityTick: number): void {
    const first = this.#newest[slot]! < 0;
    const newest = message.tick;
    if (first) {
      this.#newest[slot] = newest;
      this.timeline[slot] = newest - 1;
      this.#heldTick[slot] = newest - 1;
    } else if (newest - this.timeline[slot]! > RING) {
      // Claimed so far ahead that the ring cannot hold it. A client that was away starts anew, with nothing to gain.
      this.counters.inputsTooEarly++;
      this.timeline[slot] = newest - 1;
    }
    if (newest > this.#newest[slot]! || first) {
      this.#newest[slot] = newest;
      const margin = newest - this.timeline[slot]!;
      this.margin[slot] = Math.max(-128, Math.min(127, margin));
      if (margin < this.#earliestMargin[slot]!) this.#earliestMargin[slot] = margin;
      this.viewTick[slot] = Math.min(authorityTick, expand16(message.viewTick, authorityTick));
    }
    for (let i = message.count - 1; i >= 0; i--) this.#take(slot, newest - message.ticksBack[i]!, message, i);
  }

  #take(slot: number, tick: number, message: InputMessage, i: number): void {
    if (tick <= this.timeline[slot]!) {
      if (tick <= this.#heldTick[slot]!) return;
      this.counters.inputsLate++;
      this.#hold(slot, tick, message.buttons[i]!, message.aim[i]!);
      return;
    }
    const at = slot * RING + (tick & (RING - 1));
    if (this.#ringTick[at] === tick) return;
    this.counters.inputsReceived++;
    this.#ringTick[at] = tick;
    this.#ringButtons[at] = message.buttons[i]!;
    this.#ringAim[at] = message.aim[i]!;
  }

  #hold(slot: number, tick: number, buttons: number, aim: number): void {
    this.#heldTick[slot] = tick;
    this.buttons[slot] = buttons;
    this.aim[slot] = aim;
  }

  /**
   * Chooses what a player does in this tick of the authority, and returns the movement steps: 1, or more where extra
   * ticks are granted or trusted. Call once per seated slot and tick.
   */
  execute(slot: number, authorityTick: number): number {
    this.#advance(slot);
    const credit = this.#credit[slot]! + BURST_TICKS / (BUCKET_SECONDS * this.#tickRateHz);
    this.#credit[slot] = Math.min(BURST_TICKS, credit);
    const isSuspect = this.#earliestMargin[slot]! >= SUSPECT_MARGIN;
    const extra = this.#extraTicks(slot, authorityTick);
    let granted = 0;
    for (let i = 0; i < extra; i++) {
      this.#advance(slot);
      if (!this.#timeBucket) granted++;
      else if (this.#credit[slot]! >= 1) {
        this.#credit[slot]! -= 1;
        granted++;
      } else if (isSuspect) this.#skip(slot, authorityTick);
    }
    this.reflected[slot] = this.#heldTick[slot]!;
    return 1 + granted;
  }

  /** Executes the next tick of a player's timeline: its input when it is there, otherwise the last one holds. */
  #advance(slot: number): void {
    if (this.#newest[slot]! < 0) return;
    const tick = ++this.timeline[slot]!;
    const at = slot * RING + (tick & (RING - 1));
    if (this.#ringTick[at] === tick) this.#hold(slot, tick, this.#ringButtons[at]!, this.#ringAim[at]!);
  }

  /** How many ticks a player's inputs run ahead of need: once a second from the least margin seen, or all that is there. */
  #extraTicks(slot: number, authorityTick: number): number {
    const ahead = this.#newest[slot]! - this.timeline[slot]!;
    if (!this.#timeBucket) return Math.max(0, ahead);
    if ((authorityTick + slot) % this.#tickRateHz !== 0) return 0;
    const least = this.#earliestMargin[slot]!;
    this.#earliestMargin[slot] = RING;
    return least === RING ? 0 : Math.max(0, Math.min(least - 1, ahead));
  }

  #skip(slot: number, authorityTick: number): void {
    this.counters.ticksOverBudget++;
    if (authorityTick - this.#windowStart[slot]! > BUCKET_SECONDS * this.#tickRateHz) {
      this.#windowStart[slot] = authorityTick;
      this.#windowSkips[slot] = 0;
    }
    this.#windowSkips[slot]!++;
    if (this.#windowSkips[slot]! >= FLAG_TICKS) this.flagged[slot] = 1;
  }
}
