import { describe, expect, test } from 'vitest';
import { cellOf } from '../../netcode/mesh/cells.ts';
import { decodeMessage } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { bytesOf, type Guest, signalsOf, type Table, table } from './rendezvous-table.ts';

const ROOM = { code: 'MAIN', settings: Uint8Array.of(1), maxPeers: 8, seats: 8 };

const seated = (options: Parameters<typeof table>[0] = {}) => table({ rooms: [ROOM], recoverMs: 0, ...options });
const seatsOf = ({ client }: Guest) => client.epoch?.seats ?? [];
const isPresent = (guest: Guest, peer: number) => guest.client.epoch?.seatOf(peer)?.isAway === false;
const statusOf = (t: Table) => t.session.status.rooms[0]!.seats!;

/** So many guests in MAIN who all know each other's seats. */
function met(count: number, options: Parameters<typeof table>[0] = {}): { t: Table; guests: Guest[] } {
  const t = seated(options);
  const guests = Array.from({ length: count }, (_, i) => t.guest({ name: `guest ${i + 1}` }));
  t.until(() => guests.every((guest) => seatsOf(guest).length === count));
  t.until(() => guests.every(({ client }) => !Number.isNaN(client.roomTimeMs(t.nowMs))));
  return { t, guests };
}

describe('seats', () => {
  test('M-E1, M-E2: who enters has the lowest free slot in the next epoch, and all know the same', () => {
    const { t, guests } = met(3);
    for (const guest of guests) {
      expect(seatsOf(guest).map(({ peer, slot, life }) => [peer, slot, life])).toEqual([
        [1, 0, 0],
        [2, 1, 0],
        [3, 2, 0],
      ]);
      expect(guest.client.seat?.peer).toBe(guest.client.self);
      expect([1, 2, 3, 4].map((peer) => guest.client.nameOf(peer))).toEqual(['guest 1', 'guest 2', 'guest 3', '']);
      expect(guest.client.peers.size).toBe(2);
    }
    const late = t.guest({ name: 'Di' });
    t.until(() => guests.every(({ client }) => client.peers.has(4)));
    expect(late.client.seat).toMatchObject({ peer: 4, slot: 3 });
    expect(guests[0]!.client.nameOf(4)).toBe('Di');
    expect(guests[0]!.events.filter(({ type }) => type === 'epoch' || type === 'peerCame').slice(-2)).toEqual([
      { type: 'epoch', line: late.client.epoch!.line, number: late.client.epoch!.number },
      { type: 'peerCame', peer: 4 },
    ]);
    const { number } = late.client.epoch!;
    expect(late.client.epochAt(number - 1)?.seats, 'a newcomer knows what was before it').toHaveLength(3);
    t.run(3000);
    expect(late.client.epoch?.number, 'nothing changes, and nothing is agreed on').toBe(number);
    expect(t.session.counters.epochs).toBe(number);
  });

  test('M-E2: when all seats are taken a newcomer is refused; a seat that is freed is given again, under another number', () => {
    const { t, guests } = met(3, { rooms: [{ ...ROOM, seats: 3 }] });
    const late = t.guest();
    t.until(() => late.client.state === 'refused');
    expect(late.client.refusal).toBe('room MAIN is full: 3 players');
    guests[1]!.client.leave();
    t.run(20);
    const next = t.guest();
    t.until(() => next.client.seat !== undefined);
    expect(next.client.seat).toMatchObject({ peer: 4, slot: 1 });
    t.until(() => seatsOf(guests[0]!).length === 3);
    expect(guests[0]!.client.epoch!.seatOf(2)).toBeUndefined();
  });

  test('M-E3: a closed link is away in the next epoch, and present again when it is back, with its slot and life', () => {
    const { t, guests } = met(3);
    const [ada, bo] = guests as [Guest, Guest, Guest];
    const { number } = ada.client.epoch!;
    t.cut(bo);
    t.until(() => ada.client.epoch!.number > number, 500);
    expect(ada.client.epoch!.seatOf(2)).toMatchObject({ isAway: true, slot: 1 });
    expect(ada.client.peers.has(2)).toBe(false);
    t.connect(bo);
    t.until(() => isPresent(ada, 2) && bo.client.seat?.isAway === false, 500);
    expect(bo.client.seat).toMatchObject({ slot: 1, life: 0 });
    expect(bo.client.epochAt(number + 1)?.seatOf(2)?.isAway, 'it learns what it missed').toBe(true);
  });

  test('M-E3: who falls silent is away after 1.2 s, long before its link is given up, and is dropped 10 s later', () => {
    const { t, guests } = met(3);
    const [ada, bo] = guests as [Guest, Guest, Guest];
    t.run(1000);
    bo.isFrozen = true;
    const frozenMs = t.nowMs;
    t.until(() => !isPresent(ada, 2));
    expect(t.nowMs - frozenMs).toBeLessThan(1600);
    bo.isFrozen = false;
    t.until(() => isPresent(ada, 2), 1000);
    bo.isFrozen = true;
    t.until(() => ada.client.epoch!.seatOf(2) === undefined, 20_000);
    expect(ada.client.nameOf(2), 'for a while it is known who that was').toBe('guest 2');
    bo.isFrozen = false;
    t.until(() => bo.client.state === 'lost');
    t.connect(bo);
    t.until(() => bo.client.self !== 2 && bo.client.seat !== undefined);
    expect(bo.client.seat, 'it begins anew as somebody else').toMatchObject({ peer: 4, slot: 1, life: 0 });
  });

  test('M-E3: where somebody was last is told with its absence', () => {
    const { t, guests } = met(3);
    const [ada, bo] = guests as [Guest, Guest, Guest];
    bo.client.tellCell(0x0203, false, t.nowMs);
    t.run(200);
    const { number } = ada.client.epoch!;
    bo.client.leave();
    t.until(() => ada.client.epoch!.seatOf(2) === undefined);
    expect(ada.client.epoch!.number).toBe(number + 2);
    expect(ada.client.epochAt(number + 1)?.seatOf(2)).toMatchObject({ isAway: true, cell: 0x0203 });
  });

  test('M-E4: a program that lost its memory has its seat again in another life, and no seat before', () => {
    const { t, guests } = met(3);
    const [ada, bo] = guests as [Guest, Guest, Guest];
    const { reclaim } = bo.client;
    t.cut(bo);
    bo.isFrozen = true;
    const again = t.guest({ reclaim: reclaim! });
    t.until(() => again.client.epoch !== null);
    expect(again.client.self).toBe(2);
    expect(again.client.epoch!.seatOf(2)?.life).toBe(0);
    expect(again.client.seat, 'that seat is of the program before').toBeUndefined();
    t.until(() => again.client.seat !== undefined);
    expect(again.client.seat).toMatchObject({ slot: 1, life: 1, isAway: false });
    expect(ada.client.epoch!.seatOf(2)).toMatchObject({ life: 1 });
  });
});

