/**
 * What two ends of a link say before they believe each other, and what they append to all they say afterwards.
 *
 *   hello [flags u8: 1 lacks yours] [key 32] [exchange key 32] [nonce 16]
 *   proof [signature 64]
 *   sealed: any message, then [sequence u16, its low bits][first 8 bytes of the MAC]
 */
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { KEY_BYTES, Kind, PROTOCOL_VERSION, ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { purpose } from './crypto.ts';

export const NONCE_BYTES = 16;
export const MAC_BYTES = 8;
export const SEAL_BYTES = 2 + MAC_BYTES;
const SIGNATURE_BYTES = 64;

/** What an end shows of itself when a link comes up. */
export interface LinkHello {
  key: Uint8Array;
  exchangeKey: Uint8Array;
  /** Never used before: so an old proof proves nothing. */
  nonce: Uint8Array;
}

export function encodeHello({ key, exchangeKey, nonce }: LinkHello, lacksTheirs: boolean): Uint8Array {
  const writer = new ByteWriter(83).u8(PROTOCOL_VERSION).u8(Kind.meshHello);
  return writer
    .u8(lacksTheirs ? 1 : 0)
    .bytes(key)
    .bytes(exchangeKey)
    .bytes(nonce)
    .finish();
}

export function decodeHello(bytes: Uint8Array): { hello: LinkHello; lacksOurs: boolean } {
  const reader = new ByteReader(bytes, 2);
  const flags = reader.u8();
  if (flags > 1) throw new ProtocolError(`flags ${flags} of a hello`);
  const hello = { key: reader.copy(KEY_BYTES), exchangeKey: reader.copy(KEY_BYTES), nonce: reader.copy(NONCE_BYTES) };
  reader.end();
  return { hello, lacksOurs: flags === 1 };
}

export function encodeProof(signature: Uint8Array): Uint8Array {
  return new ByteWriter(66).u8(PROTOCOL_VERSION).u8(Kind.meshProof).bytes(signature).finish();
}

export function decodeProof(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, 2);
  const signature = reader.copy(SIGNATURE_BYTES);
  reader.end();
  return signature;
}

const PROOF = purpose('link');
const SECRET = purpose('mac');

/** What an end signs: the match, and both ends as each has shown itself to the other. */
export function proofText(line: number, own: PeerId, ownHello: LinkHello, to: PeerId, hello: LinkHello): Uint8Array {
  const writer = new ByteWriter(256).bytes(PROOF).u32(line);
  writer.u16(own).bytes(ownHello.key).bytes(ownHello.exchangeKey).bytes(ownHello.nonce);
  return writer.u16(to).bytes(hello.key).bytes(hello.exchangeKey).bytes(hello.nonce).finish();
}

/** From which, with the agreed secret, the key of one link follows: the same at both ends. */
export function secretText(line: number, own: PeerId, ownHello: LinkHello, to: PeerId, hello: LinkHello): Uint8Array {
  const [low, high] = own < to ? [ownHello, hello] : [hello, ownHello];
  return new ByteWriter(64).bytes(SECRET).u32(line).bytes(low.nonce).bytes(high.nonce).finish();
}

/** What a MAC is of: direction, number, message. */
export function sealedText(from: PeerId, to: PeerId, sequence: number, bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(8 + bytes.length);
  new DataView(text.buffer).setUint32(4, sequence, true);
  text[0] = from & 0xff;
  text[1] = from >>> 8;
  text[2] = to & 0xff;
  text[3] = to >>> 8;
  text.set(bytes, 8);
  return text;
}
