/**
 * Agreement on the next view: single-decree Paxos (Lamport 2001, "Paxos Made Simple"), one instance per view number. The
 * acceptors are the members of the view before; where their number is even, the rendezvous is one more, so that of two
 * equal halves the one that reaches it goes on. A prepare also names whom the proposer wants to drop: who promises takes
 * nothing more from them, and reports how far it knows their inputs.
 */
import { ByteReader, ByteWriter } from '../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';
import type { PeerId } from '../session.ts';
import { readTick, readWords, writeWords } from './view-codec.ts';

/** How far a promising member knows a suspect's inputs, and its newest ones, up to and including `through`. */
export interface Report {
  peer: PeerId;
  through: number;
  words: readonly number[];
}

/** `view`: the instance. `ballot`: higher wins; its low 16 bits are the proposer's id, so that no two are equal. */
export type BallotMessage =
  | { type: 'prepare'; view: number; ballot: number; drop: readonly PeerId[] }
  | { type: 'promise'; view: number; ballot: number; accepted: Accepted | null; reports: readonly Report[] }
  | { type: 'accept'; view: number; ballot: number; value: Uint8Array }
  | { type: 'accepted'; view: number; ballot: number }
  /** A higher ballot was promised. */
  | { type: 'outbid'; view: number; ballot: number };

export interface Accepted {
  ballot: number;
  value: Uint8Array;
}

const MAX_REPORTS = 64;
const MAX_VALUE_BYTES = 12_000;

export function encodeBallot(message: BallotMessage): Uint8Array {
  const writer = new ByteWriter(64).u8(PROTOCOL_VERSION).u8(Kind[message.type]).u32(message.view).u32(message.ballot);
  switch (message.type) {
    case 'prepare':
      writer.u8(message.drop.length);
      for (const peer of message.drop) writer.u16(peer);
      break;
    case 'promise': {
      const { accepted, reports } = message;
      writer.u32(accepted?.ballot ?? 0);
      if (accepted) writer.u16(accepted.value.length).bytes(accepted.value);
      writer.u8(reports.length);
      for (const { peer, through, words } of reports) writeWords(writer.u16(peer).u32(through + 1), words);
      break;
    }
    case 'accept':
      writer.bytes(message.value);
      break;
  }
  return writer.finish();
}

/** Throws a ProtocolError on anything that is not exactly one ballot message. */
export function decodeBallot(bytes: Uint8Array): BallotMessage {
  const reader = new ByteReader(bytes, 2);
  const view = reader.u32();
  const ballot = reader.u32();
  const message = decodeBody(bytes[1]!, reader, view, ballot);
  reader.end();
  return message;
}

function decodeBody(kind: number, reader: ByteReader, view: number, ballot: number): BallotMessage {
  switch (kind) {
    case Kind.prepare: {
      const drop = Array.from({ length: limited(reader.u8()) }, () => reader.u16());
      return { type: 'prepare', view, ballot, drop };
    }
    case Kind.promise: {
      const before = reader.u32();
      const accepted = before === 0 ? null : { ballot: before, value: reader.copy(valueLength(reader.u16())) };
      const reports = Array.from({ length: limited(reader.u8()) }, () => {
        const peer = reader.u16();
        const through = readTick(reader) - 1;
        return { peer, through, words: readWords(reader) };
      });
      return { type: 'promise', view, ballot, accepted, reports };
    }
    case Kind.accept:
      return { type: 'accept', view, ballot, value: reader.copy(valueLength(reader.remaining)) };
    case Kind.accepted:
      return { type: 'accepted', view, ballot };
    case Kind.outbid:
      return { type: 'outbid', view, ballot };
    default:
      throw new ProtocolError(`kind ${kind} is no ballot`);
  }
}

function limited(count: number): number {
  if (count > MAX_REPORTS) throw new ProtocolError(`${count} peers in a ballot`);
  return count;
}

function valueLength(length: number): number {
  if (length > MAX_VALUE_BYTES) throw new ProtocolError(`view change of ${length} bytes`);
  return length;
}

/** What an acceptor must never forget about one instance. */
interface Instance {
  promised: number;
  accepted: Accepted | null;
}

/** Instances that an acceptor keeps. Older ones are decided, and asked for by nobody who could still act on them. */
const KEPT_INSTANCES = 16;

/** An acceptor of view changes: a member, or the rendezvous. */
export class Acceptor {
  readonly #instances = new Map<number, Instance>();

  /** Answers a prepare or an accept; `report` tells about the suspects that a prepare names. Null: no answer is due. */
  answer(message: BallotMessage, report: (drop: readonly PeerId[]) => Report[]): BallotMessage | null {
    if (message.type !== 'prepare' && message.type !== 'accept') return null;
    const { view, ballot } = message;
    const instance = this.#instance(view);
    if (!instance) return null;
    if (ballot < instance.promised) return { type: 'outbid', view, ballot: instance.promised };
    instance.promised = ballot;
    if (message.type === 'prepare') {
      return { type: 'promise', view, ballot, accepted: instance.accepted, reports: report(message.drop) };
    }
    instance.accepted = { ballot, value: message.value };
    return { type: 'accepted', view, ballot };
  }

  /** As the rendezvous answers: bytes in, bytes out, and it knows no inputs. Throws a ProtocolError on bad bytes. */
  handle(bytes: Uint8Array): Uint8Array | null {
    const answer = this.answer(decodeBallot(bytes), () => []);
    return answer && encodeBallot(answer);
  }

  #instance(view: number): Instance | null {
    const known = this.#instances.get(view);
    if (known) return known;
    const newest = Math.max(0, ...this.#instances.keys());
    if (view <= newest - KEPT_INSTANCES) return null;
    const made: Instance = { promised: 0, accepted: null };
    this.#instances.set(view, made);
    for (const old of this.#instances.keys())
      if (old <= Math.max(view, newest) - KEPT_INSTANCES) this.#instances.delete(old);
    return made;
  }
}
