/**
 * Who sits where at an authority: players by slot, peers by id, and resume tokens. A seat outlives its link for a while,
 * so that a player who returns finds its avatar where it left it.
 */
import type { ReliableChannel } from './reliable-channel.ts';
import type { PeerId } from './session.ts';

export interface Peer {
  readonly id: PeerId;
  /** Slot of its player; −1 until it was welcomed. */
  slot: number;
  /** It had its seat before, over another link. */
  resumed: boolean;
  lastHeardMs: number;
  /** Messages left in the current second, and how many were dropped in it. */
  allowance: number;
  dropped: number;
  readonly reliable: ReliableChannel;
}

export interface Seat {
  name: string;
  token: Uint8Array;
  /** −1 while its link is down. */
  peer: PeerId;
  /** When a seat without a link becomes free. */
  heldUntilMs: number;
}

export class Seats {
  readonly #bySlot: (Seat | undefined)[];
  readonly #free: number[] = [];
  #taken = 0;

  constructor(slots: number) {
    this.#bySlot = new Array(slots).fill(undefined);
    for (let slot = slots - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  get taken(): number {
    return this.#taken;
  }

  get slots(): number {
    return this.#bySlot.length;
  }

  at(slot: number): Seat | undefined {
    return this.#bySlot[slot];
  }

  /** Takes a free slot; −1 when there is none. Slots that were never used come first, lowest first. */
  take(seat: Seat): number {
    const slot = this.#free.pop() ?? -1;
    if (slot < 0) return -1;
    this.#bySlot[slot] = seat;
    this.#taken++;
    return slot;
  }

  free(slot: number): void {
    this.#bySlot[slot] = undefined;
    this.#free.push(slot);
    this.#taken--;
  }

  /** The slot whose token this is; −1 for none. */
  slotOf(token: Uint8Array): number {
    for (let slot = 0; slot < this.#bySlot.length; slot++) {
      const seat = this.#bySlot[slot];
      if (seat && equalBytes(seat.token, token)) return slot;
    }
    return -1;
  }
}

/** Compares all bytes whatever they are, so that the time taken tells nothing about a token. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i]! ^ right[i]!;
  return difference === 0;
}
