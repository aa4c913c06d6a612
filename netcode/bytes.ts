/** Little-endian reading and writing with bounds checked at every step: a short message is a ProtocolError, never a NaN. */
import { ProtocolError } from './protocol.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const NOTHING = new Uint8Array(0);

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    if (this.#at >= this.#bytes.length) throw new ProtocolError('message ends too early');
    return this.#bytes[this.#at++]!;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  i32(): number {
    return this.u32() | 0;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  /** LEB128 of at most three bytes: 0..2,097,151. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ProtocolError('a count takes more than three bytes');
  }

  /** A view of the next `length` bytes; copy it to keep it. */
  take(length: number): Uint8Array {
    if (length > this.remaining) throw new ProtocolError(`message ends ${length - this.remaining} bytes too early`);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** The next `length` bytes as a copy. Not by `slice`: a Node Buffer's shares its memory with what was read. */
  copy(length: number): Uint8Array {
    return length === 0 ? NOTHING : new Uint8Array(this.take(length));
  }

  /** A text behind its length in one byte. Control characters are refused: names are shown and logged. */
  text(maxBytes: number): string {
    const length = this.u8();
    if (length > maxBytes) throw new ProtocolError(`text of ${length} bytes: at most ${maxBytes}`);
    let text: string;
    try {
      text = decoder.decode(this.take(length));
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw new ProtocolError('text is not UTF-8');
    }
    if (/\p{Cc}/u.test(text)) throw new ProtocolError('text has control characters');
    return text;
  }

  /** Nothing may follow what was read. */
  end(): void {
    if (this.remaining > 0) throw new ProtocolError(`${this.remaining} bytes too many`);
  }
}

/** Writes into a buffer of its own that grows; for the rare messages. Snapshots write to slabs directly. */
export class ByteWriter {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  u8(value: number): this {
    this.#makeRoom(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  u16(value: number): this {
    return this.u8(value & 0xff).u8((value >>> 8) & 0xff);
  }

  u32(value: number): this {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }

  bytes(value: Uint8Array): this {
    this.#makeRoom(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** A text cut to `maxBytes` at a character's border, behind its length in one byte. */
  text(value: string, maxBytes: number): this {
    let encoded = encoder.encode(value.replace(/\p{Cc}/gu, ' '));
    if (encoded.length > maxBytes) {
      let end = maxBytes;
      while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end--;
      encoded = encoded.subarray(0, end);
    }
    return this.u8(encoded.length).bytes(encoded);
  }

  /**
   * What was written; the writer must not be used afterwards. A copy, for short ones live in the heap of the engine, and
   * a view would give each a buffer outside of it, which takes longer to make and to collect than 64 bytes to copy.
   */
  finish(): Uint8Array {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at);
  }
}

/** The full number nearest to `reference` whose low 16 bits are `low`. */
export function expand16(low: number, reference: number): number {
  const difference = ((low - reference) << 16) >> 16;
  return reference + difference;
}
