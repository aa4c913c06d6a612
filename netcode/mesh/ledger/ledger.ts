/**
 * The ledger of the mesh: who holds which coin, agreed by three homes per spot, any two of which suffice. One object is
 * everything that one peer does in it: it claims coins (purse.ts), keeps records for others (home.ts), and is in charge
 * of some spots (charge.ts). Bytes in, time in, bytes out.
 *
 * What it needs of whoever drives it: a program that lost the memory of the one before has another life or another number;
 * of each epoch the one before is known.
 */
import { ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import type { Epoch, EpochSeat } from '../epoch.ts';
import { Charge } from './charge.ts';
import { CoinBook } from './coin-book.ts';
import { Ground, type LedgerCounters, type LedgerOptions } from './ground.ts';
import { Homes } from './home.ts';
import { decodeLedger, type LedgerMessage } from './messages.ts';
import { type LedgerEvent, Purse } from './purse.ts';
import { type CoinRecord, generationOf, NOBODY, spotOf, type Token } from './record.ts';
import { coversAll } from './runs.ts';

export class Ledger {
  /** What is believed to lie where. */
  readonly book: CoinBook;
  readonly #ground: Ground;
  readonly #homes: Homes;
  readonly #purse: Purse;
  readonly #charges = new Map<number, Charge>();
  /** Those that wait for somebody. */
  readonly #busy = new Set<Charge>();
  /** The newest epoch in which this peer had its seat without a gap. */
  #satThrough = 0;

  constructor(options: LedgerOptions) {
    this.#ground = new Ground({ ...options, ...(options.vouch ? { vouch: this.#vouching(options.vouch) } : {}) });
    this.book = new CoinBook(options.arena, options.spots);
    this.#homes = new Homes(this.#ground);
    this.#purse = new Purse(this.#ground, this.book);
  }

  // For the player.

  /** Coins that are held, and not about to be given away. */
  get held(): number {
    return this.#purse.held.size;
  }

  /** The same by token, with the version since which. */
  get tokens(): ReadonlyMap<Token, number> {
    return this.#purse.held;
  }

  /** Claims that are not answered yet. */
  get pending(): number {
    return this.#purse.claims;
  }

  /** Whether it is being asked what is held, after memory was lost: until then `held` is too low. */
  get isRecalling(): boolean {
    return this.#purse.isRecalling;
  }

  /** Whether a claim for that token is under way. */
  isPending(token: Token): boolean {
    return this.#purse.isPending(token);
  }

  /** Claims a coin that lies, as the book believes; `taken` tells the answer. False: it does not lie, or is claimed already. */
  take(token: Token, nowMs: number): boolean {
    return this.#then(() => this.#purse.take(token, nowMs), nowMs);
  }

  /** Lays half of what is held down at (x, y), in sub-units; returns how many. `dropped` tells of each when it lies. */
  dropHalf(x: number, y: number, nowMs: number): number {
    return this.#then(() => this.#purse.dropHalf(x, y, nowMs), nowMs);
  }

  /** Spends five for a shield. `bought` tells the answer, at once when there are fewer. A key is used once. */
  buy(key: number, nowMs: number): boolean {
    return this.#then(() => this.#purse.buy(key, nowMs), nowMs);
  }

  /** Asks all in charge what this peer holds. Done by itself when a seat is that of a later life. */
  recall(nowMs: number): void {
    this.#then(() => this.#purse.recall(nowMs), nowMs);
  }

  takeEvents(): LedgerEvent[] {
    const { events } = this.#purse;
    this.#purse.events = [];
    return events;
  }

  get counters(): Readonly<LedgerCounters> {
    return this.#ground.counters;
  }

  /** The record of a spot that this peer is in charge of, when nothing is under way; for checks. */
  settledRecord(spot: number): CoinRecord | null {
    return this.#charges.get(spot)?.settled ?? null;
  }

  /**
   * The tick at which a peer spent a token, as this home's record says; −1 when it did not, as far as that is remembered.
   * Null where this peer cannot say: it is no home, or does not know what is true now.
   */
  spentTick(token: Token, by: PeerId): number | null {
    const spot = spotOf(token);
    const { newest, self, options } = this.#ground;
    if (spot >= options.spots || !newest?.homesOf(spot).some(({ peer }) => peer === self)) return null;
    const kept = this.#homes.of(spot);
    const { record } = kept;
    const spend = record.spent.find(({ generation, holder }) => generation === generationOf(token) && holder === by);
    if (spend) return spend.tick;
    // Whoever has become a home was told nothing yet.
    const isTold = kept.tag > 0 && coversAll(kept.runs, kept.tag, newest.number);
    const isSure = this.#charges.has(spot) ? this.settledRecord(spot) !== null : isTold;
    return isSure && generationOf(token) >= record.floor ? -1 : null;
  }

  /** The record of a spot as this peer keeps it, home or not; for checks. */
  keptRecord(spot: number): CoinRecord {
    return this.#homes.of(spot).record;
  }

  // For whoever drives it.

  /**
   * The newest epoch has changed. `epochOf`: the epochs that are still known, the newest among them. `seat`: the own seat
   * in it, undefined while the epoch still lists that of a program before this one.
   */
  epochChanged(
    epochOf: (number: number) => Epoch | undefined,
    newest: Epoch,
    seat: EpochSeat | undefined,
    nowMs: number,
  ): void {
    const ground = this.#ground;
    const self = ground.options.self();
    if (self !== ground.self || newest.line !== ground.newest?.line) this.#begin(self);
    else if (newest.number < ground.number) return;
    ground.epochOf = epochOf;
    ground.newest = newest;
    ground.seat = seat;
    const isBack = seat !== undefined && this.#sit(seat);
    this.#homes.epochChanged();
    this.#takeCharge(nowMs);
    if (isBack) this.#purse.back(nowMs);
    this.#purse.epochChanged(nowMs);
    this.#hearSelf(nowMs);
  }

  /** Another match, or another number in it: nothing that was known holds. */
  #begin(self: PeerId): void {
    for (const charge of this.#charges.values()) charge.close();
    this.#charges.clear();
    this.#busy.clear();
    this.#homes.clear();
    this.#purse.clear();
    this.book.clear();
    Object.assign(this.#ground, { self, newest: null, seat: undefined, firstLife: -1, life: -1 });
    this.#ground.toSelf.length = 0;
    this.#satThrough = 0;
  }

  /** True when what is held must be asked for: after another program, or after a time without a seat. */
  #sit({ peer, life }: EpochSeat): boolean {
    const ground = this.#ground;
    const isFirst = ground.firstLife < 0;
    let hasGap = isFirst ? life > 0 : life !== ground.life;
    for (let number = this.#satThrough + 1; !isFirst && !hasGap && number < ground.number; number++) {
      hasGap = ground.epochOf(number)?.seatOf(peer)?.life !== life;
    }
    if (isFirst) ground.firstLife = life;
    ground.life = life;
    this.#satThrough = ground.number;
    return hasGap;
  }

  #takeCharge(nowMs: number): void {
    const ground = this.#ground;
    for (let spot = 0; spot < ground.options.spots; spot++) {
      const old = this.#charges.get(spot);
      const homes = ground.newest!.homesOf(spot);
      const isOurs = ground.seat !== undefined && homes[0]?.peer === ground.self;
      if (old && isOurs && this.#isUnbroken(old)) {
        old.layDown(nowMs);
        this.#busy.add(old);
        continue;
      }
      old?.close();
      this.#charges.delete(spot);
      if (old) this.#busy.delete(old);
      if (!isOurs) continue;
      const charge = new Charge(ground, this.#homes, spot, nowMs);
      this.#charges.set(spot, charge);
      this.#busy.add(charge);
    }
  }

  /** Whether the homes have been the same in every epoch since it took charge. */
  #isUnbroken({ spot, stamp }: Charge): boolean {
    const kept = this.#homes.of(spot);
    // While it asks old homes it has not written under its stamp yet, and begins anew.
    return kept.tag === stamp && coversAll(kept.runs, stamp, this.#ground.number);
  }

  /** Hands over one message; throws a ProtocolError on bad bytes. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const { line, message } = decodeLedger(bytes);
    this.#check(from, message);
    if (line !== this.#ground.newest?.line) return;
    this.#hear(from, message, nowMs);
    this.#hearSelf(nowMs);
  }

  #check(from: PeerId, message: LedgerMessage): void {
    const { arena, spots } = this.#ground.options;
    if (from === NOBODY) throw new ProtocolError('the rendezvous keeps no coins');
    const isThere = (spot: number) => {
      if (spot >= spots) throw new ProtocolError(`spot ${spot} of ${spots}`);
    };
    if ('spot' in message) isThere(message.spot);
    if (message.type === 'claim') isThere(spotOf(message.token));
    if (message.type === 'recall') message.spots.forEach(isThere);
    if (message.type === 'recalled') for (const { spot } of message.spots) isThere(spot);
    const places = message.type === 'claim' ? [message] : 'record' in message ? message.record.out : [];
    for (const { x, y } of places)
      if (x >= arena.size || y >= arena.size) throw new ProtocolError(`a coin at (${x}, ${y})`);
  }

  #hear(from: PeerId, message: LedgerMessage, nowMs: number): void {
    switch (message.type) {
      case 'claim':
        // Who knows an older epoch than the claimant may not be in charge any more.
        if (message.epoch <= this.#ground.number) {
          this.#inCharge(spotOf(message.token), (charge) => charge.claimed(from, message, nowMs));
        }
        return;
      case 'fetch':
        this.#homes.fetch(from, message);
        return;
      case 'put':
        this.#homes.put(from, message);
        return;
      case 'fetched':
        this.#inCharge(message.spot, (charge) => charge.fetched(from, message, nowMs));
        return;
      case 'kept':
        this.#inCharge(message.spot, (charge) => charge.kept(from, message));
        return;
      case 'answer':
        this.#purse.answered(message);
        return;
      case 'recall':
        this.#answerRecall(from, message);
        return;
      case 'recalled':
        this.#purse.recalled(message, nowMs);
        return;
    }
  }

  #inCharge(spot: number, act: (charge: Charge) => void): void {
    const charge = this.#charges.get(spot);
    if (!charge) return;
    act(charge);
    this.#busy.add(charge);
  }

  /** Tells what somebody holds, of the spots of which nothing is under way. */
  #answerRecall(from: PeerId, { epoch, life, spots }: LedgerMessage & { type: 'recall' }): void {
    const ground = this.#ground;
    if (epoch > ground.number || !ground.isSeated(from, life)) return;
    const told = spots.flatMap((spot) => {
      const record = this.settledRecord(spot);
      if (!record) return [];
      const own = record.out.filter(({ holder }) => holder === from);
      const holds = own.map(({ generation, since }) => ({ token: spot * 0x10000 + generation, since }));
      return [{ spot, version: record.version, holds }];
    });
    if (told.length > 0) ground.send(from, { type: 'recalled', epoch, spots: told });
  }

  /** When `advance` next has something to do. */
  get nextDueMs(): number {
    let due = this.#purse.dueMs;
    for (const charge of this.#busy) due = Math.min(due, charge.dueMs);
    return due;
  }

  /** Lets time pass. Costs a look at what is not answered yet. */
  advance(nowMs: number): void {
    this.#purse.advance(nowMs);
    for (const charge of this.#busy) {
      charge.advance(nowMs);
      if (charge.dueMs === Number.POSITIVE_INFINITY) this.#busy.delete(charge);
    }
    this.#hearSelf(nowMs);
  }

  /** A decision may come at any time, and is acted on then. */
  #vouching(vouch: NonNullable<LedgerOptions['vouch']>): NonNullable<LedgerOptions['vouch']> {
    return (claim, decide) =>
      vouch(claim, (allowed, nowMs) => {
        this.#inCharge(spotOf(claim.token), () => decide(allowed, nowMs));
        this.#hearSelf(nowMs);
      });
  }

  #then<T>(act: () => T, nowMs: number): T {
    const result = act();
    this.#hearSelf(nowMs);
    return result;
  }

  /** Whoever is its own home is asked without a link. */
  #hearSelf(nowMs: number): void {
    const { toSelf, self, laid } = this.#ground;
    for (let message = toSelf.shift(); message; message = toSelf.shift()) this.#hear(self, message, nowMs);
    const news = this.book.apply(laid.splice(0));
    if (news.length > 0) this.#purse.events.push({ type: 'news', news });
  }
}
