/**
 * What passes between a participant and the rendezvous. Each message is [version][kind][body]; `reliable`, `ack`,
 * `refuse` and `bye` are those of every link (messages.ts). What peers say to each other is opaque here.
 */
import { ByteReader, ByteWriter } from './bytes.ts';
import { flag, peerId, positive } from './fields.ts';
import {
  isRoomKind,
  isRoomMessage,
  type Memory,
  type Proof,
  proofBits,
  type RoomMessage,
  readMemory,
  readRoomMessage,
  writeMemory,
  writeRoomMessage,
} from './mesh/room-messages.ts';
import { Kind, MAX_NAME_BYTES, PROTOCOL_VERSION, ProtocolError, TOKEN_BYTES } from './protocol.ts';
import type { PeerId } from './session.ts';

/** Longest message on a link to the rendezvous; longer ones are malformed, unread. */
export const MAX_RENDEZVOUS_MESSAGE_BYTES = 65_535;
/** Longest payload of a signal, of a relayed message and of a ballot. */
export const MAX_PAYLOAD_BYTES = 16_384;
/** Version, kind and peer before the payload of a relayed message. */
export const RELAY_HEADER_BYTES = 4;
export const MAX_SETTINGS_BYTES = 1024;
export const MAX_ROOM_CODE_BYTES = 12;
/** Peers in one room, so that `entered` stays below MAX_RENDEZVOUS_MESSAGE_BYTES. */
export const MAX_ROOM_PEERS = 1000;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Who a participant was before, and the secret that proves it. */
export interface Reclaim {
  peer: PeerId;
  token: Uint8Array;
}

export interface RoomSettings {
  /** Opaque to the rendezvous; everybody who enters is told. */
  settings: Uint8Array;
  maxPeers: number;
  /** Players whose seats the room keeps, in epochs that its peers agree on; without, the room keeps none. */
  seats?: number;
  /** Of such a room: the price of a new number, in zero bits of a hash (mesh/proof-of-work.ts); 0 for none. */
  proofOfWorkBits?: number;
}

export interface PeerName {
  peer: PeerId;
  name: string;
}

/** Exactly one of `room` and `create` is not null: a room is entered, or made. */
export interface Enter {
  type: 'enter';
  protocol: number;
  rulesHash: number;
  name: string;
  room: string | null;
  create: RoomSettings | null;
  reclaim: Reclaim | null;
  /** What is still known, of somebody who comes back. */
  memory?: Memory;
  /** What was asked for by a challenge. */
  proof?: Proof;
}

export interface Entered {
  type: 'entered';
  self: PeerId;
  token: Uint8Array;
  room: string;
  settings: Uint8Array;
  /** Everybody else who is present. */
  peers: PeerName[];
}

export type RendezvousMessage =
  | Enter
  | Entered
  | { type: 'peerCame'; peer: PeerId; name: string }
  | { type: 'peerGone'; peer: PeerId }
  /** `peer` is whom it goes to on the way up, and whom it comes from on the way down. */
  | { type: 'signal'; peer: PeerId; payload: string }
  | { type: 'relay'; peer: PeerId; payload: Uint8Array }
  | { type: 'ballot'; payload: Uint8Array }
  | { type: 'members'; view: number; peers: PeerId[] }
  | { type: 'found' }
  | { type: 'founding'; granted: boolean }
  | { type: 'heartbeat' }
  | RoomMessage;

const Flag = { create: 1, reclaim: 2, seats: 4, memory: 8, proof: 16 } as const;

