/** Shields that are paid for, and those that are not. */
import { describe, expect, test } from 'vitest';
import type { Token } from '../../netcode/mesh/ledger/record.ts';
import { encodePaid } from '../../netcode/mesh/trust/receipt-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { BAD, type Network, PERFECT, standing, TrustTable } from './trust-table.ts';

const BUYER = 1;
const HOME = 9;
const PRICE: Token[] = [11, 12, 13, 14, 15];

/** Eight stand together, and one of them is seen to have a shield from some tick on; the home is elsewhere. */
class Square {
  readonly table: TrustTable;
  readonly spent = new Map<Token, number>();
  shieldUntil = -1;

  constructor(seed: number, network: Network = PERFECT) {
    this.table = new TrustTable({ witnesses: true, replayWindow: true }, seed, network);
    this.table.home = HOME;
    for (let id = 1; id <= HOME; id++) this.table.seat(id);
    for (let a = 1; a < HOME; a++) for (let b = a + 1; b < HOME; b++) this.table.link(a, b);
    this.table.spentTick = (token, by) => (by === BUYER ? (this.spent.get(token) ?? -1) : -1);
    this.run(4000);
  }

  run(ms: number): void {
    this.table.run(ms, (tick) => {
      for (let id = 1; id < HOME; id++) {
        const state = standing(tick, 100_000 + id * 3000, 104_000);
        this.table.tellState(id, { ...state, isShielded: id === BUYER && tick <= this.shieldUntil });
      }
    });
  }

  /** A shield for a second; `tokens` are named for it. */
  raise(tokens: readonly Token[] | null): void {
    this.shieldUntil = this.table.tick + 20;
    this.run(50);
    if (tokens) this.table.peers.get(BUYER)!.trust.bought(tokens);
    this.run(12_000);
  }

  get accused(): string[] {
    return [...new Set(this.table.told('accused').map(({ peer, reason }) => `${peer} ${reason}`))];
  }
}

describe('M-T18 a shield', () => {
  test('that was paid for is none to blame, on a bad network too', () => {
    for (const network of [PERFECT, BAD]) {
      for (const seed of [1, 2, 3]) {
        const square = new Square(seed, network);
        for (let i = 0; i < 4; i++) {
          const price = PRICE.map((token) => token + 10 * i);
          for (const token of price) square.spent.set(token, square.table.tick);
          square.raise(price);
        }
        expect(square.accused).toEqual([]);
      }
    }
  });

  test('of which nobody is told how it was paid for costs its owner its neighbours', () => {
    const square = new Square(4);
    square.raise(null);
    expect(square.accused).toEqual([`${BUYER} unpaid shield`]);
    expect(new Set(square.table.told('banned').map(({ peer }) => peer))).toEqual(new Set([BUYER]));
    expect(square.table.told('banned').length).toBeGreaterThan(4);
  });

  test('for coins that were not spent is found out at their homes', () => {
    const square = new Square(5);
    for (const token of PRICE.slice(1)) square.spent.set(token, square.table.tick);
    square.raise(PRICE);
    expect(square.accused).toEqual([`${BUYER} unpaid shield`]);
  });

  test('for coins that were spent long ago is found out there, too', () => {
    const square = new Square(6);
    for (const token of PRICE) square.spent.set(token, square.table.tick);
    square.run(40_000);
    square.raise(PRICE);
    expect(square.accused).toEqual([`${BUYER} unpaid shield`]);
  });

  test('for coins that another one was paid with is no second one', () => {
    const square = new Square(7);
    for (const token of PRICE) square.spent.set(token, square.table.tick);
    square.raise(PRICE);
    expect(square.accused).toEqual([]);
    square.raise(PRICE);
    expect(square.accused).toEqual([`${BUYER} unpaid shield`]);
  });

  test('of whose coins the homes say nothing blames nobody', () => {
    const square = new Square(8);
    square.table.spentTick = () => null;
    square.raise(PRICE);
    expect(square.accused).toEqual([]);
  });

  test('with too few coins named is not paid for', () => {
    const square = new Square(9);
    for (const token of PRICE) square.spent.set(token, square.table.tick);
    square.table.tamper = (from, _to, bytes) => {
      const isReceipt = from === BUYER && bytes[1] === Kind.meshPaid;
      return [isReceipt ? encodePaid({ tick: square.table.tick, tokens: PRICE.slice(0, 4) }) : bytes];
    };
    square.raise(PRICE);
    expect(square.accused).toEqual([`${BUYER} unpaid shield`]);
  });
});
