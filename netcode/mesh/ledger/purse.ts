/**
 * A claimant: what it holds, and what it asks for. Each claim is repeated to whoever is in charge until it is answered,
 * through any change of who that is; the copies can do no harm (record.ts).
 */
import { SHIELD_PRICE } from '../../../game/constants.ts';
import type { CoinBook, CoinNews } from './coin-book.ts';
import { newsOf } from './coin-book.ts';
import type { Ground } from './ground.ts';
import { type HomeSignature, type LedgerMessage, MAX_RECALLED } from './messages.ts';
import { type CoinRecord, generationOf, spotOf, type Token, type Wish } from './record.ts';

/** What a session may want to know of its ledger. */
export type LedgerEvent =
  | { type: 'taken'; token: Token; granted: boolean }
  | { type: 'dropped'; token: Token }
  /** `tokens`: what it was paid with. */
  | { type: 'bought'; key: number; granted: boolean; tokens: readonly Token[] }
  /** What neighbours should hear. */
  | { type: 'news'; news: CoinNews[] };

const FIRST_REPEAT_MS = 300;
const MAX_REPEAT_MS = 1200;
/** Claims that are not answered yet; whoever wants more takes nothing. */
const MAX_TAKES = 64;
/** So often so many spots of coins that are held are asked whether that is so. */
const CHECK_EVERY_MS = 5000;
const MAX_CHECKED = 2;

interface Claim extends Wish {
  op: number;
  /** Of the purchase that it belongs to; 0 for none. */
  key: number;
  dueMs: number;
  repeatMs: number;
}

interface Purchase {
  readonly tokens: readonly Token[];
  left: number;
  granted: boolean;
}

export class Purse {
  readonly #ground: Ground;
  readonly #book: CoinBook;
  /** What is held and not about to be given away: since which version. */
  readonly #held = new Map<Token, number>();
  readonly #claims = new Map<number, Claim>();
  readonly #byToken = new Map<Token, Claim>();
  readonly #purchases = new Map<number, Purchase>();
  /** Spots that were not asked yet what is held of them, after memory was lost. */
  readonly #unknown = new Set<number>();
  #recallDueMs = Number.POSITIVE_INFINITY;
  #recallMs = FIRST_REPEAT_MS;
  #recallEpoch = 0;
  /** Spots of which it is being asked whether what is held is so. */
  readonly #checked = new Set<number>();
  #checkDueMs = 0;
  #checks = 0;
  #lastOp = 0;
  #takes = 0;
  events: LedgerEvent[] = [];

  constructor(ground: Ground, book: CoinBook) {
    this.#ground = ground;
    this.#book = book;
  }

