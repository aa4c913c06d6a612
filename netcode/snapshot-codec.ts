/**
 * The snapshot: what one viewer may see at one tick, complete in itself. Whatever it omits is, to its radius, not there.
 * Positions of others are offsets from the viewer in 12 bits per axis, 5/32 of a unit a step within plain vision.
 *
 *   [version][kind][flags u8][tick u32][acked tick u16][margin i8][echoed time u16][held u8]
 *   [self x i32, y i32, health u8, wait u8] [flags & stats: shield u16, coins u16, score u32, kills u16, deaths u16, purchase key u16]
 *   [flags & partial: radius u16 units] [players varint][shots varint][coins varint]
 *   players × [id u16][offset 24 bits][aim u8][health 5 bits, shielded 1 bit]   7 bytes
 *   shots   × [id u16][offset 24 bits][aim u8]                                  6 bytes
 *   coins   × [id u16][offset 24 bits][amount u8, 255 for more]                 6 bytes
 */
import { MAX_HEALTH, SHOTS_PER_PLAYER, SUBUNITS, VISION_RADIUS } from '../game/constants.ts';
import { Status, type World } from '../game/world.ts';
import { ByteReader } from './bytes.ts';
import { Kind, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, ProtocolError, SNAPSHOT_LIMITS } from './protocol.ts';
import { reserveRows, type View } from './view.ts';

/** Bits of the flags byte. The two `reach` bits are the power of two by which the radius exceeds the vision radius. */
export const SnapshotFlag = { alive: 1, stats: 2, reach: 12, partial: 16 } as const;

const OFFSET_STEPS = 4096;
/** Sub-units of one step of an offset within plain vision; a decoded position is off by at most half a step per axis. */
export const OFFSET_STEP = (2 * VISION_RADIUS) / OFFSET_STEPS;
const HEALTH_STEP = 4;

/** The part of a snapshot that is about the viewer and its link, not about the world. */
export interface SnapshotHeader {
  tick: number;
  /** Low 16 bits of the newest tick of the viewer's own timeline that has been executed. */
  ackedTick: number;
  /** How many ticks before its execution the last input arrived; 0 and below is late. */
  marginTicks: number;
  /** The client's clock as its last input told it, and how long ago that arrived (255: longer). */
  echoedTimeMs: number;
  heldMs: number;
  /** Power of two by which this snapshot reaches beyond vision. */
  reach: number;
  hasStats: boolean;
}

/** Ids of what a viewer sees, gathered by interest.ts. `radius` in sub-units is 0 when nothing had to be left out. */
export interface Sight {
  radius: number;
  playerCount: number;
  shotCount: number;
  coinCount: number;
  readonly playerIds: Int32Array;
  readonly shotIds: Int32Array;
  readonly coinIds: Int32Array;
}

/**
 * Writes one snapshot at `out[at]`, and returns the index behind it; `out` must have MAX_MESSAGE_BYTES of room.
 * Cost: one pass over what is seen; allocates nothing.
 */
