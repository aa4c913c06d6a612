/**
 * Who takes part in a mesh, as all agree: an epoch lists the seats of a match. Epochs follow each other by numbers; what
 * has homes (the coins) is told from the epoch alone who they are, so that nobody needs to ask.
 */
import type { ByteWriter } from '../bytes.ts';
import type { PeerId } from '../session.ts';

/** Homes of each coin. Two of them must record a change. */
export const HOMES = 3;
export const HOME_QUORUM = 2;

/** "Nobody said where": of a cell. */
export const NO_CELL = 0xffff;

export interface EpochSeat {
  readonly peer: PeerId;
  /** Slot of its player in the world. */
  readonly slot: number;
  /** Raised when the peer's program was started anew: what it held for others is gone, what it owns is not. */
  readonly life: number;
  /** Its link to the rendezvous is gone, and it may come back: it keeps its slot and its coins, and is no home. */
  readonly isAway: boolean;
  /** The cell it last reported; NO_CELL for none. Of use when it is gone: there its coins lie. */
  readonly cell: number;
}

export class Epoch {
  /** Tells matches in the same room apart. */
  readonly line: number;
  readonly number: number;
  /** By rising peer. */
  readonly seats: readonly EpochSeat[];
  /** Made when a slot is first asked for: most epochs are only remembered. */
  #bySlot: Map<number, EpochSeat> | null = null;
  readonly #homes = new Map<number, readonly EpochSeat[]>();
  /** Of those who are present; made when homes are first asked for. */
  #present: readonly EpochSeat[] | null = null;
  #hashes: Int32Array | null = null;

  constructor(line: number, number: number, seats: readonly EpochSeat[]) {
    this.line = line;
    this.number = number;
    this.seats = [...seats].sort((a, b) => a.peer - b.peer);
  }

  seatOf(peer: PeerId): EpochSeat | undefined {
    let low = 0;
    let high = this.seats.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.seats[middle]!.peer < peer) low = middle + 1;
      else high = middle;
    }
    const seat = this.seats[low];
    return seat?.peer === peer ? seat : undefined;
  }

  seatAt(slot: number): EpochSeat | undefined {
    this.#bySlot ??= new Map(this.seats.map((seat) => [seat.slot, seat]));
    return this.#bySlot.get(slot);
  }

  /**
   * The homes of `key`, the first of them in charge: those present with the highest weights (rendezvous hashing, Thaler
   * and Ravishankar 1998), so that an epoch that drops one peer moves only what that peer was a home of. Fewer than HOMES
   * where fewer are present. O(seats) the first time, then remembered.
   */
  homesOf(key: number): readonly EpochSeat[] {
    const known = this.#homes.get(key);
    if (known) return known;
    this.#present ??= this.seats.filter(({ isAway }) => !isAway);
    const present = this.#present;
    this.#hashes ??= Int32Array.from(present, hashOf);
    const hashes = this.#hashes;
    const keyHash = Math.imul(key + 1, 0xcc9e2d51);
    const best: number[] = [];
    const weights: number[] = [];
    let least = -1;
    // Seats are by rising peer: of equal weights the lower peer stands first.
    for (let seat = 0; seat < hashes.length; seat++) {
      const weight = mixed(keyHash ^ hashes[seat]!);
      if (weight <= least) continue;
      let at = best.length;
      while (at > 0 && weights[at - 1]! < weight) at--;
      best.splice(at, 0, seat);
      weights.splice(at, 0, weight);
      if (best.length < HOMES) continue;
      best.length = HOMES;
      weights.length = HOMES;
      least = weights[HOMES - 1]!;
    }
    const homes = best.map((seat) => present[seat]!);
    this.#homes.set(key, homes);
    return homes;
  }
}

/** The weight of a seat for a key is the mix of both their hashes: by MurmurHash3's integer mixing (Appleby 2008). */
function hashOf({ peer, life }: EpochSeat): number {
  return Math.imul(peer, 0x1b873593) ^ Math.imul(life + 1, 0x85ebca6b);
}

function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}

/** The seats of an epoch as bytes, for messages. */
export function writeSeats(writer: ByteWriter, seats: readonly EpochSeat[]): void {
  writer.u16(seats.length);
  for (const { peer, slot, life, isAway, cell } of seats) {
    writer
      .u16(peer)
      .u16(slot)
      .u16((life & 0x7fff) | (isAway ? 0x8000 : 0))
      .u16(cell);
  }
}
