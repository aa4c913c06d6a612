import { describe, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { decodeMessage, encodeMessage } from '../../netcode/messages.ts';
import { Outbox } from '../../netcode/outbox.ts';
import { Kind } from '../../netcode/protocol.ts';
import { RendezvousClient } from '../../netcode/rendezvous-client.ts';
import { encodeRendezvous } from '../../netcode/rendezvous-messages.ts';
import { Room } from '../../netcode/rendezvous-rooms.ts';
import { RENDEZVOUS } from '../../netcode/session.ts';
import { Mutator } from './mutator.ts';
import { RENDEZVOUS_SAMPLES } from './rendezvous-samples.ts';
import { bytesOf, type Guest, MAIN, signalsOf, type Table, table, typesOf } from './rendezvous-table.ts';

const everybodyEntered = (...guests: Guest[]) => guests.every(({ client }) => client.state === 'entered');

function threeInMain(options: Parameters<typeof table>[0] = {}): { t: Table; ada: Guest; bo: Guest; cy: Guest } {
  const t = table(options);
  const [ada, bo, cy] = [t.guest({ name: 'Ada' }), t.guest({ name: 'Bo' }), t.guest({ name: 'Cy' })];
  t.until(() => [ada, bo, cy].every(({ client }) => client.peers.size === 2));
  return { t, ada, bo, cy };
}

describe('entering', () => {
  test('R2: those who enter are numbered from 1, know each other by name, and have the settings', () => {
    const { ada, bo, cy } = threeInMain();
    expect([ada, bo, cy].map(({ client }) => client.self)).toEqual([1, 2, 3]);
    expect([...bo.client.peers].sort()).toEqual([1, 3]);
    expect([1, 3, 9].map((peer) => bo.client.nameOf(peer))).toEqual(['Ada', 'Cy', '']);
    expect(cy.client.settings).toEqual(MAIN.settings);
    expect(ada.events).toEqual([
      { type: 'entered', self: 1, room: 'MAIN', peers: [] },
      { type: 'peerCame', peer: 2 },
      { type: 'peerCame', peer: 3 },
    ]);
    expect(cy.events).toEqual([{ type: 'entered', self: 3, room: 'MAIN', peers: [1, 2] }]);
  });

  test('R3: the first hellos and answers are lost, and it works all the same', () => {
    const t = table();
    let lost = 0;
    t.drop = () => lost++ < 5;
    const ada = t.guest();
    t.until(() => everybodyEntered(ada));
    t.run(1000);
    expect(t.session.counters).toMatchObject({ entered: 1, malformed: 0 });
  });

  test('R5: who makes a room gives its code to others, in small letters if they like', () => {
    const t = table();
    const ada = t.guest({ create: { settings: Uint8Array.of(1, 2, 3), maxPeers: 2 } });
    t.until(() => everybodyEntered(ada));
    expect(ada.client.room).toMatch(/^[2-9A-HJ-KM-NP-Z]{6}$/);
    const bo = t.guest({ room: ada.client.room!.toLowerCase() });
    t.until(() => everybodyEntered(bo));
    expect(bo.client.self).toBe(2);
    expect(bo.client.room).toBe(ada.client.room);
    expect(bo.client.settings).toEqual(Uint8Array.of(1, 2, 3));
    expect(t.session.status.rooms.map(({ peers }) => peers.length)).toEqual([0, 2]);
  });

  test('over a stream nothing is wrapped or repeated', () => {
    const { t, ada, bo } = threeInMain({ transport: 'stream' });
    let wrapped = 0;
    t.drop = (bytes) => {
      if (bytes[1] === Kind.reliable || bytes[1] === Kind.ack) wrapped++;
      return false;
    };
    ada.client.signal(2, 'offer', t.nowMs);
    t.until(() => signalsOf(bo).length > 0);
    expect(signalsOf(bo)).toEqual(['1: offer']);
    expect(wrapped).toBe(0);
  });

  test('R6: a room that was made vanishes when it was empty for a while; the one made beforehand stays', () => {
    const t = table({ emptyRoomMs: 5000 });
    const ada = t.guest({ create: { settings: new Uint8Array(), maxPeers: 2 } });
    t.until(() => everybodyEntered(ada));
    ada.client.leave();
    t.run(4000);
    expect(t.session.status.rooms).toHaveLength(2);
    t.run(3000);
    expect(t.session.status.rooms.map(({ code }) => code)).toEqual(['MAIN']);
  });

  test('neither a room nor settings, or both, is a mistake of ours', () => {
    const outbox = new Outbox({ sentMessages: 0, sentBytes: 0 });
    const create = { settings: new Uint8Array(), maxPeers: 2 };
    const make = (room: string | null, made: typeof create | null) => () =>
      new RendezvousClient({ transport: 'stream', name: '', room, create: made }, outbox, 0);
    expect(make(null, null)).toThrow(RangeError);
    expect(make('MAIN', create)).toThrow(RangeError);
    expect(() => table({ rooms: [{ ...MAIN, maxPeers: 65 }] })).toThrow(RangeError);
    expect(() => table({ rooms: [{ ...MAIN, code: 'main' }] })).toThrow(RangeError);
  });
});

describe('refusals', () => {
  const refused = (t: Table, guest: Guest) => {
    t.until(() => guest.client.state === 'refused');
    return guest.events.find((event) => event.type === 'refused');
  };

  test('R5: an unknown room', () => {
    const t = table();
    const event = refused(t, t.guest({ room: 'NOSUCH' }));
    expect(event).toMatchObject({ peer: RENDEZVOUS, reason: 'room', text: expect.stringMatching(/NOSUCH/) });
  });

  test('R5: a full room, until somebody leaves', () => {
    const t = table({ rooms: [{ ...MAIN, maxPeers: 2 }] });
    const [ada, bo] = [t.guest(), t.guest()];
    t.until(() => everybodyEntered(ada, bo));
    expect(refused(t, t.guest())).toMatchObject({
      reason: 'full',
      text: expect.stringMatching(/MAIN is full: 2 peers/),
    });
    bo.client.leave();
    t.run(20);
    const late = t.guest();
    t.until(() => everybodyEntered(late));
    expect(late.client.self, 'a number is never used again').toBe(3);
  });

  test('R5: too many rooms, and a room for too many', () => {
    const t = table({ maxRooms: 2, maxPeersPerRoom: 8 });
    const create = { settings: new Uint8Array(), maxPeers: 9 };
    expect(refused(t, t.guest({ create }))).toMatchObject({ reason: 'full', text: expect.stringMatching(/8 peers/) });
    const ada = t.guest({ create: { ...create, maxPeers: 8 } });
    t.until(() => everybodyEntered(ada));
    expect(refused(t, t.guest({ create: { ...create, maxPeers: 8 } }))).toMatchObject({ reason: 'full' });
  });

  test('R4: other rules, and another version, also of a client that looks for a match', () => {
    const t = table();
    t.drop = (bytes, way) => {
      if (way === 'up' && bytes[1] === Kind.enter) bytes[2]! ^= 1;
      return false;
    };
    expect(refused(t, t.guest())).toMatchObject({ reason: 'rules' });
    const answerTo = (bytes: Uint8Array) => {
      t.session.linkChanged(50, 'up', t.nowMs);
      t.session.receive(50, bytes, t.nowMs);
      const answer = t.session.drain().find((request) => request.type === 'send');
      return decodeMessage(answer?.type === 'send' ? answer.bytes : new Uint8Array());
    };
    const text = expect.stringMatching(/protocol 1.*speak 2/);
    expect(answerTo(Uint8Array.of(2, Kind.enter, 9, 9))).toMatchObject({ type: 'refuse', reason: 'protocol', text });
    expect(answerTo(Uint8Array.of(2, Kind.hello, 9, 9))).toMatchObject({ type: 'refuse', reason: 'protocol', text });
    const hello = encodeMessage({ type: 'hello', protocol: 1, rulesHash: 1, name: 'Ada', token: null });
    expect(answerTo(hello)).toMatchObject({ type: 'refuse', reason: 'room' });
  });
});

describe('signals and relays', () => {
  for (const lossy of [false, true]) {
    test(`R7: signals arrive once and in order${lossy ? ', although half of all datagrams are lost' : ''}`, () => {
      const { t, ada, bo, cy } = threeInMain();
      const random = new Random(3, 7);
      t.drop = () => lossy && random.below(2) === 0;
      // Far more than one window, as of somebody who dials a full room.
      const sent = Array.from({ length: 100 }, (_, i) => `candidate ${i}\r\n${'x'.repeat(i)}`);
      for (const payload of sent) expect(ada.client.signal(2, payload, t.nowMs)).toBe(true);
      t.until(() => signalsOf(bo).length >= sent.length, 30_000);
      t.run(2000);
      expect(signalsOf(bo)).toEqual(sent.map((payload) => `1: ${payload}`));
      expect(signalsOf(cy)).toEqual([]);
      expect(t.session.counters).toMatchObject({ signals: 100, strays: 0, malformed: 0 });
    });
  }

  test('R8: relayed messages reach whom they are for, say whom they are from, and are counted', () => {
    const { t, ada, bo, cy } = threeInMain();
    ada.client.relay(3, bytesOf('to Cy'));
    bo.client.relay(3, bytesOf('too'));
    t.run(10);
    expect(cy.carried).toEqual([
      { from: 1, text: 'to Cy' },
      { from: 2, text: 'too' },
    ]);
    expect(ada.client.counters).toMatchObject({ relayedMessages: 1, relayedBytes: 5 });
    expect(cy.client.counters).toMatchObject({ receivedRelayedMessages: 2, receivedRelayedBytes: 8 });
    expect(t.session.counters).toMatchObject({ relayedMessages: 2, relayedBytes: 8 });
    expect(t.session.status.rooms[0]!.peers).toMatchObject([
      { peer: 1, relayedMessages: 1, relayedBytes: 5 },
      { peer: 2, relayedMessages: 1, relayedBytes: 3 },
      { peer: 3, relayedMessages: 0, relayedBytes: 0 },
    ]);
  });

  test('R9: nobody reaches another room, oneself, or a place before having entered', () => {
    const { t, ada, bo } = threeInMain();
    const eve = t.guest({ create: { settings: new Uint8Array(), maxPeers: 4 } });
    t.until(() => everybodyEntered(eve));
    expect(eve.client.signal(2, 'offer', t.nowMs), 'the client knows nobody of that number').toBe(false);
    const send = (link: number, message: Parameters<typeof encodeRendezvous>[0]) =>
      t.session.receive(link, encodeRendezvous(message), t.nowMs);
    send(eve.link, { type: 'relay', peer: 2, payload: bytesOf('boo') });
    send(eve.link, { type: 'signal', peer: 2, payload: 'boo' });
    send(ada.link, { type: 'relay', peer: 1, payload: bytesOf('echo') });
    expect(t.session.counters).toMatchObject({ strays: 3, malformed: 0 });
    t.session.linkChanged(50, 'up', t.nowMs);
    send(50, { type: 'relay', peer: 2, payload: bytesOf('boo') });
    send(50, { type: 'signal', peer: 2, payload: 'boo' });
    send(50, { type: 'found' });
    send(50, { type: 'members', view: 1, peers: [1] });
    send(50, { type: 'ballot', payload: bytesOf('boo') });
    expect(t.session.counters).toMatchObject({ malformed: 5, signals: 0, relayedMessages: 0 });
    t.run(100);
    expect(bo.carried).toEqual([]);
    expect(signalsOf(bo)).toEqual([]);
  });

  test('R10: what is relayed has a budget of its own, which small messages use up as well', () => {
    const { t, ada, bo } = threeInMain({ maxRelayKbps: 80, maxMessagesPerS: 50 });
    const payload = new Uint8Array(956);
    for (let i = 0; i < 20; i++) ada.client.relay(2, payload);
    t.run(10);
    expect(bo.carried, '10,000 bytes a second').toHaveLength(10);
    expect(t.session.counters.overRate).toBe(10);
    t.run(1000);
    for (let i = 0; i < 300; i++) ada.client.relay(2, new Uint8Array(0));
    t.run(10);
    expect(bo.carried.length - 10, '44 bytes each').toBe(227);
    expect(everybodyEntered(ada, bo), 'nobody is sent away for it').toBe(true);
  });

  test('R10: who sends far too many messages is sent away', () => {
    const { t, ada, bo } = threeInMain({ maxMessagesPerS: 50 });
    for (let i = 0; i < 300; i++) t.session.receive(ada.link, encodeRendezvous({ type: 'heartbeat' }), t.nowMs);
    t.until(() => !bo.client.peers.has(1));
    expect(ada.client.state).toBe('lost');
    expect(t.session.counters.overRate).toBeGreaterThanOrEqual(150);
  });
});

describe('coming and going', () => {
  test('R11: who falls silent is gone for the others within 3.5 s, and finds out itself', () => {
    const { t, ada, bo } = threeInMain();
    t.run(60_000);
    expect(bo.client.peers.size, 'heartbeats keep an idle room alive').toBe(2);
    ada.isFrozen = true;
    const frozenMs = t.nowMs;
    t.until(() => !bo.client.peers.has(1));
    expect(t.nowMs - frozenMs).toBeGreaterThan(2500);
    expect(t.nowMs - frozenMs).toBeLessThan(3500);
    expect(bo.events.at(-1)).toEqual({ type: 'peerGone', peer: 1 });
    expect(t.events).toContainEqual(expect.objectContaining({ type: 'left', player: 1 }));
    t.drop = (_bytes, _way, link) => link === bo.link;
    t.until(() => bo.client.state === 'lost');
    expect(typesOf(bo)).toContain('silent');
  });

  test('R11: a rendezvous that stood still sends nobody away for it', () => {
    const { t, ada, bo, cy } = threeInMain();
    t.nowMs += 20_000;
    t.session.advance(t.nowMs);
    t.run(1000);
    expect(everybodyEntered(ada, bo, cy)).toBe(true);
    expect(t.events.filter(({ type }) => type === 'left')).toEqual([]);
  });

  test('R12: who comes back has its number again, and the others hear of both', () => {
    const { t, ada, bo } = threeInMain();
    t.cut(ada);
    expect(ada.client.state).toBe('lost');
    t.until(() => !bo.client.peers.has(1));
    t.connect(ada);
    t.until(() => bo.client.peers.has(1));
    expect(ada.client.self).toBe(1);
    expect(t.events.at(-1)).toMatchObject({ type: 'joined', player: 1, resumed: true });
  });

  test('R12: a new link takes over from one that has not noticed its own death, and nobody hears of it', () => {
    const { t, ada, bo, cy } = threeInMain();
    const heard = bo.events.length;
    t.cut(ada, false);
    t.connect(ada);
    t.until(() => everybodyEntered(ada));
    t.run(5000);
    expect(ada.client.self).toBe(1);
    expect(bo.events).toHaveLength(heard);
    expect(t.session.status).toMatchObject({ links: 3, rooms: [{ peers: { length: 3 } }] });
    cy.client.relay(1, bytesOf('still there?'));
    t.run(10);
    expect(ada.carried).toEqual([{ from: 3, text: 'still there?' }]);
  });

  test('R12: who was away hears who went meanwhile', () => {
    const { t, ada, bo, cy } = threeInMain();
    t.cut(ada);
    bo.client.leave();
    t.until(() => !cy.client.peers.has(2));
    t.connect(ada);
    t.until(() => everybodyEntered(ada));
    expect([...ada.client.peers]).toEqual([3]);
    expect(ada.events.slice(-2)).toEqual([
      { type: 'entered', self: 1, room: 'MAIN', peers: [3] },
      { type: 'peerGone', peer: 2 },
    ]);
  });

  test('R12: a number opens to its token only, also after a restart of the program', () => {
    const { t, ada, bo } = threeInMain();
    const token = ada.client.reclaim!.token;
    t.cut(ada);
    const eve = t.guest({ name: 'Eve', reclaim: { peer: 1, token: new Uint8Array(16) } });
    t.until(() => everybodyEntered(eve));
    expect(eve.client.self, 'a number like any other').toBe(4);
    const again = t.guest({ reclaim: { peer: 1, token } });
    t.until(() => bo.client.peers.has(1));
    expect(again.client.self).toBe(1);
  });

  test('R12: who left for good comes back as somebody else', () => {
    const { t, ada } = threeInMain();
    const reclaim = ada.client.reclaim!;
    ada.client.leave();
    t.run(20);
    expect(ada.client.state).toBe('idle');
    const again = t.guest({ reclaim });
    t.until(() => everybodyEntered(again));
    expect(again.client.self).toBe(4);
  });

  test('R12: after a restart of the rendezvous everybody has its number again, and newcomers have others', () => {
    const { t, ada, bo, cy } = threeInMain();
    t.cut(ada);
    t.restart();
    t.until(() => everybodyEntered(ada, bo, cy));
    expect([ada, bo, cy].map(({ client }) => client.self)).toEqual([1, 2, 3]);
    const late = t.guest();
    t.until(() => everybodyEntered(late));
    expect(late.client.self).toBe(4);
  });

  test('R2: when all 65,535 numbers were given out, the room says so', () => {
    const room = new Room('MAIN', MAIN, true, 0);
    const token = new Uint8Array(16);
    expect(room.newSeat(3, 'claims a number that nobody had', token)?.peer).toBe(3);
    const given = new Set<number>([3]);
    for (let seat = room.newSeat(3, '', token); seat; seat = room.newSeat(3, '', token)) given.add(seat.peer);
    expect(given.size).toBe(0xffff);
    expect(Math.max(...given)).toBe(0xffff);
  });
});

test('R1: 100,000 mutated datagrams change nothing for the honest (seed 31)', () => {
  const { t, ada, bo, cy } = threeInMain();
  const real: Uint8Array[] = RENDEZVOUS_SAMPLES.map(({ message }) => encodeRendezvous(message));
  t.drop = (bytes) => {
    if (real.length < 40) real.push(new Uint8Array(bytes));
    return false;
  };
  t.guest();
  t.run(500);
  const mutator = new Mutator(new Random(31, 7), real);
  let signalled = 0;
  for (let round = 0; round < 500; round++) {
    for (const attacker of [900, 901, 902, 903]) {
      if (round % 10 === 0) t.session.linkChanged(attacker, 'up', t.nowMs);
      for (let i = 0; i < 50; i++) t.session.receive(attacker, mutator.next(), t.nowMs);
    }
    if (round % 10 === 0 && ada.client.signal(2, `signal ${round}`, t.nowMs)) signalled++;
    t.run(10);
  }
  t.run(2000);
  expect(t.session.counters.malformed).toBeGreaterThan(1000);
  expect(everybodyEntered(ada, bo, cy)).toBe(true);
  expect(signalsOf(bo).filter((signal) => signal.startsWith('1: '))).toHaveLength(signalled);
  expect(t.session.status.rooms.length).toBeLessThanOrEqual(100);

  for (let i = 0; i < 20_000; i++) {
    const bytes = mutator.next();
    if (bytes[1] !== Kind.refuse && bytes[1] !== Kind.reliable) cy.client.receive(bytes, t.nowMs);
  }
  expect(cy.client.counters.malformed).toBeGreaterThan(1000);
  expect(everybodyEntered(cy)).toBe(true);
});