export function encodeSnapshot(
  out: Uint8Array,
  at: number,
  world: World,
  viewer: number,
  header: SnapshotHeader,
  sight: Sight,
): number {
  const { players, shots, coins } = world;
  const x = players.x[viewer]!;
  const y = players.y[viewer]!;
  const alive = players.status[viewer] === Status.alive;
  out[at] = PROTOCOL_VERSION;
  out[at + 1] = Kind.snapshot;
  out[at + 2] =
    (alive ? SnapshotFlag.alive : 0) |
    (header.hasStats ? SnapshotFlag.stats : 0) |
    (header.reach << 2) |
    (sight.radius > 0 ? SnapshotFlag.partial : 0);
  let i = put32(out, at + 3, header.tick);
  i = put16(out, i, header.ackedTick);
  out[i++] = header.marginTicks;
  i = put16(out, i, header.echoedTimeMs);
  out[i++] = header.heldMs;
  i = put32(out, i, x);
  i = put32(out, i, y);
  out[i++] = players.health[viewer]!;
  const waitUntil = alive ? players.readyTick[viewer]! : players.spawnTick[viewer]!;
  out[i++] = Math.max(0, Math.min(255, waitUntil - header.tick));
  if (header.hasStats) i = putStats(out, i, world, viewer);
  if (sight.radius > 0) i = put16(out, i, Math.floor(sight.radius / SUBUNITS));
  i = putVarint(out, i, sight.playerCount);
  i = putVarint(out, i, sight.shotCount);
  i = putVarint(out, i, sight.coinCount);

  const radius = VISION_RADIUS << header.reach;
  const step = OFFSET_STEP << header.reach;
  const left = x - radius;
  const top = y - radius;
  for (let k = 0; k < sight.playerCount; k++) {
    const id = sight.playerIds[k]!;
    i = putPlace(out, i, id, players.x[id]! - left, players.y[id]! - top, step);
    out[i++] = players.aim[id]! >>> 4;
    out[i++] = Math.ceil(players.health[id]! / HEALTH_STEP) | (players.shield[id]! > 0 ? 32 : 0);
  }
  for (let k = 0; k < sight.shotCount; k++) {
    const id = sight.shotIds[k]!;
    i = putPlace(out, i, id, shots.x[id]! - left, shots.y[id]! - top, step);
    out[i++] = shots.aim[id]! >>> 4;
  }
  for (let k = 0; k < sight.coinCount; k++) {
    const id = sight.coinIds[k]!;
    i = putPlace(out, i, id, coins.x[id]! - left, coins.y[id]! - top, step);
    out[i++] = Math.min(255, coins.amount[id]!);
  }
  return i;
}

function putStats(out: Uint8Array, at: number, world: World, viewer: number): number {
  const { players } = world;
  let i = put16(out, at, Math.min(0xffff, players.shield[viewer]!));
  i = put16(out, i, Math.min(0xffff, players.coins[viewer]!));
  i = put32(out, i, players.score[viewer]!);
  i = put16(out, i, players.kills[viewer]!);
  i = put16(out, i, players.deaths[viewer]!);
  return put16(out, i, players.purchaseKey[viewer]!);
}

function put16(out: Uint8Array, at: number, value: number): number {
  out[at] = value;
  out[at + 1] = value >>> 8;
  return at + 2;
}

function put32(out: Uint8Array, at: number, value: number): number {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
  return at + 4;
}

