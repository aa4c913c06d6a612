/**
 * What is true of one spot's coins. A token is one coin: the spot that minted it and its number there (generation). Of
 * each spot the newest generation lies where it was minted; taking it mints the next. Older ones are held, or lie where
 * they were dropped; those that are neither were spent. Records are never changed in place: a change makes the next
 * version. Each token knows the version that moved it last (`since`), and a claim names the `since` that it is about, so
 * that a late copy of a claim can never do anything again: what it was about is no more.
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';

/** Spot × 65,536 + generation. */
export type Token = number;

/** Generations that a spot mints at most; the last one is never taken. */
export const MAX_GENERATION = 0xffff;
/** Tokens of one spot that are held or lie dropped, so that a record fits a datagram; a full spot grants no newer one. */
export const MAX_OUT = 48;
/** Spends of one spot that are remembered; who asks again later than that is refused. */
export const MAX_SPENT = 16;
/** Holder of a token that lies. Peers count from 1. */
export const NOBODY: PeerId = 0;

export const tokenOf = (spot: number, generation: number): Token => spot * 0x10000 + generation;
export const spotOf = (token: Token): number => Math.floor(token / 0x10000);
export const generationOf = (token: Token): number => token & 0xffff;

/** A token that left the place where it was minted, and is not spent. */
export interface OutToken {
  readonly generation: number;
  readonly since: number;
  readonly holder: PeerId;
  /** Where it lies; 0 while somebody holds it. */
  readonly x: number;
  readonly y: number;
}

/** A token that was spent, and the claim that did it: so a copy of that is told from a second one. */
export interface SpentToken {
  readonly generation: number;
  readonly holder: PeerId;
  readonly life: number;
  readonly op: number;
  /** Of the match, when whoever was in charge granted it: what was bought with it was bought then. */
  readonly tick: number;
}

export interface CoinRecord {
  readonly version: number;
  /** The newest, which lies where it was minted. */
  readonly generation: number;
  /** Version that minted the newest. */
  readonly since: number;
  /** Generations below it are void: what was true of them was lost with their homes. */
  readonly floor: number;
  /** By rising generation. */
  readonly out: readonly OutToken[];
  /** The newest spends, oldest first. */
  readonly spent: readonly SpentToken[];
}

/** What is true as long as nothing was written: it needs nobody to be asked. */
export const UNWRITTEN: CoinRecord = Object.freeze({
  version: 0,
  generation: 0,
  since: 0,
  floor: 0,
  out: [],
  spent: [],
});

export type Act = 'take' | 'drop' | 'spend';

/** What somebody wants done with a token. */
export interface Wish {
  readonly act: Act;
  readonly token: Token;
  /** As of the state of the token that the wish is about. */
  readonly since: number;
  /** Where to lay it, of a drop. */
  readonly x: number;
  readonly y: number;
}

/** A wish as its claimant names it: by `op` its claims are told apart, within its life. */
export interface Claimed extends Wish {
  readonly life: number;
  readonly op: number;
}

/**
 * `ahead`: who wishes has seen more than this record, so whoever holds it must not answer. `next` is there when the wish
 * changes the record. Who asks again gets the same: what a record once granted or refused by `since` stays so for ever.
 */
export type Judgement = { answer: 'ahead' } | { answer: 'granted' | 'refused'; next?: CoinRecord };

const AHEAD: Judgement = { answer: 'ahead' };
const GRANTED: Judgement = { answer: 'granted' };
const REFUSED: Judgement = { answer: 'refused' };

/** What a record says to a wish at a tick. `isAllowed`: false refuses a take that could be granted. */
export function judge(
  record: CoinRecord,
  who: PeerId,
  wish: Claimed,
  { tick, isAllowed = true }: { tick: number; isAllowed?: boolean },
): Judgement {
  const generation = generationOf(wish.token);
  if (wish.since > record.version) return AHEAD;
  // Void; also a generation beyond a record that is not behind: it was minted and lost twice.
  if (generation < record.floor || generation > record.generation) return wish.act === 'drop' ? GRANTED : REFUSED;
  if (generation === record.generation) return judgeNewest(record, who, wish, isAllowed);
  const token = record.out.find((out) => out.generation === generation);
  if (!token) return judgeSpent(record, who, wish, generation);
  const isUnmoved = wish.since === token.since;
  if (wish.act === 'take') {
    if (token.holder === who) return GRANTED;
    if (!isUnmoved || token.holder !== NOBODY) return REFUSED;
    const since = record.version + 1;
    return isAllowed
      ? { answer: 'granted', next: withToken(record, { generation, since, holder: who, x: 0, y: 0 }) }
      : { answer: 'refused', next: withToken(record, { ...token, since }) };
  }
  const isOwn = isUnmoved && token.holder === who;
  if (wish.act === 'drop') return isOwn ? { answer: 'granted', next: laid(record, token, wish.x, wish.y) } : GRANTED;
  if (!isOwn) return REFUSED;
  return { answer: 'granted', next: spend(record, { generation, holder: who, life: wish.life, op: wish.op, tick }) };
}

