/** What claimants and homes of coins tell each other. Each message names the line of its match (M-L1). */
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { type Act, type CoinRecord, readRecord, type Token, writeRecord } from './record.ts';
import { type Run, readRuns, writeRuns } from './runs.ts';

export const SIGNATURE_BYTES = 64;
/** Of an answer that nobody asked for: coins were lost. Claims count from 1. */
export const NO_OP = 0;
/** Spots asked for in one recall. */
export const MAX_RECALLED = 32;

/** Of a home, over `signedText` of a record. */
export interface HomeSignature {
  peer: PeerId;
  signature: Uint8Array;
}

/** A token that somebody holds, and since which version. */
export interface Holding {
  token: Token;
  since: number;
}

/** `stamp`: number of the epoch in which whoever is in charge took charge. */
export type LedgerMessage =
  /** `epoch`: the newest that the claimant knows; `op` tells its claims apart. */
  | {
      type: 'claim';
      epoch: number;
      life: number;
      op: number;
      act: Act;
      token: Token;
      since: number;
      x: number;
      y: number;
    }
  | {
      type: 'answer';
      /** As in the claim. */
      life: number;
      op: number;
      granted: boolean;
      stamp: number;
      spot: number;
      record: CoinRecord;
      signatures: readonly HomeSignature[];
    }
  | { type: 'fetch'; spot: number; stamp: number }
  /** `tag`: stamp under which the record was put here, 0 for never; `runs`: the homes since then. */
  | ({ type: 'fetched'; stamp: number } & Fetched)
  | { type: 'put'; spot: number; stamp: number; record: CoinRecord }
  | { type: 'kept'; spot: number; stamp: number; version: number; signature: Uint8Array | null }
  | { type: 'recall'; epoch: number; life: number; spots: readonly number[] }
  | { type: 'recalled'; epoch: number; spots: readonly { spot: number; version: number; holds: readonly Holding[] }[] };

/** What a home knows of a spot. Its memory goes back to the beginning of `firstLife`. */
export interface Fetched {
  spot: number;
  firstLife: number;
  life: number;
  tag: number;
  record: CoinRecord;
  runs: readonly Run[];
}

const KINDS = {
  claim: Kind.ledgerClaim,
  answer: Kind.ledgerAnswer,
  fetch: Kind.ledgerFetch,
  fetched: Kind.ledgerFetched,
  put: Kind.ledgerPut,
  kept: Kind.ledgerKept,
  recall: Kind.ledgerRecall,
  recalled: Kind.ledgerRecalled,
} as const;
const ACTS: readonly Act[] = ['take', 'drop', 'spend'];
/** An answer to a recall ends before this; what is left out is asked for again. */
const MAX_RECALLED_HOLDINGS = 150;

export function encodeLedger(line: number, message: LedgerMessage): Uint8Array {
  const writer = new ByteWriter(64).u8(PROTOCOL_VERSION).u8(KINDS[message.type]).u32(line);
  switch (message.type) {
    case 'claim':
      writer.u32(message.epoch).u16(message.life).u32(message.op).u8(ACTS.indexOf(message.act));
      writer.u32(message.token).u32(message.since);
      if (message.act === 'drop') writer.u32(message.x).u32(message.y);
      break;
    case 'answer':
      writer
        .u16(message.life)
        .u32(message.op)
        .u8(message.granted ? 1 : 0)
        .u32(message.stamp)
        .u16(message.spot);
      writeRecord(writer, message.record);
      writer.u8(message.signatures.length);
      for (const { peer, signature } of message.signatures) writer.u16(peer).bytes(signature);
      break;
    case 'fetch':
      writer.u16(message.spot).u32(message.stamp);
      break;
    case 'fetched':
      writer.u16(message.spot).u32(message.stamp).u16(message.firstLife).u16(message.life);
      writer.u32(message.tag);
      writeRecord(writer, message.record);
      writeRuns(writer, message.runs);
      break;
    case 'put':
      writer.u16(message.spot).u32(message.stamp);
      writeRecord(writer, message.record);
      break;
    case 'kept':
      writer
        .u16(message.spot)
        .u32(message.stamp)
        .u32(message.version)
        .u8(message.signature ? 1 : 0);
      if (message.signature) writer.bytes(message.signature);
      break;
    case 'recall':
      writer.u32(message.epoch).u16(message.life).u8(message.spots.length);
      for (const spot of message.spots) writer.u16(spot);
      break;
    case 'recalled':
      writeRecalled(writer, message);
      break;
  }
  return writer.finish();
}