describe('agreement', () => {
  test('M-E5: a crowd that comes at once takes a few epochs, and each costs the others little', () => {
    const rooms = [{ ...ROOM, maxPeers: 400, seats: 400 }];
    const t = seated({ rooms });
    const guests: Guest[] = [];
    for (let i = 0; i < 150; i++) {
      guests.push(t.guest({ name: `guest ${i}` }));
      t.run(10);
    }
    t.until(() => guests.every((guest) => seatsOf(guest).length === 150));
    expect(statusOf(t).proposals).toBeLessThan(10);
    let bytes = 0;
    t.drop = (message, way, link) => {
      if (way === 'down' && link === guests[0]!.link && message[1] === Kind.reliable) bytes += message.length;
      return false;
    };
    const epoch = guests[0]!.client.epoch!.number;
    t.guest({ name: 'one more' });
    t.until(() => guests[0]!.client.epoch!.number > epoch);
    expect(bytes, 'proposal and commit').toBeLessThan(120);
  });

  test('M-E6: an epoch waits for a majority of those present in the one before, and for no more', () => {
    const { t, guests } = met(5);
    const { number } = guests[0]!.client.epoch!;
    const deaf = new Set(guests.slice(0, 3).map(({ link }) => link));
    // Three of five hear no proposal, though all are heard.
    const isProposal = (bytes: Uint8Array) => {
      const message = bytes[1] === Kind.reliable ? decodeMessage(bytes) : null;
      return message?.type === 'reliable' && message.inner[1] === Kind.epoch;
    };
    t.drop = (bytes, way, link) => way === 'down' && deaf.has(link) && isProposal(bytes);
    t.guest();
    t.run(3000);
    expect(guests[4]!.client.epoch!.number).toBe(number);
    deaf.delete(guests[0]!.link);
    t.until(() => guests[4]!.client.epoch!.number === number + 1, 3000);
  });

  for (const [count, others] of [
    [3, 'a majority'],
    [2, 'both'],
  ] as const) {
    test(`M-E7: a rendezvous that was started anew goes on when ${others} of ${count} came back, newcomers wait`, () => {
      const { t, guests } = met(count, { recoverMs: 3000 });
      const before = guests[0]!.client.epoch!;
      const roomMs = guests[0]!.client.roomTimeMs(t.nowMs);
      const restartMs = t.nowMs;
      t.restart();
      for (const guest of guests) t.cut(guest);
      const late = t.guest();
      t.run(1000);
      t.connect(guests[0]!);
      t.run(1000);
      expect(late.client.state, 'its number might be somebody’s').toBe('entering');
      t.connect(guests[1]!);
      t.until(() => late.client.seat !== undefined);
      const after = late.client.epoch!;
      expect(after.line).toBe(before.line);
      expect(after.number).toBeGreaterThan(before.number);
      expect(after.seatOf(1)).toMatchObject({ slot: 0, life: 0, isAway: false });
      expect(late.client.self).toBe(count + 1);
      expect(statusOf(t)).toMatchObject({ founded: 0, recovered: 1 });
      t.run(1000);
      const passedMs = late.client.roomTimeMs(t.nowMs) - roomMs;
      expect(Math.abs(passedMs - (t.nowMs - restartMs)), 'the room’s time goes on').toBeLessThan(5);
    });
  }

  test('M-E8: when nobody comes back who knows the match, another is founded; who comes later begins anew', () => {
    const { t, guests } = met(2, { recoverMs: 3000 });
    const { line } = guests[0]!.client.epoch!;
    t.restart();
    for (const guest of guests) t.cut(guest);
    const late = t.guest();
    const restartMs = t.nowMs;
    t.until(() => late.client.seat !== undefined);
    expect(t.nowMs - restartMs).toBeGreaterThan(2900);
    expect(late.client.epoch!.line).not.toBe(line);
    expect(late.client).toMatchObject({ self: 1, seat: { slot: 0, life: 0 } });
    t.connect(guests[0]!);
    t.until(() => guests[0]!.client.self === 2 && guests[0]!.client.seat !== undefined);
    expect(guests[0]!.client).toMatchObject({ self: 2, epoch: { line: late.client.epoch!.line }, seat: { slot: 1 } });
    expect(guests[0]!.client.roomTimeMs(t.nowMs)).toBeCloseTo(late.client.roomTimeMs(t.nowMs), -1);
  });

  test('M-E8: a match of which no majority came together for a minute is given up', () => {
    const { t, guests } = met(5);
    const [ada, bo] = guests as [Guest, Guest];
    for (const guest of guests.slice(2)) t.cut(guest);
    const { line, number } = ada.client.epoch!;
    t.run(50_000);
    expect(ada.client.epoch, 'three of five are missing').toMatchObject({ line, number });
    t.until(() => ada.client.epoch!.line !== line, 20_000);
    expect([ada, bo].map(({ client }) => client.seat)).toMatchObject([{ slot: 0 }, { slot: 1 }]);
  });

  test('M-E8: so is one that nobody was there to vote in, when one of three comes back', () => {
    const { t, guests } = met(3);
    const { line } = guests[0]!.client.epoch!;
    // The votes on a newcomer's seat are lost, and then all links.
    t.drop = (_bytes, way) => way === 'up';
    const late = t.guest();
    t.drop = (bytes, way) => way === 'up' && bytes[1] === Kind.reliable;
    t.until(() => late.client.epoch !== null);
    t.run(300);
    expect(statusOf(t)).toMatchObject({ proposals: statusOf(t).decided + 1 });
    for (const guest of [...guests, late]) t.cut(guest);
    t.drop = () => false;
    t.run(500);
    t.connect(guests[0]!);
    t.run(50_000);
    expect(guests[0]!.client.epoch!.line).toBe(line);
    t.until(() => guests[0]!.client.epoch!.line !== line, 20_000);
  });

  test('M-E8: when all have left, the next to come founds another match at once', () => {
    const { t, guests } = met(2);
    const { line } = guests[0]!.client.epoch!;
    for (const guest of guests) guest.client.leave();
    t.run(20);
    const late = t.guest();
    t.until(() => late.client.seat !== undefined, 1000);
    expect(late.client.epoch!.line).not.toBe(line);
    expect(late.client.epoch!.number).toBe(1);
  });
});

