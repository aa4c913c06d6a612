/** The bytes of the ledger, and what is done with bytes that are none. */
import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { Epoch, NO_CELL } from '../../netcode/mesh/epoch.ts';
import { CoinBook, type CoinNews, NO_SPOTS } from '../../netcode/mesh/ledger/coin-book.ts';
import { Ledger } from '../../netcode/mesh/ledger/ledger.ts';
import { decodeLedger, encodeLedger, type LedgerMessage } from '../../netcode/mesh/ledger/messages.ts';
import { decodeNews, encodeNews } from '../../netcode/mesh/ledger/news-codec.ts';
import { type CoinRecord, tokenOf } from '../../netcode/mesh/ledger/record.ts';
import { ProtocolError } from '../../netcode/protocol.ts';
import { Mutator } from './mutator.ts';

const SEED = 20_261_122;
const arena = createArena({ ...DEFAULT_MATCH, players: 8 });
const record: CoinRecord = {
  version: 9,
  generation: 3,
  since: 7,
  floor: 0,
  out: [
    { generation: 0, since: 8, holder: 0, x: 1000, y: 2000 },
    { generation: 2, since: 9, holder: 300, x: 0, y: 0 },
  ],
  spent: [{ generation: 1, holder: 7, life: 2, op: 12, tick: 600 }],
};
const RECORD_HEX =
  '09000000 0300 07000000 0000 02 0000 08000000 0000 e8030000 d0070000 0200 09000000 2c01 ' +
  '01 0100 0700 0200 0c000000 58020000';
const signature = new Uint8Array(64).fill(0xab);

const SAMPLES: { message: LedgerMessage; hex: string }[] = [
  {
    message: { type: 'claim', epoch: 5, life: 1, op: 7, act: 'take', token: tokenOf(2, 1), since: 4, x: 0, y: 0 },
    hex: '0150 78563412 05000000 0100 07000000 00 01000200 04000000',
  },
  {
    message: { type: 'claim', epoch: 5, life: 1, op: 8, act: 'drop', token: tokenOf(2, 1), since: 4, x: 10, y: 20 },
    hex: '0150 78563412 05000000 0100 08000000 01 01000200 04000000 0a000000 14000000',
  },
  {
    message: { type: 'answer', life: 1, op: 7, granted: true, stamp: 4, spot: 2, record, signatures: [] },
    hex: `0151 78563412 0100 07000000 01 04000000 0200 ${RECORD_HEX} 00`,
  },
  {
    message: {
      type: 'answer',
      life: 1,
      op: 7,
      granted: false,
      stamp: 4,
      spot: 2,
      record,
      signatures: [{ peer: 3, signature }],
    },
    hex: `0151 78563412 0100 07000000 00 04000000 0200 ${RECORD_HEX} 01 0300 ${'ab'.repeat(64)}`,
  },
  { message: { type: 'fetch', spot: 2, stamp: 6 }, hex: '0152 78563412 0200 06000000' },
  {
    message: {
      type: 'fetched',
      spot: 2,
      stamp: 6,
      firstLife: 0,
      life: 1,
      tag: 4,
      record,
      runs: [{ from: 3, through: 5, homes: [{ peer: 9, life: 1 }] }],
    },
    hex: `0153 78563412 0200 06000000 0000 0100 04000000 ${RECORD_HEX} 01 03000000 05000000 01 0900 0100`,
  },
  { message: { type: 'put', spot: 2, stamp: 6, record }, hex: `0154 78563412 0200 06000000 ${RECORD_HEX}` },
  {
    message: { type: 'kept', spot: 2, stamp: 6, version: 9, signature: null },
    hex: '0155 78563412 0200 06000000 09000000 00',
  },
  {
    message: { type: 'recall', epoch: 6, life: 1, spots: [1, 7] },
    hex: '0156 78563412 06000000 0100 02 0100 0700',
  },
  {
    message: {
      type: 'recalled',
      epoch: 6,
      spots: [{ spot: 1, version: 9, holds: [{ token: tokenOf(1, 2), since: 9 }] }],
    },
    hex: '0157 78563412 06000000 01 0100 09000000 01 0200 09000000',
  },
];
const news: CoinNews = {
  spot: 2,
  version: 9,
  generation: 3,
  since: 7,
  dropped: [{ generation: 0, since: 8, x: 1000, y: 2000 }],
};

for (const { message, hex } of SAMPLES) {
  test(`M-L2: ${message.type} is written as the protocol says`, () => {
    const bytes = encodeLedger(0x12345678, message);
    expect(Buffer.from(bytes).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(decodeLedger(bytes)).toEqual({ line: 0x12345678, message });
  });
}

test('news are written and read alike', () => {
  expect(decodeNews(encodeNews([news]), arena)).toEqual([news]);
});

test(`mutated messages throw nothing but ProtocolError, and leave a ledger that answers (seed ${SEED})`, () => {
  const ledgers = new Map<number, Ledger>();
  const queue: { from: number; to: number; bytes: Uint8Array }[] = [];
  const real = [...SAMPLES.map(({ message }) => encodeLedger(5, message)), encodeNews([news])];
  const send = (from: number) => (to: number, bytes: Uint8Array) => {
    queue.push({ from, to, bytes });
    if (real.length < 400) real.push(bytes.slice());
  };
  for (const peer of [1, 2, 3]) {
    ledgers.set(peer, new Ledger({ arena, spots: 8, self: () => peer, send: send(peer) }));
  }
  const epoch = new Epoch(
    5,
    1,
    [1, 2, 3].map((peer) => ({ peer, slot: peer, life: 0, isAway: false, cell: NO_CELL })),
  );
  for (const [peer, ledger] of ledgers)
    ledger.epochChanged((n) => (n === 1 ? epoch : undefined), epoch, epoch.seatOf(peer), 0);
  const deliver = () => {
    for (let letter = queue.shift(); letter; letter = queue.shift()) {
      ledgers.get(letter.to)?.receive(letter.from, letter.bytes, 0);
    }
  };
  for (const { token } of [...ledgers.get(1)!.book.lying]) ledgers.get(1)!.take(token, 0);
  deliver();
  const mutator = new Mutator(new Random(SEED, 8), real);
  const random = new Random(SEED, 9);
  let refused = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes = mutator.next();
    const ledger = ledgers.get(1 + random.below(3))!;
    for (const read of [() => ledger.receive(random.below(5), bytes, i), () => decodeNews(bytes, arena)]) {
      try {
        read();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        refused++;
      }
    }
    queue.length = 0;
  }
  expect(refused).toBeGreaterThan(50_000);
  ledgers.get(2)!.advance(1_000_000);
});

