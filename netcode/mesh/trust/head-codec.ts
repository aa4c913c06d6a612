/**
 * Heads as bytes. A head lists a short hash of each state of one second, where the avatar was, and the head before it.
 *
 *   head     [head]                        the sender's own
 *   headOf   [peer u16] [head]             somebody else's
 *   mentions [count u8] count × [peer u16][tick u32][first 4 bytes of the digest]
 *
 *   head: [life u16][tick u32, the last of its second][count u8][digest of the head before, 8 bytes]
 *         count × [hash u32, 0 for a tick without a state] 5 × [x u24][y u24] [signature 64]
 */
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { purpose } from './crypto.ts';
import { readWaypoints, type Waypoint, writeWaypoints } from './waypoints.ts';

export const PREVIOUS_BYTES = 8;
export const MENTION_BYTES = 4;
/** Mentions in one message; as many as a peer has links, and some. */
export const MAX_MENTIONS = 96;
const SIGNATURE_BYTES = 64;

export interface MeshHead {
  life: number;
  tick: number;
  previous: Uint8Array;
  /** Of the ticks up to `tick`, oldest first. */
  hashes: Uint32Array;
  /** Of `waypointTicks`, oldest first. */
  places: readonly Waypoint[];
  signature: Uint8Array;
}

export interface Mention {
  peer: PeerId;
  tick: number;
  prefix: Uint8Array;
}

/** A digest in short: 32 bits, and never 0. */
export function shortHash(digest: Uint8Array): number {
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) || 1;
}

const HEAD = purpose('head');

/** What is signed. */
export function headText(line: number, peer: PeerId, head: Omit<MeshHead, 'signature'>): Uint8Array {
  const { life, tick, previous, hashes, places } = head;
  const writer = new ByteWriter(64 + 4 * hashes.length).bytes(HEAD).u32(line).u16(peer).u16(life).u32(tick);
  writer.bytes(previous);
  for (const hash of hashes) writer.u32(hash);
  writeWaypoints(writer, places);
  return writer.finish();
}

function writeHead(writer: ByteWriter, { life, tick, previous, hashes, places, signature }: MeshHead): ByteWriter {
  writer.u16(life).u32(tick).u8(hashes.length).bytes(previous);
  for (const hash of hashes) writer.u32(hash);
  writeWaypoints(writer, places);
  return writer.bytes(signature);
}

function readHead(reader: ByteReader, tickRateHz: number): MeshHead {
  const life = reader.u16();
  const tick = reader.u32();
  const count = reader.u8();
  if (count !== tickRateHz) throw new ProtocolError(`a head of ${count} ticks`);
  const previous = reader.copy(PREVIOUS_BYTES);
  const hashes = Uint32Array.from({ length: count }, () => reader.u32());
  const places = readWaypoints(reader);
  return { life, tick, previous, hashes, places, signature: reader.copy(SIGNATURE_BYTES) };
}

export function encodeHead(head: MeshHead): Uint8Array {
  return writeHead(new ByteWriter(256).u8(PROTOCOL_VERSION).u8(Kind.meshHead), head).finish();
}

export function decodeHead(bytes: Uint8Array, tickRateHz: number): MeshHead {
  const reader = new ByteReader(bytes, 2);
  const head = readHead(reader, tickRateHz);
  reader.end();
  return head;
}

export function encodeHeadOf(peer: PeerId, head: MeshHead): Uint8Array {
  return writeHead(new ByteWriter(256).u8(PROTOCOL_VERSION).u8(Kind.meshHeadOf).u16(peer), head).finish();
}

export function decodeHeadOf(bytes: Uint8Array, tickRateHz: number): { peer: PeerId; head: MeshHead } {
  const reader = new ByteReader(bytes, 2);
  const peer = reader.u16();
  const head = readHead(reader, tickRateHz);
  reader.end();
  return { peer, head };
}

export function encodeMentions(mentions: readonly Mention[]): Uint8Array {
  const writer = new ByteWriter(512).u8(PROTOCOL_VERSION).u8(Kind.meshMentions).u8(mentions.length);
  for (const { peer, tick, prefix } of mentions) writer.u16(peer).u32(tick).bytes(prefix);
  return writer.finish();
}

export function decodeMentions(bytes: Uint8Array): Mention[] {
  const reader = new ByteReader(bytes, 2);
  const count = reader.u8();
  if (count > MAX_MENTIONS) throw new ProtocolError(`${count} heads in a message: at most ${MAX_MENTIONS}`);
  const mentions = Array.from({ length: count }, () => ({
    peer: reader.u16(),
    tick: reader.u32(),
    prefix: reader.copy(MENTION_BYTES),
  }));
  reader.end();
  return mentions;
}