export function encodeRendezvous(message: RendezvousMessage): Uint8Array {
  const kind = Kind[message.type];
  switch (message.type) {
    case 'relay':
      return withPayload([kind, message.peer & 0xff, message.peer >>> 8], message.payload);
    case 'signal':
      return withPayload([kind, message.peer & 0xff, message.peer >>> 8], encoder.encode(message.payload));
    case 'ballot':
      return withPayload([kind], message.payload);
  }
  const writer = new ByteWriter().u8(PROTOCOL_VERSION).u8(kind);
  if (isRoomMessage(message)) return writeRoomMessage(writer, message);
  switch (message.type) {
    case 'enter':
      return encodeEnter(writer, message);
    case 'entered':
      return encodeEntered(writer, message);
    case 'peerCame':
      return writer.u16(message.peer).text(message.name, MAX_NAME_BYTES).finish();
    case 'peerGone':
      return writer.u16(message.peer).finish();
    case 'members':
      writer.u32(message.view).u16(message.peers.length);
      for (const peer of message.peers) writer.u16(peer);
      return writer.finish();
    case 'founding':
      return writer.u8(message.granted ? 1 : 0).finish();
    case 'found':
    case 'heartbeat':
      return writer.finish();
  }
}

/** Payloads are copied whole: relayed game data is the bulk of what a rendezvous carries. Throws a RangeError. */
function withPayload(head: readonly number[], payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`payload of ${payload.length} bytes: at most ${MAX_PAYLOAD_BYTES}`);
  }
  const bytes = new Uint8Array(1 + head.length + payload.length);
  bytes[0] = PROTOCOL_VERSION;
  bytes.set(head, 1);
  bytes.set(payload, 1 + head.length);
  return bytes;
}

function encodeEnter(writer: ByteWriter, enter: Enter): Uint8Array {
  const { rulesHash, name, room, create, reclaim, memory, proof } = enter;
  const seats = create?.seats ?? 0;
  writer.u32(rulesHash).text(name, MAX_NAME_BYTES);
  writer.u8(
    (create ? Flag.create : 0) |
      (reclaim ? Flag.reclaim : 0) |
      (seats > 0 ? Flag.seats : 0) |
      (memory ? Flag.memory : 0) |
      (proof ? Flag.proof : 0),
  );
  if (create) writer.u16(create.maxPeers).u16(create.settings.length).bytes(create.settings);
  else writer.text(room ?? '', MAX_ROOM_CODE_BYTES);
  if (seats > 0) writer.u16(seats).u8(create?.proofOfWorkBits ?? 0);
  if (reclaim) writer.u16(reclaim.peer).bytes(reclaim.token);
  if (memory) writeMemory(writer, memory);
  if (proof) writer.bytes(proof.nonce).u32(proof.answer);
  return writer.finish();
}

function encodeEntered(writer: ByteWriter, { self, token, room, settings, peers }: Entered): Uint8Array {
  writer.u16(self).bytes(token).text(room, MAX_ROOM_CODE_BYTES);
  writer.u16(settings.length).bytes(settings).u16(peers.length);
  for (const { peer, name } of peers) writer.u16(peer).text(name, MAX_NAME_BYTES);
  return writer.finish();
}

/** Whether a message is for `decodeRendezvous`. An `enter` is understood in any version, so that both can part. */
export function isRendezvousMessage(bytes: Uint8Array): boolean {
  const kind = bytes[1] ?? 0;
  return (kind >= Kind.enter && kind <= Kind.heartbeat) || isRoomKind(kind);
}

/** Payloads are views of `bytes`: copy them to keep them. Throws a ProtocolError on anything that does not fit. */
export function decodeRendezvous(bytes: Uint8Array): RendezvousMessage {
  if (bytes.length < 2) throw new ProtocolError('message without version and kind');
  if (bytes.length > MAX_RENDEZVOUS_MESSAGE_BYTES) throw new ProtocolError(`message of ${bytes.length} bytes`);
  const version = bytes[0]!;
  const kind = bytes[1]!;
  if (version !== PROTOCOL_VERSION && kind !== Kind.enter) {
    throw new ProtocolError(`protocol version ${version}: this is ${PROTOCOL_VERSION}`);
  }
  const reader = new ByteReader(bytes, 2);
  const message = decodeBody(kind, reader, version);
  reader.end();
  return message;
}

