import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH, isBlocked, SCENARIOS } from '../../game/arena.ts';
import { PLAYER_RADIUS, SUBUNITS, TICK_RATES_HZ, TILE, tickRules } from '../../game/constants.ts';
import { Button, buttonsTowards } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { movePlayer } from '../../game/step.ts';
import { Status } from '../../game/world.ts';
import { crowd, randomInputs, run, scene, TILE_UNITS } from './helpers.ts';

const at = (world: { players: { x: Int32Array; y: Int32Array } }, id: number) => [
  world.players.x[id]! / SUBUNITS,
  world.players.y[id]! / SUBUNITS,
];

describe('walking', () => {
  for (const tickRateHz of TICK_RATES_HZ) {
    test(`covers 180 units in a second at ${tickRateHz} Hz, along an axis and nearly so across`, () => {
      const game = scene([[200, 200]], { tickRateHz });
      game.inputs.buttons[0] = Button.right;
      run(game, tickRateHz);
      expect(at(game.world, 0)).toEqual([380, 200]);

      game.inputs.buttons[0] = Button.left | Button.down;
      run(game, tickRateHz);
      const [x, y] = at(game.world, 0);
      expect(380 - x!).toBe(y! - 200);
      expect(Math.sqrt(2) * (y! - 200)).toBeGreaterThan(179);
      expect(Math.sqrt(2) * (y! - 200)).toBeLessThanOrEqual(180);
    });
  }

  test('stands still without a button and with opposite ones', () => {
    const game = scene([[200, 200]]);
    run(game, 5);
    game.inputs.buttons[0] = Button.left | Button.right | Button.up | Button.down;
    run(game, 5);
    expect(at(game.world, 0)).toEqual([200, 200]);
  });

  test('an input holds until it is replaced, and turns the aim without moving', () => {
    const game = scene([[200, 200]]);
    game.inputs.aim[0] = 1234;
    run(game, 3);
    expect(game.world.players.aim[0]).toBe(1234);
    expect(at(game.world, 0)).toEqual([200, 200]);
  });

  test('a tick rate that does not divide the rules evenly is refused by name', () => {
    expect(() => tickRules(25)).toThrow('tick rate 25 Hz: allowed are 20, 30, 60');
  });
});

describe('obstacles and walls', () => {
  // Tile (5, 5) spans 320 to 384 units; a player's radius is 16.
  const wall: [number, number][] = [[5, 5]];

  test('a player stops flush against a tile, from each of four sides', () => {
    const middle = 5.5 * TILE_UNITS;
    const cases = [
      { from: [250, middle], buttons: Button.right, coordinate: 'x', flush: 5 * TILE - PLAYER_RADIUS - 1 },
      { from: [450, middle], buttons: Button.left, coordinate: 'x', flush: 6 * TILE + PLAYER_RADIUS },
      { from: [middle, 250], buttons: Button.down, coordinate: 'y', flush: 5 * TILE - PLAYER_RADIUS - 1 },
      { from: [middle, 450], buttons: Button.up, coordinate: 'y', flush: 6 * TILE + PLAYER_RADIUS },
    ] as const;
    for (const { from, buttons, coordinate, flush } of cases) {
      const game = scene([[from[0], from[1]]], {}, wall);
      game.inputs.buttons[0] = buttons;
      run(game, 20);
      expect(game.world.players[coordinate][0]).toBe(flush);
    }
  });

  test('a player slides along a tile that it meets slantwise, and around its corner', () => {
    const game = scene([[300, 330]], {}, wall);
    game.inputs.buttons[0] = Button.right | Button.down;
    run(game, 4);
    const [x, y] = at(game.world, 0);
    expect(game.world.players.x[0]).toBe(5 * TILE - PLAYER_RADIUS - 1);
    expect(y).toBeGreaterThan(350);
    run(game, 20);
    expect(at(game.world, 0)[0]).toBeGreaterThan(x!);
  });

  test('the outer walls hold in every direction', () => {
    for (const buttons of [Button.left | Button.up, Button.right | Button.down]) {
      const game = scene([[100, 100]]);
      game.inputs.buttons[0] = buttons;
      run(game, 400);
      const far = game.world.arena.size - 1 - PLAYER_RADIUS;
      const expected = buttons & Button.left ? PLAYER_RADIUS : far;
      expect([game.world.players.x[0], game.world.players.y[0]]).toEqual([expected, expected]);
    }
  });

  test('nobody ever stands in an obstacle, whatever the inputs (fast-check)', () => {
    const arena = createArena({ ...DEFAULT_MATCH, players: 40 });
    const free: [number, number][] = [];
    for (let row = 0; row < arena.tiles; row++) {
      for (let column = 0; column < arena.tiles; column++) {
        if (arena.blocked[row * arena.tiles + column] === 0) free.push([column, row]);
      }
    }
    const walk = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.nat(free.length - 1), walk, (start, buttons) => {
        const [column, row] = free[start]!;
        const body = { x: Int32Array.of((column + 0.5) * TILE), y: Int32Array.of((row + 0.5) * TILE) };
        for (const pressed of buttons) {
          const from = [body.x[0]!, body.y[0]!];
          movePlayer(body, 0, pressed, arena);
          expect(isBlocked(arena, body.x[0]!, body.y[0]!, PLAYER_RADIUS)).toBe(false);
          expect(Math.abs(body.x[0]! - from[0]!)).toBeLessThanOrEqual(arena.rules.playerStep);
          expect(Math.abs(body.y[0]! - from[1]!)).toBeLessThanOrEqual(arena.rules.playerStep);
        }
      }),
    );
  });

  for (const players of [1, 64, 1_000, 10_000]) {
    test(`no pocket is ever closed, and obstacles are there (${players} players, 20 seeds)`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const arena = createArena({ ...DEFAULT_MATCH, seed, players });
        const freeTiles = arena.blocked.reduce((free, tile) => free + (tile === 0 ? 1 : 0), 0);
        expect(reachableTiles(arena.tiles, arena.blocked)).toBe(freeTiles);
        // Along the walls one can always run: places of last resort are drawn there.
        const ring = arena.blocked.filter((_, tile) => {
          const [column, row] = [tile % arena.tiles, Math.floor(tile / arena.tiles)];
          return Math.min(column, row) === 0 || Math.max(column, row) === arena.tiles - 1;
        });
        expect(ring.every((tile) => tile === 0)).toBe(true);
        expect(freeTiles).toBeLessThan(arena.blocked.length);
        expect(freeTiles).toBeGreaterThan(arena.blocked.length * 0.85);
      }
    });
  }

  test('a player can walk into every free tile and out again: a gap of one tile is wide enough', () => {
    const gap: [number, number][] = [
      [5, 5],
      [7, 5],
    ];
    const game = scene([[6.5 * TILE_UNITS, 250]], {}, gap);
    game.inputs.buttons[0] = Button.down;
    run(game, 30);
    expect(at(game.world, 0)[1]).toBeGreaterThan(6 * TILE_UNITS);
  });
});

