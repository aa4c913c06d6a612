/**
 * Signed heads: each peer keeps a hash chain over its own inputs and signs its newest link about once a second. Whoever
 * gets inputs that do not fit the head knows that their sender told it another story than it signed; whoever holds two
 * heads of one peer for one tick with different links can prove it to everybody.
 */
import { ByteWriter } from '../bytes.ts';
import type { PeerId } from '../session.ts';
import type { Seat } from './roster.ts';
import { sha256 } from './sha256.ts';

/** Ed25519, or what stands for it. Synchronous, as all of a session is. */
export interface LockstepCrypto {
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
}

export const SIGNATURE_BYTES = 64;
/** What members tell each other of a head, to compare: its first bytes. */
export const PREFIX_BYTES = 8;

export interface Head {
  peer: PeerId;
  /** Of its seat: a peer that was dropped and came back begins another chain. */
  firstTick: number;
  tick: number;
  digest: Uint8Array;
  signature: Uint8Array;
}

/** A head in short: what somebody says that it holds. */
export interface HeadMention {
  peer: PeerId;
  tick: number;
  prefix: Uint8Array;
}

/** Heads that are kept of each seat. */
const KEPT_HEADS = 16;
const MAX_PENDING = 8;
/** A peer whose inputs are known so much further than any head of it has withheld heads. */
const HEADLESS_S = 6;
/** Begins all that is signed, so that a signature means nothing anywhere else. */
const SIGNED_FOR = new TextEncoder().encode('netbed head');

export const areBytesEqual = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The chain of a seat before its first input. `group`: the high 16 bits of the view. */
export function chainStart(group: number, peer: PeerId, firstTick: number): Uint8Array {
  return sha256(new ByteWriter(8).u16(group).u16(peer).u32(firstTick).finish());
}

export function chainNext(digest: Uint8Array, tick: number, word: number): Uint8Array {
  return sha256(new ByteWriter(40).bytes(digest).u32(tick).u32(word).finish());
}

export function signedText(group: number, { peer, firstTick, tick, digest }: Omit<Head, 'signature'>): Uint8Array {
  const writer = new ByteWriter(64).bytes(SIGNED_FOR).u16(group).u16(peer).u32(firstTick).u32(tick);
  return writer.bytes(digest).finish();
}

/** What is known of the chain of one seat. */
interface Chain {
  /** Its inputs fit its heads up to here; a digest of null waits for a head to begin with. */
  tick: number;
  digest: Uint8Array | null;
  /** Inputs after this tick came from the peer itself. */
  sinceTick: number;
  /** The newest tick of which it signed a head. */
  headTick: number;
  /** Properly signed ones, from whomever. */
  heads: Head[];
  /** From the peer itself, yet to be compared with its inputs. */
  pending: Head[];
}

export type Verdict = 'taken' | 'known' | 'forged' | { first: Head; second: Head };

export class HeadWatch {
  readonly crypto: LockstepCrypto;
  readonly #group: () => number;
  readonly #chains = new WeakMap<Seat, Chain>();
  /** Who told different stories, and is not to come back. */
  readonly guilty = new Set<PeerId>();
  readonly #bannedKeys: Uint8Array[] = [];

  constructor(crypto: LockstepCrypto, group: () => number) {
    this.crypto = crypto;
    this.#group = group;
  }

  #of(seat: Seat): Chain {
    let chain = this.#chains.get(seat);
    if (!chain) {
      const { peer, firstTick, log } = seat;
      const isWhole = log.through < firstTick || log.has(firstTick);
      const tick = isWhole ? firstTick - 1 : log.through;
      const digest = isWhole ? chainStart(this.#group(), peer, firstTick) : null;
      chain = { tick, digest, sinceTick: tick, headTick: Math.max(firstTick - 1, log.through), heads: [], pending: [] };
      this.#chains.set(seat, chain);
    }
    return chain;
  }