  /** Another match, or another number: nothing is held, and no claim is ever answered. */
  clear(): void {
    for (const { act, token } of this.#claims.values()) {
      if (act === 'take') this.events.push({ type: 'taken', token, granted: false });
    }
    for (const [key, { tokens }] of this.#purchases) this.events.push({ type: 'bought', key, granted: false, tokens });
    this.#held.clear();
    this.#claims.clear();
    this.#byToken.clear();
    this.#purchases.clear();
    this.#unknown.clear();
    this.#checked.clear();
    this.#recallDueMs = Number.POSITIVE_INFINITY;
    this.#takes = 0;
  }

  /** Tokens that are held for sure, by token the version since which. */
  get held(): ReadonlyMap<Token, number> {
    return this.#held;
  }

  get isRecalling(): boolean {
    return this.#unknown.size > 0;
  }

  get claims(): number {
    return this.#claims.size;
  }

  isPending(token: Token): boolean {
    return this.#byToken.has(token);
  }

  // What the player does.

  take(token: Token, nowMs: number): boolean {
    const coin = this.#book.find(token);
    if (!coin || this.#byToken.has(token) || this.#held.has(token) || this.#takes >= MAX_TAKES) return false;
    this.#takes++;
    this.#claim({ act: 'take', token, since: coin.since, x: 0, y: 0 }, 0, nowMs);
    return true;
  }

  dropHalf(x: number, y: number, nowMs: number): number {
    const dropped = [...this.#held].slice(0, this.#held.size >> 1);
    for (const [token, since] of dropped) this.#claim({ act: 'drop', token, since, x, y }, 0, nowMs);
    return dropped.length;
  }

  buy(key: number, nowMs: number): boolean {
    if (this.#purchases.has(key)) return true;
    const price = [...this.#held].slice(0, SHIELD_PRICE);
    if (price.length < SHIELD_PRICE) {
      this.events.push({ type: 'bought', key, granted: false, tokens: [] });
      return false;
    }
    this.#purchases.set(key, { tokens: price.map(([token]) => token), left: SHIELD_PRICE, granted: true });
    for (const [token, since] of price) this.#claim({ act: 'spend', token, since, x: 0, y: 0 }, key, nowMs);
    return true;
  }

  #claim(wish: Wish, key: number, nowMs: number): void {
    const claim = { ...wish, op: ++this.#lastOp, key, dueMs: nowMs + FIRST_REPEAT_MS, repeatMs: FIRST_REPEAT_MS };
    this.#claims.set(claim.op, claim);
    this.#byToken.set(wish.token, claim);
    this.#held.delete(wish.token);
    this.#send(claim);
  }

  #send({ op, act, token, since, x, y }: Claim): void {
    const { seat, newest, number } = this.#ground;
    const first = seat && newest!.homesOf(spotOf(token))[0];
    if (!first) return;
    this.#ground.send(first.peer, { type: 'claim', epoch: number, life: seat.life, op, act, token, since, x, y });
  }

  // What it is told.

  answered({ life, op, granted, stamp, spot, record, signatures }: LedgerMessage & { type: 'answer' }): void {
    if (!this.#isVouchedFor(stamp, spot, record, signatures)) {
      this.#ground.counters.unsigned++;
      return;
    }
    for (const token of this.#held.keys()) {
      if (spotOf(token) === spot && generationOf(token) < record.floor) this.#held.delete(token);
    }
    const news = this.#book.apply([newsOf(spot, record)]);
    // An answer to a life before may be from before this seat was lost.
    const claim = life === this.#ground.life ? this.#claims.get(op) : undefined;
    if (claim && spotOf(claim.token) === spot && record.version >= claim.since) this.#close(claim, granted, record);
    if (news.length > 0) this.events.push({ type: 'news', news });
  }

  #close(claim: Claim, granted: boolean, record: CoinRecord): void {
    const { op, act, token, key } = claim;
    this.#claims.delete(op);
    this.#byToken.delete(token);
    if (act === 'take') {
      this.#takes--;
      // Whoever lost its seat meanwhile lost the coin with it, and finds it in no record.
      const since = heldSince(record, token, this.#ground.self);
      if (since >= 0) this.#held.set(token, since);
      this.events.push({ type: 'taken', token, granted: granted && since >= 0 });
    } else if (act === 'drop') this.events.push({ type: 'dropped', token });
    else this.#paid(key, granted);
  }

  #paid(key: number, granted: boolean): void {
    const purchase = this.#purchases.get(key);
    if (!purchase) return;
    if (!granted) purchase.granted = false;
    if (--purchase.left > 0) return;
    this.#purchases.delete(key);
    this.events.push({ type: 'bought', key, granted: purchase.granted, tokens: purchase.tokens });
  }

  /** Two homes must have signed, where homes sign; one is enough where there is one. */
  #isVouchedFor(stamp: number, spot: number, record: CoinRecord, signatures: readonly HomeSignature[]): boolean {
    const { options, epochOf, newest } = this.#ground;
    if (!options.verify || record.version === 0) return true;
    const homes = (epochOf(stamp) ?? newest!).homesOf(spot);
    const signers = new Set<number>();
    for (const { peer, signature } of signatures) {
      const isHome = homes.some((home) => home.peer === peer);
      if (isHome && this.#ground.isSigned(peer, spot, record, signature)) signers.add(peer);
    }
    return signers.size >= Math.min(2, homes.length);
  }

  // After memory or the seat was lost.

  /** What it held may be somebody else's by now, and half a purchase with it. `epochChanged` follows. */
  back(nowMs: number): void {
    this.#held.clear();
    for (const purchase of this.#purchases.values()) purchase.granted = false;
    // Answers that are still under way may be from before: the same claims go on under other numbers.
    const claims = [...this.#claims.values()];
    this.#claims.clear();
    for (const claim of claims) {
      claim.op = ++this.#lastOp;
      this.#claims.set(claim.op, claim);
    }
    this.recall(nowMs);
  }

  /** Asks those in charge what is held of each spot. */
  recall(nowMs: number): void {
    this.#recallEpoch = this.#ground.number;
    for (let spot = 0; spot < this.#ground.options.spots; spot++) this.#unknown.add(spot);
    this.#recallMs = FIRST_REPEAT_MS;
    this.#sendRecalls(nowMs);
  }

  #sendRecalls(nowMs: number): void {
    this.#recallDueMs = this.#unknown.size > 0 ? nowMs + this.#recallMs : Number.POSITIVE_INFINITY;
    this.#askFor(this.#unknown);
  }

  /** What is held may have been lost with its homes: some of it is asked for now and then. */
  #check(nowMs: number): void {
    this.#checkDueMs = nowMs + CHECK_EVERY_MS;
    this.#checked.clear();
    const spots = [...new Set([...this.#held.keys()].map(spotOf))].sort((a, b) => a - b);
    for (let i = 0; i < Math.min(MAX_CHECKED, spots.length); i++) {
      this.#checked.add(spots[(this.#checks + i) % spots.length]!);
    }
    this.#checks += MAX_CHECKED;
    this.#askFor(this.#checked);
  }

  #askFor(asked: Iterable<number>): void {
    const { seat, newest, number } = this.#ground;
    if (!seat) return;
    const byFirst = new Map<number, number[]>();
    for (const spot of asked) {
      const first = newest!.homesOf(spot)[0];
      if (!first) continue;
      const spots = byFirst.get(first.peer) ?? [];
      byFirst.set(first.peer, spots);
      if (spots.length < MAX_RECALLED) spots.push(spot);
    }
    for (const [peer, spots] of byFirst) {
      this.#ground.send(peer, { type: 'recall', epoch: number, life: seat.life, spots });
    }
  }

  recalled({ epoch, spots }: LedgerMessage & { type: 'recalled' }, nowMs: number): void {
    if (epoch < this.#recallEpoch) return;
    for (const { spot, version, holds } of spots) {
      // What was done since the question is newer than this answer: it is asked again.
      const isAsked = this.#unknown.has(spot) || this.#checked.has(spot);
      if (!isAsked || version < this.#book.versionOf(spot)) continue;
      this.#unknown.delete(spot);
      this.#checked.delete(spot);
      for (const token of this.#held.keys()) if (spotOf(token) === spot) this.#held.delete(token);
      for (const { token, since } of holds) if (!this.#byToken.has(token)) this.#held.set(token, since);
    }
    // More than fits one question waits for the answer to the one before.
    if (this.#unknown.size > 0) this.#recallDueMs = Math.min(this.#recallDueMs, nowMs + FIRST_REPEAT_MS);
    else this.#recallDueMs = Number.POSITIVE_INFINITY;
  }

  // Time.

  /** Who is in charge may have changed: all claims go out again. */
  epochChanged(nowMs: number): void {
    for (const claim of this.#claims.values()) {
      claim.repeatMs = FIRST_REPEAT_MS;
      claim.dueMs = nowMs + FIRST_REPEAT_MS;
      this.#send(claim);
    }
  }

  get dueMs(): number {
    let due = this.#recallDueMs;
    if (this.#held.size > 0) due = Math.min(due, this.#checkDueMs);
    for (const { dueMs } of this.#claims.values()) due = Math.min(due, dueMs);
    return due;
  }

  advance(nowMs: number): void {
    for (const claim of this.#claims.values()) {
      if (nowMs < claim.dueMs) continue;
      claim.repeatMs = Math.min(claim.repeatMs * 2, MAX_REPEAT_MS);
      claim.dueMs = nowMs + claim.repeatMs;
      this.#ground.counters.repeated++;
      this.#send(claim);
    }
    if (this.#held.size > 0 && nowMs >= this.#checkDueMs) this.#check(nowMs);
    if (nowMs < this.#recallDueMs) return;
    this.#recallMs = Math.min(this.#recallMs * 2, MAX_REPEAT_MS);
    this.#sendRecalls(nowMs);
  }
}

/** Since which version somebody holds a token; −1 when it does not. */
function heldSince(record: CoinRecord, token: Token, peer: number): number {
  const generation = generationOf(token);
  const out = record.out.find((one) => one.generation === generation);
  return out?.holder === peer ? out.since : -1;
}
