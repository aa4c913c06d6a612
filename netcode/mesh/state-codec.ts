/**
 * What an owner tells those who can see its avatar: where it is at a tick of the common timeline, exactly, and its shots
 * that are in flight, so that one lost datagram loses none of them. 19 bytes and 9 per shot.
 *
 *   [version][kind][tick u32][flags u8][x u24][y u24][aim u16][buttons u8][health u8][deaths u16]
 *   shots × [k and age u8][x u24][y u24][aim u16]      k: 2 bits, ticks since it was fired: 6 bits
 *   [news of coins to the end, where there are any: ledger/news-codec.ts]
 */
import { AIM_STEPS, MAX_HEALTH, SHOTS_PER_PLAYER } from '../../game/constants.ts';
import { BUTTON_MASK } from '../../game/input.ts';
import { ByteReader } from '../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';

const Flag = { alive: 1, shielded: 2, fighting: 4 } as const;
const SHOTS_SHIFT = 3;
const ALL_FLAGS = 31;
const HEAD_BYTES = 19;
const SHOT_BYTES = 9;
/** Ticks since firing that fit: longer than any shot flies. */
const MAX_SHOT_AGE = 63;

export interface ToldShot {
  /** Which of its owner's shots: 0 to SHOTS_PER_PLAYER − 1. */
  k: number;
  ageTicks: number;
  /** Where it was fired. */
  x: number;
  y: number;
  aim: number;
}

export interface AvatarState {
  tick: number;
  isAlive: boolean;
  isShielded: boolean;
  /** It fired or was hit within the last second. */
  isFighting: boolean;
  x: number;
  y: number;
  aim: number;
  /** What it does until it tells something else. */
  buttons: number;
  health: number;
  /** Low 16 bits of how often it died. */
  deaths: number;
  shots: ToldShot[];
  /** News of coins as bytes; empty for none. */
  news: Uint8Array;
}

export function encodeState(state: AvatarState): Uint8Array {
  const newsAt = HEAD_BYTES + SHOT_BYTES * state.shots.length;
  const bytes = new Uint8Array(newsAt + state.news.length);
  bytes.set(state.news, newsAt);
  const put = (at: number, length: number, value: number): void => {
    for (let i = 0; i < length; i++) bytes[at + i] = value >>> (8 * i);
  };
  bytes[0] = PROTOCOL_VERSION;
  bytes[1] = Kind.meshState;
  put(2, 4, state.tick);
  bytes[6] =
    (state.isAlive ? Flag.alive : 0) |
    (state.isShielded ? Flag.shielded : 0) |
    (state.isFighting ? Flag.fighting : 0) |
    (state.shots.length << SHOTS_SHIFT);
  put(7, 3, state.x);
  put(10, 3, state.y);
  put(13, 2, state.aim);
  bytes[15] = state.buttons;
  bytes[16] = state.health;
  put(17, 2, state.deaths);
  state.shots.forEach(({ k, ageTicks, x, y, aim }, i) => {
    const at = HEAD_BYTES + i * SHOT_BYTES;
    bytes[at] = k | (Math.min(MAX_SHOT_AGE, ageTicks) << 2);
    put(at + 1, 3, x);
    put(at + 4, 3, y);
    put(at + 7, 2, aim);
  });
  return bytes;
}

/** The tick of a state, without decoding the rest. Throws a ProtocolError when it is too short. */
export function stateTick(bytes: Uint8Array): number {
  return new ByteReader(bytes, 2).u32();
}

/** `size`: side of the arena in sub-units. Throws a ProtocolError on bad bytes. */
export function decodeState(bytes: Uint8Array, size: number): AvatarState {
  const reader = new ByteReader(bytes, 2);
  const tick = reader.u32();
  const flags = reader.u8();
  const count = flags >> SHOTS_SHIFT;
  if (flags > ALL_FLAGS || count > SHOTS_PER_PLAYER) throw new ProtocolError(`flags ${flags} of a state`);
  const x = place(reader, size);
  const y = place(reader, size);
  const aim = aimOf(reader);
  const buttons = reader.u8();
  if (buttons > BUTTON_MASK) throw new ProtocolError(`buttons ${buttons}`);
  const health = reader.u8();
  if (health > MAX_HEALTH) throw new ProtocolError(`health ${health}`);
  const deaths = reader.u16();
  const shots: ToldShot[] = [];
  for (let i = 0; i < count; i++) {
    const first = reader.u8();
    const k = first & 3;
    if (k >= SHOTS_PER_PLAYER) throw new ProtocolError(`shot ${k} of a player`);
    shots.push({ k, ageTicks: first >> 2, x: place(reader, size), y: place(reader, size), aim: aimOf(reader) });
  }
  const news = reader.copy(reader.remaining);
  const isAlive = (flags & Flag.alive) !== 0;
  const isShielded = (flags & Flag.shielded) !== 0;
  const isFighting = (flags & Flag.fighting) !== 0;
  return { tick, isAlive, isShielded, isFighting, x, y, aim, buttons, health, deaths, shots, news };
}

function place(reader: ByteReader, size: number): number {
  const value = reader.u16() | (reader.u8() << 16);
  if (value >= size) throw new ProtocolError(`place ${value} outside the arena`);
  return value;
}

function aimOf(reader: ByteReader): number {
  const aim = reader.u16();
  if (aim >= AIM_STEPS) throw new ProtocolError(`aim ${aim}`);
  return aim;
}
