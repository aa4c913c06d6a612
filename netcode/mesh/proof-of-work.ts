/**
 * A price for each new number in a room (hashcash, Back 1997): whoever enters has to find an answer such that the hash of
 * a nonce and it begins with so many zero bits, which takes 2^bits hashes on average, and one to check. It makes a crowd
 * of false peers dear, not impossible.
 */
import { sha256 } from '../lockstep/sha256.ts';
import { TOKEN_BYTES } from '../protocol.ts';
import { equalBytes } from '../seats.ts';
import type { Proof } from './room-messages.ts';

const NO_ANSWER = 0x1_0000_0000;

/** Zero bits at the beginning of the hash of a nonce and an answer. */
function zeroBits(block: Uint8Array, answer: number): number {
  new DataView(block.buffer).setUint32(TOKEN_BYTES, answer, true);
  const hash = sha256(block);
  let bits = 0;
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}

function blockOf(nonce: Uint8Array): Uint8Array {
  const block = new Uint8Array(TOKEN_BYTES + 4);
  block.set(nonce);
  return block;
}

export function isProven({ nonce, answer }: Proof, bits: number): boolean {
  return zeroBits(blockOf(nonce), answer) >= bits;
}

/** A slice of the search: about a millisecond. */
const HASHES_AT_ONCE = 300;
const SEARCH_EVERY_MS = 5;

/** What a participant was asked to prove. It looks for the answer in slices, so that it stays alive meanwhile. */
export class Puzzle {
  readonly #nonce: Uint8Array;
  readonly #bits: number;
  readonly #block: Uint8Array;
  #next = 0;
  #proof: Proof | null = null;
  /** When it goes on looking. */
  dueMs: number;

  constructor(nonce: Uint8Array, bits: number, nowMs: number) {
    this.#nonce = nonce;
    this.#bits = bits;
    this.#block = blockOf(nonce);
    this.dueMs = nowMs;
  }

  /** Null while it was not found. */
  get proof(): Proof | null {
    return this.#proof;
  }

  isOf(nonce: Uint8Array): boolean {
    return equalBytes(this.#nonce, nonce);
  }

  /** True when the proof has just been found. */
  advance(nowMs: number): boolean {
    if (nowMs < this.dueMs) return false;
    this.dueMs = nowMs + SEARCH_EVERY_MS;
    for (const end = this.#next + HASHES_AT_ONCE; this.#next < Math.min(end, NO_ANSWER); this.#next++) {
      if (zeroBits(this.#block, this.#next) < this.#bits) continue;
      this.#proof = { nonce: this.#nonce, answer: this.#next };
      this.dueMs = Number.POSITIVE_INFINITY;
      return true;
    }
    return false;
  }
}
