/** What somebody is told who comes into a room that keeps seats, or comes back. */
import { expect, test } from 'vitest';
import type { ToldEpochs } from '../../netcode/mesh/epoch-chain.ts';
import { decodeMessage } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import { decodeRendezvous } from '../../netcode/rendezvous-messages.ts';
import { type Guest, type Table, table } from './rendezvous-table.ts';

const ROOM = { code: 'MAIN', settings: Uint8Array.of(1), maxPeers: 8, seats: 8 };

/** Three who know each other's seats, and what is told to a guest besides single changes. */
function met() {
  const t = table({ rooms: [ROOM], recoverMs: 0 });
  const guests = [t.guest({ name: 'Ada' }), t.guest({ name: 'Bo' }), t.guest({ name: 'Cy' })] as const;
  t.until(() => guests.every(({ client }) => client.epoch?.seats.length === 3));
  const told: { link: number; epochs: ToldEpochs }[] = [];
  t.drop = (bytes, way, link) => {
    const outer = way === 'down' && bytes[1] === Kind.reliable ? decodeMessage(bytes) : null;
    if (outer?.type !== 'reliable' || outer.inner[1] !== Kind.known) return false;
    const message = decodeRendezvous(outer.inner);
    if (message.type === 'known' && message.epochs) told.push({ link, epochs: message.epochs });
    return false;
  };
  return { t, guests, told };
}

const numberOf = ({ client }: Guest) => client.epoch!.number;

/** Lets so many epochs pass, by somebody who comes and goes. */
function pass(t: Table, fickle: Guest, witness: Guest, epochs: number): void {
  const until = numberOf(witness) + epochs;
  while (numberOf(witness) < until) {
    const before = numberOf(witness);
    if (fickle.link > 0) t.cut(fickle);
    else t.connect(fickle);
    t.until(() => numberOf(witness) > before, 2000);
  }
}

test('M-E9: who comes back is told the changes since the epoch that it remembers', () => {
  const { t, guests, told } = met();
  const [ada, bo, cy] = guests;
  const remembered = numberOf(bo);
  t.cut(bo);
  t.until(() => numberOf(ada) > remembered);
  pass(t, cy, ada, 4);
  const newest = numberOf(ada);
  told.length = 0;
  t.connect(bo);
  t.until(() => bo.client.epoch?.number !== remembered);
  const own = told.filter(({ link }) => link === bo.link);
  expect(own).toHaveLength(1);
  expect(own[0]!.epochs).toMatchObject({ roster: null, from: remembered });
  expect(own[0]!.epochs.changes).toHaveLength(newest - remembered);
  for (let number = remembered; number <= newest; number++) {
    expect(bo.client.epochAt(number)?.seats).toEqual(ada.client.epochAt(number)?.seats);
  }
});

test('M-E9: who knows nothing, or what is too long ago, is told a roster up to 31 epochs old and all since', () => {
  const { t, guests, told } = met();
  const [ada, bo, cy] = guests;
  const remembered = numberOf(bo);
  t.cut(bo);
  t.until(() => numberOf(ada) > remembered);
  pass(t, cy, ada, 33);
  const newest = numberOf(ada);
  told.length = 0;
  const late = t.guest({ name: 'Di' });
  t.until(() => late.client.epoch !== null);
  t.connect(bo);
  t.until(() => bo.client.epoch !== null && numberOf(bo) !== remembered);
  for (const { link } of [late, bo]) {
    const { epochs } = told.find((one) => one.link === link)!;
    const { roster, from, changes } = epochs;
    expect(roster!.number).toBe(from);
    expect(from + changes.length).toBeGreaterThanOrEqual(newest);
    expect(changes.length, 'as far back as is remembered').toBe(31);
    expect(roster!.seats.map(({ name }) => name)).toContain('Ada');
  }
  expect(late.client.epochAt(newest - 20)?.seats).toEqual(ada.client.epochAt(newest - 20)?.seats);
});

test('M-E9: who is there is told changes only', () => {
  const { t, guests, told } = met();
  const [ada, bo, cy] = guests;
  pass(t, cy, ada, 6);
  expect(told.filter(({ link }) => link === ada.link || link === bo.link)).toEqual([]);
  expect(numberOf(bo)).toBe(numberOf(ada));
});
