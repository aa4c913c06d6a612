/** When one peer of a mesh's ledger speaks, and what it leaves unanswered: all others are this test. */
import { describe, expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Epoch, NO_CELL } from '../../netcode/mesh/epoch.ts';
import { Ledger } from '../../netcode/mesh/ledger/ledger.ts';
import { decodeLedger, encodeLedger, type LedgerMessage } from '../../netcode/mesh/ledger/messages.ts';
import { type CoinRecord, type Token, tokenOf, UNWRITTEN } from '../../netcode/mesh/ledger/record.ts';

const LINE = 5;
const SPOTS = 8;
const arena = createArena({ ...DEFAULT_MATCH, players: SPOTS });

type Claim = LedgerMessage & { type: 'claim' };
type Said = { atMs: number; to: number; message: LedgerMessage };

/** A ledger among peers that only the test speaks for. `lives`: of those who are not in their first one. */
class Alone {
  readonly ledger: Ledger;
  readonly self: number;
  readonly said: Said[] = [];
  readonly epochs = new Map<number, Epoch>();
  nowMs = 0;

  constructor(self: number) {
    this.self = self;
    this.ledger = new Ledger({
      arena,
      spots: SPOTS,
      self: () => self,
      send: (to, bytes) => this.said.push({ atMs: this.nowMs, to, message: decodeLedger(bytes).message }),
    });
  }

  /** The next epoch, of these peers. */
  epoch(peers: readonly number[], lives: Record<number, number> = {}): Epoch {
    const number = this.epochs.size + 1;
    const seats = peers.map((peer, slot) => ({ peer, slot, life: lives[peer] ?? 0, cell: NO_CELL, isAway: false }));
    const epoch = new Epoch(LINE, number, seats);
    this.epochs.set(number, epoch);
    this.ledger.epochChanged((n) => this.epochs.get(n), epoch, epoch.seatOf(this.self), this.nowMs);
    return epoch;
  }

  hear(from: number, message: LedgerMessage): void {
    this.ledger.receive(from, encodeLedger(LINE, message), this.nowMs);
  }

  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += 10;
      this.ledger.advance(this.nowMs);
    }
  }

  /** What it said of a type since this was last asked. */
  take<T extends LedgerMessage['type']>(type: T): { atMs: number; to: number; message: LedgerMessage & { type: T } }[] {
    const found = this.said.filter((one) => one.message.type === type);
    this.said.length = 0;
    return found as { atMs: number; to: number; message: LedgerMessage & { type: T } }[];
  }
}

const gapsOf = (said: readonly { atMs: number }[]) => said.slice(1).map(({ atMs }, i) => atMs - said[i]!.atMs);
const homesOf = (epoch: Epoch, spot: number) => epoch.homesOf(spot).map(({ peer }) => peer);

/** The first spot of which a peer has this place among its homes; −1: none of them. */
function spotWhere(epoch: Epoch, peer: number, place: number): number {
  for (let spot = 0; spot < SPOTS; spot++) if (homesOf(epoch, spot).indexOf(peer) === place) return spot;
  throw new Error(`no spot of which ${peer} is home ${place}`);
}

