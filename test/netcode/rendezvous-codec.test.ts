import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PROTOCOL_VERSION, ProtocolError } from '../../netcode/protocol.ts';
import {
  decodeRendezvous,
  encodeRendezvous,
  MAX_PAYLOAD_BYTES,
  MAX_RENDEZVOUS_MESSAGE_BYTES,
  MAX_ROOM_PEERS,
  type RendezvousMessage,
} from '../../netcode/rendezvous-messages.ts';
import { RENDEZVOUS_SAMPLES } from './rendezvous-samples.ts';

const peer = fc.integer({ min: 1, max: 0xffff });
const token = fc.uint8Array({ minLength: 16, maxLength: 16 });
const payload = fc.uint8Array({ maxLength: 60 });
const settings = fc.uint8Array({ maxLength: 1024 });
const name = fc
  .string({ maxLength: 6, unit: 'grapheme' })
  .filter((text) => !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= 24);
const room = fc.string({ maxLength: 12 });

const enter = fc.record({
  type: fc.constant('enter' as const),
  protocol: fc.constant(PROTOCOL_VERSION),
  rulesHash: fc.integer({ min: 0, max: 0xffffffff }),
  name,
  reclaim: fc.option(fc.record({ peer, token })),
});
const create = fc.record({ maxPeers: peer, settings });

/** Messages whose length their body tells. */
const sized: fc.Arbitrary<RendezvousMessage> = fc.oneof(
  fc.tuple(enter, room).map(([message, code]) => ({ ...message, room: code, create: null })),
  fc.tuple(enter, create).map(([message, made]) => ({ ...message, room: null, create: made })),
  fc.record({
    type: fc.constant('entered' as const),
    self: peer,
    token,
    room,
    settings,
    peers: fc.array(fc.record({ peer, name }), { maxLength: 20 }),
  }),
  fc.record({ type: fc.constant('peerCame' as const), peer, name }),
  fc.record({ type: fc.constant('peerGone' as const), peer }),
  fc.record({
    type: fc.constant('members' as const),
    view: fc.integer({ min: 0, max: 0xffffffff }),
    peers: fc.uniqueArray(peer, { maxLength: 40 }).map((peers) => peers.sort((a, b) => a - b)),
  }),
  fc.record({ type: fc.constant('founding' as const), granted: fc.boolean() }),
  fc.constantFrom({ type: 'found' as const }, { type: 'heartbeat' as const }),
);
const carrying: fc.Arbitrary<RendezvousMessage> = fc.oneof(
  fc.record({ type: fc.constant('signal' as const), peer, payload: fc.string({ unit: 'grapheme', maxLength: 60 }) }),
  fc.record({ type: fc.constant('relay' as const), peer, payload }),
  fc.record({ type: fc.constant('ballot' as const), payload }),
);

test('what is encoded is decoded, whole', () => {
  fc.assert(
    fc.property(fc.oneof(sized, carrying), (message) => {
      expect(decodeRendezvous(encodeRendezvous(message))).toEqual(message);
    }),
  );
});

test('R1: one byte more or less is refused', () => {
  fc.assert(
    fc.property(sized, (message) => {
      const bytes = encodeRendezvous(message);
      expect(() => decodeRendezvous(bytes.subarray(0, bytes.length - 1))).toThrow(ProtocolError);
      expect(() => decodeRendezvous(Uint8Array.of(...bytes, 0))).toThrow(ProtocolError);
    }),
  );
});

for (const { message, hex } of RENDEZVOUS_SAMPLES) {
  test(`golden bytes: ${message.type}, ${hex}`, () => {
    const bytes = encodeRendezvous(message);
    expect(Buffer.from(bytes).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(decodeRendezvous(bytes)).toEqual(message);
  });
}

test('R1: numbers, counts and lengths out of range are refused', () => {
  const refused = (hex: string) => () => decodeRendezvous(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  expect(refused('0116 0000 02426f'), 'nobody has number 0').toThrow(/peer 0/);
  expect(refused('0114 00000000 00 04 00'), 'unknown flag').toThrow(/flags/);
  expect(refused('0114 00000000 00 01 0000 0000'), 'a room for nobody').toThrow(/peers 0/);
  expect(refused('0114 00000000 00 01 0100 0104'), 'settings of 1,025 bytes').toThrow(/settings/);
  expect(refused('0114 00000000 00 00 0d'), 'a code of 13 bytes').toThrow(/text of 13/);
  expect(refused('011b 00000000 0200 0200 0100'), 'members out of order').toThrow(/ascending/);
  expect(refused('011b 00000000 0200 0100 0100'), 'a member twice').toThrow(/ascending/);
  expect(refused(`011b 00000000 ${Buffer.from(Uint16Array.of(MAX_ROOM_PEERS + 1).buffer).toString('hex')}`)).toThrow(
    /at most 1000/,
  );
  expect(refused('011d 02'), 'neither yes nor no').toThrow(/flag 2/);
  expect(refused('0118 0100 ff'), 'not a text').toThrow(/UTF-8/);
  expect(refused('0120'), 'an unknown kind').toThrow(/unknown kind/);
  expect(refused('021e'), 'another version').toThrow(/version 2/);
});

test('R1: a payload above 16 KB is refused by both ends', () => {
  const most = encodeRendezvous({ type: 'relay', peer: 1, payload: new Uint8Array(MAX_PAYLOAD_BYTES) });
  expect(decodeRendezvous(most)).toMatchObject({ payload: { length: MAX_PAYLOAD_BYTES } });
  expect(() => decodeRendezvous(Uint8Array.of(...most, 0))).toThrow(ProtocolError);
  const tooMuch = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
  expect(() => encodeRendezvous({ type: 'relay', peer: 1, payload: tooMuch })).toThrow(RangeError);
  expect(() => encodeRendezvous({ type: 'signal', peer: 1, payload: 'ä'.repeat(8193) })).toThrow(RangeError);
});

test('the longest answer to an enter fits into one message', () => {
  const peers = Array.from({ length: MAX_ROOM_PEERS }, (_, i) => ({ peer: i + 1, name: 'x'.repeat(24) }));
  const entered = {
    type: 'entered',
    self: 1,
    token: new Uint8Array(16),
    room: 'x'.repeat(12),
    settings: new Uint8Array(1024),
    peers,
  } as const;
  expect(encodeRendezvous(entered).length).toBeLessThan(MAX_RENDEZVOUS_MESSAGE_BYTES);
});

test('R4: an enter of another version is read no further than its version', () => {
  expect(decodeRendezvous(Uint8Array.of(7, 20, 255, 255))).toMatchObject({ type: 'enter', protocol: 7 });
});

test('tokens and settings outlive the buffer that they were read from', () => {
  const { message, hex } = RENDEZVOUS_SAMPLES[1]!;
  const shared = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const decoded = decodeRendezvous(shared);
  shared.fill(0);
  expect(decoded).toEqual(message);
});
