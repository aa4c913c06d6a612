/**
 * A replay as the bytes of a file. It tells its own length and ends with a checksum, so that a file that was cut short or
 * damaged is told from one of a world that went wrong; and its first state is checked before anything steps it, because a
 * file may come from anybody.
 */
import { createWorld, SECTIONS, Status, type World, worldLayout } from '../../game/world.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { MAX_NAME_BYTES, ProtocolError } from '../protocol.ts';
import { MAX_WORD } from './input-word.ts';
import {
  MAX_TAPE_DESYNCS,
  MAX_TAPE_TICKS,
  MAX_TAPE_VIEWS,
  type Replay,
  type TapeSeat,
  type TapeTick,
  type TapeView,
} from './replay-tape.ts';
import { decodeSettings, encodeSettings } from './settings.ts';
import { readSparseWords, writeSparseWords } from './state-codec.ts';
import { readTick } from './view-codec.ts';

/** The letters NBRP. */
const MAGIC = 0x5052424e;
export const REPLAY_FORMAT = 1;
const LENGTH_AT = 5;
const HEAD_BYTES = 9;
const SUM_BYTES = 4;
/** 18 bits are an input; all 24 say that nobody has the slot. */
const NOBODY = 0xffffff;
const MOST_MEMBERS = 0xff;

export function encodeReplay(replay: Replay): Uint8Array {
  const { settings, startTick, start, ticks, isTruncated, views, seats, desyncs, kept } = replay;
  const writer = new ByteWriter(65_536).u32(MAGIC).u8(REPLAY_FORMAT).u32(0);
  const encoded = encodeSettings(settings);
  writer.u32(replay.rulesHash).u16(replay.peer).u8(encoded.length).bytes(encoded).u32(startTick);
  writeSparseWords(writer, start);
  writer.u8(isTruncated ? 1 : 0).u32(ticks.length);
  for (const { words, sums } of ticks) {
    writer.u16(words.length);
    for (const word of words) writer.u8(word & 0xff).u16((word >>> 8) & 0xffff);
    for (const sum of sums) writer.u32(sum);
  }
  writer.u16(views.length);
  for (const { view, tick, members } of views) {
    writer.u32(view).u32(tick).u8(members.length);
    for (const member of members) writer.u16(member);
  }
  writer.u16(seats.length);
  for (const { peer, slot, firstTick, lastTick, removeTick, resumes, name } of seats) {
    writer.u16(peer).u16(slot).u32(firstTick).u32(lastTick).u32(removeTick);
    writer.u8(resumes ? 1 : 0).text(name, MAX_NAME_BYTES);
  }
  // Of a field's place only its number travels; which players there are slots for does not change it.
  const fields = worldLayout(1);
  writer.u8(desyncs.length);
  for (const { tick, peer, section, entity, field, mine, theirs } of desyncs) {
    const place = fields.findIndex((one) => one.section === section && one.field === field);
    writer.u32(tick).u16(peer).u8(place).u32(entity).u32(mine).u32(theirs);
  }
  writer.u8(kept ? 1 : 0);
  if (kept) writeSparseWords(writer.u32(kept.tick), kept.words);
  writer.u32(0);
  const bytes = writer.finish();
  sealReplay(bytes);
  return bytes;
}

/** Writes length and checksum where they belong. For tests of what lies behind them as well. */
export function sealReplay(bytes: Uint8Array): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  data.setUint32(LENGTH_AT, bytes.length, true);
  data.setUint32(bytes.length - SUM_BYTES, sumOf(bytes), true);
}

/** FNV-1a (Fowler, Noll, Vo 1991) over all but the checksum itself. */
function sumOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length - SUM_BYTES; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash >>> 0;
}

/** Throws a ProtocolError with a sentence when the bytes are no replay of this version. */
export function decodeReplay(bytes: Uint8Array): Replay {
  const reader = new ByteReader(bytes);
  if (bytes.length < HEAD_BYTES + SUM_BYTES || reader.u32() !== MAGIC)
    throw new ProtocolError('this is no netbed replay');
  const format = reader.u8();
  if (format !== REPLAY_FORMAT) throw new ProtocolError(`replay format ${format}: this netbed reads ${REPLAY_FORMAT}`);
  const length = reader.u32();
  if (length > bytes.length) throw new ProtocolError(`the replay is cut short: ${bytes.length} of ${length} bytes`);
  if (length < bytes.length) throw new ProtocolError(`${bytes.length - length} bytes follow the replay`);
  const told = new ByteReader(bytes, length - SUM_BYTES).u32();
  if (told !== sumOf(bytes)) throw new ProtocolError('the replay is damaged: its checksum is wrong');
  const replay = readBody(reader);
  if (reader.u32() !== told) throw new ProtocolError('the replay is damaged: its parts do not fit its length');
  reader.end();
  return replay;
}

