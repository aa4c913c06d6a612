import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCENARIOS } from '../../game/arena.ts';
import { TILE, VISION_RADIUS } from '../../game/constants.ts';
import { Grid } from '../../game/grid.ts';
import { isVisible } from '../../game/vision.ts';
import type { World } from '../../game/world.ts';
import { crowd } from './helpers.ts';

/** Players in view of each player, counted by comparing all with all. */
function inView(world: World): number[] {
  const { x, y } = world.players;
  const players = world.match.players[0]!;
  const seen = new Array<number>(players).fill(0);
  for (let viewer = 0; viewer < players; viewer++) {
    for (let id = viewer + 1; id < players; id++) {
      if (!isVisible(x[viewer]!, y[viewer]!, x[id]!, y[id]!)) continue;
      seen[viewer]!++;
      seen[id]!++;
    }
  }
  return seen;
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('density', () => {
  for (const wanted of [10, 30, 60]) {
    test(`about ${wanted} are in view of each of 5,000 players, on average`, () => {
      const seen = mean(inView(crowd({ players: 5_000, inView: wanted }).world));
      // Obstacles crowd all a little.
      expect(seen / wanted).toBeGreaterThan(0.9);
      expect(seen / wanted).toBeLessThan(1.1);
    });
  }

  test('hardly depends on the number of players', () => {
    const seen = [200, 1_000, 2_000, 4_000, 8_000].map((players) => mean(inView(crowd({ players }).world)));
    expect(Math.max(...seen) / Math.min(...seen)).toBeLessThan(1.12);
  });

  test("'crowds' has hot spots: far more in view than elsewhere, and unevenly so", () => {
    const seen = inView(crowd({ players: 2_000, scenario: 'crowds' }).world).sort((a, b) => a - b);
    expect(mean(seen)).toBeGreaterThan(150);
    expect(seen.at(-1)! / Math.max(1, seen[200]!)).toBeGreaterThan(4);
  });

  test("'everyone' is in one place: all see nearly all", () => {
    const seen = inView(crowd({ players: 500, scenario: 'everyone' }).world);
    expect(mean(seen)).toBeGreaterThan(0.9 * 499);
  });
});

describe('vision', () => {
  test('ends at its radius, the edge included', () => {
    expect(isVisible(0, 0, VISION_RADIUS, 0)).toBe(true);
    expect(isVisible(0, 0, VISION_RADIUS + 1, 0)).toBe(false);
    expect(isVisible(0, 0, VISION_RADIUS, 1)).toBe(false);
  });

  test('is mutual (fast-check)', () => {
    const place = fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000));
    fc.assert(
      fc.property(place, place, ([ax, ay], [bx, by]) => {
        expect(isVisible(ax, ay, bx, by)).toBe(isVisible(bx, by, ax, ay));
      }),
    );
  });
});

/** What stands in a grid's cells within a square, by the walk that rules and interest use. */
function walk(grid: Grid, x: number, y: number, reach: number): number[] {
  const found: number[] = [];
  for (let row = grid.cell(y - reach); row <= grid.cell(y + reach); row++) {
    for (let column = grid.cell(x - reach); column <= grid.cell(x + reach); column++) {
      const cell = row * grid.side + column;
      for (let i = grid.starts[cell]!; i < grid.starts[cell + 1]!; i++) found.push(grid.ids[i]!);
    }
  }
  return found;
}

describe('the grid', () => {
  const size = 20 * TILE;
  const entity = fc.record({ x: fc.nat(size - 1), y: fc.nat(size - 1), present: fc.integer({ min: -1, max: 1 }) });
  const cellSizes = fc.constantFrom(TILE, 3 * TILE, 10_000, VISION_RADIUS);

  test('finds whoever a search of all finds, each once, in id order within a cell (fast-check)', () => {
    fc.assert(
      fc.property(
        cellSizes,
        fc.array(entity, { maxLength: 150 }),
        entity,
        fc.nat(size),
        (cellSize, all, centre, reach) => {
          const grid = new Grid(size, cellSize);
          const x = Int32Array.from(all, (one) => one.x);
          const y = Int32Array.from(all, (one) => one.y);
          const present = Int32Array.from(all, (one) => one.present);
          // Built twice: nothing of an earlier tick may remain.
          grid.build(all.length, y, x, present.map(Math.abs));
          grid.build(all.length, x, y, present);

          const found = walk(grid, centre.x, centre.y, reach);
          expect(new Set(found).size).toBe(found.length);
          for (const id of found) expect(present[id]).toBe(1);
          const near = all.flatMap((one, id) => {
            const within = Math.abs(one.x - centre.x) <= reach && Math.abs(one.y - centre.y) <= reach;
            return within && one.present > 0 ? [id] : [];
          });
          expect(found).toEqual(expect.arrayContaining(near));

          for (let cell = 0; cell < grid.side * grid.side; cell++) {
            const ids = [...grid.ids.subarray(grid.starts[cell]!, grid.starts[cell + 1]!)];
            expect(ids).toEqual([...ids].sort((a, b) => a - b));
          }
          expect(grid.starts[grid.side * grid.side]).toBe(all.filter((one) => one.present > 0).length);
        },
      ),
    );
  });

  for (const scenario of SCENARIOS) {
    test(`holds every living player of a '${scenario}' world exactly once`, () => {
      const { world } = crowd({ players: 400, scenario });
      const { x, y, status } = world.players;
      world.grid.build(world.match.playerLimit[0]!, x, y, status);
      const everywhere = walk(world.grid, world.arena.size >> 1, world.arena.size >> 1, world.arena.size);
      expect(everywhere.sort((a, b) => a - b)).toEqual([...Array(400).keys()]);
    });
  }
});
