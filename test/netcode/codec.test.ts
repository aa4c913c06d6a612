import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH, SCENARIOS } from '../../game/arena.ts';
import { VISION_RADIUS } from '../../game/constants.ts';
import { addPlayer } from '../../game/step.ts';
import { createWorld } from '../../game/world.ts';
import { expand16 } from '../../netcode/bytes.ts';
import { createInputMessage, decodeInput, encodeInput } from '../../netcode/input-codec.ts';
import { Interest } from '../../netcode/interest.ts';
import { decodeMessage, encodeMessage, type Message } from '../../netcode/messages.ts';
import { MAX_MESSAGE_BYTES, PROTOCOL_VERSION, ProtocolError } from '../../netcode/protocol.ts';
import { decodeSnapshot, encodeSnapshot, OFFSET_STEP, type SnapshotHeader } from '../../netcode/snapshot-codec.ts';
import { createView } from '../../netcode/view.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const token = fc.uint8Array({ minLength: 16, maxLength: 16 });
const name = fc
  .string({ maxLength: 6, unit: 'grapheme' })
  .filter((text) => !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= 24);

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    protocol: fc.constant(PROTOCOL_VERSION),
    rulesHash: u32,
    name,
    token: fc.option(token),
  }),
  fc.record({
    type: fc.constant('welcome' as const),
    player: u16,
    resumed: fc.boolean(),
    token,
    tick: u32,
    snapshotRateHz: fc.integer({ min: 1, max: 24_000 }).map((hundredths) => hundredths / 100),
    config: fc.record({
      seed: u32,
      tickRateHz: fc.constantFrom(20, 30, 60),
      players: fc.integer({ min: 1, max: 20_000 }),
      inView: fc.integer({ min: 1, max: 1000 }),
      scenario: fc.constantFrom(...SCENARIOS),
      historyTicks: fc.integer({ min: 0, max: 30 }),
    }),
  }),
  fc.record({ type: fc.constant('refuse' as const), reason: fc.constantFrom('protocol', 'full', 'rules'), text: name }),
  fc.record({ type: fc.constant('reliable' as const), sequence: u16, inner: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ type: fc.constant('ack' as const), next: u16 }),
  fc.record({ type: fc.constant('purchase' as const), key: fc.integer({ min: 1, max: 0xffff }) }),
  fc.record({
    type: fc.constant('purchased' as const),
    key: fc.integer({ min: 1, max: 0xffff }),
    granted: fc.boolean(),
  }),
  fc.record({ type: fc.constant('rosterRequest' as const), first: u16, count: fc.integer({ min: 0, max: 255 }) }),
  fc.record({
    type: fc.constant('roster' as const),
    total: u16,
    first: u16,
    entries: fc.array(fc.record({ player: u16, score: u32, kills: u16, deaths: u16, name }), { maxLength: 25 }),
  }),
  fc.record({ type: fc.constant('bye' as const), text: name }),
);