function writeRecalled(writer: ByteWriter, { epoch, spots }: LedgerMessage & { type: 'recalled' }): void {
  let left = MAX_RECALLED_HOLDINGS;
  const fitting = spots.slice(0, MAX_RECALLED).filter(({ holds }) => {
    left -= 1 + holds.length;
    return left >= 0;
  });
  writer.u32(epoch).u8(fitting.length);
  for (const { spot, version, holds } of fitting) {
    writer.u16(spot).u32(version).u8(holds.length);
    for (const { token, since } of holds) writer.u16(token & 0xffff).u32(since);
  }
}

/** Throws a ProtocolError on anything that is not exactly one message of the ledger. */
export function decodeLedger(bytes: Uint8Array): { line: number; message: LedgerMessage } {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== PROTOCOL_VERSION) throw new ProtocolError(`protocol version ${version}`);
  const kind = reader.u8();
  const line = reader.u32();
  const message = decodeBody(kind, reader);
  reader.end();
  return { line, message };
}

function decodeBody(kind: number, reader: ByteReader): LedgerMessage {
  switch (kind) {
    case KINDS.claim: {
      const head = { epoch: reader.u32(), life: reader.u16(), op: reader.u32() };
      const act = ACTS[reader.u8()];
      if (!act) throw new ProtocolError('a claim to do nothing that can be done');
      const what = { token: reader.u32(), since: reader.u32() };
      const isDrop = act === 'drop';
      return { type: 'claim', ...head, act, ...what, x: isDrop ? reader.u32() : 0, y: isDrop ? reader.u32() : 0 };
    }
    case KINDS.answer: {
      const asked = { life: reader.u16(), op: reader.u32() };
      const head = { ...asked, granted: flag(reader), stamp: reader.u32(), spot: reader.u16() };
      return { type: 'answer', ...head, record: readRecord(reader), signatures: readSignatures(reader) };
    }
    case KINDS.fetch:
      return { type: 'fetch', spot: reader.u16(), stamp: reader.u32() };
    case KINDS.fetched: {
      const head = { spot: reader.u16(), stamp: reader.u32(), firstLife: reader.u16(), life: reader.u16() };
      const written = { tag: reader.u32(), record: readRecord(reader), runs: readRuns(reader) };
      if (head.life < head.firstLife) throw new ProtocolError('a life before the first');
      return { type: 'fetched', ...head, ...written };
    }
    case KINDS.put:
      return { type: 'put', spot: reader.u16(), stamp: reader.u32(), record: readRecord(reader) };
    case KINDS.kept: {
      const head = { spot: reader.u16(), stamp: reader.u32(), version: reader.u32() };
      return { type: 'kept', ...head, signature: flag(reader) ? reader.copy(SIGNATURE_BYTES) : null };
    }
    case KINDS.recall: {
      const head = { epoch: reader.u32(), life: reader.u16() };
      return { type: 'recall', ...head, spots: Array.from({ length: limited(reader.u8()) }, () => reader.u16()) };
    }
    case KINDS.recalled: {
      const epoch = reader.u32();
      return {
        type: 'recalled',
        epoch,
        spots: Array.from({ length: limited(reader.u8()) }, () => readRecalled(reader)),
      };
    }
    default:
      throw new ProtocolError(`kind ${kind} is none of the ledger`);
  }
}

function readRecalled(reader: ByteReader) {
  const spot = reader.u16();
  const version = reader.u32();
  const holds = Array.from({ length: reader.u8() }, () => ({
    token: spot * 0x10000 + reader.u16(),
    since: reader.u32(),
  }));
  return { spot, version, holds };
}

function readSignatures(reader: ByteReader): HomeSignature[] {
  const count = reader.u8();
  if (count > 2) throw new ProtocolError(`${count} signatures of homes`);
  return Array.from({ length: count }, () => ({ peer: reader.u16(), signature: reader.copy(SIGNATURE_BYTES) }));
}

function limited(count: number): number {
  if (count > MAX_RECALLED) throw new ProtocolError(`${count} spots in a recall`);
  return count;
}

function flag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw new ProtocolError(`${value} is neither yes nor no`);
  return value === 1;
}
