/**
 * What passes between a participant and the rendezvous in a room that keeps seats: who takes part, agreed epoch by epoch,
 * the room's time, and who is near whom. Read and written by `rendezvous-messages.ts`.
 */
import type { ByteReader, ByteWriter } from '../bytes.ts';
import { flag, peerId } from '../fields.ts';
import { Kind, MAX_NAME_BYTES, ProtocolError, TOKEN_BYTES } from '../protocol.ts';
import type { PeerId } from '../session.ts';
import { type EpochSeat, writeSeats } from './epoch.ts';
import {
  type EpochChange,
  KEPT_EPOCHS,
  MAX_CHANGES,
  MAX_JOINS,
  type NamedSeat,
  type Roster,
  type ToldEpochs,
} from './epoch-chain.ts';

/** Seats of one room. */
export const MAX_SEATS = 1000;
/** Peers in one introduction. */
export const MAX_INTRODUCED = 200;
/** The dearest number: some minutes on a fast machine. */
export const MAX_PROOF_BITS = 24;

/**
 * Higher wins: its round × 2³² + what tells apart those who might propose in the same round.
 * 0 stands for none.
 */
export type Ballot = number;

const ROUND = 0x1_0000_0000;
const MAX_ROUND = 0x1f_ffff;

/** The ballot of the next round after `last`, of the proposer with the number `by`. */
export function nextBallot(last: Ballot, by: number): Ballot {
  return (Math.floor(last / ROUND) + 1) * ROUND + by;
}

/** What a participant that comes back still knows. */
export interface Memory {
  line: number;
  /** Of the newest epoch that it knows. */
  number: number;
  life: number;
}

/** The answer to a challenge. */
export interface Proof {
  nonce: Uint8Array;
  answer: number;
}

/** The next epoch, as it was accepted and perhaps not yet decided. */
export interface AcceptedChange {
  ballot: Ballot;
  number: number;
  change: EpochChange;
}

/** What a participant knows, or the room. */
export interface Known {
  type: 'known';
  line: number;
  /** Of the participant. */
  life: number;
  /** The room's time when this was sent; null when it is not known. */
  roomMs: number | null;
  /** The highest that was promised. */
  ballot: Ballot;
  /** Of the newest epoch. */
  number: number;
  accepted: AcceptedChange | null;
  epochs: ToldEpochs | null;
}

export type RoomMessage =
  /** Where a participant is, and what time it is there; `asks`: it wants to be told who is around. */
  | { type: 'cell'; sentMs: number; cell: number; asks: boolean }
  /** The answer: its own time, the room's, the cell that was noted, and who is around, if asked. */
  | { type: 'cellNoted'; sentMs: number; roomMs: number; cell: number; peers: IntroducedPeer[] | null }
  | { type: 'epoch'; line: number; number: number; ballot: Ballot; change: EpochChange }
  /** `promised` is above `ballot` where the proposal came too late. */
  | { type: 'epochAck'; line: number; number: number; ballot: Ballot; promised: Ballot }
  | { type: 'epochCommit'; line: number; number: number; change: EpochChange }
  | { type: 'recall'; line: number; ballot: Ballot; wantsEpochs: boolean }
  | Known
  | { type: 'challenge'; nonce: Uint8Array; bits: number };

export interface IntroducedPeer {
  peer: PeerId;
  cell: number;
}

const TYPES = ['cell', 'cellNoted', 'epoch', 'epochAck', 'epochCommit', 'recall', 'known', 'challenge'] as const;
const typeOfKind = new Map<number, RoomMessage['type']>(TYPES.map((type) => [Kind[type], type]));

/** Whether a message is of a room with seats. */
export function isRoomKind(kind: number): boolean {
  return typeOfKind.has(kind);
}

export function isRoomMessage(message: { type: string }): message is RoomMessage {
  return (TYPES as readonly string[]).includes(message.type);
}

/** Times are told to a sixteenth of a millisecond, and begin anew after three days: a round trip is shorter. */
export function writeOwnTime(writer: ByteWriter, ms: number): ByteWriter {
  return writer.u32(Math.floor(ms * 16) % ROUND);
}

/** How long ago an echoed time was. */
export function elapsedMs(sentMs: number, nowMs: number): number {
  const elapsed = (Math.floor(nowMs * 16) - Math.round(sentMs * 16)) % ROUND;
  return (elapsed < 0 ? elapsed + ROUND : elapsed) / 16;
}

function writeRoomTime(writer: ByteWriter, ms: number): ByteWriter {
  const rounded = Math.max(0, Math.min(ROUND - 1, Math.round(ms * 256) / 256));
  return writer.u32(Math.floor(rounded)).u8((rounded % 1) * 256);
}

