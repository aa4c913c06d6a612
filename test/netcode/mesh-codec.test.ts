import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { decodeMesh, encodeMesh, type MeshMessage } from '../../netcode/mesh/peer-codec.ts';
import { decodeMeshSettings, encodeMeshSettings, MESH_DEFENCES, meshSettings } from '../../netcode/mesh/settings.ts';
import { type AvatarState, decodeState, encodeState } from '../../netcode/mesh/state-codec.ts';
import { Kind, ProtocolError } from '../../netcode/protocol.ts';
import { Mutator } from './mutator.ts';

const SEED = 20_261_121;
const MUTATIONS = 50_000;
const SIZE = createArena(DEFAULT_MATCH).size;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const plain = (hex: string) => hex.replaceAll(/\s/g, '');

const STATE: AvatarState = {
  tick: 1000,
  isAlive: true,
  isShielded: false,
  isFighting: true,
  x: 0x012345,
  y: 0x021030,
  aim: 0x0abc,
  buttons: 9,
  health: 75,
  deaths: 2,
  shots: [{ k: 1, ageTicks: 3, x: 0x010203, y: 0x020304, aim: 4095 }],
  news: Uint8Array.of(0xee),
};

const MESSAGES: [MeshMessage, string][] = [
  [{ type: 'meshPing', tile: 0x0203, timeMs: 1, echoMs: 2, heldMs: 3 }, '01 3d 0302 0100 0200 0300'],
  [
    {
      type: 'meshAsk',
      x: 0x010203,
      y: 0x020304,
      buttons: 5,
      known: [7, 300],
      coins: { from: 2, through: 0xffff, versions: [{ spot: 3, version: 9 }] },
    },
    '01 3e 030201 040302 05 02 0700 2c01 0200 ffff 01 0300 09000000',
  ],
  [{ type: 'meshNear', peers: [{ peer: 9, tile: 0x0102 }] }, '01 3f 01 0900 0201'],
  [{ type: 'meshForward', peer: 4, state: Uint8Array.of(1, 60, 5) }, '01 40 0400 013c05'],
  [{ type: 'meshSignal', way: 'from', peer: 5, payload: 'v=0' }, '01 43 01 0500 763d30'],
  [{ type: 'meshKill', deaths: 3, shotTick: 99 }, '01 42 0300 63000000'],
];

test('golden bytes: a state of 19 bytes and 9 for its shot', () => {
  const hex = '01 3c e8030000 0d 452301 301002 bc0a 09 4b 0200  0d 030201 040302 ff0f  ee';
  expect(hexOf(encodeState(STATE))).toBe(plain(hex));
  expect(decodeState(encodeState(STATE), SIZE)).toEqual(STATE);
});

for (const [message, hex] of MESSAGES) {
  test(`golden bytes: ${message.type}`, () => {
    expect(hexOf(encodeMesh(message))).toBe(plain(hex));
    expect(decodeMesh(encodeMesh(message), SIZE)).toEqual(message);
  });
}

test('settings come back as they were, with any defences', () => {
  for (const name of MESH_DEFENCES) {
    const config = { ...DEFAULT_MATCH, players: 300, scenario: 'crowds' as const };
    const settings = meshSettings(config, { send: 'flat', defences: { [name]: true } });
    expect(decodeMeshSettings(encodeMeshSettings(settings))).toEqual(settings);
  }
});

test('states of any kind come back as they were', () => {
  const at = fc.integer({ min: 0, max: SIZE - 1 });
  const aim = fc.integer({ min: 0, max: 4095 });
  const state = fc.record({
    tick: fc.integer({ min: 0, max: 0xffffffff }),
    isAlive: fc.boolean(),
    isShielded: fc.boolean(),
    isFighting: fc.boolean(),
    x: at,
    y: at,
    aim,
    buttons: fc.integer({ min: 0, max: 31 }),
    health: fc.integer({ min: 0, max: 100 }),
    deaths: fc.integer({ min: 0, max: 0xffff }),
    shots: fc.array(
      fc.record({ k: fc.integer({ min: 0, max: 2 }), ageTicks: fc.integer({ min: 0, max: 63 }), x: at, y: at, aim }),
      { maxLength: 3 },
    ),
    news: fc.uint8Array({ maxLength: 20 }),
  });
  fc.assert(
    fc.property(state, (one) => {
      expect(decodeState(encodeState(one), SIZE)).toEqual(one);
    }),
    { seed: SEED },
  );
});

test(`${MUTATIONS} random, cut and flipped messages: nothing but ProtocolError (seed ${SEED})`, () => {
  const real = [encodeState(STATE), ...MESSAGES.map(([message]) => encodeMesh(message))];
  const mutator = new Mutator(new Random(SEED), real);
  let refused = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const bytes = mutator.next();
    try {
      if (bytes[1] === Kind.meshState) decodeState(bytes, SIZE);
      else decodeMesh(bytes, SIZE);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 4);
  expect(refused).toBeLessThan(MUTATIONS);
});
