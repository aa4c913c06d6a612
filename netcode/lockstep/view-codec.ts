/** A view change as bytes: what ballots are about and commits carry. */
import { ByteReader, ByteWriter } from '../bytes.ts';
import { KEY_BYTES, MAX_NAME_BYTES, ProtocolError, TOKEN_BYTES } from '../protocol.ts';
import { MAX_WORD } from './input-word.ts';
import { type Drop, type Join, NEVER, type ViewChange } from './roster.ts';

/** Inputs of a dropped peer that a change repeats: more than two peers can be apart. */
export const MAX_REPEATED_WORDS = 128;
const MAX_CHANGED = 64;

export function writeWords(writer: ByteWriter, words: readonly number[]): void {
  writer.u8(words.length);
  for (const word of words) writer.u8(word & 0xff).u16(word >>> 8);
}

export function readWords(reader: ByteReader): number[] {
  const count = reader.u8();
  if (count > MAX_REPEATED_WORDS) throw new ProtocolError(`${count} inputs repeated`);
  return Array.from({ length: count }, () => readWord(reader));
}

export function readWord(reader: ByteReader): number {
  const word = reader.u8() | (reader.u16() << 8);
  if (word > MAX_WORD) throw new ProtocolError('input has unknown bits');
  return word;
}

export function readTick(reader: ByteReader): number {
  const tick = reader.u32();
  if (tick > NEVER) throw new ProtocolError(`tick ${tick}`);
  return tick;
}

/** Who sits on a seat. */
type PlayerPart = Pick<Join, 'resumes' | 'token' | 'name' | 'key'>;
const PlayerFlag = { resumes: 1, key: 2 } as const;

export function writePlayer(writer: ByteWriter, { resumes, token, name, key }: PlayerPart): void {
  writer.u8((resumes ? PlayerFlag.resumes : 0) | (key ? PlayerFlag.key : 0)).bytes(token);
  if (key) writer.bytes(key);
  writer.text(name, MAX_NAME_BYTES);
}

export function readPlayer(reader: ByteReader): PlayerPart {
  const flags = reader.u8();
  if (flags > (PlayerFlag.resumes | PlayerFlag.key)) throw new ProtocolError(`flags ${flags} of a seat`);
  const token = reader.copy(TOKEN_BYTES);
  const key = (flags & PlayerFlag.key) === 0 ? {} : { key: reader.copy(KEY_BYTES) };
  return { resumes: (flags & PlayerFlag.resumes) !== 0, token, ...key, name: reader.text(MAX_NAME_BYTES) };
}

export function encodeViewChange({ view, drops, joins }: ViewChange): Uint8Array {
  const writer = new ByteWriter(256).u32(view).u8(drops.length).u8(joins.length);
  for (const { peer, lastTick, removeTick, words } of drops) {
    writeWords(writer.u16(peer).u32(lastTick).u32(removeTick), words);
  }
  for (const join of joins) {
    writer.u16(join.peer).u16(join.slot).u32(join.firstTick);
    writePlayer(writer, join);
  }
  return writer.finish();
}

/** Throws a ProtocolError on anything that is not exactly one view change. */
export function decodeViewChange(bytes: Uint8Array): ViewChange {
  const reader = new ByteReader(bytes);
  const view = reader.u32();
  const dropCount = reader.u8();
  const joinCount = reader.u8();
  if (dropCount > MAX_CHANGED || joinCount > MAX_CHANGED) throw new ProtocolError('too many changes at once');
  const drops: Drop[] = [];
  const joins: Join[] = [];
  for (let i = 0; i < dropCount; i++) {
    const peer = reader.u16();
    const lastTick = readTick(reader);
    drops.push({ peer, lastTick, removeTick: readTick(reader), words: readWords(reader) });
  }
  for (let i = 0; i < joinCount; i++) {
    const peer = reader.u16();
    const slot = reader.u16();
    const firstTick = readTick(reader);
    joins.push({ peer, slot, firstTick, ...readPlayer(reader) });
  }
  reader.end();
  return { view, drops, joins };
}