/** Tiles that can be reached from the corner by steps along the axes; a player is half a tile wide. */
function reachableTiles(tiles: number, blocked: Uint8Array): number {
  const seen = Uint8Array.from(blocked);
  const open = [0];
  seen[0] = 1;
  let reached = 0;
  while (open.length > 0) {
    const tile = open.pop()!;
    reached++;
    const x = tile % tiles;
    for (const next of [x > 0 ? tile - 1 : -1, x < tiles - 1 ? tile + 1 : -1, tile - tiles, tile + tiles]) {
      if (next < 0 || next >= seen.length || seen[next] !== 0) continue;
      seen[next] = 1;
      open.push(next);
    }
  }
  return reached;
}

describe('the arena', () => {
  test('grows the same from the same seed, and another from another', () => {
    const config = { ...DEFAULT_MATCH, players: 500, scenario: 'crowds' } as const;
    expect(createArena(config)).toEqual(createArena(config));
    expect(createArena({ ...config, seed: 2 }).blocked).not.toEqual(createArena(config).blocked);
  });

  test('refuses a bad config and names the field', () => {
    const bad = (change: object) => () => createArena({ ...DEFAULT_MATCH, ...change });
    expect(bad({ players: 0 })).toThrow('players 0: allowed are whole numbers from 1 to 20000');
    expect(bad({ players: 20_001 })).toThrow(RangeError);
    expect(bad({ seed: -1 })).toThrow('seed -1');
    expect(bad({ inView: 1.5 })).toThrow('inView 1.5');
    expect(bad({ historyTicks: 31 })).toThrow('historyTicks 31');
    expect(bad({ scenario: 'moon' })).toThrow("scenario 'moon': allowed are uniform, crowds, everyone");
  });

  for (const scenario of SCENARIOS) {
    test(`players and coins of '${scenario}' appear on free ground`, () => {
      const { world, inputs } = crowd({ players: 300, scenario });
      run({ world, inputs }, 40);
      const { players, coins, arena } = world;
      for (let id = 0; id < 300; id++) {
        expect(isBlocked(arena, players.x[id]!, players.y[id]!, PLAYER_RADIUS)).toBe(false);
      }
      const lying = [...coins.amount.keys()].filter((coin) => coins.amount[coin] !== 0);
      expect(lying.length).toBeGreaterThan(50);
      for (const coin of lying) expect(isBlocked(arena, coins.x[coin]!, coins.y[coin]!, PLAYER_RADIUS)).toBe(false);
    });
  }
});

test('buttonsTowards leads along the nearest of eight directions', () => {
  for (let degrees = 0; degrees < 360; degrees++) {
    const dx = Math.round(10_000 * Math.cos((degrees * Math.PI) / 180));
    const dy = Math.round(10_000 * Math.sin((degrees * Math.PI) / 180));
    const buttons = buttonsTowards(dx, dy);
    const x = (buttons & Button.right ? 1 : 0) - (buttons & Button.left ? 1 : 0);
    const y = (buttons & Button.down ? 1 : 0) - (buttons & Button.up ? 1 : 0);
    const turned = Math.abs(((Math.atan2(y, x) * 180) / Math.PI - degrees + 540) % 360) - 180;
    expect(Math.abs(turned)).toBeLessThan(22.6);
  }
  expect(buttonsTowards(0, 0)).toBe(0);
});

test('the dead neither walk nor turn', () => {
  const game = scene([[200, 200]]);
  game.world.players.status[0] = Status.dead;
  game.world.players.spawnTick[0] = 1000;
  game.inputs.buttons[0] = Button.right;
  game.inputs.aim[0] = 99;
  run(game, 10);
  expect(at(game.world, 0)).toEqual([200, 200]);
  expect(game.world.players.aim[0]).toBe(0);
});

test('a crowd of 64 plays a minute and never leaves free ground', () => {
  const game = crowd({ scenario: 'everyone' });
  const random = new Random(5);
  const { players, arena } = game.world;
  for (let tick = 0; tick < 1200; tick++) {
    randomInputs(game.inputs, 64, random);
    run(game, 1);
    for (let id = 0; id < 64; id++) {
      if (isBlocked(arena, players.x[id]!, players.y[id]!, PLAYER_RADIUS)) expect.fail(`player ${id} at tick ${tick}`);
    }
  }
});