function decodeBody(kind: number, reader: ByteReader, version: number): RendezvousMessage {
  switch (kind) {
    case Kind.enter:
      return decodeEnter(reader, version);
    case Kind.entered:
      return decodeEntered(reader);
    case Kind.peerCame:
      return { type: 'peerCame', peer: peerId(reader), name: reader.text(MAX_NAME_BYTES) };
    case Kind.peerGone:
      return { type: 'peerGone', peer: peerId(reader) };
    case Kind.signal:
      return { type: 'signal', peer: peerId(reader), payload: textOf(payload(reader)) };
    case Kind.relay:
      return { type: 'relay', peer: peerId(reader), payload: payload(reader) };
    case Kind.ballot:
      return { type: 'ballot', payload: payload(reader) };
    case Kind.members:
      return { type: 'members', view: reader.u32(), peers: ascendingPeers(reader) };
    case Kind.found:
      return { type: 'found' };
    case Kind.founding:
      return { type: 'founding', granted: flag(reader) };
    case Kind.heartbeat:
      return { type: 'heartbeat' };
    default:
      return readRoomMessage(kind, reader);
  }
}

/** An enter of another version is read no further than its version: what follows may have another shape. */
function decodeEnter(reader: ByteReader, protocol: number): Enter {
  if (protocol !== PROTOCOL_VERSION) {
    reader.take(reader.remaining);
    return { type: 'enter', protocol, rulesHash: 0, name: '', room: '', create: null, reclaim: null };
  }
  const rulesHash = reader.u32();
  const name = reader.text(MAX_NAME_BYTES);
  const flags = reader.u8();
  if (flags > 31 || (flags & (Flag.seats | Flag.create)) === Flag.seats) throw new ProtocolError(`flags ${flags}`);
  let room: string | null = null;
  let create: RoomSettings | null = null;
  if (flags & Flag.create) create = { maxPeers: positive('peers', reader.u16()), settings: settingsOf(reader) };
  else room = reader.text(MAX_ROOM_CODE_BYTES);
  if (create && flags & Flag.seats) {
    create.seats = positive('seats', reader.u16());
    const bits = proofBits(reader);
    if (bits > 0) create.proofOfWorkBits = bits;
  }
  const reclaim = flags & Flag.reclaim ? { peer: peerId(reader), token: reader.copy(TOKEN_BYTES) } : null;
  const enter: Enter = { type: 'enter', protocol, rulesHash, name, room, create, reclaim };
  if (flags & Flag.memory) enter.memory = readMemory(reader);
  if (flags & Flag.proof) enter.proof = { nonce: reader.copy(TOKEN_BYTES), answer: reader.u32() };
  return enter;
}

function decodeEntered(reader: ByteReader): Entered {
  const self = peerId(reader);
  const token = reader.copy(TOKEN_BYTES);
  const room = reader.text(MAX_ROOM_CODE_BYTES);
  const settings = settingsOf(reader);
  const count = countOf(reader);
  const peers: PeerName[] = [];
  for (let i = 0; i < count; i++) peers.push({ peer: peerId(reader), name: reader.text(MAX_NAME_BYTES) });
  return { type: 'entered', self, token, room, settings, peers };
}

function settingsOf(reader: ByteReader): Uint8Array {
  const length = reader.u16();
  if (length > MAX_SETTINGS_BYTES) throw new ProtocolError(`settings of ${length} bytes`);
  return reader.copy(length);
}

/** One spelling per set: ascending, nobody twice. */
function ascendingPeers(reader: ByteReader): PeerId[] {
  const count = countOf(reader);
  const peers: PeerId[] = [];
  for (let i = 0; i < count; i++) {
    const peer = peerId(reader);
    if (i > 0 && peer <= peers[i - 1]!) throw new ProtocolError('members are not in ascending order');
    peers.push(peer);
  }
  return peers;
}

function countOf(reader: ByteReader): number {
  const count = reader.u16();
  if (count > MAX_ROOM_PEERS) throw new ProtocolError(`${count} peers: at most ${MAX_ROOM_PEERS}`);
  return count;
}

function payload(reader: ByteReader): Uint8Array {
  if (reader.remaining > MAX_PAYLOAD_BYTES) throw new ProtocolError(`payload of ${reader.remaining} bytes`);
  return reader.take(reader.remaining);
}

/** A session description has line breaks, so that control characters are allowed; it is never shown. */
function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ProtocolError('signal is not UTF-8');
  }
}
