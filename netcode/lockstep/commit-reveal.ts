/**
 * Commit and reveal (Baughman & Levine 2001, "Cheat-Proof Playout for Centralized and Distributed Online Games"): for
 * each tick a peer first says only the hash of its input, and shows the input itself when it holds everybody's hash for
 * that tick. So nobody can wait for the others' inputs and then choose its own. It costs one more way through the network.
 */
import { ByteWriter } from '../bytes.ts';
import type { PeerId } from '../session.ts';
import { LOG_TICKS, type PutOutcome } from './input-log.ts';
import { Lately } from './lately.ts';
import { MAX_SEALED_INPUTS, SEAL_BYTES, type SealedPart } from './peer-input-codec.ts';
import type { Roster, Seat } from './roster.ts';
import { sha256 } from './sha256.ts';

/** What binds a peer to its input of a tick; the nonce keeps others from trying all inputs. */
export function commitmentTo(tick: number, peer: PeerId, word: number, nonce: Uint8Array): Uint8Array {
  return sha256(new ByteWriter(18).u32(tick).u16(peer).u32(word).bytes(nonce).finish()).subarray(0, SEAL_BYTES);
}

const areEqual = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i]);

/** The commitments of one seat by tick, and the nonces if it is the own one. */
class SeatSeals {
  /** All commitments up to here are known, or not needed any more. */
  through: number;
  /** The own inputs up to here may be shown. */
  openThrough: number;
  readonly #ticks = new Int32Array(LOG_TICKS).fill(-1);
  readonly #commitments: Uint8Array[] = [];
  readonly #nonces: Uint8Array[] = [];

  constructor(through: number) {
    this.through = through;
    this.openThrough = through;
  }

  put(tick: number, commitment: Uint8Array, nonce?: Uint8Array): PutOutcome {
    if (tick > this.through + LOG_TICKS / 2 || tick <= this.through - LOG_TICKS || tick < 0) return 'outside';
    const at = tick % LOG_TICKS;
    if (this.#ticks[at] === tick) return areEqual(this.#commitments[at]!, commitment) ? 'known' : 'conflict';
    this.#ticks[at] = tick;
    this.#commitments[at] = commitment;
    if (nonce) this.#nonces[at] = nonce;
    while (this.has(this.through + 1)) this.through++;
    return 'new';
  }

  has(tick: number): boolean {
    return tick >= 0 && this.#ticks[tick % LOG_TICKS] === tick;
  }

  commitment(tick: number): Uint8Array {
    return this.#commitments[tick % LOG_TICKS]!;
  }

  nonce(tick: number): Uint8Array {
    return this.#nonces[tick % LOG_TICKS]!;
  }
}

/** All that a peer knows of commitments. */
export class Commitments {
  readonly #self: () => PeerId;
  readonly #randomBytes: (into: Uint8Array) => void;
  /** A seat that ends takes its commitments with it. */
  readonly #seals = new WeakMap<Seat, SeatSeals>();
  /** By tick modulo length: since when everybody is bound to it, as far as is known here. */
  readonly #boundMs = new Float64Array(LOG_TICKS);
  /** How long inputs took to be shown lately, negated. */
  readonly #ways = new Lately();

  constructor(self: () => PeerId, randomBytes: (into: Uint8Array) => void) {
    this.#self = self;
    this.#randomBytes = randomBytes;
  }

  /** What is known already when a seat is first looked at needs no commitment. */
  #of(seat: Seat): SeatSeals {
    let seals = this.#seals.get(seat);
    if (!seals) {
      seals = new SeatSeals(seat.log.through);
      this.#seals.set(seat, seals);
    }
    return seals;
  }

  /** Binds this peer to its input of a tick. Called before the input is noted in the log. */
  seal(seat: Seat, tick: number, word: number): void {
    const nonce = new Uint8Array(SEAL_BYTES);
    this.#randomBytes(nonce);
    this.#of(seat).put(tick, commitmentTo(tick, seat.peer, word, nonce), nonce);
  }

  /** Takes a peer's commitment. */
  take(seat: Seat, tick: number, commitment: Uint8Array): PutOutcome {
    return tick < seat.firstTick ? 'outside' : this.#of(seat).put(tick, commitment);
  }

  /** Whether a peer's input is what it had committed to; `unknown`: its commitment has not come yet. */
  check(seat: Seat, tick: number, word: number, nonce: Uint8Array): 'fits' | 'broken' | 'unknown' {
    const seals = this.#of(seat);
    if (!seals.has(tick)) return 'unknown';
    return areEqual(seals.commitment(tick), commitmentTo(tick, seat.peer, word, nonce)) ? 'fits' : 'broken';
  }

  hasCommitted(seat: Seat, tick: number): boolean {
    return tick <= seat.log.through || this.#of(seat).has(tick);
  }

  /** Whether everybody who plays in a tick is bound to its input. */
  haveAllCommitted(roster: Roster, tick: number): boolean {
    for (const seat of roster.seats) {
      if (seat.firstTick <= tick && tick <= seat.lastTick && !this.hasCommitted(seat, tick)) return false;
    }
    return true;
  }

  /** Shows own inputs as far as everybody is bound; true when there are new ones to be shown. */
  open(roster: Roster, nowMs: number): boolean {
    const seat = roster.member(this.#self());
    if (!seat) return false;
    const seals = this.#of(seat);
    const before = seals.openThrough;
    while (seals.openThrough < seat.log.through && this.haveAllCommitted(roster, seals.openThrough + 1)) {
      seals.openThrough++;
      this.#boundMs[seals.openThrough % LOG_TICKS] = nowMs;
    }
    return seals.openThrough > before;
  }

  /** A peer has shown its input of a tick, while `own` is our seat. */
  noteShown(own: Seat, tick: number, nowMs: number): void {
    const isBound = tick <= this.#of(own).openThrough;
    this.#ways.note(isBound ? this.#boundMs[tick % LOG_TICKS]! - nowMs : 0, nowMs);
  }

  /**
   * How long it takes, at worst, from commitments to inputs. Commitments must come so much earlier: to be early with
   * its own is all that a peer can do against late inputs of all.
   */
  get showingMs(): number {
    return this.#ways.least === Number.POSITIVE_INFINITY ? 0 : -this.#ways.least;
  }

  /** The last own input that may be shown. */
  openThrough(seat: Seat): number {
    return this.#of(seat).openThrough;
  }

  /**
   * What goes along with inputs to a peer: commitments from the first that it misses, nonces of what is shown.
   * `own`, `other`: the seats of the two, where they have one.
   */
  part(own: Seat | undefined, other: Seat | undefined, missing: number, firstTick: number, count: number): SealedPart {
    const ack = other ? Math.max(this.#of(other).through, other.log.through) + 1 : 0;
    const part: SealedPart = { ack, firstTick: 0, commitments: [], nonces: [] };
    if (!own) return part;
    const seals = this.#of(own);
    part.firstTick = Math.max(own.firstTick, missing);
    for (let t = part.firstTick; seals.has(t) && part.commitments.length < MAX_SEALED_INPUTS; t++) {
      part.commitments.push(seals.commitment(t));
    }
    for (let i = 0; i < count; i++) part.nonces.push(seals.nonce(firstTick + i));
    return part;
  }
}