/** Whoever dropped it before it was spent asks in vain, but what it wanted is so. */
function judgeSpent({ spent }: CoinRecord, who: PeerId, { act, life, op }: Claimed, generation: number): Judgement {
  if (act === 'drop') return GRANTED;
  const isSame = (one: SpentToken) =>
    one.generation === generation && one.holder === who && one.life === life && one.op === op;
  return act === 'spend' && spent.some(isSame) ? GRANTED : REFUSED;
}

function judgeNewest(record: CoinRecord, who: PeerId, wish: Wish, allowed: boolean): Judgement {
  // Who holds what lies here held it before it was lost, twice.
  if (wish.act !== 'take') return wish.act === 'drop' ? GRANTED : REFUSED;
  if (wish.since !== record.since) return REFUSED;
  const { version, generation, floor, spent } = record;
  const since = version + 1;
  if (!allowed || record.out.length >= MAX_OUT || generation === MAX_GENERATION) {
    // A refusal must hold for every copy of the claim, whoever judges it later: so it moves the token, too.
    return { answer: 'refused', next: { ...record, version: since, since } };
  }
  const out = [...record.out, { generation, since, holder: who, x: 0, y: 0 }];
  return { answer: 'granted', next: { version: since, generation: generation + 1, since, floor, out, spent } };
}

/** More than a spot mints in the time in which its homes are lost. */
const LOST_GENERATIONS = 1024;
/** Versions from one stamp to the next, so that what begins anew is above all that was before, also twice. */
const LOST_VERSIONS = 0x4000;

/**
 * What goes on when nobody can say any more what was true: all coins that the spot ever minted are void, so that none can
 * be held twice. `last` is the newest that is left; `stamp` is of who decides it.
 */
export function begunAnew(last: CoinRecord, stamp: number): CoinRecord {
  const version = Math.max(last.version, stamp * LOST_VERSIONS) + LOST_VERSIONS;
  const generation = Math.min(MAX_GENERATION, last.generation + LOST_GENERATIONS);
  return { version, generation, since: version, floor: generation, out: [], spent: [] };
}

/** The next version, in which a held token lies. */
export function laid(record: CoinRecord, { generation }: OutToken, x: number, y: number): CoinRecord {
  return withToken(record, { generation, since: record.version + 1, holder: NOBODY, x, y });
}

function withToken(record: CoinRecord, token: OutToken): CoinRecord {
  const out = record.out.map((old) => (old.generation === token.generation ? token : old));
  return { ...record, version: record.version + 1, out };
}

function spend(record: CoinRecord, token: SpentToken): CoinRecord {
  const out = record.out.filter(({ generation }) => generation !== token.generation);
  return { ...record, version: record.version + 1, out, spent: [...record.spent, token].slice(-MAX_SPENT) };
}

export function writeRecord(writer: ByteWriter, { version, generation, since, floor, out, spent }: CoinRecord): void {
  writer.u32(version).u16(generation).u32(since).u16(floor).u8(out.length);
  for (const token of out) {
    writer.u16(token.generation).u32(token.since).u16(token.holder);
    if (token.holder === NOBODY) writer.u32(token.x).u32(token.y);
  }
  writer.u8(spent.length);
  for (const { generation: number, holder, life, op, tick } of spent) {
    writer.u16(number).u16(holder).u16(life).u32(op).u32(tick);
  }
}

/** Throws a ProtocolError on what no record can be. Places are checked by whoever knows the arena. */
export function readRecord(reader: ByteReader): CoinRecord {
  const version = reader.u32();
  const generation = reader.u16();
  const since = reader.u32();
  const floor = reader.u16();
  const count = reader.u8();
  if (since > version || generation > version || floor > generation)
    throw new ProtocolError('a coin from after its record');
  if (count > MAX_OUT || count > generation - floor) throw new ProtocolError(`${count} coins of one spot`);
  const out: OutToken[] = [];
  for (let i = 0; i < count; i++) {
    const token = readOut(reader);
    const isInOrder = token.generation > (out.at(-1)?.generation ?? floor - 1) && token.generation < generation;
    if (!isInOrder || token.since > version) throw new ProtocolError('coins of a spot out of order');
    out.push(token);
  }
  const spent = readSpent(reader, out);
  const isFit = spent.every((one) => one.generation >= floor && one.generation < generation);
  if (!isFit || out.length + spent.length > generation - floor) throw new ProtocolError('spent what never was');
  return { version, generation, since, floor, out, spent };
}

function readSpent(reader: ByteReader, out: readonly OutToken[]): SpentToken[] {
  const count = reader.u8();
  if (count > MAX_SPENT) throw new ProtocolError(`${count} spends of one spot`);
  const spent: SpentToken[] = [];
  for (let i = 0; i < count; i++) {
    const generation = reader.u16();
    const holder = reader.u16();
    const life = reader.u16();
    const isIt = (other: { generation: number }) => other.generation === generation;
    const isTwice = out.some(isIt) || spent.some(isIt);
    if (isTwice || holder === NOBODY) throw new ProtocolError(`spend of coin ${generation} by ${holder}`);
    spent.push({ generation, holder, life, op: reader.u32(), tick: reader.u32() });
  }
  return spent;
}

function readOut(reader: ByteReader): OutToken {
  const generation = reader.u16();
  const since = reader.u32();
  const holder = reader.u16();
  const lies = holder === NOBODY;
  return { generation, since, holder, x: lies ? reader.u32() : 0, y: lies ? reader.u32() : 0 };
}
