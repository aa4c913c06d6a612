/**
 * The input message: the newest inputs of one player, newest first, so that a lost datagram costs nothing while a later
 * one repeats what it carried. 11 bytes and 4 per input.
 *
 *   [version][kind][tick u32][client time u16][view tick u16][count u8] then count × [ticks back u8][buttons 5 bits, aim 12 bits: u24]
 */
import { AIM_STEPS } from '../game/constants.ts';
import { BUTTON_MASK } from '../game/input.ts';
import { ByteReader } from './bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from './protocol.ts';

/** Inputs that one message can repeat. */
export const MAX_INPUTS_PER_MESSAGE = 16;
const HEADER_BYTES = 11;
/** Ticks of a timeline: 400 days at 60 Hz. */
const MAX_TICK = 0x7fffffff;

/** One decoded input message; reused from one decoding to the next. */
export interface InputMessage {
  /** Newest tick of the player's own timeline that the message carries. */
  tick: number;
  /** Low 16 bits of the client's clock in ms, sent back so that it can tell its round trip. */
  clientTimeMs: number;
  /** Low 16 bits of the authority's tick that the player was looking at. */
  viewTick: number;
  count: number;
  readonly ticksBack: Uint8Array;
  readonly buttons: Uint8Array;
  readonly aim: Uint16Array;
}

export function createInputMessage(): InputMessage {
  return {
    tick: 0,
    clientTimeMs: 0,
    viewTick: 0,
    count: 0,
    ticksBack: new Uint8Array(MAX_INPUTS_PER_MESSAGE),
    buttons: new Uint8Array(MAX_INPUTS_PER_MESSAGE),
    aim: new Uint16Array(MAX_INPUTS_PER_MESSAGE),
  };
}

export function encodeInput(message: InputMessage): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 4 * message.count);
  bytes[0] = PROTOCOL_VERSION;
  bytes[1] = Kind.input;
  bytes[2] = message.tick;
  bytes[3] = message.tick >>> 8;
  bytes[4] = message.tick >>> 16;
  bytes[5] = message.tick >>> 24;
  bytes[6] = message.clientTimeMs;
  bytes[7] = message.clientTimeMs >>> 8;
  bytes[8] = message.viewTick;
  bytes[9] = message.viewTick >>> 8;
  bytes[10] = message.count;
  for (let i = 0; i < message.count; i++) {
    const packed = message.buttons[i]! | (message.aim[i]! << 5);
    const at = HEADER_BYTES + 4 * i;
    bytes[at] = message.ticksBack[i]!;
    bytes[at + 1] = packed;
    bytes[at + 2] = packed >>> 8;
    bytes[at + 3] = packed >>> 16;
  }
  return bytes;
}

/** Reads an input message into `out`. Throws a ProtocolError on bad bytes; `out` is then undefined. */
export function decodeInput(bytes: Uint8Array, out: InputMessage): void {
  const reader = new ByteReader(bytes, 2);
  out.tick = reader.u32();
  if (out.tick > MAX_TICK) throw new ProtocolError(`tick ${out.tick}`);
  out.clientTimeMs = reader.u16();
  out.viewTick = reader.u16();
  out.count = reader.u8();
  if (out.count === 0 || out.count > MAX_INPUTS_PER_MESSAGE)
    throw new ProtocolError(`${out.count} inputs in a message`);
  let last = -1;
  for (let i = 0; i < out.count; i++) {
    const ticksBack = reader.u8();
    if (ticksBack <= last) throw new ProtocolError('inputs are not newest first');
    last = ticksBack;
    const packed = reader.u16() | (reader.u8() << 16);
    if (packed >>> 17 !== 0) throw new ProtocolError('input has unknown bits');
    out.ticksBack[i] = ticksBack;
    out.buttons[i] = packed & BUTTON_MASK;
    out.aim[i] = (packed >>> 5) & (AIM_STEPS - 1);
  }
  if (out.ticksBack[0] !== 0) throw new ProtocolError('the newest input is missing');
  reader.end();
}