describe('rare messages', () => {
  test('what is encoded is decoded, whole', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  test('P2: one byte more or less is refused', () => {
    fc.assert(
      fc.property(
        messages.filter((message) => message.type !== 'reliable' && message.type !== 'hello'),
        (message) => {
          const bytes = encodeMessage(message);
          expect(() => decodeMessage(bytes.subarray(0, bytes.length - 1))).toThrow(ProtocolError);
          expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow(ProtocolError);
        },
      ),
    );
  });

  test('golden bytes', () => {
    expect(hex(encodeMessage({ type: 'purchase', key: 0x1234 }))).toBe('01083412');
    expect(hex(encodeMessage({ type: 'ack', next: 1 }))).toBe('01070100');
    expect(hex(encodeMessage({ type: 'refuse', reason: 'full', text: 'full' }))).toBe(
      `01030304${hex(Buffer.from('full'))}`,
    );
    const hello = { type: 'hello', protocol: 1, rulesHash: 0xdeadbeef, name: 'Ada', token: null } as const;
    expect(hex(encodeMessage(hello))).toBe('0101efbeadde03416461');
  });

  test('P6: a hello of another version is read no further, a refusal of another version is understood', () => {
    const hello = Uint8Array.of(7, 1, 200, 1, 2, 3, 255, 255);
    expect(decodeMessage(hello)).toMatchObject({ type: 'hello', protocol: 7 });
    const refusal = encodeMessage({ type: 'refuse', reason: 'protocol', text: 'too old' });
    refusal[0] = 9;
    expect(decodeMessage(refusal)).toEqual({ type: 'refuse', reason: 'protocol', text: 'too old' });
    expect(() => decodeMessage(Uint8Array.of(9, 7, 1, 0))).toThrow(/protocol version 9/);
  });

  test('what is decoded outlives the buffer that it was read from', () => {
    const token = new Uint8Array(16).fill(7);
    const hello = { type: 'hello', protocol: 1, rulesHash: 1, name: 'Ada', token } as const;
    const shared = Buffer.from(encodeMessage(hello));
    const decoded = decodeMessage(shared);
    const wrapped = Buffer.from(encodeMessage({ type: 'reliable', sequence: 1, inner: token }));
    const reliable = decodeMessage(wrapped);
    shared.fill(0);
    wrapped.fill(0);
    expect(decoded).toEqual(hello);
    expect(reliable).toMatchObject({ inner: token });
  });

  test('a name is cut at the border of a character, and its control characters are blanked', () => {
    const hello = { type: 'hello', protocol: 1, rulesHash: 1, name: `a\n${'ä'.repeat(30)}`, token: null } as const;
    expect(decodeMessage(encodeMessage(hello))).toMatchObject({ name: `a ${'ä'.repeat(11)}` });
  });
});

describe('inputs', () => {
  const inputs = fc.record({
    tick: fc.integer({ min: 0, max: 0x7fffffff }),
    clientTimeMs: u16,
    viewTick: u16,
    entries: fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 15 }),
    buttons: fc.array(fc.integer({ min: 0, max: 31 }), { minLength: 16, maxLength: 16 }),
    aim: fc.array(fc.integer({ min: 0, max: 4095 }), { minLength: 16, maxLength: 16 }),
  });

  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(inputs, ({ tick, clientTimeMs, viewTick, entries, buttons, aim }) => {
        const message = createInputMessage();
        const back = [0, ...entries.sort((a, b) => a - b)];
        Object.assign(message, { tick, clientTimeMs, viewTick, count: back.length });
        message.ticksBack.set(back);
        message.buttons.set(buttons);
        message.aim.set(aim);
        const decoded = createInputMessage();
        decodeInput(encodeInput(message), decoded);
        for (const key of ['tick', 'clientTimeMs', 'viewTick', 'count'] as const)
          expect(decoded[key]).toBe(message[key]);
        for (const key of ['ticksBack', 'buttons', 'aim'] as const) {
          expect([...decoded[key].subarray(0, back.length)]).toEqual([...message[key].subarray(0, back.length)]);
        }
      }),
    );
  });

  test('golden bytes', () => {
    const message = createInputMessage();
    Object.assign(message, { tick: 258, clientTimeMs: 0xabcd, viewTick: 7, count: 2 });
    message.ticksBack.set([0, 2]);
    message.buttons.set([17, 0]);
    message.aim.set([4095, 1]);
    expect(hex(encodeInput(message))).toBe(`0104${'02010000'}${'cdab'}${'0700'}02${'00f1ff01'}${'02200000'}`);
  });

  test('P2: unknown bits, a missing newest input and wrong order are refused', () => {
    const message = createInputMessage();
    Object.assign(message, { tick: 9, count: 2 });
    message.ticksBack.set([0, 1]);
    const good = encodeInput(message);
    const out = createInputMessage();
    const broken = (at: number, value: number) => {
      const bytes = good.slice();
      bytes[at] = value;
      return () => decodeInput(bytes, out);
    };
    expect(broken(14, 0x80)).toThrow(/unknown bits/);
    expect(broken(11, 1)).toThrow(ProtocolError);
    expect(broken(15, 0)).toThrow(/newest first/);
    expect(broken(10, 17)).toThrow(ProtocolError);
  });
});