function putVarint(out: Uint8Array, at: number, value: number): number {
  let i = at;
  let rest = value;
  while (rest >= 0x80) {
    out[i++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[i++] = rest;
  return i;
}

function putPlace(out: Uint8Array, at: number, id: number, dx: number, dy: number, step: number): number {
  let qx = (dx / step) | 0;
  let qy = (dy / step) | 0;
  qx = qx < 0 ? 0 : qx >= OFFSET_STEPS ? OFFSET_STEPS - 1 : qx;
  qy = qy < 0 ? 0 : qy >= OFFSET_STEPS ? OFFSET_STEPS - 1 : qy;
  out[at] = id;
  out[at + 1] = id >>> 8;
  out[at + 2] = qx;
  out[at + 3] = (qx >>> 8) | (qy << 4);
  out[at + 4] = qy >>> 4;
  return at + 5;
}

/** The tick of a snapshot, without decoding the rest. */
export function snapshotTick(bytes: Uint8Array): number {
  return new ByteReader(bytes, 3).u32();
}

/**
 * Reads a snapshot into `view` and its header into `header`. Statistics that it does not carry stay as they are in
 * `view`. Throws a ProtocolError on bad bytes; `view` is then partly written, so decode into one that is not shown.
 */
export function decodeSnapshot(bytes: Uint8Array, view: View, header: SnapshotHeader): void {
  if (bytes.length > MAX_MESSAGE_BYTES) throw new ProtocolError(`snapshot of ${bytes.length} bytes`);
  const reader = new ByteReader(bytes, 2);
  const flags = reader.u8();
  header.tick = reader.u32();
  header.ackedTick = reader.u16();
  header.marginTicks = reader.i8();
  header.echoedTimeMs = reader.u16();
  header.heldMs = reader.u8();
  header.reach = (flags & SnapshotFlag.reach) >> 2;
  header.hasStats = (flags & SnapshotFlag.stats) !== 0;
  readSelf(reader, flags, view);
  if (flags & SnapshotFlag.partial) reader.u16();
  const players = count(reader, SNAPSHOT_LIMITS.players, 'players');
  const shots = count(reader, SNAPSHOT_LIMITS.shots, 'shots');
  const coins = count(reader, SNAPSHOT_LIMITS.coins, 'coins');
  const body = reader.take(players * 7 + shots * 6 + coins * 6);
  reader.end();
  readEntities(body, view, header.reach, players, shots, coins);
  view.tick = header.tick;
}

function count(reader: ByteReader, limit: number, what: string): number {
  const value = reader.varint();
  if (value > limit) throw new ProtocolError(`${value} ${what} in a snapshot: at most ${limit}`);
  return value;
}

function readSelf(reader: ByteReader, flags: number, view: View): void {
  const { self, arena } = view;
  self.alive = (flags & SnapshotFlag.alive) !== 0;
  self.x = reader.i32();
  self.y = reader.i32();
  if (self.x < 0 || self.y < 0 || self.x >= arena.size || self.y >= arena.size)
    throw new ProtocolError('outside the arena');
  self.health = reader.u8();
  if (self.health > MAX_HEALTH) throw new ProtocolError(`health ${self.health}`);
  self.waitTicks = reader.u8();
  if ((flags & SnapshotFlag.stats) === 0) return;
  self.shield = reader.u16();
  self.coins = reader.u16();
  self.score = reader.u32();
  self.kills = reader.u16();
  self.deaths = reader.u16();
  self.purchaseKey = reader.u16();
}

/** Fills the columns. The length of `body` has been checked, so it is read without further bounds checks. */
function readEntities(
  body: Uint8Array,
  view: View,
  reach: number,
  players: number,
  shots: number,
  coins: number,
): void {
  const { self, arena } = view;
  const step = OFFSET_STEP << reach;
  const left = self.x - (VISION_RADIUS << reach) + (step >> 1);
  const top = self.y - (VISION_RADIUS << reach) + (step >> 1);
  const capacity = arena.capacity;
  let at = 0;
  reserveRows(view.players, players);
  reserveRows(view.shots, shots);
  reserveRows(view.coins, coins);
  const p = view.players;
  for (let k = 0; k < players; k++, at += 7) {
    const id = body[at]! | (body[at + 1]! << 8);
    if (id >= capacity) throw new ProtocolError(`player ${id}`);
    p.id[k] = id;
    p.x[k] = left + (body[at + 2]! | ((body[at + 3]! & 15) << 8)) * step;
    p.y[k] = top + ((body[at + 3]! >> 4) | (body[at + 4]! << 4)) * step;
    p.aim[k] = body[at + 5]! << 4;
    p.health[k] = (body[at + 6]! & 31) * HEALTH_STEP;
    p.shielded[k] = (body[at + 6]! >> 5) & 1;
  }
  p.count = players;
  const s = view.shots;
  for (let k = 0; k < shots; k++, at += 6) {
    const id = body[at]! | (body[at + 1]! << 8);
    if (id >= capacity * SHOTS_PER_PLAYER) throw new ProtocolError(`shot ${id}`);
    s.id[k] = id;
    s.x[k] = left + (body[at + 2]! | ((body[at + 3]! & 15) << 8)) * step;
    s.y[k] = top + ((body[at + 3]! >> 4) | (body[at + 4]! << 4)) * step;
    s.aim[k] = body[at + 5]! << 4;
  }
  s.count = shots;
  const c = view.coins;
  for (let k = 0; k < coins; k++, at += 6) {
    c.id[k] = body[at]! | (body[at + 1]! << 8);
    c.x[k] = left + (body[at + 2]! | ((body[at + 3]! & 15) << 8)) * step;
    c.y[k] = top + ((body[at + 3]! >> 4) | (body[at + 4]! << 4)) * step;
    c.amount[k] = body[at + 5]!;
  }
  c.count = coins;
}
