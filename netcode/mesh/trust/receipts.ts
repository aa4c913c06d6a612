/**
 * Shields are paid for. Whoever raises one tells those in sight with which coins, and a witness asks the homes of these
 * whether that is so: they remember who spent them, and when. A shield that nobody paid for, or that was paid for with what
 * another one was, is a fault.
 *
 * Nobody is blamed for what homes do not say: what is denied, all homes of a coin deny. What this does not do: a shield
 * that breaks and is up again between two told states is not seen to go up; hits are judged for that (judge-hits.ts).
 */
import { SHIELD_PRICE } from '../../../game/constants.ts';
import type { PeerId } from '../../session.ts';
import type { Token } from '../ledger/record.ts';
import { type Fault, STRIKES } from './faults.ts';
import { pay, type TrustGround } from './ground.ts';
import { decodePaid, decodeSpends, encodePaid, encodeSpends, NOT_SPENT, type Receipt } from './receipt-codec.ts';
import { mayBeWitness, nearTo } from './witnesses.ts';

/** A receipt comes reliably: within this of the shield, by the clock and by what its owner told since. */
const SHOWN_WITHIN_S = 8;
/** Homes are asked so often for so long. */
const ASK_EVERY_MS = 1000;
const ASKED_MS = 4000;
/** A purchase takes a moment, longer when homes change; clocks differ. */
const SPENT_WITHIN_S = 30;
const CLOCKS_S = 2;
/** Between the state without a shield and the one with it: over more than that a link may have been gone. */
const SEEN_WITHIN_S = 1;
/** Receipts of one peer, and peers, that are remembered. */
const MAX_RECEIPTS = 32;
const MAX_BUYERS = 256;

/** A shield that went up. */
interface Raised {
  readonly subject: PeerId;
  /** The last told tick without, and the first with it. */
  readonly afterTick: number;
  readonly tick: number;
  readonly sinceMs: number;
  askDueMs: number;
  rounds: number;
  /** By token, by home: what was answered. */
  readonly answers: Map<Token, Map<PeerId, number>>;
}

export class Receipts {
  readonly #ground: TrustGround;
  readonly #told = new Map<PeerId, Receipt[]>();
  #raised: Raised[] = [];
  /** Called when a shield is known not to be paid for. */
  onFault: (subject: PeerId, fault: Fault) => void = () => {};

  constructor(ground: TrustGround) {
    this.#ground = ground;
  }

  clear(): void {
    this.#told.clear();
    this.#raised = [];
  }

  /** Its link is new, or gone: what it said meanwhile was not heard. */
  forget(peer: PeerId): void {
    this.#raised = this.#raised.filter(({ subject }) => subject !== peer);
  }