describe('snapshots', () => {
  const config = { ...DEFAULT_MATCH, players: 400 };

  function crowdedWorld() {
    const world = createWorld({ ...config, seed: 5 });
    for (let id = 0; id < 400; id++) addPlayer(world, id);
    return world;
  }

  const header: SnapshotHeader = {
    tick: 1000,
    ackedTick: 65_000,
    marginTicks: -3,
    echoedTimeMs: 12_345,
    heldMs: 17,
    reach: 0,
    hasStats: true,
  };

  test('P19: everybody in view is decoded within half a step, and nobody else', () => {
    const world = crowdedWorld();
    const interest = new Interest(world, 0);
    interest.update();
    const out = new Uint8Array(MAX_MESSAGE_BYTES);
    for (let viewer = 0; viewer < 400; viewer += 7) {
      const end = encodeSnapshot(out, 0, world, viewer, header, interest.look(viewer));
      const view = createView(world.arena);
      const decoded = { ...header, tick: 0, ackedTick: 0, marginTicks: 0 };
      decodeSnapshot(out.subarray(0, end), view, decoded);
      expect(decoded).toEqual(header);
      const seen = new Map<number, number>();
      for (let row = 0; row < view.players.count; row++) seen.set(view.players.id[row]!, row);
      for (let id = 0; id < 400; id++) {
        const dx = world.players.x[id]! - world.players.x[viewer]!;
        const dy = world.players.y[id]! - world.players.y[viewer]!;
        const isNear = id !== viewer && dx * dx + dy * dy <= VISION_RADIUS * VISION_RADIUS;
        expect(seen.has(id), `viewer ${viewer}, player ${id}`).toBe(isNear);
        if (!isNear) continue;
        const row = seen.get(id)!;
        expect(Math.abs(view.players.x[row]! - world.players.x[id]!)).toBeLessThanOrEqual(OFFSET_STEP / 2);
        expect(Math.abs(view.players.y[row]! - world.players.y[id]!)).toBeLessThanOrEqual(OFFSET_STEP / 2);
        expect(view.players.health[row]).toBe(world.players.health[id]);
      }
      expect([view.self.x, view.self.y]).toEqual([world.players.x[viewer], world.players.y[viewer]]);
    }
  });

  test('at most 8 bytes an entity with 30 players in view, everything else included', () => {
    const world = crowdedWorld();
    const interest = new Interest(world, 0);
    interest.update();
    const out = new Uint8Array(MAX_MESSAGE_BYTES);
    const sight = interest.look(0);
    sight.playerCount = 30;
    sight.shotCount = 0;
    sight.coinCount = 0;
    for (let k = 0; k < 30; k++) sight.playerIds[k] = k + 1;
    expect(encodeSnapshot(out, 0, world, 0, { ...header, hasStats: false }, sight) / 30).toBeLessThanOrEqual(8);
  });

  test('P20: a crowd that does not fit is cut to the nearest, and the radius says so', () => {
    const world = createWorld({ ...DEFAULT_MATCH, players: 3000, scenario: 'everyone' });
    for (let id = 0; id < 3000; id++) addPlayer(world, id);
    const interest = new Interest(world, 0);
    interest.update();
    const { radius, playerCount, playerIds } = interest.look(0);
    expect(radius).toBeGreaterThan(0);
    expect(playerCount).toBeLessThanOrEqual(1000);
    const distance = (id: number) =>
      (world.players.x[id]! - world.players.x[0]!) ** 2 + (world.players.y[id]! - world.players.y[0]!) ** 2;
    const seen = new Set(playerIds.subarray(0, playerCount));
    for (let id = 1; id < 3000; id++) if (distance(id) < (radius - 1) ** 2) expect(seen.has(id)).toBe(true);
    for (const id of seen) expect(distance(id)).toBeLessThanOrEqual((radius + 1) ** 2);
    const out = new Uint8Array(MAX_MESSAGE_BYTES);
    const end = encodeSnapshot(out, 0, world, 0, header, interest.sight);
    decodeSnapshot(out.subarray(0, end), createView(world.arena), { ...header });
  });

  test('golden bytes: a change of the format is a change of the protocol version', () => {
    const world = createWorld({ ...config, seed: 1 });
    for (let id = 0; id < 3; id++) {
      addPlayer(world, id);
      world.players.x[id] = 100_000 + id * 4000;
      world.players.y[id] = 90_000;
    }
    const interest = new Interest(world, 0);
    interest.update();
    const out = new Uint8Array(MAX_MESSAGE_BYTES);
    const end = encodeSnapshot(out, 0, world, 0, header, interest.look(0));
    expect(hex(out.subarray(0, end))).toBe(
      '010503e8030000e8fdfd393011a0860100905f010064000000000000000000000000000000' +
        '0200000100640880001902 00c80880 0019'.replaceAll(' ', ''),
    );
  });

  test('a decoder refuses what lies outside the arena', () => {
    const arena = createArena(config);
    const world = crowdedWorld();
    world.players.x[0] = arena.size + 5;
    const out = new Uint8Array(MAX_MESSAGE_BYTES);
    const nothing = new Interest(world, 0).sight;
    const end = encodeSnapshot(out, 0, world, 0, header, nothing);
    expect(() => decodeSnapshot(out.subarray(0, end), createView(arena), { ...header })).toThrow(/outside the arena/);
  });
});

test('a number is expanded from its low 16 bits to the nearest of its reference', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 30 }), fc.integer({ min: -32_767, max: 32_767 }), (reference, by) => {
      expect(expand16((reference + by) & 0xffff, reference)).toBe(reference + by);
    }),
  );
});
