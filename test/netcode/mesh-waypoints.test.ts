/** Places that heads sign: a way that cannot be walked is proof, and goes from neighbour to neighbour. */
import { describe, expect, test } from 'vitest';
import { PLAYER_SPEED_PER_S, tickRules } from '../../game/constants.ts';
import { encodeState } from '../../netcode/mesh/state-codec.ts';
import { leapIn, NOWHERE, WAYPOINTS, waypointTicks } from '../../netcode/mesh/trust/waypoints.ts';
import { Kind } from '../../netcode/protocol.ts';
import { standing, TrustTable } from './trust-table.ts';

const rules = tickRules(20);
const HEADS = { handshakes: true, heads: true };
const nowhere = { x: NOWHERE, y: NOWHERE };
const second = (tick: number, ...xs: number[]) => ({ tick, places: xs.map((x) => (x < 0 ? nowhere : { x, y: 500 })) });

describe('a signed way', () => {
  const FIFTH = PLAYER_SPEED_PER_S / WAYPOINTS;

  test('at full speed is none to blame, within a second and to the next', () => {
    const first = second(20, 0, FIFTH, 2 * FIFTH, 3 * FIFTH, 4 * FIFTH);
    const next = second(40, 5 * FIFTH, 6 * FIFTH, 7 * FIFTH, 8 * FIFTH, 9 * FIFTH);
    expect(waypointTicks(20, 20)).toEqual([4, 8, 12, 16, 20]);
    expect(leapIn(rules, first, next)).toBe(-1);
    expect(leapIn(rules, first, second(60, ...next.places.map(({ x }) => x + 5 * FIFTH)))).toBe(-1);
  });

  test('that leaps is, in one second or between two', () => {
    const far = 3 * FIFTH;
    expect(leapIn(rules, second(20, 0, 0, far, far, far))).toBe(12);
    expect(leapIn(rules, second(20, 0, 0, 0, 0, 0))).toBe(-1);
    expect(leapIn(rules, second(20, 0, 0, 0, 0, 0), second(40, far, far, far, far, far))).toBe(24);
    expect(leapIn(rules, second(20, 0, -1, 3 * FIFTH, -1, -1))).toBe(12);
  });

  test('ends with a death, when as much time has passed as the rules keep the dead away', () => {
    const far = 40 * FIFTH;
    expect(leapIn(rules, second(20, 0, 0, -1, -1, -1), second(60, -1, -1, -1, -1, far))).toBe(60);
    expect(leapIn(rules, second(20, 0, 0, -1, -1, -1), second(80, -1, -1, -1, -1, far))).toBe(-1);
  });
});

/** Six in a row: each is linked with the two before and after it. */
function rowOf(seed: number): TrustTable {
  const table = new TrustTable(HEADS, seed);
  for (let id = 1; id <= 6; id++) table.seat(id);
  for (let a = 1; a <= 6; a++) for (let b = a + 1; b <= Math.min(6, a + 2); b++) table.link(a, b);
  table.run(1000);
  return table;
}

const walk =
  (table: TrustTable, except = 0) =>
  (tick: number) => {
    for (const id of table.peers.keys())
      if (id !== except) table.tellState(id, standing(tick, 20_000 + id * 5000, 30_000));
  };

describe('proofs', () => {
  test('M-T7 one leap is told from neighbour to neighbour, to all who know the key', () => {
    const table = rowOf(3);
    // All have met once.
    table.linkAll();
    table.run(2000, walk(table));
    for (const id of [4, 5, 6]) table.unlink(1, id);
    table.run(5000, (tick) => {
      walk(table, 1)(tick);
      table.tellState(1, standing(tick, tick % 100 < 50 ? 20_000 : 60_000, 30_000));
    });
    const banned = table.told('banned');
    expect(banned.map(({ by }) => by).sort()).toEqual([2, 3, 4, 5, 6]);
    expect(banned.every(({ peer, reason }) => peer === 1 && reason === 'too far')).toBe(true);
  });

  test('M-T7 who did not know the key then is shown the proof when it speaks of the liar', () => {
    const table = rowOf(4);
    table.run(5000, (tick) => {
      walk(table, 1)(tick);
      table.tellState(1, standing(tick, tick % 100 < 50 ? 20_000 : 60_000, 30_000));
    });
    expect(
      table
        .told('banned')
        .map(({ by }) => by)
        .sort(),
    ).toEqual([2, 3]);
    table.link(1, 4);
    table.run(4000, (tick) => {
      walk(table, 1)(tick);
      table.tellState(1, standing(tick, 60_000, 30_000));
    });
    expect(
      table
        .told('banned')
        .map(({ by }) => by)
        .sort(),
    ).toEqual([2, 3, 4]);
  });

  test('M-T6 who signs for another way than it tells is parted from by those whom it told', () => {
    const table = rowOf(5);
    table.run(6000, (tick) => {
      walk(table, 1)(tick);
      const jumping = standing(tick, tick % 100 < 50 ? 20_000 : 60_000, 30_000);
      table.peers.get(1)!.trust.told(encodeState(standing(tick, 20_000, 30_000)));
      for (const to of [2, 3]) table.send(1, to, encodeState(jumping));
    });
    expect(table.told('banned').map(({ by, reason }) => [by, reason])).toEqual([
      [2, 'two stories'],
      [3, 'two stories'],
    ]);
  });

  test('M-T7 nobody can be framed with heads that it did not sign', () => {
    const table = rowOf(6);
    table.run(2000, walk(table));
    table.tamper = (from, _to, bytes) => {
      if (bytes[1] !== Kind.meshHead || from !== 2) return [bytes];
      const forged = bytes.slice();
      forged[bytes.length - 70] = 99;
      return [forged];
    };
    table.run(3000, walk(table));
    expect(table.told('banned')).toEqual([]);
    expect([...table.peers.values()].reduce((sum, { trust }) => sum + trust.counters.forgedHeads, 0)).toBeGreaterThan(
      4,
    );
  });
});
