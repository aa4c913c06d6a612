import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { nodeSigning } from '../../links/signing-node.ts';
import { decodeBallot } from '../../netcode/lockstep/ballot.ts';
import { InputLog } from '../../netcode/lockstep/input-log.ts';
import { MAX_WORD } from '../../netcode/lockstep/input-word.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { Assembly, decodePeerMessage, PART_BYTES, partsOf } from '../../netcode/lockstep/peer-messages.ts';
import { NEVER, Roster } from '../../netcode/lockstep/roster.ts';
import { decodeSettings, encodeSettings, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { sha256 } from '../../netcode/lockstep/sha256.ts';
import { decodeState, encodeState } from '../../netcode/lockstep/state-codec.ts';
import { decodeViewChange, encodeViewChange } from '../../netcode/lockstep/view-codec.ts';
import { WorldLine } from '../../netcode/lockstep/world-line.ts';
import { Kind, ProtocolError } from '../../netcode/protocol.ts';
import { LOCKSTEP_SAMPLES, SEALED_INPUT, VIEW_CHANGE, VIEW_CHANGE_HEX } from './lockstep-samples.ts';
import { Mutator } from './mutator.ts';

const SEED = 20_261_121;
const MUTATIONS = 50_000;
const plain = (hex: string) => hex.replaceAll(/\s/g, '');
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function decode(bytes: Uint8Array): unknown {
  const kind = bytes[1]!;
  if (kind === Kind.peerInput) return decodePeerInput(bytes);
  return kind <= Kind.outbid ? decodeBallot(bytes) : decodePeerMessage(bytes);
}

for (const { message, bytes, hex } of LOCKSTEP_SAMPLES) {
  const name = 'type' in message ? message.type : message.sealed ? 'sealed input' : 'input';
  test(`golden bytes: ${name}, ${plain(hex).slice(0, 24)}`, () => {
    expect(hexOf(bytes)).toBe(plain(hex));
    expect(decode(bytes)).toEqual(message);
  });
}

test('golden bytes: view change, settings', () => {
  expect(hexOf(encodeViewChange(VIEW_CHANGE))).toBe(plain(VIEW_CHANGE_HEX));
  expect(decodeViewChange(encodeViewChange(VIEW_CHANGE))).toEqual(VIEW_CHANGE);
  const settings = lockstepSettings({ ...DEFAULT_MATCH, players: 8 }, { rollback: true, defences: { deadline: true } });
  expect(hexOf(encodeSettings(settings))).toBe(plain('05 06 c800 01000000 14 0800 1e00 00'));
  expect(decodeSettings(encodeSettings(settings))).toEqual(settings);
});

test('inputs of any size come back as they were', () => {
  const tick = fc.integer({ min: 0, max: NEVER - 200 });
  const eight = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const message = fc
    .record({
      view: fc.integer({ min: 0, max: 0x7fffffff }),
      position: fc.integer({ min: 0, max: 1_000_000 }).map((quarters) => quarters / 4),
      timeMs: fc.integer({ min: 0, max: 0xffff }),
      echoMs: fc.integer({ min: 0, max: 0xffff }),
      heldMs: fc.integer({ min: 0, max: 255 }),
      marginTicks: fc.oneof(
        fc.constant(Number.POSITIVE_INFINITY),
        fc.integer({ min: -100, max: 100 }).map((n) => n / 8),
      ),
      ack: tick,
      firstTick: tick,
      words: fc.array(fc.integer({ min: 0, max: MAX_WORD }), { maxLength: 40 }),
    })
    .chain((input) =>
      fc.oneof(
        fc.constant(input),
        fc
          .record({
            ack: tick,
            firstTick: tick,
            commitments: fc.array(eight, { maxLength: 40 }),
            nonces: fc.array(eight, { minLength: input.words.length, maxLength: input.words.length }),
          })
          .map((sealed) => ({ ...input, sealed })),
      ),
    );
  fc.assert(
    fc.property(message, (input) => {
      expect(decodePeerInput(encodePeerInput(input))).toEqual(input);
    }),
  );
});

test('P1: what is out of range is refused', () => {
  const refused = (hex: string) => () => decode(Buffer.from(plain(hex), 'hex'));
  const head = '0128 02000100 64000000 80 3412 7856 07 0a 65000000 67000000';
  expect(refused(`${head} 41 ${'000000'.repeat(65)}`), '65 inputs').toThrow(/65 inputs/);
  expect(refused(`${head} 01 000004`), 'a bit that no input has').toThrow(/unknown bits/);
  expect(refused(`${head} 00 00`), 'half a sealed part').toThrow(ProtocolError);
  expect(refused(`${head} 00 69000000 6a000000 29 ${'aa'.repeat(8 * 41)}`), '41 commitments').toThrow(/41 commit/);
  expect(refused('0129 02000000 03000100 41'), '65 peers to drop').toThrow(/65 peers/);
  expect(refused('012f 02000000 ffffffff'), 'a tick beyond all').toThrow(/tick/);
  expect(refused('0131 0200 0200'), 'part 2 of 2').toThrow(/part 2/);
  expect(refused('0134 14000000 05 0000 0100'), 'a sixth section').toThrow(/section 5/);
  expect(() => decodeSettings(Buffer.from('150ac80001000000140800 1e0000'.replace(' ', ''), 'hex'))).toThrow(/flags/);
});

test('the longest input message fits into a datagram', () => {
  const words = Array.from({ length: 40 }, () => MAX_WORD);
  const sealed = {
    ...SEALED_INPUT.sealed!,
    commitments: words.map(() => new Uint8Array(8)),
    nonces: words.map(() => new Uint8Array(8)),
  };
  expect(encodePeerInput({ ...SEALED_INPUT, words, sealed }).length).toBeLessThan(1200);
  expect(
    encodePeerInput({ ...SEALED_INPUT, words: Array(64).fill(1), sealed: { ...sealed, commitments: [] } }).length,
  ).toBeLessThan(1200);
});

/** A world after 100 ticks with two players, one of them gone but standing. */
function transferred() {
  const arena = createArena({ ...DEFAULT_MATCH, players: 8 });
  const line = new WorldLine(arena, 4);
  const roster = new Roster();
  const token = (fill: number) => new Uint8Array(16).fill(fill);
  roster.apply({
    view: 0x10001,
    drops: [],
    joins: [
      { peer: 1, slot: 0, name: 'Ada', token: token(1), firstTick: 1, resumes: false, key: new Uint8Array(32).fill(3) },
      { peer: 2, slot: 1, name: 'Bo', token: token(2), firstTick: 1, resumes: false },
    ],
  });
  for (const seat of roster.seats) for (let tick = 1; tick <= 110; tick++) seat.log.put(tick, (tick * 64) & MAX_WORD);
  roster.apply({ view: 0x10002, drops: [{ peer: 2, lastTick: 90, removeTick: 291, words: [] }], joins: [] });
  while (line.tick < 100) line.step(roster);
  return { line, roster, bytes: encodeState(roster, 100, line.state(100)!) };
}

test('L23: a transferred state holds the world, the seats, and the inputs that are known beyond it', () => {
  const { line, roster, bytes } = transferred();
  const { view, tick, seats, state } = decodeState(bytes, line.world.bytes.length);
  expect({ view, tick }).toEqual({ view: 0x10002, tick: 100 });
  expect(state).toEqual(line.state(100));
  const seatOf = ({ log: _, ...seat }: (typeof seats)[number]) => seat;
  expect(seats.map(seatOf)).toEqual(roster.seats.map(seatOf));
  expect(seats[0]!.log.through).toBe(110);
  expect(seats[0]!.log.word(105)).toBe(roster.seats[0]!.log.word(105));
  expect(seats[1]!.log.has(101)).toBe(false);
  expect(bytes.length).toBeLessThan(state.length);
});

test('L23: a state of another world, or one that was bent on the way, is refused', () => {
  const { line, bytes } = transferred();
  expect(() => decodeState(bytes, line.world.bytes.length + 4)).toThrow(ProtocolError);
  const bent = bytes.slice();
  bent[bytes.length - 1]! ^= 1;
  expect(() => decodeState(bent, line.world.bytes.length)).toThrow(/checksum/);
});

test(`P1: mutated view changes, settings and states throw nothing but ProtocolError (seed ${SEED})`, () => {
  const { line, bytes } = transferred();
  const decoders: { real: Uint8Array; decode: (bytes: Uint8Array) => unknown; count: number }[] = [
    { real: encodeViewChange(VIEW_CHANGE), decode: decodeViewChange, count: MUTATIONS },
    { real: encodeSettings(lockstepSettings(DEFAULT_MATCH)), decode: decodeSettings, count: MUTATIONS },
    { real: bytes, decode: (mutated) => decodeState(mutated, line.world.bytes.length), count: MUTATIONS / 50 },
  ];
  for (const { real, decode, count } of decoders) {
    const mutator = new Mutator(new Random(SEED, 8), [real]);
    let refused = 0;
    for (let i = 0; i < count; i++) {
      try {
        decode(mutator.next());
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(count / 4);
  }
}, 60_000);

test('what is longer than a datagram is cut into parts, and put together again in order', () => {
  const whole = Uint8Array.from({ length: 2 * PART_BYTES + 5 }, (_, i) => i & 255);
  const parts = partsOf(whole);
  expect(parts).toHaveLength(3);
  const assembly = new Assembly();
  const results = parts.map(({ index, count, bytes }) => assembly.add(index, count, bytes));
  expect(results).toEqual([null, null, whole]);
  expect(() => assembly.add(1, 3, parts[1]!.bytes), 'a part out of order').toThrow(ProtocolError);
});

test('SHA-256 in plain code is that of the book', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(hexOf(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'));
    }),
  );
});

test("L30: Node's keys sign and verify; another's signature, a bent one and bytes that are no key do not", () => {
  const ada = nodeSigning(new Uint8Array(32).fill(1));
  const bo = nodeSigning();
  const text = Uint8Array.of(1, 2, 3);
  const signature = ada.sign(text);
  expect([ada.publicKey.length, signature.length]).toEqual([32, 64]);
  expect(bo.verify(ada.publicKey, text, signature)).toBe(true);
  expect(bo.verify(bo.publicKey, text, signature)).toBe(false);
  expect(bo.verify(ada.publicKey, Uint8Array.of(1, 2, 4), signature)).toBe(false);
  expect(bo.verify(new Uint8Array(3), text, signature)).toBe(false);
  expect(bo.verify(ada.publicKey, text, new Uint8Array(3))).toBe(false);
  expect(nodeSigning(new Uint8Array(32).fill(1)).publicKey).toEqual(ada.publicKey);
});

test('a log read from a state needs nothing from before it', () => {
  const log = InputLog.startingAt(5, 100);
  expect(log.through).toBe(99);
  expect(log.put(100, 1)).toBe('new');
  expect(log.through).toBe(100);
});