describe('claims', () => {
  test('M-L6: not answered is who has no seat in that life, knows a newer epoch or has seen more', () => {
    const peers = [1, 2, 3, 4, 5];
    const alone = new Alone(1);
    alone.epoch(peers);
    const epoch = alone.epoch(peers);
    const spot = spotWhere(epoch, 1, 0);
    const claimant = peers.find((peer) => !homesOf(epoch, spot).includes(peer))!;
    const claim: Claim = {
      type: 'claim',
      epoch: 2,
      life: 0,
      op: 1,
      act: 'take',
      token: tokenOf(spot, 0),
      since: 0,
      x: 0,
      y: 0,
    };
    const isAnswered = (from: number, bent: Partial<Claim>) => {
      alone.said.length = 0;
      alone.hear(from, { ...claim, ...bent });
      alone.pass(500);
      const puts = alone.said.flatMap(({ to, message }) => (message.type === 'put' ? [{ to, message }] : []));
      for (const { to, message } of puts) {
        const { stamp, record } = message;
        alone.hear(to, { type: 'kept', spot, stamp, version: record.version, signature: null });
      }
      return alone.take('answer').some(({ to }) => to === from);
    };
    expect(isAnswered(claimant, { life: 1 }), 'another life').toBe(false);
    expect(isAnswered(9, {}), 'no seat').toBe(false);
    expect(isAnswered(claimant, { epoch: 3 }), 'a newer epoch').toBe(false);
    expect(isAnswered(claimant, { since: 1 }), 'a newer version').toBe(false);
    expect(isAnswered(claimant, { epoch: 1 }), 'an older epoch').toBe(true);
    expect(isAnswered(claimant, { op: 2 }), 'a coin that is taken already').toBe(true);
  });

  test('M-L7: a claim is repeated after 300 ms, 600 ms, then every 1.2 s, and to whoever is in charge in a new epoch', () => {
    const alone = new Alone(1);
    const epoch = alone.epoch([1, 2, 3, 4, 5]);
    const spot = spotWhere(epoch, 1, -1);
    alone.ledger.take(tokenOf(spot, 0), 0);
    alone.pass(5000);
    const claims = alone.take('claim');
    expect(gapsOf(claims)).toEqual([300, 600, 1200, 1200, 1200]);
    const [first] = homesOf(epoch, spot);
    expect(new Set(claims.map(({ to }) => to))).toEqual(new Set([first]));
    const next = alone.epoch([1, 2, 3, 4, 5].filter((peer) => peer !== first));
    alone.pass(1000);
    const again = alone.take('claim');
    expect(again[0]).toMatchObject({ atMs: 5000, to: homesOf(next, spot)[0], message: { epoch: 2, op: 1 } });
    expect(gapsOf(again)).toEqual([300, 600]);
  });

  test('M-L7: an answer to an earlier life is dropped', () => {
    const peers = [1, 2, 3, 4, 5];
    const alone = new Alone(1);
    const spot = spotWhere(alone.epoch(peers), 1, -1);
    alone.ledger.take(tokenOf(spot, 0), 0);
    const epoch = alone.epoch(peers, { 1: 1 });
    const claim = alone.take('claim').at(-1)!.message;
    expect(claim.life).toBe(1);
    const record: CoinRecord = {
      ...UNWRITTEN,
      version: 1,
      generation: 1,
      since: 1,
      out: [{ generation: 0, since: 1, holder: 1, x: 0, y: 0 }],
    };
    const answer = (life: number) => {
      const told = { op: claim.op, granted: true, stamp: 1, spot, record, signatures: [] };
      alone.hear(homesOf(epoch, spot)[0]!, { type: 'answer', life, ...told });
      return alone.ledger.isPending(tokenOf(spot, 0));
    };
    expect([answer(0), answer(1)]).toEqual([true, false]);
  });

  test('M-L7: puts and fetches are repeated after 250 ms, twice as long each time, 2 s at most', () => {
    const alone = new Alone(1);
    const peers = [1, 2, 3, 4, 5];
    const before = alone.epoch(peers);
    const spot = spotWhere(before, 1, 0);
    alone.ledger.take(tokenOf(spot, 0), 0);
    alone.pass(8000);
    const [, second] = homesOf(before, spot);
    expect(gapsOf(alone.take('put').filter(({ to }) => to === second))).toEqual([250, 500, 1000, 2000, 2000, 2000]);
    // Whoever was in charge of another spot is gone: this peer asks the others who kept it.
    const after = [2, 3, 4, 5].map((gone) => peers.filter((peer) => peer !== gone));
    const next = after.find((left) => {
      const epoch = new Epoch(
        LINE,
        2,
        left.map((peer, slot) => ({ peer, slot, life: 0, cell: NO_CELL, isAway: false })),
      );
      return [...Array(SPOTS).keys()].some((s) => homesOf(epoch, s)[0] === 1 && homesOf(before, s)[0] !== 1);
    })!;
    alone.epoch(next);
    alone.pass(8000);
    const fetches = alone.take('fetch');
    const [{ to, message }] = fetches as [(typeof fetches)[number]];
    const same = fetches.filter((one) => one.to === to && one.message.spot === message.spot);
    expect(gapsOf(same)).toEqual([250, 500, 1000, 2000, 2000, 2000]);
  });
});

