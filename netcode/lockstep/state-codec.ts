/**
 * A world's words as bytes, and the whole of what a newcomer is given: the state after one tick, who plays, and the
 * inputs that are known beyond it. Most words of a world are 0, so runs of zeros are counted.
 */
import { hashWords } from '../../game/checksum.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { ProtocolError } from '../protocol.ts';
import { InputLog } from './input-log.ts';
import { NEVER, type Roster, type Seat } from './roster.ts';
import { MAX_REPEATED_WORDS, readPlayer, readTick, readWords, writePlayer, writeWords } from './view-codec.ts';

const MAX_RUN = 0xffff;
const MAX_SEATS = 1024;

export function writeSparseWords(writer: ByteWriter, words: Int32Array): void {
  let at = 0;
  while (at < words.length) {
    let zeros = 0;
    while (at + zeros < words.length && words[at + zeros] === 0 && zeros < MAX_RUN) zeros++;
    at += zeros;
    let count = 0;
    while (at + count < words.length && words[at + count] !== 0 && count < MAX_RUN) count++;
    writer.u16(zeros).u16(count);
    for (let i = 0; i < count; i++) writer.u32(words[at + i]!);
    at += count;
  }
}

/** Reads exactly `words.length` words. Throws a ProtocolError when they do not fit. */
export function readSparseWords(reader: ByteReader, words: Int32Array): void {
  let at = 0;
  while (at < words.length) {
    const zeros = reader.u16();
    const count = reader.u16();
    if (zeros + count === 0 || at + zeros + count > words.length) throw new ProtocolError('words of another world');
    words.fill(0, at, at + zeros);
    at += zeros;
    for (let i = 0; i < count; i++) words[at++] = reader.i32();
  }
}

export interface TransferredState {
  view: number;
  tick: number;
  seats: Seat[];
  state: Uint8Array;
}

const wordsOf = (state: Uint8Array) => new Int32Array(state.buffer, state.byteOffset, state.byteLength / 4);

/** `state`: the world after `tick`, at whose end all inputs up to it are known. */
export function encodeState(roster: Roster, tick: number, state: Uint8Array): Uint8Array {
  const words = wordsOf(state);
  const seats = roster.seats.filter((seat) => seat.removeTick > tick && !roster.isSuperseded(seat, tick));
  const writer = new ByteWriter(4096)
    .u32(roster.view)
    .u32(tick)
    .u32(hashWords(words, 0, words.length))
    .u16(seats.length);
  for (const seat of seats) {
    const { peer, slot, firstTick, lastTick, removeTick, log } = seat;
    writer.u16(peer).u16(slot).u32(firstTick).u32(lastTick).u32(removeTick);
    writePlayer(writer, seat);
    const known: number[] = [];
    for (let t = Math.max(tick, firstTick); t <= log.through && known.length < MAX_REPEATED_WORDS; t++) {
      known.push(log.word(t));
    }
    writeWords(writer, known);
  }
  writeSparseWords(writer, words);
  return writer.finish();
}

/** Throws a ProtocolError when the bytes are no state of a world of `stateBytes`, or its checksum is wrong. */
export function decodeState(bytes: Uint8Array, stateBytes: number): TransferredState {
  const reader = new ByteReader(bytes);
  const view = reader.u32();
  const tick = readTick(reader);
  const sum = reader.u32();
  const count = reader.u16();
  if (count > MAX_SEATS) throw new ProtocolError(`${count} seats`);
  const seats: Seat[] = [];
  for (let i = 0; i < count; i++) {
    const peer = reader.u16();
    const slot = reader.u16();
    const firstTick = readTick(reader);
    const lastTick = readTick(reader);
    const removeTick = readTick(reader);
    const player = readPlayer(reader);
    const log = InputLog.startingAt(firstTick, Math.max(tick, firstTick));
    readWords(reader).forEach((word, k) => {
      log.put(Math.max(tick, firstTick) + k, word);
    });
    if (lastTick !== NEVER) log.truncate(lastTick);
    seats.push({ peer, slot, firstTick, lastTick, removeTick, log, ...player });
  }
  const state = new Uint8Array(stateBytes);
  const words = wordsOf(state);
  readSparseWords(reader, words);
  reader.end();
  if (hashWords(words, 0, words.length) !== sum)
    throw new ProtocolError('the checksum of a transferred state is wrong');
  return { view, tick, seats, state };
}
