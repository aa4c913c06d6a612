/** Coins are granted to those whom witnesses saw take them. */
import { describe, expect, test } from 'vitest';
import { standing, TrustTable } from './trust-table.ts';

const HOME = 9;
const CLAIMANT = 1;
const TOKEN = 7;

/** Enough players that nobody is alone; all but the home stand together, and tell it. */
function crowd(count = 50) {
  const table = new TrustTable({ witnesses: true, replayWindow: true }, 5);
  table.home = HOME;
  table.coin = { x: 100_000, y: 100_000 };
  for (let id = 1; id <= count; id++) table.seat(id);
  const near = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const a of near) for (const b of near) if (a < b) table.link(a, b);
  const place = { x: 100_000, y: 100_000 };
  const stand = (tick: number) => {
    for (const id of near) {
      const at = id === CLAIMANT ? place : { x: 105_000 + id * 1000, y: 104_000 };
      table.tellState(id, standing(tick, at.x, at.y));
    }
  };
  table.run(12_000, stand);
  const decided: boolean[] = [];
  const claim = () =>
    table.peers.get(HOME)!.trust.vouch({ claimant: CLAIMANT, token: TOKEN }, (is) => decided.push(is), table.nowMs);
  const say = () => table.peers.get(CLAIMANT)!.trust.claimed(TOKEN, table.coin.x, table.coin.y);
  return { table, place, stand, decided, claim, say };
}

describe('M-T17 coins are taken in sight of witnesses', () => {
  test('whom two saw there gets it, within the way of three messages', () => {
    const { table, stand, decided, claim, say } = crowd();
    say();
    table.run(40, stand);
    claim();
    table.run(300, stand);
    expect(decided).toEqual([true]);
  });

  test('whom witnesses saw elsewhere does not', () => {
    const { table, place, stand, decided, claim, say } = crowd();
    place.x += 60 * 256;
    table.run(1000, stand);
    say();
    claim();
    table.run(4000, stand);
    expect(decided).toEqual([false]);
  });

  test('who asks nobody does not', () => {
    const { table, stand, decided, claim } = crowd();
    claim();
    table.run(1500, stand);
    expect(decided).toEqual([]);
    table.run(1500, stand);
    expect(decided).toEqual([false]);
  });

  test('nor does who has its witnesses speak of another place', () => {
    const { table, stand, decided, claim } = crowd();
    table.coin = { x: 50_000, y: 50_000 };
    table.peers.get(CLAIMANT)!.trust.claimed(TOKEN, 100_000, 100_000);
    claim();
    table.run(4000, stand);
    expect(decided).toEqual([false]);
  });

  test('where a player may well be alone, nobody is needed', () => {
    const { table, stand, decided, claim } = crowd(12);
    claim();
    table.run(100, stand);
    expect(decided).toEqual([true]);
  });
});
