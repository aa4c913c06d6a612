/** Fields that messages of several kinds have. All throw a ProtocolError on a value that is none. */
import type { ByteReader } from './bytes.ts';
import { ProtocolError } from './protocol.ts';
import type { PeerId } from './session.ts';

export function peerId(reader: ByteReader): PeerId {
  return positive('peer', reader.u16());
}

export function positive(what: string, value: number): number {
  if (value === 0) throw new ProtocolError(`${what} 0`);
  return value;
}

export function flag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw new ProtocolError(`flag ${value}`);
  return value === 1;
}
