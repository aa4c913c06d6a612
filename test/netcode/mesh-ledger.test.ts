/** The ledger of the mesh, rule by rule (M-L of PROTOCOL.md), over a network that delivers at once. */
import { describe, expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Epoch, NO_CELL } from '../../netcode/mesh/epoch.ts';
import type { LedgerOptions } from '../../netcode/mesh/ledger/ground.ts';
import { Ledger } from '../../netcode/mesh/ledger/ledger.ts';
import { decodeLedger } from '../../netcode/mesh/ledger/messages.ts';
import { decodeNews } from '../../netcode/mesh/ledger/news-codec.ts';
import type { LedgerEvent } from '../../netcode/mesh/ledger/purse.ts';
import { type CoinRecord, judge, MAX_SPENT, spotOf, tokenOf, UNWRITTEN } from '../../netcode/mesh/ledger/record.ts';
import { Kind } from '../../netcode/protocol.ts';

const arena = createArena({ ...DEFAULT_MATCH, players: 8 });
const SPOTS = 8;

/** Peers that reach each other at once, but for those in `silent`. */
class Table {
  readonly ledgers = new Map<number, Ledger>();
  readonly silent = new Set<number>();
  readonly sent: { from: number; to: number; bytes: Uint8Array }[] = [];
  readonly epochs = new Map<number, Epoch>();
  readonly events = new Map<number, LedgerEvent[]>();
  readonly options: Partial<LedgerOptions>;
  nowMs = 0;
  #queue: { from: number; to: number; bytes: Uint8Array }[] = [];

  constructor(options: Partial<LedgerOptions> = {}) {
    this.options = options;
  }

  start(peer: number): Ledger {
    const send = (to: number, bytes: Uint8Array) => {
      this.sent.push({ from: peer, to, bytes });
      this.#queue.push({ from: peer, to, bytes });
    };
    const ledger = new Ledger({ arena, spots: SPOTS, self: () => peer, send, ...this.options });
    this.ledgers.set(peer, ledger);
    this.events.set(peer, []);
    return ledger;
  }

  /** The next epoch, of peers or [peer, life, cell, isAway]; all who run learn of it at once. */
  epoch(...seats: (number | [peer: number, life: number, cell?: number, isAway?: boolean])[]): Epoch {
    const number = this.epochs.size + 1;
    const epoch = new Epoch(
      5,
      number,
      seats.map((seat, slot) => {
        const [peer, life, cell = NO_CELL, isAway = false] = typeof seat === 'number' ? [seat, 0] : seat;
        return { peer, slot, life, cell, isAway };
      }),
    );
    this.epochs.set(number, epoch);
    for (const { peer } of epoch.seats) if (!this.ledgers.has(peer)) this.start(peer);
    for (const [peer, ledger] of this.ledgers) {
      if (!this.silent.has(peer)) ledger.epochChanged((n) => this.epochs.get(n), epoch, epoch.seatOf(peer), this.nowMs);
    }
    this.deliver();
    return epoch;
  }

  deliver(): void {
    for (let letter = this.#queue.shift(); letter; letter = this.#queue.shift()) {
      const { from, to, bytes } = letter;
      if (this.silent.has(from) || this.silent.has(to)) continue;
      const receiver = this.ledgers.get(to);
      if (bytes[1] === Kind.meshNews) receiver?.book.apply(decodeNews(bytes, arena));
      else receiver?.receive(from, bytes, this.nowMs);
    }
    for (const [peer, ledger] of this.ledgers) this.events.get(peer)!.push(...ledger.takeEvents());
  }

  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += 10;
      for (const ledger of this.ledgers.values()) ledger.advance(this.nowMs);
      this.deliver();
    }
  }

  /** Takes what lies of the first spots. */
  take(peer: number, coins: number): void {
    const ledger = this.ledgers.get(peer)!;
    for (const { id, token } of [...ledger.book.lying]) if (id < coins) ledger.take(token, this.nowMs);
    this.deliver();
  }

  answers(peer: number): LedgerEvent[] {
    return this.events.get(peer)!.filter(({ type }) => type !== 'news');
  }

  record(spot: number): CoinRecord {
    for (const ledger of this.ledgers.values()) {
      const record = ledger.settledRecord(spot);
      if (record) return record;
    }
    throw new Error(`nobody is in charge of spot ${spot}`);
  }
}

