import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../netcode/protocol.ts';
import { RENDEZVOUS } from '../../netcode/session.ts';
import { bytesOf, type Guest, table } from './rendezvous-table.ts';

const entered = (...guests: Guest[]) => guests.every(({ client }) => client.state === 'entered');

function inMain(count: number, options: Parameters<typeof table>[0] = {}) {
  const t = table(options);
  const guests = Array.from({ length: count }, () => t.guest());
  t.until(() => entered(...guests));
  const ask = (guest: Guest) => {
    guest.client.askFounding(t.nowMs);
    const told = () => guest.events.filter(({ type }) => type === 'founding').length;
    const before = told();
    t.until(() => told() > before);
    return guest.client.founding;
  };
  return { t, guests, ask };
}

describe('founding', () => {
  test('R13: of all who ask at once, over lossy links, exactly one may', () => {
    const { t, guests } = inMain(6);
    let count = 0;
    t.drop = () => count++ % 2 === 0;
    for (const { client } of guests) {
      client.askFounding(t.nowMs);
      client.askFounding(t.nowMs);
    }
    t.until(() => guests.every(({ client }) => client.founding !== 'unknown'));
    expect(guests.map(({ client }) => client.founding).sort()).toEqual([
      'denied',
      'denied',
      'denied',
      'denied',
      'denied',
      'granted',
    ]);
    expect(guests.flatMap(({ events }) => events.filter(({ type }) => type === 'founding'))).toHaveLength(6);
  });

  test('R13: the founder counts as the group until the first report, and when it goes others may', () => {
    const { t, guests, ask } = inMain(3);
    const [ada, bo, cy] = guests as [Guest, Guest, Guest];
    expect(ask(ada)).toBe('granted');
    expect(ask(bo)).toBe('denied');
    ada.isFrozen = true;
    t.until(() => !bo.client.peers.has(1));
    expect(ask(bo), 'who fell silent may only be cut off').toBe('denied');
    t.run(10_000);
    expect(ask(bo), 'what was denied may be asked for again').toBe('granted');
    expect(ask(cy)).toBe('denied');
  });

  test('R14: a member that is left keeps the room, whoever reported it', () => {
    const { t, guests, ask } = inMain(4);
    const [ada, bo, cy, dee] = guests as [Guest, Guest, Guest, Guest];
    ask(ada);
    // Bo's report of the second view comes before the founder's.
    bo.client.reportMembers(2, [2, 1], t.nowMs);
    ada.client.reportMembers(1, [1], t.nowMs);
    t.run(20);
    expect(t.session.status.rooms[0]).toMatchObject({ view: 2, members: [1, 2] });
    t.cut(ada);
    expect(ask(dee)).toBe('denied');
    cy.client.reportMembers(9, [2, 3], t.nowMs);
    t.run(20);
    t.cut(bo);
    expect(ask(dee)).toBe('denied');
    t.cut(cy);
    expect(ask(dee)).toBe('granted');
    expect(t.session.status.rooms[0]).toMatchObject({ view: -1, members: [4] });
  });

  test('R14: a report by somebody who is not in it changes nothing', () => {
    const { t, guests, ask } = inMain(3);
    const [ada, bo, cy] = guests as [Guest, Guest, Guest];
    ask(ada);
    cy.client.reportMembers(5, [1, 2], t.nowMs);
    t.run(20);
    expect(t.session.status.rooms[0]).toMatchObject({ view: -1, members: [1] });
    expect(ask(bo)).toBe('denied');
  });

  test('R15: a founder that comes back to find the room held by others hears so', () => {
    const { t, guests, ask } = inMain(2);
    const [ada, bo] = guests as [Guest, Guest];
    ask(ada);
    ada.client.reportMembers(1, [1], t.nowMs);
    t.run(20);
    t.cut(ada);
    expect(ask(bo)).toBe('granted');
    t.connect(ada);
    t.until(() => ada.client.founding === 'denied');
    expect(ada.events.at(-1)).toEqual({ type: 'founding', granted: false });
    expect(t.session.status.rooms[0]).toMatchObject({ members: [2] });
  });

  test('R14: a rendezvous that was started anew learns from the members who they are', () => {
    const { t, guests, ask } = inMain(3);
    const [ada, bo, cy] = guests as [Guest, Guest, Guest];
    ask(ada);
    ada.client.reportMembers(7, [1, 2], t.nowMs);
    t.run(20);
    t.restart();
    t.until(() => entered(ada, bo, cy));
    t.run(20);
    expect(t.session.status.rooms[0]).toMatchObject({ view: 7, members: [1, 2] });
    expect(ask(cy)).toBe('denied');
  });

  test('rooms know nothing of each other', () => {
    const { t, guests, ask } = inMain(1);
    const other = t.guest({ create: { settings: new Uint8Array(), maxPeers: 2 } });
    t.until(() => entered(other));
    expect(ask(guests[0]!)).toBe('granted');
    expect(ask(other)).toBe('granted');
  });
});

describe('ballots', () => {
  test('R16: they go to the acceptor of the sender’s room, and its answer comes back', () => {
    const made: string[] = [];
    const acceptorOf = (room: string) => {
      const number = made.push(room);
      return {
        handle(bytes: Uint8Array) {
          if (bytes.length === 0) return null;
          if (bytes[0] === 0) throw new ProtocolError('not a ballot');
          return bytesOf(`acceptor ${number}: ${new TextDecoder().decode(bytes)}`);
        },
      };
    };
    const { t, guests, ask } = inMain(2, { acceptorOf });
    const [ada, bo] = guests as [Guest, Guest];
    ask(ada);
    ada.client.ballot(bytesOf('prepare'));
    bo.client.ballot(bytesOf('accept'));
    bo.client.ballot(new Uint8Array(0));
    bo.client.ballot(new Uint8Array(1));
    t.run(20);
    expect(ada.carried).toEqual([{ from: RENDEZVOUS, text: 'acceptor 1: prepare' }]);
    expect(bo.carried).toEqual([{ from: RENDEZVOUS, text: 'acceptor 1: accept' }]);
    expect(t.session.counters).toMatchObject({ ballots: 4, ballotsDropped: 0, malformed: 1 });
    // What the acceptor promised to one group must not bind the next.
    t.cut(ada);
    ask(bo);
    bo.client.ballot(bytesOf('prepare'));
    t.run(20);
    expect(bo.carried.at(-1)).toEqual({ from: RENDEZVOUS, text: 'acceptor 2: prepare' });
    expect(made).toEqual(['MAIN', 'MAIN']);
  });

  test('R16: without an acceptor they are dropped and counted', () => {
    const { t, guests } = inMain(1);
    guests[0]!.client.ballot(bytesOf('prepare'));
    t.run(20);
    expect(guests[0]!.carried).toEqual([]);
    expect(t.session.counters).toMatchObject({ ballots: 1, ballotsDropped: 1 });
  });
});