  /** Receipts of a peer since a tick. */
  countSince(peer: PeerId, tick: number): number {
    return (this.#told.get(peer) ?? []).filter((receipt) => receipt.tick >= tick).length;
  }

  // The buyer.

  /** The own shield goes up in this tick, for these coins. */
  bought(tokens: readonly Token[]): void {
    const bytes = encodePaid({ tick: this.#ground.tick(), tokens: [...tokens] });
    for (const other of this.#ground.others.values()) {
      if (other.isReachable) pay(this.#ground, 'witnesses', other.id, bytes.slice(), true);
    }
  }

  // Those around.

  hearPaid(from: PeerId, bytes: Uint8Array): void {
    const receipt = decodePaid(bytes);
    let told = this.#told.get(from);
    if (!told) {
      if (this.#told.size >= MAX_BUYERS) this.#told.clear();
      told = [];
      this.#told.set(from, told);
    }
    if (told.some(({ tick }) => tick === receipt.tick)) return;
    told.push(receipt);
    if (told.length > MAX_RECEIPTS) told.shift();
  }

  /** A peer told a state with a shield, after one without. */
  raised(subject: PeerId, afterTick: number, tick: number, nowMs: number): void {
    if (tick - afterTick > SEEN_WITHIN_S * this.#rate) return;
    const answers = new Map<Token, Map<PeerId, number>>();
    this.#raised.push({ subject, afterTick, tick, sinceMs: nowMs, askDueMs: nowMs, rounds: 0, answers });
  }

  get #rate(): number {
    return this.#ground.settings.config.tickRateHz;
  }

  /** `newestTick`: of what a peer told; −1 for who is not followed any more. */
  advance(nowMs: number, newestTick: (peer: PeerId) => number): void {
    this.#raised = this.#raised.filter((raised) => !this.#isDone(raised, newestTick(raised.subject), nowMs));
  }

  #isDone(raised: Raised, newestTick: number, nowMs: number): boolean {
    const { subject, tick, sinceMs } = raised;
    if (newestTick < 0 || nowMs - sinceMs > 3 * ASKED_MS) return true;
    const receipt = this.#receiptOf(raised);
    if (!receipt) {
      const isOverdue = nowMs - sinceMs > SHOWN_WITHIN_S * 1000 && newestTick - tick > SHOWN_WITHIN_S * this.#rate;
      if (isOverdue) this.#blame(raised, 0);
      return isOverdue;
    }
    if (!this.#isNew(subject, receipt)) {
      this.#blame(raised, 0);
      return true;
    }
    this.#ask(raised, receipt, nowMs);
    const denied = receipt.tokens.filter((token) => this.#isDenied(raised, token)).length;
    if (denied > 0) this.#blame(raised, SHIELD_PRICE - denied);
    return denied > 0 || nowMs - sinceMs > ASKED_MS;
  }

  #receiptOf({ subject, afterTick, tick }: Raised): Receipt | undefined {
    return this.#told.get(subject)?.find((receipt) => receipt.tick > afterTick && receipt.tick <= tick);
  }

  /** Whether it names five coins that no other receipt of the same peer names. */
  #isNew(subject: PeerId, receipt: Receipt): boolean {
    const named = this.#told.get(subject)!.flatMap(({ tokens }) => tokens);
    const isOnce = (token: Token) => named.filter((other) => other === token).length === 1;
    return receipt.tokens.length === SHIELD_PRICE && receipt.tokens.every(isOnce);
  }

  #blame({ subject, tick }: Raised, observed: number): void {
    if (!this.#isJudge(subject)) return;
    this.onFault(subject, { what: 'unpaid shield', tick, weight: STRIKES, observed, allowed: SHIELD_PRICE });
  }

  #isJudge(subject: PeerId): boolean {
    return mayBeWitness(this.#ground, subject, this.#ground.self(), nearTo(this.#ground, subject));
  }

  // Asking the homes.

  /** First who is in charge, then all homes but the buyer itself. */
  #ask(raised: Raised, { tokens }: Receipt, nowMs: number): void {
    if (nowMs < raised.askDueMs || !this.#isJudge(raised.subject)) return;
    raised.askDueMs = nowMs + ASK_EVERY_MS;
    const isFirst = raised.rounds++ === 0;
    const byHome = new Map<PeerId, Token[]>();
    for (const token of tokens) {
      const homes = this.#homesOf(token, raised.subject);
      for (const home of isFirst ? homes.slice(0, 1) : homes) {
        if (raised.answers.get(token)?.has(home)) continue;
        byHome.set(home, [...(byHome.get(home) ?? []), token]);
      }
    }
    for (const [home, asked] of byHome) {
      const question = { isAnswer: false, buyer: raised.subject, tokens: asked.map((token) => ({ token, tick: 0 })) };
      if (home === this.#ground.self()) this.#note(home, raised.subject, this.#answerTo(question.buyer, asked));
      else this.#send(home, encodeSpends(question));
    }
  }

  #homesOf(token: Token, buyer: PeerId): PeerId[] {
    return this.#ground.homesOf(token).filter((home) => home !== buyer);
  }

  #send(to: PeerId, bytes: Uint8Array): void {
    const cost = this.#ground.counters.costs.witnesses;
    cost.sentMessages++;
    cost.sentBytes += bytes.length;
    this.#ground.sendAnyhow(to, bytes);
  }

  hearSpends(from: PeerId, bytes: Uint8Array): void {
    const { isAnswer, buyer, tokens } = decodeSpends(bytes);
    if (isAnswer) this.#note(from, buyer, tokens);
    else {
      const asked = tokens.map(({ token }) => token);
      this.#send(from, encodeSpends({ isAnswer: true, buyer, tokens: this.#answerTo(buyer, asked) }));
    }
  }

  /** As a home: what the own records say. */
  #answerTo(buyer: PeerId, tokens: readonly Token[]): { token: Token; tick: number }[] {
    return tokens.flatMap((token) => {
      const tick = this.#ground.spentTick(token, buyer);
      return tick === null ? [] : [{ token, tick: tick < 0 ? NOT_SPENT : tick }];
    });
  }

  #note(home: PeerId, buyer: PeerId, tokens: readonly { token: Token; tick: number }[]): void {
    for (const raised of this.#raised) {
      if (raised.subject !== buyer) continue;
      for (const { token, tick } of tokens) {
        if (!this.#homesOf(token, buyer).includes(home)) continue;
        const answers = raised.answers.get(token) ?? new Map<PeerId, number>();
        raised.answers.set(token, answers.set(home, tick));
      }
    }
  }

  /** Whether all homes say that its buyer did not spend it, or not for this. */
  #isDenied({ subject, tick, answers }: Raised, token: Token): boolean {
    const homes = this.#homesOf(token, subject);
    const earliest = tick - SPENT_WITHIN_S * this.#rate;
    const latest = tick + CLOCKS_S * this.#rate;
    const denies = (home: PeerId) => {
      const spent = answers.get(token)?.get(home);
      return spent !== undefined && (spent === NOT_SPENT || spent < earliest || spent > latest);
    };
    return homes.length > 0 && homes.every(denies);
  }
}