const bought = { type: 'bought', key: 1, granted: true };

describe('claims', () => {
  test('M-L3, M-L4: a match that begins needs no message, and a coin is granted to one of two', () => {
    const table = new Table();
    table.epoch(1, 2, 3, 4);
    expect(table.sent).toEqual([]);
    table.ledgers.get(1)!.take(tokenOf(0, 0), 0);
    table.ledgers.get(2)!.take(tokenOf(0, 0), 0);
    table.deliver();
    const granted = [1, 2].map((peer) => table.answers(peer)[0]);
    expect(granted.map((event) => event?.type === 'taken' && event.granted).sort()).toEqual([false, true]);
    expect(table.record(0)).toMatchObject({ generation: 1, out: [{ generation: 0 }] });
  });

  test('M-L4: a late copy of a claim does nothing once its coin lies again', () => {
    const table = new Table();
    const epoch = table.epoch(1, 2, 3, 4);
    const first = epoch.homesOf(0)[0]!.peer;
    const claimant = [1, 2, 3, 4].find((peer) => !epoch.homesOf(0).some((home) => home.peer === peer))!;
    table.ledgers.get(claimant)!.take(tokenOf(0, 0), 0);
    const claim = table.sent.at(-1)!;
    expect(claim.bytes[1]).toBe(Kind.ledgerClaim);
    table.deliver();
    table.take(claimant, 2);
    expect(table.ledgers.get(claimant)!.dropHalf(5000, 5000, 0)).toBe(1);
    table.deliver();
    const before = table.record(0);
    expect(before.out.find(({ generation }) => generation === 0)).toMatchObject({ holder: 0, x: 5000, y: 5000 });
    table.ledgers.get(first)!.receive(claimant, claim.bytes, 0);
    table.deliver();
    expect(table.record(0)).toEqual(before);
  });

  test('M-L5: with both other homes silent nothing is granted; it is asked for until they are back', () => {
    const table = new Table();
    const epoch = table.epoch(1, 2, 3, 4);
    const homes = epoch.homesOf(0).map(({ peer }) => peer);
    const claimant = [1, 2, 3, 4].find((peer) => !homes.includes(peer))!;
    table.silent.add(homes[1]!).add(homes[2]!);
    table.ledgers.get(claimant)!.take(tokenOf(0, 0), 0);
    table.pass(3000);
    expect(table.answers(claimant)).toEqual([]);
    expect(table.ledgers.get(claimant)!.isPending(tokenOf(0, 0))).toBe(true);
    table.silent.clear();
    table.pass(3000);
    expect(table.answers(claimant)).toEqual([{ type: 'taken', token: tokenOf(0, 0), granted: true }]);
    expect(table.ledgers.get(claimant)!.pending).toBe(0);
  });

  test('M-L9: a purchase spends five, and needs five', () => {
    const table = new Table();
    table.epoch(1, 2, 3);
    table.take(1, 4);
    expect(table.ledgers.get(1)!.buy(1, 0)).toBe(false);
    table.take(1, 2);
    expect(table.ledgers.get(1)!.buy(2, 0)).toBe(true);
    table.deliver();
    expect(table.answers(1).slice(-1)).toMatchObject([{ ...bought, key: 2 }]);
    expect(table.ledgers.get(1)!.held).toBe(1);
    const spent = Array.from({ length: SPOTS }, (_, spot) => table.record(spot)).map(
      ({ generation, out }) => generation - out.length,
    );
    expect(spent.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  test('M-L4: what is spent is granted again to a copy of the same claim, and to no other', () => {
    const table = new Table({ tick: () => 77 });
    table.epoch(1, 2, 3);
    table.take(1, 5);
    const held = new Map(table.ledgers.get(1)!.tokens);
    table.sent.length = 0;
    table.ledgers.get(1)!.buy(1, 0);
    const claims = table.sent.filter(({ from, bytes }) => from === 1 && bytes[1] === Kind.ledgerClaim);
    table.deliver();
    expect(table.record(0).spent).toEqual([expect.objectContaining({ generation: 0, holder: 1, life: 0, tick: 77 })]);
    const before = [...held.keys()].map((token) => table.record(spotOf(token)));
    table.sent.length = 0;
    for (const { to, bytes } of claims) table.ledgers.get(to)!.receive(1, bytes, 0);
    const answers = table.sent
      .filter(({ bytes }) => bytes[1] === Kind.ledgerAnswer)
      .map(({ bytes }) => decodeLedger(bytes));
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.every(({ message }) => message.type === 'answer' && message.granted)).toBe(true);
    table.deliver();
    // Its purse is its own to write into.
    for (const [token, since] of held) (table.ledgers.get(1)!.tokens as Map<number, number>).set(token, since);
    table.ledgers.get(1)!.buy(2, 0);
    table.deliver();
    expect(table.answers(1).slice(-1)).toMatchObject([{ ...bought, key: 2, granted: false }]);
    expect([...held.keys()].map((token) => table.record(spotOf(token)))).toEqual(before);
    // Nor is it granted to somebody else who says the same.
    for (const [token, since] of held) (table.ledgers.get(2)!.tokens as Map<number, number>).set(token, since);
    table.ledgers.get(2)!.buy(1, 0);
    table.deliver();
    expect(table.answers(2).slice(-1)).toMatchObject([{ ...bought, granted: false }]);
  });

  test('M-L2: a record remembers its newest sixteen spends', () => {
    let record: CoinRecord = UNWRITTEN;
    const wish = { since: 0, x: 0, y: 0, life: 0 };
    const did = (act: 'take' | 'spend', generation: number, since: number) => {
      const judged = judge(
        record,
        9,
        { ...wish, act, token: tokenOf(0, generation), since, op: generation },
        { tick: 5 },
      );
      if ('next' in judged && judged.next) record = judged.next;
      return judged.answer;
    };
    for (let generation = 0; generation <= MAX_SPENT; generation++) {
      expect(did('take', generation, record.since)).toBe('granted');
      expect(did('spend', generation, record.out[0]!.since)).toBe('granted');
    }
    expect(record.spent.map(({ generation }) => generation)).toEqual(
      Array.from({ length: MAX_SPENT }, (_, i) => i + 1),
    );
    expect(did('spend', 0, 1)).toBe('refused');
    expect(did('spend', 1, 1)).toBe('granted');
  });

  test('M-L5, M-L13: who is alone decides alone, and tells those who come', () => {
    const table = new Table();
    table.epoch(7);
    table.take(7, 6);
    expect(table.ledgers.get(7)!.held).toBe(6);
    table.epoch(7, 8, 9);
    table.epoch(8, 9, [7, 0, NO_CELL, true]);
    for (let spot = 0; spot < 6; spot++) expect(table.record(spot).out).toMatchObject([{ holder: 7 }]);
  });

  test('M-L4: what a witness does not vouch for is refused, also when it is asked for again', () => {
    let isLate: ((nowMs: number) => void) | null = null;
    const table = new Table({
      vouch: ({ claimant }, decide) => {
        if (claimant === 1) decide(false, 0);
        else isLate = (nowMs) => decide(true, nowMs);
      },
    });
    table.epoch(1, 2, 3);
    table.take(1, 1);
    expect(table.answers(1)).toEqual([{ type: 'taken', token: tokenOf(0, 0), granted: false }]);
    table.take(2, 1);
    expect(table.answers(2)).toHaveLength(1);
    const { since } = table.record(0);
    expect(since).toBe(1);
    table.take(2, 1);
    expect(table.answers(2)).toHaveLength(1);
    isLate!(50);
    table.deliver();
    expect(table.answers(2)[1]).toEqual({ type: 'taken', token: tokenOf(0, 0), granted: true });
  });
});

describe('epochs', () => {
  test('M-L13: what two of three homes recorded outlives the one in charge', () => {
    const table = new Table();
    const epoch = table.epoch(1, 2, 3, 4, 5);
    const [first] = epoch.homesOf(0);
    const claimant = [1, 2, 3, 4, 5].find((peer) => !epoch.homesOf(0).some((home) => home.peer === peer))!;
    table.ledgers.get(claimant)!.take(tokenOf(0, 0), 0);
    table.deliver();
    table.silent.add(first!.peer);
    table.epoch(...[1, 2, 3, 4, 5].filter((peer) => peer !== first!.peer));
    table.ledgers.delete(first!.peer);
    expect(table.record(0)).toMatchObject({ generation: 1, out: [{ generation: 0, holder: claimant }] });
  });

  test('M-L14, M-L15: two homes that lost their memory are not taken for a majority that knows nothing', () => {
    const table = new Table();
    const epoch = table.epoch(1, 2, 3, 4, 5);
    const homes = epoch.homesOf(0).map(({ peer }) => peer);
    const claimant = [1, 2, 3, 4, 5].find((peer) => !homes.includes(peer))!;
    table.ledgers.get(claimant)!.take(tokenOf(0, 0), 0);
    table.deliver();
    // The one in charge and one more begin anew.
    for (const peer of homes.slice(0, 2)) table.start(peer);
    const seats = [1, 2, 3, 4, 5].map((peer): [number, number] => [peer, homes.slice(0, 2).includes(peer) ? 1 : 0]);
    table.epoch(...seats);
    table.pass(5000);
    expect(() => table.record(0)).toThrow('nobody is in charge');
    expect(table.ledgers.get(claimant)!.held).toBe(1);
    // Nobody can ever say: then the coin is void, its spot goes on with others, and whoever held it hears of it.
    table.pass(15_000);
    const { generation, out, floor } = table.record(0);
    expect(out).toEqual([]);
    expect(floor).toBe(generation);
    expect(table.ledgers.get(claimant)!.held).toBe(0);
    table.take(claimant, 1);
    expect(table.answers(claimant).at(-1)).toEqual({ type: 'taken', token: tokenOf(0, generation), granted: true });
  });

  test('M-L11: a spot whose homes stay the same goes on without a message', () => {
    const table = new Table();
    const before = table.epoch(1, 2, 3, 4, 5, 6);
    table.take(1, SPOTS);
    table.sent.length = 0;
    const after = table.epoch(1, 2, 3, 4, 5, 6, 7);
    const moved = Array.from({ length: SPOTS }, (_, spot) => spot).filter(
      (spot) =>
        String(before.homesOf(spot).map(({ peer }) => peer)) !== String(after.homesOf(spot).map(({ peer }) => peer)),
    );
    const told = new Set(table.sent.map(({ bytes }) => (bytes[6] ?? 0) | ((bytes[7] ?? 0) << 8)));
    expect([...told].sort()).toEqual(moved);
    expect(moved.length).toBeLessThan(SPOTS);
  });

  test('M-L16: the coins of who left lie near where it was, and those near hear of it', () => {
    const table = new Table();
    const cell = 2 * 256 + 1;
    table.epoch([1, 0, cell], 2, 3, [4, 0, cell + 1], 5);
    table.take(1, 4);
    table.epoch(2, 3, [4, 0, cell + 1], 5);
    const laid = [0, 1, 2, 3].flatMap((spot) => table.record(spot).out);
    expect(laid).toHaveLength(4);
    const side = 320 * 256;
    for (const { holder, x, y } of laid) {
      expect(holder).toBe(0);
      expect([Math.floor(x / side), Math.floor(y / side)]).toEqual([1, 2]);
    }
    const known = [...table.ledgers.get(4)!.book.lying].filter(({ token }) => token % 65536 === 0);
    expect(known.filter(({ x, y }) => laid.some((coin) => coin.x === x && coin.y === y))).toHaveLength(4);
  });

  test('M-L17: a program that lost its memory asks what it holds', () => {
    const table = new Table();
    table.epoch(1, 2, 3, 4, 5);
    table.take(1, 6);
    table.start(1);
    table.epoch([1, 1], 2, 3, 4, 5);
    table.pass(1000);
    expect(table.ledgers.get(1)!.isRecalling).toBe(false);
    expect(table.ledgers.get(1)!.held).toBe(6);
    table.ledgers.get(1)!.buy(1, table.nowMs);
    table.deliver();
    expect(table.answers(1)).toMatchObject([bought]);
  });

  test('M-L17: who was away too long holds nothing, and knows it when it is back', () => {
    const table = new Table();
    table.epoch(1, 2, 3, 4, 5);
    table.take(1, 6);
    table.silent.add(1);
    table.epoch(2, 3, 4, 5);
    table.silent.clear();
    table.epoch([1, 1], 2, 3, 4, 5);
    table.pass(1000);
    expect(table.ledgers.get(1)!.held).toBe(0);
    expect(table.ledgers.get(1)!.isRecalling).toBe(false);
  });

  test('M-L1: another line begins with all coins where they first were', () => {
    const table = new Table();
    table.epoch(1, 2, 3);
    table.take(1, 6);
    const line = new Epoch(6, 1, [{ peer: 1, slot: 0, life: 0, isAway: false, cell: NO_CELL }]);
    const ledger = table.ledgers.get(1)!;
    ledger.epochChanged((n) => (n === 1 ? line : undefined), line, line.seatOf(1), 10);
    expect(ledger.held).toBe(0);
    expect([...ledger.book.lying].every(({ token, since }) => token % 65536 === 0 && since === 0)).toBe(true);
    expect(ledger.settledRecord(0)?.version).toBe(0);
  });
});

describe('signatures', () => {
  const sign = (peer: number, bytes: Uint8Array) => {
    const signature = new Uint8Array(64);
    bytes.forEach((byte, i) => {
      signature[i % 64] = (signature[i % 64]! * 31 + byte + peer) & 0xff;
    });
    return signature;
  };
  const verify = (peer: number, bytes: Uint8Array, signature: Uint8Array) =>
    sign(peer, bytes).every((byte, i) => byte === signature[i]);

  test('M-L8: an answer counts when two homes signed it', () => {
    const table = new Table({ verify });
    const epoch = new Table().epoch(1, 2, 3, 4);
    const homes = epoch.homesOf(0).map(({ peer }) => peer);
    for (const peer of [1, 2, 3, 4]) {
      // One backup does not sign what it keeps: it does not count as one that does.
      table.options.sign = (bytes) => sign(peer === homes[1] ? 99 : peer, bytes);
      table.start(peer);
    }
    table.epoch(1, 2, 3, 4);
    const claimant = [1, 2, 3, 4].find((peer) => !homes.includes(peer))!;
    table.ledgers.get(claimant)!.take(tokenOf(0, 0), 0);
    table.deliver();
    expect(table.answers(claimant)).toEqual([{ type: 'taken', token: tokenOf(0, 0), granted: true }]);
    expect(table.ledgers.get(claimant)!.counters.unsigned).toBe(0);
    table.silent.add(homes[2]!);
    table.ledgers.get(claimant)!.take(tokenOf(0, 1), 0);
    table.pass(2000);
    expect(table.answers(claimant)).toHaveLength(1);
  });
});
