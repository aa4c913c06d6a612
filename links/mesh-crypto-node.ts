/** The cryptography of a mesh by Node's own: Ed25519, X25519 and HMAC-SHA256. */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  type KeyObject,
} from 'node:crypto';
import type { MeshCrypto } from '../netcode/mesh/trust/crypto.ts';
import { nodeSigning } from './signing-node.ts';

/** What stands before the 32 bytes of a key of X25519 in DER (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** New keys, or those of 32 secret bytes each for signing and agreeing. */
export function nodeMeshCrypto(seeds?: { signing: Uint8Array; exchange: Uint8Array }): MeshCrypto {
  const secret: KeyObject = seeds
    ? createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seeds.exchange]), format: 'der', type: 'pkcs8' })
    : generateKeyPairSync('x25519').privateKey;
  const exchangeKey = new Uint8Array(
    createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length),
  );
  return {
    ...nodeSigning(seeds?.signing),
    exchangeKey,
    agree(theirs) {
      try {
        const key = Buffer.concat([PUBLIC_PREFIX, theirs]);
        const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
        return new Uint8Array(diffieHellman({ privateKey: secret, publicKey }));
      } catch {
        // Bytes that are no key, or one that yields the same secret for everybody.
        return null;
      }
    },
    hash: (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer')),
    mac: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
  };
}