describe('what the room is good for', () => {
  test('M-E10: all have the same time, within a few ms although datagrams take long and unequally', () => {
    const { t, guests } = met(2);
    t.run(5000);
    const times = guests.map(({ client }) => client.roomTimeMs(t.nowMs));
    for (const time of times) expect(Math.abs(time - times[0]!)).toBeLessThan(2);
    const [ada] = guests as [Guest];
    t.cut(ada);
    const before = ada.client.roomTimeMs(t.nowMs);
    t.run(2000);
    expect(ada.client.roomTimeMs(t.nowMs) - before, 'it goes on without the rendezvous').toBeCloseTo(2000, 0);
    expect(table().guest().client.roomTimeMs(0)).toBeNaN();
  });

  test('M-E11: who asks is told who is in the cells around, nearest first; an unanswered question is repeated', () => {
    const { t, guests } = met(5);
    const [ada, bo, cy, di, eve] = guests as [Guest, Guest, Guest, Guest, Guest];
    const cell = cellOf(320 * 256 * 4 + 5, 320 * 256 * 7);
    expect(cell).toBe(7 * 256 + 4);
    bo.client.tellCell(cell + 257, false, t.nowMs);
    cy.client.tellCell(cell, false, t.nowMs);
    di.client.tellCell(cell + 2, false, t.nowMs);
    t.run(200);
    let lost = 0;
    t.drop = (bytes, way) => way === 'up' && bytes[1] === Kind.cell && lost++ < 3;
    const introduced = (guest: Guest) =>
      guest.events.filter((event): event is SessionEvent & { type: 'introduced' } => event.type === 'introduced');
    ada.client.tellCell(cell, true, t.nowMs);
    t.until(() => introduced(ada).length > 0, 2000);
    expect(introduced(ada)).toEqual([
      {
        type: 'introduced',
        peers: [
          { peer: 3, cell },
          { peer: 2, cell: cell + 257 },
        ],
      },
    ]);
    t.run(2000);
    expect(introduced(ada), 'asked once, told once').toHaveLength(1);
    t.cut(cy);
    ada.client.tellCell(cell, true, t.nowMs);
    t.until(() => introduced(ada).length > 1, 2000);
    expect(
      introduced(ada)[1]!.peers.map(({ peer }) => peer),
      'those who are not here are not named',
    ).toEqual([2]);
    expect(introduced(eve)).toEqual([]);
    expect(statusOf(t)).toMatchObject({ introductionsAsked: 2, introduced: 3 });
  });

  test('M-E12: signals and relays reach everybody who is present, also before its seat is known', () => {
    const { t, guests } = met(2);
    const late = t.guest();
    t.until(() => late.client.epoch !== null);
    expect(guests[0]!.client.peers.has(3)).toBe(false);
    late.client.signal(1, 'offer', t.nowMs);
    late.client.relay(1, bytesOf('hello'));
    t.until(() => guests[0]!.carried.length > 0 && signalsOf(guests[0]!).length > 0, 100);
    expect(guests[0]!.carried).toEqual([{ from: 3, text: 'hello' }]);
    guests[0]!.client.signal(3, 'answer', t.nowMs);
    t.until(() => signalsOf(late).length > 0, 100);
    expect(late.events.some(({ type }) => type === 'peerCame')).toBe(true);
  });

  test('a room without seats is told none of this', () => {
    const t = table();
    const ada = t.guest();
    t.until(() => ada.client.state === 'entered');
    ada.client.tellCell(3, true, t.nowMs);
    t.run(2000);
    expect(ada.client).toMatchObject({ epoch: null, seat: undefined });
    expect(t.session.status.rooms[0]!.seats).toBeUndefined();
    expect(t.session.counters.malformed).toBe(0);
  });

  test('a room that a participant made may keep seats', () => {
    const t = table();
    const create = { settings: Uint8Array.of(1), maxPeers: 300, seats: 300 };
    const ada = t.guest({ create });
    t.until(() => ada.client.seat !== undefined);
    const bo = t.guest({ room: ada.client.room! });
    t.until(() => ada.client.peers.has(2));
    expect(bo.client.seat).toMatchObject({ slot: 1 });
  });
});

