/**
 * Signatures, and secrets between two, for peers on virtual time. Whoever lacks the secret cannot sign, because it does not
 * know the secret: that is all the protection that a simulation needs, and unlike real cryptography it costs nothing and
 * runs anywhere.
 */
import { ByteWriter } from '../netcode/bytes.ts';
import { sha256 } from '../netcode/lockstep/sha256.ts';
import type { LockstepCrypto } from '../netcode/lockstep/signed-heads.ts';
import type { MeshCrypto } from '../netcode/mesh/trust/crypto.ts';

/** All keys of one match. The same seed and number yield the same key. */
export class SimulatedKeys {
  readonly #seed: number;
  /** By public key, as text. */
  readonly #secrets = new Map<string, Uint8Array>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  of(number: number): LockstepCrypto {
    const secret = sha256(new ByteWriter(8).u32(this.#seed).u32(number).finish());
    const publicKey = sha256(secret);
    this.#secrets.set(publicKey.join(), secret);
    return {
      publicKey,
      sign: (bytes) => signature(secret, bytes),
      verify: (key, bytes, signed) => {
        const known = this.#secrets.get(key.join());
        return known !== undefined && signature(known, bytes).every((byte, i) => byte === signed[i]);
      },
    };
  }

  /** With what peers of a mesh need besides. */
  forMesh(number: number): MeshCrypto {
    const signing = this.of(number);
    const secret = this.#secrets.get(signing.publicKey.join())!;
    return {
      ...signing,
      exchangeKey: signing.publicKey,
      agree: (theirs) => {
        const other = this.#secrets.get(theirs.join());
        return other ? sha256(secret.map((byte, i) => byte ^ other[i]!)) : null;
      },
      hash: (bytes) => mixed(bytes, 0),
      mac: (key, bytes) => mixed(bytes, new DataView(key.buffer, key.byteOffset).getInt32(0)),
    };
  }
}

/** Two rounds of integer mixing (MurmurHash3, Appleby 2008) per byte, drawn out to 32 bytes. No message is without one. */
function mixed(bytes: Uint8Array, seed: number): Uint8Array {
  let a = seed ^ 0x9e3779b1;
  let b = Math.imul(seed ^ bytes.length, 0x85ebca6b);
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0xcc9e2d51);
    b = Math.imul(b ^ byte ^ (a >>> 15), 0x1b873593);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let at = 0; at < 32; at += 4) {
    a = Math.imul(a ^ (b >>> 13) ^ at, 0xc2b2ae35);
    b = Math.imul(b ^ (a >>> 16), 0x85ebca6b);
    out.setInt32(at, a ^ b);
  }
  return new Uint8Array(out.buffer);
}

function signature(secret: Uint8Array, bytes: Uint8Array): Uint8Array {
  const half = sha256(new ByteWriter(128).bytes(secret).bytes(bytes).finish());
  return new ByteWriter(64).bytes(half).bytes(sha256(half)).finish();
}
