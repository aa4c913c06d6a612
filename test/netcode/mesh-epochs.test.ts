import { describe, expect, test } from 'vitest';
import { type Guest, table } from './rendezvous-table.ts';

const SEATS = { code: 'MAIN', settings: Uint8Array.of(1), maxPeers: 8, seats: 8 };
const seated = (options: Parameters<typeof table>[0] = {}) => table({ rooms: [SEATS], recoverMs: 0, ...options });
const slotsOf = ({ client }: Guest) => client.epoch?.seats.map(({ peer, slot }) => [peer, slot]);

describe('seats', () => {
  test('M-E: who enters has the lowest free slot in the next epoch, and all know the same', () => {
    const t = seated();
    const guests = ['Ada', 'Bo', 'Cy'].map((name) => t.guest({ name }));
    t.until(() => guests.every(({ client }) => client.epoch?.seats.length === 3));
    for (const guest of guests) {
      expect(slotsOf(guest)).toEqual([
        [1, 0],
        [2, 1],
        [3, 2],
      ]);
      expect(guest.client.seat?.peer).toBe(guest.client.self);
      expect([1, 2, 3].map((peer) => guest.client.nameOf(peer))).toEqual(['Ada', 'Bo', 'Cy']);
    }
    const late = t.guest({ name: 'Di' });
    t.until(() => guests.every(({ client }) => client.peers.has(4)));
    expect(late.client.epoch?.number).toBe(2);
    expect(late.client.epochAt(1)?.seats).toHaveLength(3);
    t.run(3000);
    expect(late.client.epoch?.number, 'nothing changes, and nothing is agreed on').toBe(2);
    const times = [...guests, late].map(({ client }) => client.roomTimeMs(t.nowMs));
    for (const time of times) expect(Math.abs(time - times[0]!)).toBeLessThan(5);
  });
});
