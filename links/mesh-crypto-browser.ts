/**
 * The cryptography of a mesh for pages: what `mesh-crypto-node` does, by the noble libraries, because a browser's own only
 * answers later and sessions do not wait. A signature costs about a millisecond, and there are a few in a second.
 */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { MeshCrypto } from '../netcode/mesh/trust/crypto.ts';

/** New keys, or those of 32 secret bytes each for signing and agreeing. */
export function browserMeshCrypto(seeds?: { signing: Uint8Array; exchange: Uint8Array }): MeshCrypto {
  const signingSecret = seeds?.signing ?? ed25519.utils.randomSecretKey();
  const exchangeSecret = seeds?.exchange ?? x25519.utils.randomSecretKey();
  return {
    publicKey: ed25519.getPublicKey(signingSecret),
    sign: (bytes) => ed25519.sign(bytes, signingSecret),
    verify: (key, bytes, signature) => orElse(false, () => ed25519.verify(signature, bytes, key)),
    exchangeKey: x25519.getPublicKey(exchangeSecret),
    agree: (theirs) => orElse(null, () => x25519.getSharedSecret(exchangeSecret, theirs)),
    hash: (bytes) => sha256(bytes),
    mac: (key, bytes) => hmac(sha256, key, bytes),
  };
}

/** Bytes that are no key or no signature, or a key that yields the same secret for everybody, throw. */
function orElse<T>(otherwise: T, attempt: () => T): T {
  try {
    return attempt();
  } catch {
    return otherwise;
  }
}
