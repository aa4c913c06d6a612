/**
 * One spot in the charge of this peer: the first of its homes. It orders what is asked, keeps each change itself, puts it
 * to the other homes, and answers when one of them has kept it, too. What it answers is thereby true for ever, whoever is
 * in charge next.
 */
import type { PeerId } from '../../session.ts';
import { FOUNDING_EPOCH, type Ground } from './ground.ts';
import type { Homes, Kept } from './home.ts';
import { layDownOfGone, tellOfLaid } from './laying-down.ts';
import { type Fetched, type HomeSignature, type LedgerMessage, NO_OP } from './messages.ts';
import { begunAnew, type CoinRecord, judge } from './record.ts';
import type { Home } from './runs.ts';
import { walkBack } from './taking-charge.ts';

type ClaimMessage = LedgerMessage & { type: 'claim' };

const FIRST_REPEAT_MS = 250;
const MAX_REPEAT_MS = 2000;
const LOST_AFTER_MS = 15_000;
/** Claims that wait to be answered; whoever finds no room asks again. */
const MAX_WAITING = 256;
const MAX_VOUCHING = 16;

interface Waiting {
  claimant: PeerId;
  life: number;
  op: number;
  granted: boolean;
  /** Answered when this version counts. */
  version: number;
}

export class Charge {
  readonly spot: number;
  /** Number of the epoch in which it began. */
  readonly stamp: number;
  readonly homes: readonly Home[];
  readonly #ground: Ground;
  readonly #kept: Kept;
  readonly #store: Homes;
  /** While it is not open: what old homes told. */
  readonly #answers = new Map<PeerId, Fetched>();
  #asked: readonly Home[] = [];
  #isOpen = false;
  /** Came before it was open. */
  #early: { from: PeerId; claim: ClaimMessage }[] = [];
  /** The newest that counts, and who says so. */
  #counts: CoinRecord | null = null;
  #signatures: readonly HomeSignature[] = [];
  /** Versions after it. */
  #put: CoinRecord[] = [];
  /** Of the other homes: the version that each has. */
  readonly #has = new Map<PeerId, number>();
  #waiting: Waiting[] = [];
  readonly #vouching = new Set<string>();
  /** Versions in which tokens were laid down; neighbours hear of them when they count. */
  #laid: { before: number; version: number } | null = null;
  /** Older coins are void, and nobody was told yet. */
  #wasLost = false;
  #repeatMs = FIRST_REPEAT_MS;
  /** When something must be said again; Infinity while nothing is missing. */
  dueMs = Number.POSITIVE_INFINITY;

  constructor(ground: Ground, store: Homes, spot: number, nowMs: number) {
    this.#ground = ground;
    this.#store = store;
    this.spot = spot;
    this.stamp = ground.number;
    this.homes = ground.newest!.homesOf(spot);
    this.#kept = store.of(spot);
    this.#kept.fence = Math.max(this.#kept.fence, this.stamp);
    this.#tryToOpen(nowMs);
  }

  /** What counts, with nothing under way; null otherwise. */
  get settled(): CoinRecord | null {
    return this.#isOpen && this.#counts === this.#kept.record ? this.#counts : null;
  }

  // Taking charge.