test('M-L10: old news undo nothing, and ids stay while a coin lies', () => {
  const book = new CoinBook(arena, 8);
  const find = () => [...book.lying].filter(({ token }) => Math.floor(token / 65536) === 2);
  expect(find()).toMatchObject([{ id: 2, token: tokenOf(2, 0), since: 0 }]);
  expect(book.apply([news])).toEqual([news]);
  expect(book.apply([news])).toEqual([]);
  const [newest, dropped] = find().sort((a, b) => a.id - b.id);
  expect(newest).toMatchObject({ id: 2, token: tokenOf(2, 3), since: 7 });
  expect(dropped).toMatchObject({ token: tokenOf(2, 0), since: 8, x: 1000, y: 2000 });
  expect(dropped!.id).toBeGreaterThanOrEqual(8);
  expect(dropped!.id).toBeLessThan(arena.capacity * 2 + 64);
  const later = { ...news, version: 10, dropped: [...news.dropped, { generation: 1, since: 10, x: 5, y: 6 }] };
  book.apply([later]);
  expect(find().find(({ token }) => token === tokenOf(2, 0))!.id).toBe(dropped!.id);
  book.apply([news]);
  expect(find()).toHaveLength(3);
  book.apply([{ ...news, version: 11, dropped: [] }]);
  expect(find()).toHaveLength(1);
});

test('M-L10: who asks is told what it does not know around it, and what it knows worse', () => {
  const at = (spot: number, version: number, x: number) => {
    return { spot, version, generation: 3, since: 7, dropped: [{ generation: 0, since: 8, x, y: 2000 }] };
  };
  const [knowing, asking] = [new CoinBook(arena, 8), new CoinBook(arena, 8)];
  knowing.apply([at(1, 9, 1000), at(2, 9, 1000), at(3, 9, 1000), at(4, 9, 60_000)]);
  asking.apply([at(1, 9, 1000), at(2, 8, 1000), at(5, 9, 1000)]);
  const known = asking.knownAround(1000, 2000, 10, 0);
  expect(known).toEqual({
    from: 0,
    through: 0xffff,
    versions: [1, 2, 5].map((spot) => ({ spot, version: spot === 2 ? 8 : 9 })),
  });
  const news = knowing.newsFor(known, 1000, 2000, 10);
  expect(news).toEqual([at(2, 9, 1000), at(3, 9, 1000)]);
  expect(knowing.newsFor({ ...known, through: 2 }, 1000, 2000, 10)).toEqual([at(2, 9, 1000)]);
  expect(knowing.newsFor(NO_SPOTS, 1000, 2000, 10)).toEqual([]);
  asking.apply(news);
  expect(knowing.newsFor(asking.knownAround(1000, 2000, 10, 0), 1000, 2000, 10)).toEqual([]);
  // Who answers with what is old is told better.
  expect(asking.betterThan([at(2, 5, 1000), at(3, 9, 1000), at(6, 1, 1000)])).toEqual([at(2, 9, 1000)]);
});

test('M-L10: what is too much for one question is asked for in turns', () => {
  const large = createArena({ ...DEFAULT_MATCH, players: 200 });
  const book = new CoinBook(large, 200);
  const all = Array.from({ length: 100 }, (_, spot) => ({ spot, version: 9, generation: 3, since: 7, dropped: [] }));
  book.apply(all);
  const empty: number[] = [];
  const asked: number[] = [];
  for (let from = 0; from <= 0xffff; ) {
    const { through, versions } = book.knownAround(0, 0, large.size * 2, from);
    expect(versions.length).toBeLessThanOrEqual(64);
    asked.push(...versions.map(({ spot }) => spot));
    empty.push(...book.newsFor({ from, through, versions: [] }, 0, 0, large.size * 2).map(({ spot }) => spot));
    from = through + 1;
  }
  expect(asked).toEqual(all.map(({ spot }) => spot));
  expect(empty).toEqual(asked);
});

test('M-L10: more coins than there are ids are left out until others are gone', () => {
  const book = new CoinBook(arena, 8);
  const limit = arena.capacity * 2 + 64;
  for (let spot = 0; spot < 8; spot++) {
    const dropped = Array.from({ length: 40 }, (_, generation) => ({ generation, since: 40, x: spot, y: generation }));
    book.apply([{ spot, version: 50, generation: 40, since: 40, dropped }]);
  }
  const ids = [...book.lying].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBe(limit);
  expect(Math.max(...ids)).toBe(limit - 1);
});
