/**
 * What a claimant asks of its witnesses, and what they tell whoever keeps the coin's record.
 *
 *   vouch   [token u32][tick u32][x u32][y u32]                 "I am there now, taking this"
 *   vouched [claimant u16] and the same                         "it was within reach of there then"
 */
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { Kind, PROTOCOL_VERSION } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import type { Token } from '../ledger/record.ts';

export interface Taking {
  token: Token;
  tick: number;
  x: number;
  y: number;
}

function write(writer: ByteWriter, { token, tick, x, y }: Taking): Uint8Array {
  return writer.u32(token).u32(tick).u32(x).u32(y).finish();
}

function read(reader: ByteReader): Taking {
  const taking = { token: reader.u32(), tick: reader.u32(), x: reader.u32(), y: reader.u32() };
  reader.end();
  return taking;
}

export function encodeVouch(taking: Taking): Uint8Array {
  return write(new ByteWriter(18).u8(PROTOCOL_VERSION).u8(Kind.meshVouch), taking);
}

export function decodeVouch(bytes: Uint8Array): Taking {
  return read(new ByteReader(bytes, 2));
}

export function encodeVouched(claimant: PeerId, taking: Taking): Uint8Array {
  return write(new ByteWriter(20).u8(PROTOCOL_VERSION).u8(Kind.meshVouched).u16(claimant), taking);
}

export function decodeVouched(bytes: Uint8Array): { claimant: PeerId; taking: Taking } {
  const reader = new ByteReader(bytes, 2);
  const claimant = reader.u16();
  return { claimant, taking: read(reader) };
}
