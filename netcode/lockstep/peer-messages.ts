/** What peers say to each other rarely: joining, view changes that somebody missed, checksums. */
import { SECTIONS } from '../../game/world.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';
import { HASH_BYTES } from './sha256.ts';
import { type Head, type HeadMention, PREFIX_BYTES, SIGNATURE_BYTES } from './signed-heads.ts';
import { readTick } from './view-codec.ts';

export type PeerMessage =
  /** A member's answer to the hello of one who wants to play. */
  | { type: 'peerWelcome'; view: number; tick: number }
  | { type: 'stateRequest' }
  /** One piece of a transferred state, in order over a reliable channel. */
  | { type: 'statePart'; index: number; count: number; bytes: Uint8Array }
  /** You are no member of my view, which is newer than yours or the same. */
  | { type: 'evicted'; view: number }
  /** A view change that the receiver has missed. */
  | { type: 'viewCommit'; value: Uint8Array }
  /** Checksums of a tick that is final as far as the sender knows, by section. */
  | { type: 'checksum'; tick: number; history: number; sums: number[] }
  /** All words of one section at a tick at which checksums differed. */
  | { type: 'section'; tick: number; section: number; index: number; count: number; bytes: Uint8Array }
  /** The sender's own signed head, and in short those that it holds of others. */
  | ({ type: 'heads'; known: HeadMention[] } & Omit<Head, 'peer'>)
  /** A head that another peer signed. */
  | ({ type: 'headOf' } & Head);

/** Pieces stay below what crosses the internet in one datagram. */
export const PART_BYTES = 1100;
const MAX_PARTS = 4096;

export function encodePeerMessage(message: PeerMessage): Uint8Array {
  const writer = new ByteWriter().u8(PROTOCOL_VERSION).u8(Kind[message.type]);
  switch (message.type) {
    case 'peerWelcome':
      return writer.u32(message.view).u32(message.tick).finish();
    case 'stateRequest':
      return writer.finish();
    case 'statePart':
      return writer.u16(message.index).u16(message.count).bytes(message.bytes).finish();
    case 'evicted':
      return writer.u32(message.view).finish();
    case 'viewCommit':
      return writer.bytes(message.value).finish();
    case 'checksum': {
      writer.u32(message.tick).u32(message.history);
      for (const sum of message.sums) writer.u32(sum);
      return writer.finish();
    }
    case 'section':
      return writer
        .u32(message.tick)
        .u8(message.section)
        .u16(message.index)
        .u16(message.count)
        .bytes(message.bytes)
        .finish();
    case 'heads':
      writeHead(writer, message).u8(message.known.length);
      for (const { peer, tick, prefix } of message.known) writer.u16(peer).u32(tick).bytes(prefix);
      return writer.finish();
    case 'headOf':
      return writeHead(writer.u16(message.peer), message).finish();
  }
}

function writeHead(writer: ByteWriter, { firstTick, tick, digest, signature }: Omit<Head, 'peer'>): ByteWriter {
  return writer.u32(firstTick).u32(tick).bytes(digest).bytes(signature);
}

function readHead(reader: ByteReader): Omit<Head, 'peer'> {
  const firstTick = readTick(reader);
  const tick = readTick(reader);
  return { firstTick, tick, digest: reader.copy(HASH_BYTES), signature: reader.copy(SIGNATURE_BYTES) };
}

/** Throws a ProtocolError on anything that is not exactly one of them. */
export function decodePeerMessage(bytes: Uint8Array): PeerMessage {
  const reader = new ByteReader(bytes, 2);
  const message = decodeBody(bytes[1]!, reader);
  reader.end();
  return message;
}

function decodeBody(kind: number, reader: ByteReader): PeerMessage {
  switch (kind) {
    case Kind.peerWelcome:
      return { type: 'peerWelcome', view: reader.u32(), tick: readTick(reader) };
    case Kind.stateRequest:
      return { type: 'stateRequest' };
    case Kind.statePart:
      return { type: 'statePart', ...readPart(reader) };
    case Kind.evicted:
      return { type: 'evicted', view: reader.u32() };
    case Kind.viewCommit:
      return { type: 'viewCommit', value: reader.copy(reader.remaining) };
    case Kind.checksum: {
      const tick = readTick(reader);
      const history = reader.u32();
      return { type: 'checksum', tick, history, sums: SECTIONS.map(() => reader.u32()) };
    }
    case Kind.section: {
      const tick = readTick(reader);
      const section = reader.u8();
      if (section >= SECTIONS.length) throw new ProtocolError(`section ${section}`);
      return { type: 'section', tick, section, ...readPart(reader) };
    }
    case Kind.heads: {
      const head = readHead(reader);
      const known = Array.from({ length: reader.u8() }, () => {
        return { peer: reader.u16(), tick: readTick(reader), prefix: reader.copy(PREFIX_BYTES) };
      });
      return { type: 'heads', ...head, known };
    }
    case Kind.headOf:
      return { type: 'headOf', peer: reader.u16(), ...readHead(reader) };
    default:
      throw new ProtocolError(`kind ${kind} is no peer's`);
  }
}

function readPart(reader: ByteReader): { index: number; count: number; bytes: Uint8Array } {
  const index = reader.u16();
  const count = reader.u16();
  if (count === 0 || count > MAX_PARTS || index >= count) throw new ProtocolError(`part ${index} of ${count}`);
  return { index, count, bytes: reader.copy(reader.remaining) };
}

/** Cuts bytes into parts that fit a datagram each. */
export function partsOf(bytes: Uint8Array): { index: number; count: number; bytes: Uint8Array }[] {
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  return Array.from({ length: count }, (_, index) => {
    return { index, count, bytes: bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES) };
  });
}

/** Puts parts together that arrive in order. */
export class Assembly {
  readonly #parts: Uint8Array[] = [];

  /** The whole when the last part has come, null before. A part out of order begins anew, or is a ProtocolError. */
  add(index: number, count: number, bytes: Uint8Array): Uint8Array | null {
    if (index === 0) this.#parts.length = 0;
    if (index !== this.#parts.length) throw new ProtocolError(`part ${index} came before part ${this.#parts.length}`);
    this.#parts.push(bytes);
    if (this.#parts.length < count) return null;
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts.splice(0)) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
