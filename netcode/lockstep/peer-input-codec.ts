/**
 * The message that peers send each other every tick: the inputs that the other has not acknowledged yet, so that a lost
 * datagram costs nothing while a later one arrives; and what both need to keep step. 27 bytes and 3 per input.
 *
 *   [version][kind][view u32][position: tick u32, fraction u8][time u16][echo u16][held u8][margin i8]
 *   [ack u32: first input missing from you][first tick u32][count u8] then count × [input: u24]
 *
 * With commit–reveal (commit-reveal.ts) there follow 9 bytes, 8 per commitment and 8 per input:
 *
 *   [ack u32: first commitment missing from you][first tick u32][count u8] then count × [commitment: 8 bytes]
 *   then for each input above [nonce: 8 bytes]
 */
import { ByteReader, ByteWriter } from '../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';
import { readTick, readWord } from './view-codec.ts';

export const MAX_INPUTS = 64;
/** Sealed inputs take more than five times as much. */
export const MAX_SEALED_INPUTS = 40;
/** A commitment, and a nonce. */
export const SEAL_BYTES = 8;
/** Steps of `marginTicks` in the datagram. */
const MARGIN_STEPS = 8;
/** "Nothing to report": no input of yours arrived lately. */
const NO_MARGIN = 127;
/** An echo that was held for longer says nothing. */
export const MAX_HELD_MS = 254;

export interface PeerInput {
  /** The sender's view. */
  view: number;
  /** Where on its timeline it was sent, in ticks. */
  position: number;
  /** Low 16 bits of the sender's clock in ms. */
  timeMs: number;
  /** The receiver's own `timeMs` that arrived last, and for how long it was held; held 255 for none. */
  echoMs: number;
  heldMs: number;
  /** How early the receiver's inputs came before they were due, at worst, in ticks; Infinity when none came. */
  marginTicks: number;
  /** The first tick whose input the sender misses from the receiver. */
  ack: number;
  firstTick: number;
  words: number[];
  /** With commit–reveal only. */
  sealed?: SealedPart;
}

export interface SealedPart {
  /** The first tick whose commitment the sender misses from the receiver. */
  ack: number;
  firstTick: number;
  commitments: Uint8Array[];
  /** One per input. */
  nonces: Uint8Array[];
}

export function encodePeerInput(message: PeerInput): Uint8Array {
  const { view, position, timeMs, echoMs, heldMs, marginTicks, ack, firstTick, words } = message;
  const tick = Math.max(0, Math.floor(position));
  const margin = Math.max(-127, Math.min(NO_MARGIN, Math.floor(marginTicks * MARGIN_STEPS)));
  const writer = new ByteWriter(24 + 3 * words.length)
    .u8(PROTOCOL_VERSION)
    .u8(Kind.peerInput)
    .u32(view)
    .u32(tick)
    .u8(Math.floor((Math.max(0, position) - tick) * 256))
    .u16(timeMs)
    .u16(echoMs)
    .u8(heldMs)
    .u8(margin & 0xff)
    .u32(ack)
    .u32(firstTick)
    .u8(words.length);
  for (const word of words) writer.u8(word & 0xff).u16(word >>> 8);
  if (message.sealed) writeSealed(writer, message.sealed);
  return writer.finish();
}

function writeSealed(writer: ByteWriter, { ack, firstTick, commitments, nonces }: SealedPart): void {
  writer.u32(ack).u32(firstTick).u8(commitments.length);
  for (const commitment of commitments) writer.bytes(commitment);
  for (const nonce of nonces) writer.bytes(nonce);
}

function readSealed(reader: ByteReader, inputs: number): SealedPart {
  const ack = readTick(reader);
  const firstTick = readTick(reader);
  const count = reader.u8();
  if (count > MAX_SEALED_INPUTS) throw new ProtocolError(`${count} commitments in a message`);
  const commitments = Array.from({ length: count }, () => reader.copy(SEAL_BYTES));
  const nonces = Array.from({ length: inputs }, () => reader.copy(SEAL_BYTES));
  return { ack, firstTick, commitments, nonces };
}

/** Throws a ProtocolError on bad bytes. */
export function decodePeerInput(bytes: Uint8Array): PeerInput {
  const reader = new ByteReader(bytes, 2);
  const view = reader.u32();
  const position = readTick(reader) + reader.u8() / 256;
  const timeMs = reader.u16();
  const echoMs = reader.u16();
  const heldMs = reader.u8();
  const margin = reader.i8();
  const ack = readTick(reader);
  const firstTick = readTick(reader);
  const count = reader.u8();
  if (count > MAX_INPUTS) throw new ProtocolError(`${count} inputs in a message`);
  const words = Array.from({ length: count }, () => readWord(reader));
  const sealed = reader.remaining > 0 ? { sealed: readSealed(reader, count) } : {};
  reader.end();
  const marginTicks = margin === NO_MARGIN ? Number.POSITIVE_INFINITY : margin / MARGIN_STEPS;
  return { view, position, timeMs, echoMs, heldMs, marginTicks, ack, firstTick, words, ...sealed };
}
