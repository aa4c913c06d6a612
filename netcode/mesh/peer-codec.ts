/**
 * What peers of a mesh say to each other besides states and the ledger's messages: that they are there, whom they know,
 * and who killed whom.
 *
 *   ping    [tile u16][time u16][echo u16][held u16: 65,535 none]
 *   ask     [x u24][y u24][buttons u8][count u8] count × [peer u16]     those whom the asker knows, and
 *           [from u16][through u16][count u8] count × [spot u16][version u32]    of coins around there
 *   near    [count u8] count × [peer u16][tile u16]                    those whom it does not know
 *   forward [peer u16] [a state as that peer told it]
 *   kill    [deaths u16][shot's tick u32]                              the receiver's shot killed the sender
 *   signal  [way u8: 0 to, 1 from][peer u16][text]                     between diallers, through a neighbour of both
 */
import { BUTTON_MASK } from '../../game/input.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';
import type { PeerId } from '../session.ts';
import { type KnownSpots, MAX_AROUND } from './ledger/coin-book.ts';

/** Peers in one message. */
export const MAX_LISTED = 96;
/** Longest text between diallers that a neighbour hands on. */
export const MAX_SIGNAL_BYTES = 8192;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** An echo that was held for longer says nothing. */
const MAX_HELD_MS = 0xfffe;

export type MeshMessage =
  | { type: 'meshPing'; tile: number; timeMs: number; echoMs: number; heldMs: number }
  | { type: 'meshAsk'; x: number; y: number; buttons: number; known: PeerId[]; coins: KnownSpots }
  | { type: 'meshNear'; peers: { peer: PeerId; tile: number }[] }
  | { type: 'meshForward'; peer: PeerId; state: Uint8Array }
  | { type: 'meshKill'; deaths: number; shotTick: number }
  /** `to`: please hand it on to that peer. `from`: that peer says it to the receiver. */
  | { type: 'meshSignal'; way: 'to' | 'from'; peer: PeerId; payload: string };

export function encodeMesh(message: MeshMessage): Uint8Array {
  const writer = new ByteWriter(32).u8(PROTOCOL_VERSION).u8(Kind[message.type]);
  switch (message.type) {
    case 'meshPing':
      writer
        .u16(message.tile)
        .u16(message.timeMs)
        .u16(message.echoMs)
        .u16(Math.min(MAX_HELD_MS + 1, message.heldMs));
      break;
    case 'meshAsk':
      writer.u16(message.x & 0xffff).u8(message.x >>> 16);
      writer.u16(message.y & 0xffff).u8(message.y >>> 16);
      writer.u8(message.buttons).u8(message.known.length);
      for (const peer of message.known) writer.u16(peer);
      writer.u16(message.coins.from).u16(message.coins.through).u8(message.coins.versions.length);
      for (const { spot, version } of message.coins.versions) writer.u16(spot).u32(version);
      break;
    case 'meshNear':
      writer.u8(message.peers.length);
      for (const { peer, tile } of message.peers) writer.u16(peer).u16(tile);
      break;
    case 'meshForward':
      writer.u16(message.peer).bytes(message.state);
      break;
    case 'meshKill':
      writer.u16(message.deaths & 0xffff).u32(message.shotTick);
      break;
    case 'meshSignal':
      writer
        .u8(message.way === 'to' ? 0 : 1)
        .u16(message.peer)
        .bytes(encoder.encode(message.payload));
      break;
  }
  return writer.finish();
}

/** The state in a forward is a view of `bytes`. `size`: side of the arena. Throws a ProtocolError on bad bytes. */
export function decodeMesh(bytes: Uint8Array, size: number): MeshMessage {
  const reader = new ByteReader(bytes, 2);
  const message = decodeBody(bytes[1]!, reader, size);
  reader.end();
  return message;
}

function decodeBody(kind: number, reader: ByteReader, size: number): MeshMessage {
  switch (kind) {
    case Kind.meshPing:
      return {
        type: 'meshPing',
        tile: reader.u16(),
        timeMs: reader.u16(),
        echoMs: reader.u16(),
        heldMs: reader.u16(),
      };
    case Kind.meshAsk: {
      const x = reader.u16() | (reader.u8() << 16);
      const y = reader.u16() | (reader.u8() << 16);
      if (x >= size || y >= size) throw new ProtocolError('asked from outside the arena');
      const buttons = reader.u8();
      if (buttons > BUTTON_MASK) throw new ProtocolError(`buttons ${buttons}`);
      const known = Array.from({ length: countOf(reader) }, () => peerOf(reader));
      return { type: 'meshAsk', x, y, buttons, known, coins: spotsOf(reader) };
    }
    case Kind.meshNear:
      return {
        type: 'meshNear',
        peers: Array.from({ length: countOf(reader) }, () => ({ peer: peerOf(reader), tile: reader.u16() })),
      };
    case Kind.meshForward:
      return { type: 'meshForward', peer: peerOf(reader), state: reader.take(reader.remaining) };
    case Kind.meshKill:
      return { type: 'meshKill', deaths: reader.u16(), shotTick: reader.u32() };
    case Kind.meshSignal: {
      const way = reader.u8();
      if (way > 1) throw new ProtocolError(`way ${way} of a signal`);
      return {
        type: 'meshSignal',
        way: way === 0 ? 'to' : 'from',
        peer: peerOf(reader),
        payload: textOf(reader.take(reader.remaining)),
      };
    }
    default:
      throw new ProtocolError(`a peer of a mesh takes no kind ${kind}`);
  }
}

/** A session description has line breaks, so that control characters are allowed; it is never shown. */
function textOf(bytes: Uint8Array): string {
  if (bytes.length > MAX_SIGNAL_BYTES) throw new ProtocolError(`signal of ${bytes.length} bytes`);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ProtocolError('signal is not UTF-8');
  }
}

function spotsOf(reader: ByteReader): KnownSpots {
  const [from, through, count] = [reader.u16(), reader.u16(), reader.u8()];
  if (count > MAX_AROUND) throw new ProtocolError(`${count} spots in a message: at most ${MAX_AROUND}`);
  return {
    from,
    through,
    versions: Array.from({ length: count }, () => ({ spot: reader.u16(), version: reader.u32() })),
  };
}

function countOf(reader: ByteReader): number {
  const count = reader.u8();
  if (count > MAX_LISTED) throw new ProtocolError(`${count} peers in a message: at most ${MAX_LISTED}`);
  return count;
}

function peerOf(reader: ByteReader): PeerId {
  const peer = reader.u16();
  if (peer === 0) throw new ProtocolError('peer 0');
  return peer;
}

/** The round trip that an echo tells, in ms; NaN when it tells nothing. */
export function roundTripMs(echoMs: number, heldMs: number, nowMs: number): number {
  if (heldMs > MAX_HELD_MS) return Number.NaN;
  const rttMs = ((Math.floor(nowMs) - echoMs) & 0xffff) - heldMs;
  return rttMs >= 0 && rttMs < 10_000 ? rttMs : Number.NaN;
}
