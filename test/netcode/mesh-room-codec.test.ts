import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { Epoch, NO_CELL } from '../../netcode/mesh/epoch.ts';
import {
  EpochChain,
  type EpochChange,
  KEPT_EPOCHS,
  MAX_CHANGES,
  MAX_JOINS,
  type NamedSeat,
} from '../../netcode/mesh/epoch-chain.ts';
import { MAX_SEATS, nextBallot, type RoomMessage } from '../../netcode/mesh/room-messages.ts';
import { ProtocolError } from '../../netcode/protocol.ts';
import {
  decodeRendezvous,
  encodeRendezvous,
  MAX_RENDEZVOUS_MESSAGE_BYTES,
  type RendezvousMessage,
} from '../../netcode/rendezvous-messages.ts';
import { Mutator } from './mutator.ts';

const seat = (peer: number, slot = peer): NamedSeat => ({
  peer,
  slot,
  life: 2,
  isAway: false,
  cell: NO_CELL,
  name: 'Ada',
});
const change: EpochChange = {
  lastPeer: 9,
  gone: [3],
  changed: [{ peer: 4, life: 1, isAway: true, cell: 0x0203 }],
  joined: [seat(9, 3)],
};
const changeHex = '0900 0100 0300 0100 0400 0180 0302 0100 0900 0300 0200 ffff 03416461';
const ballot = nextBallot(0, 7);
const nonce = new Uint8Array(16).fill(0xaa);
const known = {
  type: 'known',
  line: 5,
  life: 1,
  roomMs: null,
  ballot,
  number: 8,
  accepted: null,
  epochs: null,
} as const;

/** One message of each kind and shape, with the bytes that it has in version 1. */
const SAMPLES: { message: RendezvousMessage; hex: string }[] = [
  { message: { type: 'cell', sentMs: 2.5, cell: 0x0102, asks: true }, hex: '011f 28000000 0201 01' },
  {
    message: { type: 'cellNoted', sentMs: 2.5, roomMs: 258.5, cell: 0x0102, peers: null },
    hex: '0121 28000000 02010000 80 0201 00',
  },
  {
    message: { type: 'cellNoted', sentMs: 0, roomMs: 0, cell: 1, peers: [{ peer: 2, cell: 1 }] },
    hex: '0121 00000000 00000000 00 0100 01 0200 0100',
  },
  {
    message: { type: 'epoch', line: 5, number: 8, ballot, change },
    hex: `0122 05000000 08000000 01000000 07000000 ${changeHex}`,
  },
  {
    message: { type: 'epochAck', line: 5, number: 8, ballot, promised: nextBallot(ballot, 6) },
    hex: '0123 05000000 08000000 01000000 07000000 02000000 06000000',
  },
  { message: { type: 'epochCommit', line: 5, number: 8, change }, hex: `0124 05000000 08000000 ${changeHex}` },
  { message: { type: 'recall', line: 5, ballot, wantsEpochs: true }, hex: '0125 05000000 01000000 07000000 01' },
  { message: known, hex: '0126 00 05000000 0100 01000000 07000000 08000000' },
  {
    message: { ...known, roomMs: 1, accepted: { ballot, number: 9, change } },
    hex: `0126 03 05000000 0100 01000000 07000000 08000000 01000000 00 01000000 07000000 09000000 ${changeHex}`,
  },
  {
    message: { ...known, epochs: { roster: null, from: 7, changes: [change] } },
    hex: `0126 04 05000000 0100 01000000 07000000 08000000 07000000 01 ${changeHex}`,
  },
  {
    message: { ...known, epochs: { roster: { number: 7, lastPeer: 9, seats: [seat(1)] }, from: 7, changes: [] } },
    hex: '0126 0c 05000000 0100 01000000 07000000 08000000 07000000 0900 0100 0100 0100 0200 ffff 03416461 00',
  },
  { message: { type: 'challenge', nonce, bits: 12 }, hex: `0127 ${'aa'.repeat(16)} 0c` },
  {
    message: {
      type: 'enter',
      protocol: 1,
      rulesHash: 1,
      name: '',
      room: null,
      create: { maxPeers: 8, settings: Uint8Array.of(1), seats: 7, proofOfWorkBits: 3 },
      reclaim: { peer: 1, token: nonce },
      memory: { line: 5, number: 8, life: 1 },
      proof: { nonce, answer: 258 },
    },
    hex: `0114 01000000 00 1f 0800 0100 01 0700 03 0100 ${'aa'.repeat(16)} 05000000 08000000 0100 ${'aa'.repeat(16)} 02010000`,
  },
];