  /** Signs the own chain up to a tick whose input is in the log; null before the seat's first tick. */
  sign(seat: Seat, tick: number): Head | null {
    if (tick < seat.firstTick) return null;
    const chain = this.#of(seat);
    if (tick > chain.tick) {
      const digest = chain.digest && advanced(chain, seat, tick);
      if (!digest) return null;
      chain.tick = tick;
      chain.digest = digest;
      const unsigned = { peer: seat.peer, firstTick: seat.firstTick, tick, digest };
      chain.heads.push({ ...unsigned, signature: this.crypto.sign(signedText(this.#group(), unsigned)) });
      if (chain.heads.length > KEPT_HEADS) chain.heads.shift();
    }
    return chain.heads.at(-1) ?? null;
  }

  /** Takes a head; `isDirect`: from its peer itself. Returns two heads that contradict each other when there are. */
  take(seat: Seat, head: Head, isDirect: boolean): Verdict {
    if (head.firstTick !== seat.firstTick) return 'known';
    const chain = this.#of(seat);
    const known = chain.heads.find(({ tick }) => tick === head.tick);
    if (known && areBytesEqual(known.digest, head.digest)) return 'known';
    if (!seat.key || !this.crypto.verify(seat.key, signedText(this.#group(), head), head.signature)) return 'forged';
    if (known) return { first: known, second: head };
    chain.heads.push(head);
    if (chain.heads.length > KEPT_HEADS) chain.heads.shift();
    if (isDirect) {
      chain.headTick = Math.max(chain.headTick, head.tick);
      chain.pending.push(head);
      if (chain.pending.length > MAX_PENDING) chain.pending.shift();
    }
    return 'taken';
  }

  /** Compares heads with the inputs that came from their peer; returns one that does not fit. */
  unfit(seat: Seat): Head | null {
    const chain = this.#of(seat);
    while (chain.pending.length > 0 && chain.pending[0]!.tick <= seat.log.through) {
      const head = chain.pending.shift()!;
      if (head.tick <= chain.tick && (chain.digest || head.tick < chain.sinceTick)) continue;
      // Of what came before we cannot judge: the first head is taken as it is, and compared with what others hold.
      const digest = chain.digest ? advanced(chain, seat, head.tick) : head.digest;
      chain.tick = head.tick;
      chain.digest = head.digest;
      if (digest && !areBytesEqual(digest, head.digest)) return head;
    }
    return null;
  }

  /** Whether a peer plays on without signing what it does. */
  isHeadless(seat: Seat, tickRateHz: number): boolean {
    return seat.log.through - this.#of(seat).headTick > HEADLESS_S * tickRateHz;
  }

  /** The newest head of a seat in short. */
  mention(seat: Seat): HeadMention | null {
    const head = this.#of(seat).heads.at(-1);
    return head ? { peer: head.peer, tick: head.tick, prefix: head.digest.subarray(0, PREFIX_BYTES) } : null;
  }

  /** Our head of that tick, if it differs from what somebody says it holds. */
  contradiction(seat: Seat, { tick, prefix }: HeadMention): Head | null {
    const head = this.#of(seat).heads.find((kept) => kept.tick === tick);
    return head && !areBytesEqual(head.digest.subarray(0, PREFIX_BYTES), prefix) ? head : null;
  }

  /** True when it was not known to be guilty before. */
  convict(peer: PeerId, key: Uint8Array | undefined): boolean {
    if (this.guilty.has(peer)) return false;
    this.guilty.add(peer);
    if (key) this.#bannedKeys.push(key);
    return true;
  }

  isBanned(peer: PeerId, key: Uint8Array | undefined): boolean {
    return (
      this.guilty.has(peer) || (key !== undefined && this.#bannedKeys.some((banned) => areBytesEqual(banned, key)))
    );
  }
}

/** The chain's link at a later tick; null when inputs in between are not kept any more. */
function advanced(chain: Chain, seat: Seat, until: number): Uint8Array | null {
  let digest = chain.digest!;
  for (let tick = chain.tick + 1; tick <= until; tick++) {
    if (!seat.log.has(tick)) return null;
    digest = chainNext(digest, tick, seat.log.word(tick));
  }
  return digest;
}
