/** What neighbours say of somebody whom one does not see, or sees too little of. */
import { expect, test } from 'vitest';
import { encodeAccusation } from '../../netcode/mesh/trust/accusation-codec.ts';
import { TrustTable } from './trust-table.ts';

const SUBJECT = 1;
const LISTENER = 9;
/** Instead of what is allowed: one hit was ignored, or its sender has judged. */
const SEEN = 0;
const VERDICT = -1;

/** Nine who are linked, and none of whom is in sight of another. */
function nine(seed: number) {
  const table = new TrustTable({ witnesses: true, replayWindow: true }, seed);
  for (let id = 1; id <= LISTENER; id++) table.seat(id);
  table.linkAll();
  table.run(500);
  const say = (from: number, allowed: number, shooter = 0) => {
    const body = { subject: SUBJECT, what: 'ignored hits', tick: table.tick, observed: shooter, allowed } as const;
    table.send(from, LISTENER, encodeAccusation({ ...body, signature: null }), true);
    table.run(100);
  };
  const banned = () => table.told('banned').map(({ by, peer }) => [by, peer]);
  return { table, say, banned };
}

test('M-T11 six of eight who have judged are followed, and five are not, however often they say so', () => {
  const { table, say, banned } = nine(1);
  for (let round = 0; round < 3; round++) for (let from = 2; from <= 6; from++) say(from, VERDICT);
  expect(banned()).toEqual([]);
  say(7, VERDICT);
  expect(banned()).toEqual([[LISTENER, SUBJECT]]);
  table.run(2000);
  // Who only follows draws nobody after it.
  expect(banned()).toEqual([[LISTENER, SUBJECT]]);
});

test('M-T11 what was said more than a minute ago does not count', () => {
  const { table, say, banned } = nine(2);
  for (let from = 2; from <= 6; from++) say(from, VERDICT);
  table.run(61_000);
  say(7, VERDICT);
  expect(banned()).toEqual([]);
});

test('M-T11 a hit that six saw ignored is one moment of a bad network; two, of two shooters, are none', () => {
  const { table, say, banned } = nine(3);
  for (let from = 2; from <= 7; from++) say(from, SEEN, 8);
  expect(banned()).toEqual([]);
  table.run(4000);
  say(2, SEEN, 8);
  expect(banned()).toEqual([]);
  say(3, SEEN, 5);
  expect(banned()).toEqual([[LISTENER, SUBJECT]]);
});