describe('the price of a number', () => {
  const priced = () => seated({ rooms: [{ ...ROOM, proofOfWorkBits: 10 }] });

  test('M-E13: a newcomer finds the answer by and by; who comes back need not pay again', () => {
    const t = priced();
    const ada = t.guest();
    t.until(() => ada.client.seat !== undefined);
    expect(t.session.counters).toMatchObject({ challenges: 1, badProofs: 0 });
    t.cut(ada);
    t.connect(ada);
    t.until(() => ada.client.state === 'entered', 100);
    expect(t.session.counters.challenges).toBe(1);
  });

  test('M-E13: a wrong answer, one of another link, and one that was used already do not count', () => {
    const t = priced();
    const proofs: Uint8Array[] = [];
    let spoils = true;
    t.drop = (bytes, way) => {
      const hasProof = way === 'up' && bytes[1] === Kind.enter && bytes.length > 30;
      if (hasProof) proofs.push(new Uint8Array(bytes));
      if (hasProof && spoils) bytes[bytes.length - 1]! ^= 0x80;
      return false;
    };
    const ada = t.guest();
    t.until(() => t.session.counters.badProofs > 0);
    expect(ada.client.state).toBe('entering');
    spoils = false;
    t.until(() => ada.client.state === 'entered');
    const others = [50, 51];
    for (const link of others) {
      t.session.linkChanged(link, 'up', t.nowMs);
      t.session.receive(link, proofs.at(-1)!, t.nowMs);
    }
    expect(t.session.status.rooms[0]!.peers).toHaveLength(1);
    expect(t.session.counters.challenges).toBe(3);
  });
});
