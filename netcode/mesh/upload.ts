/** What a peer uploads, by what it is for: to see where the bytes of a mesh go besides states. */
import { Kind } from '../protocol.ts';
import { bytesInBundle, FRAME_BYTES, messagesIn } from './bundle.ts';

/** Messages and their bytes, without the headers of the transport. */
export interface Sent {
  messages: number;
  bytes: number;
}

/** `links`: what diallers say through others. `rendezvous`: cells, epochs and the like. `rest`: kills and goodbyes. */
export const UPLOAD_PARTS = [
  'states',
  'forwards',
  'pings',
  'asks',
  'coinNews',
  'acks',
  'ledger',
  'trust',
  'links',
  'rendezvous',
  'rest',
] as const;
export type UploadPart = (typeof UPLOAD_PARTS)[number];
export type Upload = Record<UploadPart, Sent>;

const PART_OF: Partial<Record<number, UploadPart>> = {
  [Kind.meshState]: 'states',
  [Kind.meshForward]: 'forwards',
  [Kind.meshPing]: 'pings',
  [Kind.meshAsk]: 'asks',
  [Kind.meshNear]: 'asks',
  [Kind.meshNews]: 'coinNews',
  [Kind.ack]: 'acks',
  [Kind.meshSignal]: 'links',
  [Kind.signal]: 'links',
};
/** Where the kind of a message stands, and of one inside `reliable` or `relay`: behind a number of two bytes. */
const KIND_AT = 1;
const INNER_KIND_AT = 5;

export function emptyUpload(): Upload {
  return Object.fromEntries(UPLOAD_PARTS.map((part) => [part, { messages: 0, bytes: 0 }])) as Upload;
}

/** Counts a message that goes out, to a peer or to the rendezvous. Of a bundle the first is the message, whatever rides along. */
export function countUpload(upload: Upload, bytes: Uint8Array): void {
  const together = bytes[KIND_AT] === Kind.meshBundle ? messagesIn(bytes, true) : null;
  const sent = upload[partOf(together ? together[0]! : bytes)];
  sent.messages++;
  sent.bytes += bytes.length;
  if (!together) return;
  for (let i = 1; i < together.length; i++) {
    const ridden = bytesInBundle(together[i]!) + (i === 1 ? FRAME_BYTES : 0);
    sent.bytes -= ridden;
    upload[partOf(together[i]!)].bytes += ridden;
  }
}

function partOf(bytes: Uint8Array): UploadPart {
  const outer = bytes[KIND_AT]!;
  const kind = outer === Kind.reliable || outer === Kind.relay ? bytes[INNER_KIND_AT]! : outer;
  const part = PART_OF[kind];
  if (part) return part;
  if (kind >= Kind.ledgerClaim && kind <= Kind.ledgerLast) return 'ledger';
  if (kind >= Kind.meshHello && kind < Kind.ledgerClaim) return 'trust';
  return kind >= Kind.enter && kind < Kind.peerInput ? 'rendezvous' : 'rest';
}
