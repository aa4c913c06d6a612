/**
 * What a purchase is shown with, and what those who keep the records of coins are asked about it.
 *
 *   paid   [tick u32][count u8] count × [token u32]              "my shield went up then, for these"
 *   spends [flags u8: 1 an answer][buyer u16][count u8] count × [token u32][tick u32]
 *
 * A question has ticks of 0; an answer has the tick at which that buyer spent the token, or NOT_SPENT, and leaves out what
 * cannot be said.
 */
import { SHIELD_PRICE } from '../../../game/constants.ts';
import { ByteReader, ByteWriter } from '../../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import type { Token } from '../ledger/record.ts';

/** Of a token that its buyer did not spend. */
export const NOT_SPENT = 0xffffffff;

export interface Receipt {
  tick: number;
  tokens: Token[];
}

export interface Spends {
  isAnswer: boolean;
  buyer: PeerId;
  tokens: { token: Token; tick: number }[];
}

export function encodePaid({ tick, tokens }: Receipt): Uint8Array {
  const writer = new ByteWriter(32).u8(PROTOCOL_VERSION).u8(Kind.meshPaid).u32(tick).u8(tokens.length);
  for (const token of tokens) writer.u32(token);
  return writer.finish();
}

export function decodePaid(bytes: Uint8Array): Receipt {
  const reader = new ByteReader(bytes, 2);
  const tick = reader.u32();
  const tokens = Array.from({ length: counted(reader) }, () => reader.u32());
  reader.end();
  return { tick, tokens };
}

export function encodeSpends({ isAnswer, buyer, tokens }: Spends): Uint8Array {
  const writer = new ByteWriter(64).u8(PROTOCOL_VERSION).u8(Kind.meshSpends);
  writer
    .u8(isAnswer ? 1 : 0)
    .u16(buyer)
    .u8(tokens.length);
  for (const { token, tick } of tokens) writer.u32(token).u32(tick);
  return writer.finish();
}

export function decodeSpends(bytes: Uint8Array): Spends {
  const reader = new ByteReader(bytes, 2);
  const flags = reader.u8();
  if (flags > 1) throw new ProtocolError(`flags ${flags} of spends`);
  const buyer = reader.u16();
  const tokens = Array.from({ length: counted(reader) }, () => ({ token: reader.u32(), tick: reader.u32() }));
  reader.end();
  return { isAnswer: flags === 1, buyer, tokens };
}

function counted(reader: ByteReader): number {
  const count = reader.u8();
  if (count > SHIELD_PRICE) throw new ProtocolError(`${count} coins for a shield`);
  return count;
}