function readRoomTime(reader: ByteReader): number {
  return reader.u32() + reader.u8() / 256;
}

function writeBallot(writer: ByteWriter, ballot: Ballot): ByteWriter {
  return writer.u32(Math.floor(ballot / ROUND)).u32(ballot % ROUND);
}

function readBallot(reader: ByteReader): Ballot {
  const round = reader.u32();
  if (round > MAX_ROUND) throw new ProtocolError(`ballot of round ${round}`);
  return round * ROUND + reader.u32();
}

export function writeRoomMessage(writer: ByteWriter, message: RoomMessage): Uint8Array {
  switch (message.type) {
    case 'cell':
      return writeOwnTime(writer, message.sentMs)
        .u16(message.cell)
        .u8(message.asks ? 1 : 0)
        .finish();
    case 'cellNoted':
      writeRoomTime(writeOwnTime(writer, message.sentMs), message.roomMs);
      writer.u16(message.cell).u8(message.peers ? 1 : 0);
      for (const { peer, cell } of message.peers ?? []) writer.u16(peer).u16(cell);
      return writer.finish();
    case 'epoch':
      writeBallot(writer.u32(message.line).u32(message.number), message.ballot);
      return writeChange(writer, message.change).finish();
    case 'epochAck':
      writeBallot(writer.u32(message.line).u32(message.number), message.ballot);
      return writeBallot(writer, message.promised).finish();
    case 'epochCommit':
      return writeChange(writer.u32(message.line).u32(message.number), message.change).finish();
    case 'recall':
      return writeBallot(writer.u32(message.line), message.ballot)
        .u8(message.wantsEpochs ? 1 : 0)
        .finish();
    case 'known':
      return writeKnown(writer, message);
    case 'challenge':
      return writer.bytes(message.nonce).u8(message.bits).finish();
  }
}

function writeKnown(writer: ByteWriter, { line, life, roomMs, ballot, number, accepted, epochs }: Known): Uint8Array {
  const has = (roomMs === null ? 0 : Has.roomMs) | (accepted ? Has.accepted : 0) | (epochs ? Has.epochs : 0);
  writeBallot(
    writer
      .u8(has | (epochs?.roster ? Has.roster : 0))
      .u32(line)
      .u16(life),
    ballot,
  ).u32(number);
  if (roomMs !== null) writeRoomTime(writer, roomMs);
  if (accepted) writeChange(writeBallot(writer, accepted.ballot).u32(accepted.number), accepted.change);
  if (!epochs) return writer.finish();
  const { roster, from, changes } = epochs;
  writer.u32(from);
  if (roster) {
    writeSeats(writer.u16(roster.lastPeer), roster.seats);
    for (const { name } of roster.seats) writer.text(name, MAX_NAME_BYTES);
  }
  writer.u8(changes.length);
  for (const change of changes) writeChange(writer, change);
  return writer.finish();
}

const Has = { roomMs: 1, accepted: 2, epochs: 4, roster: 8 } as const;

function writeChange(writer: ByteWriter, { lastPeer, gone, changed, joined }: EpochChange): ByteWriter {
  writer.u16(lastPeer).u16(gone.length);
  for (const peer of gone) writer.u16(peer);
  writer.u16(changed.length);
  for (const { peer, life, isAway, cell } of changed) {
    writer.u16(peer);
    writeLife(writer, life, isAway).u16(cell);
  }
  writeSeats(writer, joined);
  for (const { name } of joined) writer.text(name, MAX_NAME_BYTES);
  return writer;
}

/** A life in 15 bits, and whether its peer is away. */
function writeLife(writer: ByteWriter, life: number, isAway: boolean): ByteWriter {
  return writer.u16((life & 0x7fff) | (isAway ? 0x8000 : 0));
}

export function readRoomMessage(kind: number, reader: ByteReader): RoomMessage {
  const type = typeOfKind.get(kind);
  switch (type) {
    case 'cell':
      return { type, sentMs: reader.u32() / 16, cell: reader.u16(), asks: flag(reader) };
    case 'cellNoted': {
      const head = { type, sentMs: reader.u32() / 16, roomMs: readRoomTime(reader), cell: reader.u16() };
      return { ...head, peers: flag(reader) ? introducedPeers(reader) : null };
    }
    case 'epoch': {
      const head = { type, line: lineOf(reader), number: numberOf(reader), ballot: readBallot(reader) };
      return { ...head, change: readChange(reader) };
    }
    case 'epochAck': {
      const head = { type, line: lineOf(reader), number: numberOf(reader), ballot: readBallot(reader) };
      return { ...head, promised: readBallot(reader) };
    }
    case 'epochCommit':
      return { type, line: lineOf(reader), number: numberOf(reader), change: readChange(reader) };
    case 'recall':
      return { type, line: lineOf(reader), ballot: readBallot(reader), wantsEpochs: flag(reader) };
    case 'known':
      return readKnown(reader);
    case 'challenge':
      return { type, nonce: reader.copy(TOKEN_BYTES), bits: proofBits(reader) };
    default:
      throw new ProtocolError(`unknown kind ${kind}`);
  }
}

