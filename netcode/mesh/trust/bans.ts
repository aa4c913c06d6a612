/** Whom this peer has nothing more to do with, and why. A ban is everybody's own: nobody is banned by what one other says. */
import { Kind } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { areEqual } from './crypto.ts';
import type { TrustGround } from './ground.ts';

/** Those who are remembered; more are forgotten, oldest first. */
const MAX_BANNED = 1024;

interface Ban {
  readonly reason: string;
  readonly key: Uint8Array | undefined;
}

export class Bans {
  readonly #ground: TrustGround;
  readonly #bans = new Map<PeerId, Ban>();

  constructor(ground: TrustGround) {
    this.#ground = ground;
  }

  has(peer: PeerId): boolean {
    return this.#bans.has(peer);
  }

  clear(): void {
    this.#bans.clear();
  }

  /** `key`: what the peer had proven to be its own, so that it is known by another number, too. */
  ban(peer: PeerId, reason: string, tick: number, key: Uint8Array | undefined): void {
    if (this.#bans.has(peer) || peer === this.#ground.self()) return;
    this.#bans.set(peer, { reason, key });
    const [oldest] = this.#bans.keys();
    if (this.#bans.size > MAX_BANNED) this.#bans.delete(oldest!);
    this.#ground.tell({ type: 'banned', by: this.#ground.self(), peer, reason, tick });
    this.#ground.part(peer);
  }

  /** Somebody who is banned has come again with its key. */
  recognise(peer: PeerId, key: Uint8Array): void {
    for (const { reason, key: banned } of this.#bans.values()) {
      if (banned && areEqual(banned, key)) {
        this.ban(peer, reason, this.#ground.tick(), key);
        return;
      }
    }
  }

  /** Whether a message of a peer is not to be heard. What it keeps for others as a home of coins, it may still tell. */
  refuses(peer: PeerId, bytes: Uint8Array): boolean {
    if (!this.#bans.has(peer)) return false;
    const kind = bytes[1]!;
    if (kind > Kind.ledgerClaim && kind <= Kind.ledgerLast) return false;
    this.#ground.counters.fromBanned++;
    return true;
  }
}
