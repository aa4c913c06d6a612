/** The cryptography that a mesh needs, handed in so that sessions stay pure and synchronous. */
import type { LockstepCrypto } from '../../lockstep/signed-heads.ts';

/** Ed25519 for signatures, X25519 for shared secrets (RFC 7748), SHA-256, HMAC-SHA256 (RFC 2104); or what stands for them. */
export interface MeshCrypto extends LockstepCrypto {
  /** What others agree with: a public key of X25519. */
  readonly exchangeKey: Uint8Array;
  /** 32 bytes that only the two can know; null when the other's key is none. */
  agree(theirExchangeKey: Uint8Array): Uint8Array | null;
  /** 32 bytes each. */
  hash(bytes: Uint8Array): Uint8Array;
  mac(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Begins whatever is signed or keyed for one purpose, so that it means nothing for any other. */
export const purpose = (name: string): Uint8Array => new TextEncoder().encode(`netbed mesh ${name}`);
