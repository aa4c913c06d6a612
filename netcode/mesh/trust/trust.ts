/**
 * The defences of a mesh that are switched on, behind the few places where a session meets them: what goes out (`seal`),
 * what comes in (`open`, `receive`), states (`told`, `takes`, `heard`), links and time. A session without any has none of
 * this.
 */
import { Kind, ProtocolError } from '../../protocol.ts';
import type { LinkState, PeerId } from '../../session.ts';
import type { Token } from '../ledger/record.ts';
import type { Other } from '../other.ts';
import type { MeshDefences, MeshSettings } from '../settings.ts';
import { type AvatarState, decodeState } from '../state-codec.ts';
import { Bans } from './bans.ts';
import { type TrustCounters, trustCounters } from './counters.ts';
import type { Fault } from './faults.ts';
import type { TrustGround, TrustHost } from './ground.ts';
import { Heads } from './heads.ts';
import { Jury } from './jury.ts';
import { LinkKeys } from './link-keys.ts';
import { Receipts } from './receipts.ts';
import { type VouchedTake, Vouching } from './vouching.ts';
import { Witnessing } from './witnessing.ts';

/** Whether a peer needs keys under some defences. */
export function needsKeys({ handshakes, macs, heads }: MeshDefences): boolean {
  return handshakes || macs || heads;
}

/** Whether a session has anything to do for its defences besides the window of states. */
export function needsTrust({ defences }: MeshSettings): boolean {
  return needsKeys(defences) || defences.witnesses;
}

export class Trust {
  readonly counters: TrustCounters = trustCounters();
  readonly #ground: TrustGround;
  readonly #links: LinkKeys | null;
  readonly #heads: Heads | null;
  readonly #bans: Bans;
  readonly #witnessing: Witnessing | null;
  readonly #jury: Jury | null;
  readonly #vouching: Vouching | null;
  readonly #receipts: Receipts | null;
  #judgedTick = -1;

