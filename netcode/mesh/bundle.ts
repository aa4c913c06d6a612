/**
 * Several messages to one peer in one datagram: what can wait rides along with what cannot. A datagram costs far more than
 * the few bytes of a ping: 93 bytes of headers, and most of what a machine does for it.
 *
 *   bundle [count u8] count × [length u16][a whole message]
 */
import { ByteReader, ByteWriter } from '../bytes.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';

/** A datagram of 1,200 bytes passes everywhere, and there are seals and headers around a bundle. */
const MAX_BUNDLE_BYTES = 1050;
const MOST_IN_BUNDLE = 64;
const HEAD_BYTES = 3;
const LENGTH_BYTES = 2;
/** Bytes of a bundle that its first message would not need by itself. */
export const FRAME_BYTES = HEAD_BYTES + LENGTH_BYTES;

/** Bytes that a message takes in a bundle. */
export function bytesInBundle(message: Uint8Array): number {
  return LENGTH_BYTES + message.length;
}

/** How many of these messages, from the first on, go into one datagram; at least one, which may be longer. */
export function fittingOf(messages: readonly Uint8Array[]): number {
  let count = 0;
  let bytes = HEAD_BYTES;
  for (const message of messages) {
    bytes += bytesInBundle(message);
    if (count > 0 && (bytes > MAX_BUNDLE_BYTES || count === MOST_IN_BUNDLE)) break;
    count++;
  }
  return count;
}

/** Introductions go alone: they are said before a link has a seal. */
export function mayBundle(message: Uint8Array): boolean {
  return message[1] !== Kind.meshHello && message[1] !== Kind.meshProof;
}

/** Of what a reliable line says: acknowledgements, and news of coins, which who misses them asks for. */
export function isInNoHurry(message: Uint8Array): boolean {
  return message[1] === Kind.ack || (message[1] === Kind.reliable && message[REPEATED_KIND_AT] === Kind.meshNews);
}

/** Where the kind of the message inside `reliable` stands. */
const REPEATED_KIND_AT = 5;

export function encodeBundle(messages: readonly Uint8Array[]): Uint8Array {
  const length = messages.reduce((sum, message) => sum + bytesInBundle(message), HEAD_BYTES);
  const writer = new ByteWriter(length).u8(PROTOCOL_VERSION).u8(Kind.meshBundle).u8(messages.length);
  for (const message of messages) writer.u16(message.length).bytes(message);
  return writer.finish();
}

/** Views of the messages in a bundle, in order; what follows them is a seal. Throws a ProtocolError on bad bytes. */
export function messagesIn(bundle: Uint8Array, isSealed = false): Uint8Array[] {
  const reader = new ByteReader(bundle, 2);
  const count = reader.u8();
  if (count === 0 || count > MOST_IN_BUNDLE) throw new ProtocolError(`a bundle of ${count} messages`);
  const messages: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const message = reader.take(reader.u16());
    if (message.length < 2 || message[0] !== PROTOCOL_VERSION || message[1] === Kind.meshBundle) {
      throw new ProtocolError('a bundle holds what is no message');
    }
    messages.push(message);
  }
  if (!isSealed) reader.end();
  return messages;
}
