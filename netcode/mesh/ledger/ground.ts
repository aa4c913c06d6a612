/** What the parts of a ledger share: the match, who this peer is in it, the epochs it knows, and how messages go out. */
import type { Arena } from '../../../game/arena.ts';
import { ByteWriter } from '../../bytes.ts';
import { sha256 } from '../../lockstep/sha256.ts';
import type { PeerId } from '../../session.ts';
import type { Epoch, EpochSeat } from '../epoch.ts';
import type { CoinNews } from './coin-book.ts';
import { encodeLedger, type LedgerMessage } from './messages.ts';
import { type CoinRecord, type Wish, writeRecord } from './record.ts';

/** The epoch that begins a line; nothing was written before it. */
export const FOUNDING_EPOCH = 1;

/** What a take is checked for before it is recorded. */
export interface VouchedClaim extends Wish {
  claimant: PeerId;
}

export interface LedgerOptions {
  arena: Arena;
  /** Perpetual mints: numbered from 0. */
  spots: number;
  /** The own number; it may change when a match begins anew. */
  self: () => PeerId;
  /** Newest tick of the match, of which spends are noted; 0 where nobody asks when something was bought. */
  tick?: () => number;
  /** Bytes for another peer, by whatever way there is; they may be lost, repeated or reordered. */
  send: (to: PeerId, bytes: Uint8Array) => void;
  /** Ed25519 or what stands for it; with both, answers carry the signatures of those who recorded them. */
  sign?: (bytes: Uint8Array) => Uint8Array;
  verify?: (peer: PeerId, bytes: Uint8Array, signature: Uint8Array) => boolean;
  /**
   * A coin whose homes have lost their seats or their memory, so that nobody can say what is true of it, begins anew after
   * this time; 15 s. It must be longer than a seat is kept for who is away.
   */
  lostAfterMs?: number;
  /** Asked by whoever is in charge before it records that somebody took a coin; `decide` may be called later. */
  vouch?: (claim: VouchedClaim, decide: (allowed: boolean, nowMs: number) => void) => void;
}

export interface LedgerCounters {
  sentMessages: number;
  sentBytes: number;
  /** Claims, fetches and puts that were repeated. */
  repeated: number;
  /** Answers without the signatures that they need. */
  unsigned: number;
  /** Spots that began anew here, because what was true of them was lost. */
  lost: number;
}

export class Ground {
  readonly options: LedgerOptions;
  readonly counters: LedgerCounters = { sentMessages: 0, sentBytes: 0, repeated: 0, unsigned: 0, lost: 0 };
  /** What this peer has to say to itself. */
  readonly toSelf: LedgerMessage[] = [];
  /** What was laid down here, for the own book. */
  readonly laid: CoinNews[] = [];
  self: PeerId = 0;
  newest: Epoch | null = null;
  epochOf: (number: number) => Epoch | undefined = () => undefined;
  /** In the newest epoch; undefined while it has none, or only that of a program before. */
  seat: EpochSeat | undefined;
  /** What this program remembers goes back to the beginning of `firstLife`; −1 before it had a seat. */
  firstLife = -1;
  life = -1;

  constructor(options: LedgerOptions) {
    this.options = options;
  }

  get number(): number {
    return this.newest?.number ?? 0;
  }

  get tick(): number {
    return Math.max(0, this.options.tick?.() ?? 0);
  }

  send(to: PeerId, message: LedgerMessage): void {
    if (to === this.self) this.toSelf.push(message);
    else this.sendBytes(to, encodeLedger(this.newest!.line, message));
  }

  sendBytes(to: PeerId, bytes: Uint8Array): void {
    this.counters.sentMessages++;
    this.counters.sentBytes += bytes.length;
    this.options.send(to, bytes);
  }

  /** Whether a peer has a seat in the newest epoch, in that life. */
  isSeated(peer: PeerId, life: number): boolean {
    return this.newest?.seatOf(peer)?.life === life;
  }

  /** Our signature of a record; null where nobody signs. */
  signed(spot: number, record: CoinRecord): Uint8Array | null {
    return this.options.sign?.(signedText(this.newest!.line, spot, record)) ?? null;
  }

  isSigned(peer: PeerId, spot: number, record: CoinRecord, signature: Uint8Array): boolean {
    return this.options.verify?.(peer, signedText(this.newest!.line, spot, record), signature) ?? true;
  }
}

/** Begins all that is signed, so that a signature means nothing anywhere else. */
const SIGNED_FOR = new TextEncoder().encode('netbed coin');

/** What the homes of a coin sign. */
export function signedText(line: number, spot: number, record: CoinRecord): Uint8Array {
  const body = new ByteWriter(64);
  writeRecord(body, record);
  const writer = new ByteWriter(64).bytes(SIGNED_FOR).u32(line).u16(spot).u32(record.version);
  return writer.bytes(sha256(body.finish())).finish();
}
