/** The cryptography that a mesh needs, handed in so that sessions stay pure and synchronous. */
import type { LockstepCrypto } from '../../lockstep/signed-heads.ts';

/** Ed25519 for signatures, X25519 for shared secrets (RFC 7748), HMAC-SHA256 (RFC 2104); or what stands for them. */
export interface MeshCrypto extends LockstepCrypto {
  /** What others agree with: a public key of X25519. */
  readonly exchangeKey: Uint8Array;
  /** 32 bytes that only the two can know; null when the other's key is none. */
  agree(theirExchangeKey: Uint8Array): Uint8Array | null;
  /** 32 bytes. */
  mac(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

export const areEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Begins whatever is signed or keyed for one purpose, so that it means nothing for any other. */
export const purpose = (name: string): Uint8Array => new TextEncoder().encode(`netbed mesh ${name}`);