  /** Throws a RangeError when keys are needed and there is nothing to make them with. */
  constructor(host: TrustHost) {
    this.#ground = { ...host, counters: this.counters };
    const { defences } = host.settings;
    if (needsKeys(defences) && !host.crypto) throw new RangeError('peers of this match sign: that needs keys');
    this.#bans = new Bans(this.#ground);
    this.#links = needsKeys(defences) ? new LinkKeys(this.#ground) : null;
    const keyOf = (peer: PeerId) => this.#links?.keyOf(peer);
    this.#heads = defences.heads ? new Heads(this.#ground, keyOf) : null;
    if (this.#links) this.#links.onProven = (peer) => this.#proven(peer);
    this.#witnessing = defences.witnesses ? new Witnessing(this.#ground) : null;
    this.#jury = defences.witnesses ? new Jury(this.#ground, keyOf) : null;
    this.#vouching = defences.witnesses ? new Vouching(this.#ground, (peer) => this.#witnessing?.trackOf(peer)) : null;
    this.#receipts = defences.witnesses ? new Receipts(this.#ground) : null;
    const ban = (peer: PeerId, reason: string, tick: number) => this.#bans.ban(peer, reason, tick, keyOf(peer));
    if (this.#heads) this.#heads.onGuilty = ban;
    if (this.#jury) this.#jury.onGuilty = ban;
    const accuse = (subject: PeerId, fault: Fault, isWitness = true) => this.#jury?.accuse(subject, fault, isWitness);
    if (this.#witnessing) this.#witnessing.onFault = accuse;
    if (this.#receipts) this.#receipts.onFault = accuse;
    if (this.#witnessing) this.#witnessing.isDoubted = (peer) => this.#jury?.isDoubted(peer) ?? false;
    if (this.#witnessing) this.#witnessing.shieldsOf = (peer, tick) => this.#receipts?.countSince(peer, tick) ?? 0;
  }

  #proven(peer: PeerId): void {
    const key = this.#links!.keyOf(peer);
    if (key) this.#bans.recognise(peer, key);
    if (!this.#bans.has(peer)) this.#heads?.greet(peer);
  }

  // Links.

  isBanned(peer: PeerId): boolean {
    return this.#bans.has(peer);
  }

  /** Whether the avatar may be told to a peer, and its own be believed. */
  mayTell(peer: PeerId): boolean {
    return !this.#bans.has(peer) && (this.#links?.isTrusted(peer) ?? true);
  }

  linkChanged(peer: PeerId, state: LinkState, nowMs: number): void {
    this.#receipts?.forget(peer);
    if (state === 'down') this.#links?.linkDown(peer);
    else if (this.#bans.has(peer)) this.#ground.part(peer);
    else this.#links?.linkUp(peer, nowMs);
  }

  /** A message as it goes out over a link; null where it must not. */
  seal(to: PeerId, bytes: Uint8Array): Uint8Array | null {
    const isCarried = this.#ground.others.get(to)?.link === 'relayed';
    if (!this.#links || (isCarried && isForStrangers(bytes))) return bytes;
    return this.#links.seal(to, bytes);
  }

  /**
   * A message as it was said; null when it is not to be believed. `isCarried`: it came through the rendezvous, which says
   * from whom, though the two may have no link.
   */
  open(from: PeerId, bytes: Uint8Array, isCarried: boolean): Uint8Array | null {
    if (bytes[1] !== Kind.meshBundle && this.refuses(from, bytes)) return null;
    if (isCarried && isForStrangers(bytes)) return bytes;
    return this.#links ? this.#links.open(from, bytes) : bytes;
  }

  /** Whether nothing of this message is to be heard, for it is from somebody who is banned. */
  refuses(from: PeerId, bytes: Uint8Array): boolean {
    return this.#bans.refuses(from, bytes);
  }

  /** A message of the defences themselves. Throws a ProtocolError on bad bytes. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    switch (bytes[1]) {
      case Kind.meshHello:
        this.#links?.hearHello(from, bytes);
        return;
      case Kind.meshProof:
        this.#links?.hearProof(from, bytes);
        return;
      case Kind.meshHead:
        this.#heads?.hearHead(from, bytes, nowMs);
        return;
      case Kind.meshMentions:
        this.#heads?.hearMentions(from, bytes);
        return;
      case Kind.meshHeadOf:
        this.#heads?.hearHeadOf(from, bytes);
        return;
      case Kind.meshAccusation:
        this.#jury?.hear(from, bytes);
        return;
      case Kind.meshVouch:
        this.#vouching?.hearVouch(from, bytes, nowMs);
        return;
      case Kind.meshVouched:
        this.#vouching?.hearVouched(from, bytes, nowMs);
        return;
      case Kind.meshPaid:
        this.#receipts?.hearPaid(from, bytes);
        return;
      case Kind.meshSpends:
        this.#receipts?.hearSpends(from, bytes);
        return;
      default:
        throw new ProtocolError(`a peer of a mesh takes no kind ${bytes[1]}`);
    }
  }

  // States.

  /** The own state of a tick, as all are told it. */
  told(bytes: Uint8Array): void {
    const state = decodeState(bytes, this.#ground.arena.size);
    this.#heads?.told(state, bytes);
    this.#witnessing?.told(state);
  }

  /** Whether a state of `owner` may be believed that `teller` told: itself, or who forwards. */
  takes(owner: Other, teller: PeerId, tick: number, bytes: Uint8Array, nowMs: number): boolean {
    if (this.#bans.has(owner.id)) return false;
    return this.#heads?.takes(owner, teller, tick, bytes, nowMs) ?? true;
  }

  /** A state that was taken, and that its owner told over its own link. */
  heard(owner: Other, state: AvatarState): void {
    const before = this.#witnessing?.trackOf(owner.id)?.newest;
    this.#witnessing?.heard(owner, state);
    const isRaised = before !== undefined && !before.isShielded && state.isShielded && state.tick > before.tick;
    if (isRaised) this.#receipts?.raised(owner.id, before.tick, state.tick, owner.stateAtMs);
  }

  /** A peer said in which tile it is, where it is told and tells no more. */
  heardTile(owner: Other, tile: number): void {
    this.#witnessing?.heardTile(owner, tile);
  }

  /** A peer has been out of reach for so long that what it told is of no use. */
  forget(peer: PeerId): void {
    this.#heads?.forget(peer);
    this.#witnessing?.forget(peer);
    this.#jury?.forget(peer);
  }

  // Coins.

  /** The own avatar claims a coin that lies at (x, y). */
  claimed(token: Token, x: number, y: number): void {
    this.#vouching?.claimed(token, x, y);
  }

  /** Somebody claims a coin of whose record this peer is in charge. */
  vouch(take: VouchedTake, decide: (allowed: boolean, nowMs: number) => void, nowMs: number): void {
    if (!this.#vouching || this.#bans.has(take.claimant)) decide(!this.#bans.has(take.claimant), nowMs);
    else this.#vouching.vouch(take, decide, nowMs);
  }

  /** The own shield goes up in this tick, for coins. */
  bought(tokens: readonly Token[]): void {
    this.#receipts?.bought(tokens);
  }

  // Time.

  advance(nowMs: number): void {
    this.#links?.advance(nowMs);
    const tick = this.#ground.tick();
    if (tick === this.#judgedTick) return;
    this.#judgedTick = tick;
    this.#witnessing?.advance();
    this.#vouching?.advance(nowMs);
    this.#receipts?.advance(nowMs, (peer) => this.#witnessing?.trackOf(peer)?.newest?.tick ?? -1);
  }

  /** The seats have changed. `isNewLine`: it is another match. */
  epochChanged(isNewLine: boolean, nowMs: number): void {
    if (!isNewLine) {
      this.#witnessing?.epochChanged();
      return;
    }
    this.#witnessing?.clear();
    this.#jury?.clear();
    this.#vouching?.clear();
    this.#receipts?.clear();
    this.#bans.clear();
    this.#heads?.clear();
    this.#links?.clear();
    for (const other of this.#ground.others.values()) if (other.isReachable) this.#links?.linkUp(other.id, nowMs);
  }
}

/** What peers without a link say to each other through the rendezvous: of coins, and of deaths. */
function isForStrangers(bytes: Uint8Array): boolean {
  const kind = bytes[1]!;
  if (kind === Kind.meshKill || kind === Kind.meshVouched || kind === Kind.meshSpends) return true;
  return kind >= Kind.ledgerClaim && kind <= Kind.ledgerLast;
}