describe('homes', () => {
  /** A home of a spot that has another one in charge in two epochs. */
  function home() {
    for (let self = 1; self <= 6; self++) {
      for (let gone = 1; gone <= 6; gone++) {
        if (gone === self) continue;
        const alone = new Alone(self);
        const one = alone.epoch([1, 2, 3, 4, 5, 6]);
        const two = alone.epoch([1, 2, 3, 4, 5, 6].filter((peer) => peer !== gone));
        for (let spot = 0; spot < SPOTS; spot++) {
          const [first, ...others] = homesOf(one, spot);
          const [next, ...more] = homesOf(two, spot);
          if (first !== next && others.includes(self) && more.includes(self)) {
            alone.said.length = 0;
            return { alone, spot, first: first!, next: next! };
          }
        }
      }
    }
    throw new Error('no such spot');
  }

  const written: CoinRecord = { ...UNWRITTEN, version: 1, generation: 1, since: 1 };
  const versions = (version: number): CoinRecord => ({ ...written, version, generation: version, since: version });

  test('M-L12: a home tells what it keeps, under which stamp, and then keeps nothing from lower stamps', () => {
    const { alone, spot, first, next } = home();
    alone.hear(first, { type: 'put', spot, stamp: 1, record: versions(1) });
    expect(alone.take('kept')).toMatchObject([{ to: first, message: { spot, stamp: 1, version: 1 } }]);
    alone.hear(next, { type: 'fetch', spot, stamp: 2 });
    const fetched = alone.take('fetched');
    expect(fetched).toMatchObject([{ to: next, message: { stamp: 2, tag: 1, record: { version: 1 }, firstLife: 0 } }]);
    expect(fetched[0]!.message.runs.map(({ from, through }) => [from, through])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    alone.hear(first, { type: 'put', spot, stamp: 1, record: versions(2) });
    expect(alone.take('kept')).toEqual([]);
    expect(alone.ledger.keptRecord(spot).version).toBe(1);
    alone.hear(next, { type: 'put', spot, stamp: 2, record: versions(3) });
    expect(alone.take('kept')).toMatchObject([{ to: next, message: { stamp: 2, version: 3 } }]);
    alone.hear(first, { type: 'fetch', spot, stamp: 1 });
    expect(alone.take('fetched')).toEqual([]);
  });

  test('M-L12: only who is first in the epoch of a stamp may fetch and put, and only when that epoch is known', () => {
    const { alone, spot, first, next } = home();
    const isTaken = (from: number, stamp: number) => {
      alone.hear(from, { type: 'fetch', spot, stamp });
      const wasTold = alone.take('fetched').length > 0;
      alone.hear(from, { type: 'put', spot, stamp, record: versions(stamp) });
      return [wasTold, alone.take('kept').length > 0];
    };
    expect(isTaken(next, 1)).toEqual([false, false]);
    expect(isTaken(first, 2)).toEqual([false, false]);
    expect(isTaken(next, 3), 'an epoch that is yet to come').toEqual([false, false]);
    expect(isTaken(first, 1)).toEqual([true, true]);
    expect(isTaken(next, 2)).toEqual([true, true]);
  });
});

test('M-L18: every 5 s a peer asks about two spots of which it holds coins, in turn, and believes the answer', () => {
  const alone = new Alone(1);
  const epoch = alone.epoch([1, 2, 3, 4, 5]);
  const spots = [...Array(SPOTS).keys()].filter((spot) => homesOf(epoch, spot)[0] !== 1).slice(0, 5);
  expect(spots).toHaveLength(5);
  // Its purse is its own to write into.
  const tokens = alone.ledger.tokens as Map<Token, number>;
  for (const spot of spots) tokens.set(tokenOf(spot, 0), 1);
  alone.pass(21_000);
  const asked = new Map<number, number[]>();
  for (const { atMs, to, message } of alone.take('recall')) {
    for (const spot of message.spots) {
      expect(to).toBe(homesOf(epoch, spot)[0]);
      asked.set(
        atMs,
        [...(asked.get(atMs) ?? []), spot].sort((a, b) => a - b),
      );
    }
  }
  expect(gapsOf([...asked.keys()].map((atMs) => ({ atMs })))).toEqual([5000, 5000, 5000, 5000]);
  const [a, b, c, d, e] = spots;
  expect([...asked.values()]).toEqual([
    [a, b],
    [c, d],
    [a, e],
    [b, c],
    [d, e],
  ]);
  // The last that it asked about.
  const from = (spot: number) => homesOf(epoch, spot)[0]!;
  const holds = [{ token: tokenOf(d!, 0), since: 1 }];
  alone.hear(from(d!), { type: 'recalled', epoch: 1, spots: [{ spot: d!, version: 1, holds }] });
  alone.hear(from(e!), { type: 'recalled', epoch: 1, spots: [{ spot: e!, version: 1, holds: [] }] });
  alone.hear(from(a!), { type: 'recalled', epoch: 1, spots: [{ spot: a!, version: 1, holds: [] }] });
  expect([...tokens.keys()]).toEqual([a, b, c, d].map((spot) => tokenOf(spot!, 0)));
});