  fetched(from: PeerId, message: LedgerMessage & { type: 'fetched' }, nowMs: number): void {
    if (this.#isOpen || message.stamp !== this.stamp) return;
    this.#answers.set(from, message);
    this.#tryToOpen(nowMs);
  }

  #tryToOpen(nowMs: number): void {
    const ground = this.#ground;
    this.#answers.set(ground.self, this.#store.told(this.spot));
    const walk = walkBack(this.stamp, this.#answers);
    if ('found' in walk) {
      this.#open(walk.found, nowMs);
      return;
    }
    this.#kept.blockedMs = Math.min(this.#kept.blockedMs, nowMs);
    if (this.#isLost(walk.ask, nowMs)) {
      ground.counters.lost++;
      this.#wasLost = true;
      this.#open(begunAnew(walk.best, this.stamp), nowMs);
      return;
    }
    const fresh = walk.ask.filter((home) => !this.#asked.some(({ peer }) => peer === home.peer));
    this.#asked = walk.ask;
    this.#ask(fresh);
    if (this.dueMs === Number.POSITIVE_INFINITY || fresh.length > 0) this.#wait(nowMs, FIRST_REPEAT_MS);
  }

  /** Whether those who are missing are not coming back as who they were, for all that is known. */
  #isLost(missing: readonly Home[], nowMs: number): boolean {
    const { newest, options } = this.#ground;
    if (missing.length === 0 || nowMs - this.#kept.blockedMs < (options.lostAfterMs ?? LOST_AFTER_MS)) return false;
    return missing.every(({ peer, life }) => {
      // Who has a seat may remember an earlier life, and says so when it is reached.
      return newest!.seatOf(peer) === undefined || (this.#answers.get(peer)?.firstLife ?? 0) > life;
    });
  }

  #ask(homes: readonly Home[]): void {
    for (const { peer } of homes) {
      if (peer !== this.#ground.self) this.#ground.send(peer, { type: 'fetch', spot: this.spot, stamp: this.stamp });
    }
  }

  #open(record: CoinRecord, nowMs: number): void {
    this.#isOpen = true;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.#answers.clear();
    const kept = this.#kept;
    kept.blockedMs = Number.POSITIVE_INFINITY;
    this.#store.keep(kept, this.stamp, record);
    // The other homes of the founding epoch know without being told.
    if (this.stamp === FOUNDING_EPOCH && record.version === 0) this.#count(record, []);
    else this.#write(record, nowMs);
    this.layDown(nowMs);
    const early = this.#early;
    this.#early = [];
    for (const { from, claim } of early) this.claimed(from, claim, nowMs);
  }

  // Changing the record.

  #write(record: CoinRecord, nowMs: number): void {
    this.#kept.record = record;
    this.#put.push(record);
    if (this.homes.length === 1) {
      this.#count(record, this.#ownSignature(record));
      return;
    }
    this.#putTo(this.homes);
    this.#wait(nowMs, FIRST_REPEAT_MS);
  }

  /** Whoever has the newest already is left in peace. */
  #putTo(homes: readonly Home[]): number {
    const { record } = this.#kept;
    let count = 0;
    for (const { peer } of homes) {
      if (peer === this.#ground.self || (this.#has.get(peer) ?? -1) >= record.version) continue;
      this.#ground.send(peer, { type: 'put', spot: this.spot, stamp: this.stamp, record });
      count++;
    }
    return count;
  }

  /** Another home has kept a version. */
  kept(from: PeerId, { stamp, version, signature }: LedgerMessage & { type: 'kept' }): void {
    if (stamp !== this.stamp || !this.#isOpen || version > this.#kept.record.version) return;
    if (from === this.#ground.self || !this.homes.some(({ peer }) => peer === from)) return;
    if (version > (this.#has.get(from) ?? -1)) this.#has.set(from, version);
    const record = this.#put.find((put) => put.version === version);
    if (!record) return;
    const theirs = signature ? [{ peer: from, signature }] : [];
    if (theirs.length > 0 && !this.#ground.isSigned(from, this.spot, record, signature!)) return;
    if (theirs.length === 0 && this.#ground.options.verify) return;
    this.#count(record, [...this.#ownSignature(record), ...theirs]);
  }

  #ownSignature(record: CoinRecord): HomeSignature[] {
    const signature = this.#ground.signed(this.spot, record);
    return signature ? [{ peer: this.#ground.self, signature }] : [];
  }

  /** From now on a version counts: who waited for it is answered. */
  #count(record: CoinRecord, signatures: readonly HomeSignature[]): void {
    this.#counts = record;
    this.#signatures = signatures;
    this.#put = this.#put.filter(({ version }) => version > record.version);
    const ready = this.#waiting.filter(({ version }) => version <= record.version);
    this.#waiting = this.#waiting.filter(({ version }) => version > record.version);
    for (const waiting of ready) this.#answer(waiting);
    if (this.#wasLost) this.#tellLoss();
    if (this.#laid && this.#laid.version <= record.version) {
      tellOfLaid(this.#ground, this.spot, record, this.#laid.before);
      this.#laid = null;
    }
  }

  #answer({ claimant, life, op, granted }: Waiting): void {
    const { spot, stamp } = this;
    const told = { spot, record: this.#counts!, signatures: this.#signatures };
    this.#ground.send(claimant, { type: 'answer', life, op, granted, stamp, ...told });
  }

  /** Tells everybody that what they hold of this spot is void. Whom it does not reach finds out by asking (purse.ts). */
  #tellLoss(): void {
    this.#wasLost = false;
    for (const { peer, life, isAway } of this.#ground.newest!.seats) {
      if (!isAway) this.#answer({ claimant: peer, life, op: NO_OP, granted: false, version: 0 });
    }
  }

  /** Whose seat is gone holds nothing any more. */
  layDown(nowMs: number): void {
    if (!this.#isOpen) return;
    const before = this.#kept.record;
    const record = layDownOfGone(this.#ground, this.spot, before);
    if (record === before) return;
    this.#laid = { before: this.#laid?.before ?? before.version, version: record.version };
    this.#write(record, nowMs);
  }

  // Claims.

  claimed(from: PeerId, claim: ClaimMessage, nowMs: number): void {
    if (!this.#isOpen) {
      if (this.#early.length < MAX_WAITING) this.#early.push({ from, claim });
      return;
    }
    if (!this.#ground.isSeated(from, claim.life)) return;
    const judged = judge(this.#kept.record, from, claim, { tick: this.#ground.tick });
    if (judged.answer === 'ahead') return;
    if (judged.next && claim.act === 'take' && judged.answer === 'granted' && this.#ground.options.vouch) {
      this.#vouchFor(from, claim);
    } else this.#settle(from, claim, judged.answer === 'granted', judged.next, nowMs);
  }

  #settle(
    claimant: PeerId,
    { life, op }: ClaimMessage,
    granted: boolean,
    next: CoinRecord | undefined,
    nowMs: number,
  ): void {
    const { version } = next ?? this.#kept.record;
    const waiting = { claimant, life, op, granted, version };
    if (!next && this.#counts && this.#counts.version >= version) {
      this.#answer(waiting);
      return;
    }
    const isKnown = this.#waiting.some(
      (other) => other.claimant === claimant && other.life === life && other.op === op,
    );
    if (!isKnown && this.#waiting.length < MAX_WAITING) this.#waiting.push(waiting);
    if (next) this.#write(next, nowMs);
  }

  #vouchFor(claimant: PeerId, claim: ClaimMessage): void {
    const name = `${claimant} ${claim.life} ${claim.op}`;
    if (this.#vouching.has(name) || this.#vouching.size >= MAX_VOUCHING) return;
    this.#vouching.add(name);
    const { act, token, since, x, y } = claim;
    this.#ground.options.vouch!({ claimant, act, token, since, x, y }, (isAllowed, nowMs) => {
      if (!this.#vouching.delete(name) || !this.#isOpen || !this.#ground.isSeated(claimant, claim.life)) return;
      const judged = judge(this.#kept.record, claimant, claim, { tick: this.#ground.tick, isAllowed });
      if (judged.answer !== 'ahead') this.#settle(claimant, claim, judged.answer === 'granted', judged.next, nowMs);
    });
  }

  /** Somebody else is in charge now: nothing more is decided here. */
  close(): void {
    this.#isOpen = false;
    this.#vouching.clear();
    this.dueMs = Number.POSITIVE_INFINITY;
  }

  // Time.

  #wait(nowMs: number, repeatMs: number): void {
    this.#repeatMs = repeatMs;
    this.dueMs = nowMs + repeatMs;
  }

  /** Says again what was not answered. */
  advance(nowMs: number): void {
    if (nowMs < this.dueMs) return;
    if (this.#isOpen) {
      const count = this.#putTo(this.homes);
      this.#ground.counters.repeated += count;
      if (count === 0) {
        this.dueMs = Number.POSITIVE_INFINITY;
        return;
      }
    } else {
      // An epoch that was not known may be known by now.
      this.#tryToOpen(nowMs);
      if (this.#isOpen) return;
      this.#ground.counters.repeated += this.#asked.length;
      this.#ask(this.#asked);
    }
    this.#wait(nowMs, Math.min(this.#repeatMs * 2, MAX_REPEAT_MS));
  }
}
