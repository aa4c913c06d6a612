/**
 * An accusation, from the witness itself:
 *
 *   [subject u16][fault u8][tick u32][observed i32][allowed i32] [signature 64, where peers have proven keys]
 */
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { purpose } from './crypto.ts';
import { FAULTS, type Fault } from './faults.ts';

export interface Accusation extends Omit<Fault, 'weight'> {
  subject: PeerId;
  signature: Uint8Array | null;
}

const SIGNATURE_BYTES = 64;
const ACCUSE = purpose('accusation');

function writeBody(writer: ByteWriter, { subject, what, tick, observed, allowed }: Omit<Accusation, 'signature'>) {
  return writer
    .u16(subject)
    .u8(FAULTS.indexOf(what))
    .u32(tick)
    .u32(observed >>> 0)
    .u32(allowed >>> 0);
}

/** What a witness signs. */
export function accusationText(line: number, by: PeerId, accusation: Omit<Accusation, 'signature'>): Uint8Array {
  return writeBody(new ByteWriter(64).bytes(ACCUSE).u32(line).u16(by), accusation).finish();
}

export function encodeAccusation(accusation: Accusation): Uint8Array {
  const writer = writeBody(new ByteWriter(96).u8(PROTOCOL_VERSION).u8(Kind.meshAccusation), accusation);
  return writer.bytes(accusation.signature ?? new Uint8Array(0)).finish();
}

export function decodeAccusation(bytes: Uint8Array): Accusation {
  const reader = new ByteReader(bytes, 2);
  const subject = reader.u16();
  const code = reader.u8();
  const what = FAULTS[code];
  if (!what) throw new ProtocolError(`fault ${code}`);
  const numbers = { tick: reader.u32(), observed: reader.i32(), allowed: reader.i32() };
  const signature = reader.remaining === 0 ? null : reader.copy(SIGNATURE_BYTES);
  reader.end();
  return { subject, what, ...numbers, signature };
}
