import type { Random } from '../../game/random.ts';
import { Kind, PROTOCOL_VERSION } from '../../netcode/protocol.ts';

const KINDS = Object.values(Kind);

/** Random, truncated and bit-flipped datagrams, made from real ones. */
export class Mutator {
  readonly #random: Random;
  readonly #real: readonly Uint8Array[];

  constructor(random: Random, real: readonly Uint8Array[]) {
    this.#random = random;
    this.#real = real;
  }

  next(): Uint8Array {
    const random = this.#random;
    if (random.below(4) === 0) {
      const bytes = new Uint8Array(random.below(64));
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
      if (bytes.length > 1 && random.below(2) === 0) {
        bytes[0] = PROTOCOL_VERSION;
        bytes[1] = KINDS[random.below(KINDS.length)]!;
      }
      return bytes;
    }
    const bytes = new Uint8Array(this.#real[random.below(this.#real.length)]!);
    if (random.below(3) === 0) return bytes.subarray(0, random.below(bytes.length + 1));
    const flips = 1 + random.below(4);
    for (let i = 0; i < flips && bytes.length > 0; i++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  }
}