for (const { message, hex } of SAMPLES) {
  test(`golden bytes: ${message.type}, ${hex}`, () => {
    const bytes = encodeRendezvous(message);
    expect(Buffer.from(bytes).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(decodeRendezvous(bytes)).toEqual(message);
  });
}

const peer = fc.integer({ min: 1, max: 0xffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 1, max: 0xffffffff });
const life = fc.integer({ min: 0, max: 0x7fff });
const ballots = fc
  .tuple(fc.integer({ min: 0, max: 0x1ffffe }), u32)
  .map(([round, by]) => nextBallot(round * 2 ** 32, by));
const bare = { peer, life, isAway: fc.boolean(), cell: u16 };
const named = fc.record({ ...bare, slot: u16, name: fc.string({ maxLength: 24, unit: 'grapheme-ascii' }) });
const changes: fc.Arbitrary<EpochChange> = fc.record({
  lastPeer: u16,
  gone: fc.array(peer, { maxLength: 5 }),
  changed: fc.array(fc.record(bare), { maxLength: 5 }),
  joined: fc.array(named, { maxLength: 5 }),
});
const told = fc
  .tuple(
    u32,
    fc.option(fc.record({ lastPeer: u16, seats: fc.array(named, { maxLength: 9 }) })),
    fc.array(changes, { maxLength: 4 }),
  )
  .map(([from, roster, later]) => ({ roster: roster && { number: from, ...roster }, from, changes: later }));
const roomMs = fc.integer({ min: 0, max: 0xffffffff }).map((time) => time / 256);
const messages: fc.Arbitrary<RoomMessage> = fc.oneof(
  fc.record({
    type: fc.constant('cell' as const),
    sentMs: u32.map((time) => time / 16),
    cell: u16,
    asks: fc.boolean(),
  }),
  fc.record({ type: fc.constant('epoch' as const), line: u32, number: u32, ballot: ballots, change: changes }),
  fc.record({ type: fc.constant('epochAck' as const), line: u32, number: u32, ballot: ballots, promised: ballots }),
  fc.record({ type: fc.constant('epochCommit' as const), line: u32, number: u32, change: changes }),
  fc.record({ type: fc.constant('recall' as const), line: u32, ballot: ballots, wantsEpochs: fc.boolean() }),
  fc.record({
    type: fc.constant('known' as const),
    line: u32,
    life,
    roomMs: fc.option(roomMs),
    ballot: ballots,
    number: u32,
    accepted: fc.option(fc.record({ ballot: ballots, number: u32, change: changes })),
    epochs: fc.option(told),
  }),
);

test('what is encoded is decoded, whole, and one byte more or less is refused', () => {
  fc.assert(
    fc.property(messages, (message) => {
      const bytes = encodeRendezvous(message);
      expect(decodeRendezvous(bytes)).toEqual(message);
      expect(() => decodeRendezvous(bytes.subarray(0, bytes.length - 1))).toThrow(ProtocolError);
      expect(() => decodeRendezvous(Uint8Array.of(...bytes, 0))).toThrow(ProtocolError);
    }),
  );
});

test('mutated bytes throw nothing but ProtocolError (seed 5)', () => {
  const real = SAMPLES.map(({ message }) => encodeRendezvous(message));
  const mutator = new Mutator(new Random(5, 7), real);
  let refused = 0;
  for (let i = 0; i < 30_000; i++) {
    try {
      decodeRendezvous(mutator.next());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(3000);
});

/** A room as large as rooms can be, in which as much happens as can happen. */
function busyChain(): EpochChain {
  const name = 'x'.repeat(24);
  const seats = Array.from({ length: MAX_SEATS }, (_, slot) => ({ ...seat(slot + 1, slot), name }));
  const chain = new EpochChain(1, { number: 1, lastPeer: MAX_SEATS, seats });
  let lastPeer = MAX_SEATS;
  for (let i = 0; i < 2 * KEPT_EPOCHS; i++) {
    const present = chain.newest.seats;
    const leaving = present.slice(0, MAX_JOINS);
    const changed = present.slice(MAX_JOINS, MAX_JOINS + MAX_CHANGES).map((old) => ({ ...old, isAway: !old.isAway }));
    const joined = leaving.map(({ slot }) => ({ ...seat(++lastPeer, slot), name }));
    expect(chain.push({ lastPeer, gone: leaving.map((old) => old.peer), changed, joined })).toBe(true);
  }
  return chain;
}

test('everything that a newcomer needs fits into one message, of the fullest and busiest room too', () => {
  const chain = busyChain();
  const epochs = chain.whole();
  expect(epochs.changes.length).toBeGreaterThanOrEqual(1);
  const accepted = { ballot, number: 65, change: epochs.changes.at(-1)! };
  const bytes = encodeRendezvous({ ...known, roomMs: 1, accepted, epochs });
  expect(bytes.length).toBeLessThan(MAX_RENDEZVOUS_MESSAGE_BYTES);
  expect(chain.at(chain.newest.number - KEPT_EPOCHS + 1)).toBeDefined();
  expect(chain.at(chain.newest.number - KEPT_EPOCHS)).toBeUndefined();
  expect(chain.since(chain.newest.number - KEPT_EPOCHS)).toBeNull();
  expect(chain.since(chain.newest.number - 3)!.changes).toHaveLength(3);
});

test('a change that does not fit is refused, and changes nothing', () => {
  const chain = new EpochChain(1, { number: 1, lastPeer: 2, seats: [seat(1), seat(2)] });
  const nothing: EpochChange = { lastPeer: 2, gone: [], changed: [], joined: [] };
  const bad: EpochChange[] = [
    { ...nothing, gone: [3] },
    { ...nothing, gone: [1, 1] },
    { ...nothing, changed: [{ ...seat(3) }] },
    { ...nothing, joined: [seat(2, 5)] },
    { ...nothing, joined: [seat(3, 1)] },
  ];
  for (const refused of bad) expect(chain.push(refused)).toBe(false);
  expect(chain.newest).toEqual(new Epoch(1, 1, chain.newest.seats));
  expect(chain.push({ ...nothing, gone: [1], joined: [seat(3, 1)] })).toBe(true);
  expect(chain.newest.seats.map((seated) => [seated.peer, seated.slot])).toEqual([
    [2, 2],
    [3, 1],
  ]);
});