export function proofBits(reader: ByteReader): number {
  const bits = reader.u8();
  if (bits > MAX_PROOF_BITS) throw new ProtocolError(`proof of ${bits} bits`);
  return bits;
}

function introducedPeers(reader: ByteReader): IntroducedPeer[] {
  if (reader.remaining > 4 * MAX_INTRODUCED) throw new ProtocolError('too many introduced');
  const peers: IntroducedPeer[] = [];
  while (reader.remaining > 0) peers.push({ peer: peerId(reader), cell: reader.u16() });
  return peers;
}

function lineOf(reader: ByteReader): number {
  const line = reader.u32();
  if (line === 0) throw new ProtocolError('line 0');
  return line;
}

function numberOf(reader: ByteReader): number {
  const number = reader.u32();
  if (number === 0) throw new ProtocolError('epoch 0');
  return number;
}

/** Who comes back with memory says so in its enter. */
export function readMemory(reader: ByteReader): Memory {
  return { line: lineOf(reader), number: numberOf(reader), life: readLife(reader).life };
}

export function writeMemory(writer: ByteWriter, { line, number, life }: Memory): void {
  writeLife(writer.u32(line).u32(number), life, false);
}

function readLife(reader: ByteReader): { life: number; isAway: boolean } {
  const word = reader.u16();
  return { life: word & 0x7fff, isAway: word >= 0x8000 };
}

function readKnown(reader: ByteReader): Known {
  const has = reader.u8();
  if (has > 15 || (has & (Has.epochs | Has.roster)) === Has.roster) throw new ProtocolError(`known with flags ${has}`);
  const line = lineOf(reader);
  const { life } = readLife(reader);
  const ballot = readBallot(reader);
  const number = numberOf(reader);
  const roomMs = has & Has.roomMs ? readRoomTime(reader) : null;
  let accepted: AcceptedChange | null = null;
  if (has & Has.accepted) {
    const head = { ballot: readBallot(reader), number: numberOf(reader) };
    accepted = { ...head, change: readChange(reader) };
  }
  const epochs = has & Has.epochs ? readEpochs(reader, (has & Has.roster) !== 0) : null;
  return { type: 'known', line, life, roomMs, ballot, number, accepted, epochs };
}

function readEpochs(reader: ByteReader, hasRoster: boolean): ToldEpochs {
  const from = numberOf(reader);
  const roster: Roster | null = hasRoster
    ? { number: from, lastPeer: reader.u16(), seats: readNamedSeats(reader, MAX_SEATS) }
    : null;
  const count = reader.u8();
  if (count >= KEPT_EPOCHS) throw new ProtocolError(`${count} changes`);
  const changes: EpochChange[] = [];
  for (let i = 0; i < count; i++) changes.push(readChange(reader));
  return { roster, from, changes };
}

function readChange(reader: ByteReader): EpochChange {
  const lastPeer = reader.u16();
  const gone = Array.from({ length: countOf(reader, MAX_CHANGES) }, () => peerId(reader));
  const changed = Array.from({ length: countOf(reader, MAX_CHANGES) }, () => {
    return { peer: peerId(reader), ...readLife(reader), cell: reader.u16() };
  });
  return { lastPeer, gone, changed, joined: readNamedSeats(reader, MAX_JOINS) };
}

function readNamedSeats(reader: ByteReader, most: number): NamedSeat[] {
  const seats: EpochSeat[] = Array.from({ length: countOf(reader, most) }, () => {
    const head = { peer: peerId(reader), slot: reader.u16() };
    return { ...head, ...readLife(reader), cell: reader.u16() };
  });
  return seats.map((seat) => ({ ...seat, name: reader.text(MAX_NAME_BYTES) }));
}

function countOf(reader: ByteReader, most: number): number {
  const count = reader.u16();
  if (count > most) throw new ProtocolError(`a list of ${count}: at most ${most}`);
  return count;
}
