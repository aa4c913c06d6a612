import { expect, test } from 'vitest';
import { isNatBlocked } from '../../netcode/link/nat.ts';

/** Blocked pairs among so many peers. */
function blockedPairs(seed: number, ratio: number, peers: number): string[] {
  const blocked: string[] = [];
  for (let high = 2; high <= peers; high++) {
    for (let low = 1; low < high; low++) if (isNatBlocked(seed, ratio, low, high)) blocked.push(`${low}-${high}`);
  }
  return blocked;
}

test('a pair is blocked whichever of the two asks', () => {
  for (let a = 1; a < 30; a++) {
    for (let b = 1; b < a; b++) expect(isNatBlocked(5, 0.3, a, b)).toBe(isNatBlocked(5, 0.3, b, a));
  }
});

test('about the wanted share of pairs is blocked, under any seed', () => {
  const pairs = (60 * 59) / 2;
  for (const seed of [0, 1, 2, 0xffffffff]) {
    for (const ratio of [0.05, 0.2, 0.5]) {
      const share = blockedPairs(seed, ratio, 60).length / pairs;
      // Four standard deviations of a coin thrown for each pair.
      expect(Math.abs(share - ratio)).toBeLessThan(4 * Math.sqrt((ratio * (1 - ratio)) / pairs));
    }
  }
});

test('other seeds block other pairs, the same seed the same', () => {
  expect(blockedPairs(1, 0.2, 20)).toEqual(blockedPairs(1, 0.2, 20));
  expect(blockedPairs(1, 0.2, 20)).not.toEqual(blockedPairs(2, 0.2, 20));
});

test('no peer stands for all of its pairs', () => {
  for (let peer = 1; peer <= 40; peer++) {
    let blocked = 0;
    for (let other = 1; other <= 40; other++) if (other !== peer && isNatBlocked(3, 0.5, peer, other)) blocked++;
    expect(blocked).toBeGreaterThan(5);
    expect(blocked).toBeLessThan(34);
  }
});

test('none and all are what they say', () => {
  expect(blockedPairs(1, 0, 20)).toEqual([]);
  expect(blockedPairs(1, 1, 20).length).toBe(190);
});
