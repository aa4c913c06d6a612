import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH, isBlocked, SCENARIOS } from '../../game/arena.ts';
import { PLAYER_RADIUS } from '../../game/constants.ts';
import { MINT_RADIUS, mintPlace } from '../../game/mint.ts';

for (const scenario of SCENARIOS) {
  test(`coins of a spot appear in free places near its first one, the same for everybody (${scenario})`, () => {
    const config = { ...DEFAULT_MATCH, players: 40, scenario };
    const [one, two] = [createArena(config), createArena(config)];
    const places = new Set<string>();
    for (let spot = 0; spot < 40; spot++) {
      const base = new Int32Array(2);
      mintPlace(one, spot, 0, base);
      for (const generation of [0, 1, 2, 65535]) {
        const [a, b] = [new Int32Array(2), new Int32Array(2)];
        mintPlace(one, spot, generation, a);
        mintPlace(two, spot, generation, b);
        expect(b).toEqual(a);
        expect(isBlocked(one, a[0]!, a[1]!, PLAYER_RADIUS)).toBe(false);
        const [dx, dy] = [a[0]! - base[0]!, a[1]! - base[1]!];
        expect(dx * dx + dy * dy).toBeLessThanOrEqual(MINT_RADIUS * MINT_RADIUS);
        places.add(`${a[0]} ${a[1]}`);
      }
    }
    expect(places.size).toBeGreaterThan(150);
  });
}
