/** The messages of trust: what is written is read again, and nothing that is not one of them is taken for one. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { decodeAccusation, encodeAccusation } from '../../netcode/mesh/trust/accusation-codec.ts';
import {
  decodeHead,
  decodeHeadOf,
  decodeMentions,
  encodeHead,
  encodeHeadOf,
  encodeMentions,
} from '../../netcode/mesh/trust/head-codec.ts';
import { decodeHello, decodeProof, encodeHello, encodeProof } from '../../netcode/mesh/trust/link-codec.ts';
import { ReplayWindow } from '../../netcode/mesh/trust/replay-window.ts';
import { decodeVouch, decodeVouched, encodeVouch, encodeVouched } from '../../netcode/mesh/trust/vouch-codec.ts';
import { ProtocolError } from '../../netcode/protocol.ts';
import { TrustTable } from './trust-table.ts';

const bytesOf = (length: number, first: number) => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
const hello = { key: bytesOf(32, 1), exchangeKey: bytesOf(32, 2), nonce: bytesOf(16, 3) };
const hashes = Uint32Array.from({ length: 20 }, (_, i) => i * 0x0fffffff);
const places = Array.from({ length: 5 }, (_, i) => ({ x: 16_777_215 - i, y: i }));
const head = { life: 3, tick: 4_000_000_000, previous: bytesOf(8, 1), hashes, places, signature: bytesOf(64, 9) };
const taking = { token: 4_000_000_000, tick: 77, x: 123_456, y: 654_321 };
const accusation = {
  subject: 5,
  what: 'too far',
  tick: 99,
  observed: -5,
  allowed: 1_000_000,
  signature: bytesOf(64, 7),
} as const;
const mentions = [{ peer: 4, tick: 20, prefix: bytesOf(4, 1) }];

const SAMPLES: Record<string, Uint8Array> = {
  hello: encodeHello(hello, true),
  proof: encodeProof(bytesOf(64, 5)),
  head: encodeHead(head),
  headOf: encodeHeadOf(9, head),
  mentions: encodeMentions(mentions),
  accusation: encodeAccusation(accusation),
  vouch: encodeVouch(taking),
  vouched: encodeVouched(8, taking),
};

describe('messages of trust', () => {
  test('what is written is read again', () => {
    expect(decodeHello(SAMPLES['hello']!)).toEqual({ hello, lacksOurs: true });
    expect(decodeProof(SAMPLES['proof']!)).toEqual(bytesOf(64, 5));
    expect(decodeHead(SAMPLES['head']!, 20)).toEqual(head);
    expect(decodeHeadOf(SAMPLES['headOf']!, 20)).toEqual({ peer: 9, head });
    expect(decodeMentions(SAMPLES['mentions']!)).toEqual(mentions);
    expect(decodeAccusation(SAMPLES['accusation']!)).toEqual(accusation);
    expect(decodeAccusation(encodeAccusation({ ...accusation, signature: null })).signature).toBeNull();
    expect(decodeVouch(SAMPLES['vouch']!)).toEqual(taking);
    expect(decodeVouched(SAMPLES['vouched']!)).toEqual({ claimant: 8, taking });
  });

  test('20,000 cut, flipped and random messages do nothing but be refused', () => {
    const table = new TrustTable({ handshakes: true, heads: true, witnesses: true, replayWindow: true }, 3);
    table.seat(1);
    table.seat(2);
    table.link(1, 2);
    table.run(500);
    const { trust } = table.peers.get(1)!;
    const random = new Random(20261121, 5);
    const samples = Object.values(SAMPLES);
    let refused = 0;
    for (let i = 0; i < 20_000; i++) {
      let bytes = samples[random.below(samples.length)]!.slice();
      for (let flips = random.below(4); flips > 0; flips--)
        bytes[2 + random.below(bytes.length - 2)] = random.below(256);
      if (random.below(3) === 0) bytes = bytes.subarray(0, 2 + random.below(bytes.length - 2));
      try {
        trust.receive(2, bytes, table.nowMs);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5000);
    expect(table.told('banned')).toEqual([]);
  });
});

describe('a replay window', () => {
  test('M-T4 takes each number once, and none that is far behind', () => {
    const window = new ReplayWindow();
    const random = new Random(1, 1);
    const taken = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      const sequence = Math.max(0, i - random.below(300));
      const isNew = !taken.has(sequence);
      const isFar = sequence <= window.highest - 256;
      expect(window.take(sequence)).toBe(isNew && !isFar);
      if (isNew && !isFar) taken.add(sequence);
    }
    expect(window.take(-1)).toBe(false);
  });
});