function readBody(reader: ByteReader): Replay {
  const rulesHash = reader.u32();
  const peer = reader.u16();
  const settings = decodeSettings(reader.take(reader.u8()));
  const startTick = readTick(reader);
  const world = createWorld(settings.config);
  const { capacity } = world.arena;
  readSparseWords(reader, world.words);
  checkState(world, startTick);
  const start = world.words;
  const isTruncated = reader.u8() === 1;
  const ticks = readMany(reader.u32(), MAX_TAPE_TICKS, 'ticks', () => readTapeTick(reader, capacity));
  const views = readMany(reader.u16(), MAX_TAPE_VIEWS, 'views', () => readView(reader));
  const seats = readMany(reader.u16(), MAX_TAPE_VIEWS, 'seats', () => readSeat(reader, capacity));
  const desyncs = readMany(reader.u8(), MAX_TAPE_DESYNCS, 'desyncs', () => readDesync(reader, capacity));
  let kept: Replay['kept'] = null;
  if (reader.u8() === 1) {
    kept = { tick: readTick(reader), words: new Int32Array(start.length) };
    readSparseWords(reader, kept.words);
  }
  return { rulesHash, peer, settings, startTick, start, ticks, isTruncated, views, seats, desyncs, kept };
}

function readMany<T>(count: number, most: number, what: string, read: () => T): T[] {
  if (count > most) throw new ProtocolError(`${count} ${what} in a replay: at most ${most}`);
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(read());
  return all;
}

function readTapeTick(reader: ByteReader, capacity: number): TapeTick {
  const slots = reader.u16();
  if (slots > capacity) throw new ProtocolError(`inputs for ${slots} slots of ${capacity}`);
  const words = new Int32Array(slots);
  for (let slot = 0; slot < slots; slot++) {
    const word = reader.u8() | (reader.u16() << 8);
    if (word !== NOBODY && word > MAX_WORD) throw new ProtocolError('input has unknown bits');
    words[slot] = word === NOBODY ? -1 : word;
  }
  return { words, sums: SECTIONS.map(() => reader.u32()) };
}

function readView(reader: ByteReader): TapeView {
  const view = reader.u32();
  const tick = readTick(reader);
  return { view, tick, members: readMany(reader.u8(), MOST_MEMBERS, 'members', () => reader.u16()) };
}

function readSeat(reader: ByteReader, capacity: number): TapeSeat {
  const seat = {
    peer: reader.u16(),
    slot: reader.u16(),
    firstTick: readTick(reader),
    lastTick: readTick(reader),
    removeTick: readTick(reader),
    resumes: reader.u8() === 1,
    name: reader.text(MAX_NAME_BYTES),
  };
  if (seat.slot >= capacity) throw new ProtocolError(`a seat in slot ${seat.slot} of ${capacity}`);
  return seat;
}

function readDesync(reader: ByteReader, capacity: number): Replay['desyncs'][number] {
  const tick = readTick(reader);
  const peer = reader.u16();
  const place = worldLayout(capacity)[reader.u8()];
  const entity = reader.u32();
  if (!place || entity >= place.length) throw new ProtocolError('a desync in a field that no world has');
  const { section, field } = place;
  return { tick, peer, section, entity, field, mine: reader.i32(), theirs: reader.i32() };
}

/**
 * Refuses a state that the rules never make where stepping it would not end, or would end in a failed assertion: counts
 * that do not count, indices that point nowhere. Wrong health or coins do no harm, and are what bisection is for.
 */
export function checkState(world: World, tick: number): void {
  const { players, coins, match, arena } = world;
  const wrong = (what: string): never => {
    throw new ProtocolError(`a state of no match: ${what}`);
  };
  if (match.tick[0] !== tick) wrong(`tick ${match.tick[0]} instead of ${tick}`);
  const limit = match.playerLimit[0]!;
  if (limit < 0 || limit > arena.capacity) wrong(`${limit} slots of ${arena.capacity}`);
  let seated = 0;
  for (let id = 0; id < arena.capacity; id++) {
    const status = players.status[id]!;
    if (status === Status.empty) continue;
    seated++;
    if (id >= limit || (status !== Status.alive && status !== Status.dead)) wrong(`player ${id} has status ${status}`);
    const x = players.x[id]!;
    const y = players.y[id]!;
    if (x < 0 || y < 0 || x >= arena.size || y >= arena.size) wrong(`player ${id} is outside`);
  }
  if (match.players[0] !== seated) wrong(`${match.players[0]} players where ${seated} are`);
  let piles = 0;
  for (const amount of coins.amount) if (amount !== 0) piles++;
  if (match.coinSlotsUsed[0] !== piles) wrong(`${match.coinSlotsUsed[0]} piles of coins where ${piles} are`);
  const cursor = match.coinCursor[0]!;
  if (cursor < 0 || cursor >= coins.amount.length) wrong(`a pile ${cursor}`);
}
