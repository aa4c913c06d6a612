/** Ed25519 by Node's own cryptography, for lockstep peers that sign their inputs. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import type { LockstepCrypto } from '../netcode/lockstep/signed-heads.ts';

/** What stands before the 32 bytes of a key in DER (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A pair of keys: a new one, or that of a seed of 32 secret bytes. */
export function nodeSigning(seed?: Uint8Array): LockstepCrypto {
  const secret = seed
    ? createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
    : generateKeyPairSync('ed25519').privateKey;
  const publicKey = new Uint8Array(
    createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length),
  );
  /** By key as text: a match has few. */
  const known = new Map<string, KeyObject>();
  const keyOf = (bytes: Uint8Array): KeyObject => {
    const name = bytes.join();
    let key = known.get(name);
    if (!key) {
      key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, bytes]), format: 'der', type: 'spki' });
      known.set(name, key);
    }
    return key;
  };
  return {
    publicKey,
    sign: (bytes) => new Uint8Array(sign(null, bytes, secret)),
    verify(key, bytes, signature) {
      try {
        return verify(null, bytes, keyOf(key), signature);
      } catch {
        // Bytes that are no key, or no signature.
        return false;
      }
    },
  };
}
