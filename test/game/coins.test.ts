import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SHIELD_ABSORBS, SHIELD_PRICE, SUBUNITS } from '../../game/constants.ts';
import { nextPurchaseKey } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { addPlayer, removePlayer, step } from '../../game/step.ts';
import { coinsError, coinsHeld, EventKind, Status, type World } from '../../game/world.ts';
import { crowd, eventsOf, giveCoins, randomInputs, run, scene } from './helpers.ts';

/** Takes away what lies around, out of the ledger too, so that a story starts on bare ground. */
function sweep(world: World): void {
  world.match.minted[0]! -= world.match.lying[0]!;
  world.match.lying[0] = 0;
  world.match.coinSlotsUsed[0] = 0;
  world.coins.amount.fill(0);
}

/** Lays one pile, entered in the ledger as minted. */
function lay(world: World, slot: number, amount: number, x: number, y: number): void {
  world.coins.amount[slot] = amount;
  world.coins.x[slot] = x * SUBUNITS;
  world.coins.y[slot] = y * SUBUNITS;
  world.match.coinSlotsUsed[0]!++;
  world.match.lying[0]! += amount;
  world.match.minted[0]! += amount;
}

describe('coins', () => {
  test('lie around, one per player, soon after all have joined', () => {
    const game = crowd({ players: 500 });
    run(game, 30);
    const { minted, lying, coinSlotsUsed } = game.world.match;
    expect(coinSlotsUsed[0]).toBe(500);
    expect(minted[0]! - coinsHeld(game.world)).toBe(lying[0]);
  });

  test('are picked up by touch: at 24 units, not at 25, the whole pile, and they score', () => {
    for (const [distance, coins] of [
      [24, 3],
      [25, 0],
    ] as const) {
      const game = scene([[200, 200]]);
      lay(game.world, 0, 3, 200 + distance, 200);
      step(game.world, game.inputs);
      expect(game.world.players.coins[0]).toBe(coins);
      expect(game.world.players.score[0]).toBe(coins);
      expect(eventsOf(game.world, EventKind.pickup)).toHaveLength(coins > 0 ? 1 : 0);
      expect(coinsError(game.world)).toBe(0);
    }
  });

  test('that two touch at once go to the lower id', () => {
    const game = scene([
      [220, 200],
      [200, 200],
    ]);
    lay(game.world, 0, 1, 205, 200);
    step(game.world, game.inputs);
    expect([...game.world.players.coins.subarray(0, 2)]).toEqual([1, 0]);
  });

  test('of one who leaves when the ground is full are spent, not lost', () => {
    const game = scene([[200, 200]]);
    step(game.world, game.inputs);
    giveCoins(game.world, 0, 6);
    const { amount } = game.world.coins;
    for (let slot = 0; slot < amount.length; slot++) if (amount[slot] === 0) lay(game.world, slot, 1, 900, 900);
    removePlayer(game.world, 0);
    expect(game.world.match.spent[0]).toBe(6);
    expect(coinsError(game.world)).toBe(0);
  });
});

describe('a purchase', () => {
  const rich = () => {
    const game = scene([[200, 200]]);
    sweep(game.world);
    giveCoins(game.world, 0, 23);
    return game;
  };

  test('asked for ten times with one key debits once', () => {
    const game = rich();
    game.inputs.purchase[0] = 1;
    const granted: number[] = [];
    for (let copy = 0; copy < 10; copy++) {
      step(game.world, game.inputs);
      granted.push(...eventsOf(game.world, EventKind.purchase).map(({ amount }) => amount));
    }
    expect(granted).toEqual([SHIELD_PRICE]);
    expect(game.world.match.spent[0]).toBe(SHIELD_PRICE);
    expect(game.world.players.shield[0]).toBe(SHIELD_ABSORBS);
    expect(coinsError(game.world)).toBe(0);
  });

  test('with an old key or one too far ahead is not even answered', () => {
    const game = rich();
    for (const key of [1, 2]) {
      game.inputs.purchase[0] = key;
      step(game.world, game.inputs);
    }
    for (const key of [1, 2, 4, 0xffff]) {
      game.inputs.purchase[0] = key;
      step(game.world, game.inputs);
      expect(eventsOf(game.world, EventKind.purchase)).toEqual([]);
    }
    expect(game.world.match.spent[0]).toBe(2 * SHIELD_PRICE);
  });

  test('without the coins, or by the dead, is refused and its key is used up', () => {
    const game = scene([[200, 200]]);
    sweep(game.world);
    game.inputs.purchase[0] = 1;
    step(game.world, game.inputs);
    expect(eventsOf(game.world, EventKind.purchase)).toEqual([{ a: 0, b: 1, amount: 0 }]);

    giveCoins(game.world, 0, 9);
    step(game.world, game.inputs);
    expect(game.world.players.shield[0]).toBe(0);

    game.world.players.status[0] = Status.dead;
    game.world.players.spawnTick[0] = 1000;
    game.inputs.purchase[0] = 2;
    step(game.world, game.inputs);
    expect(eventsOf(game.world, EventKind.purchase)).toEqual([{ a: 0, b: 2, amount: 0 }]);
    expect(game.world.match.spent[0]).toBe(0);
  });

  test('keys go round after 65,535 and leave out 0', () => {
    expect([nextPurchaseKey(0), nextPurchaseKey(65_534), nextPurchaseKey(65_535)]).toEqual([1, 65_535, 1]);
    const game = rich();
    game.world.players.purchaseKey[0] = 65_535;
    game.inputs.purchase[0] = 1;
    step(game.world, game.inputs);
    expect(game.world.players.shield[0]).toBe(SHIELD_ABSORBS);
  });
});

/** One change between two ticks: which seat changes hands, and how long everybody then plays. */
const change = fc.record({ seat: fc.nat(39), ticks: fc.integer({ min: 1, max: 25 }) });

describe('the ledger', () => {
  for (const scenario of ['uniform', 'everyone'] as const) {
    test(`adds up at every tick of any match with joins and leaves, '${scenario}' (fast-check)`, () => {
      fc.assert(
        fc.property(fc.nat(1_000_000), fc.array(change, { maxLength: 40 }), (seed, changes) => {
          const game = crowd({ seed, players: 32, scenario, historyTicks: 4 });
          const { world, inputs } = game;
          const random = new Random(seed, 7);
          for (const { seat, ticks } of changes) {
            if (world.players.status[seat] === Status.empty) addPlayer(world, seat);
            else removePlayer(world, seat);
            run(game, ticks, () => randomInputs(inputs, 40, random));
            expect(coinsError(world)).toBe(0);
            expect(world.match.lying[0]).toBe(world.coins.amount.reduce((sum, amount) => sum + amount, 0));
            expect(world.coins.amount.filter((amount) => amount > 0)).toHaveLength(world.match.coinSlotsUsed[0]!);
            expect(world.players.coins.every((coins) => coins >= 0)).toBe(true);
          }
        }),
        { numRuns: 40 },
      );
    });
  }

  test('adds up at each of 2,000 ticks of a brawl, and notices a coin from nowhere', () => {
    const game = crowd({ players: 64, scenario: 'everyone' });
    const random = new Random(3);
    for (let tick = 0; tick < 2000; tick++) {
      randomInputs(game.inputs, 64, random);
      step(game.world, game.inputs);
      if (coinsError(game.world) !== 0) expect.fail(`off by ${coinsError(game.world)} at tick ${tick}`);
    }
    expect(game.world.match.spent[0]).toBeGreaterThan(0);
    game.world.players.coins[3]!++;
    expect(coinsError(game.world)).toBe(-1);
  });
});
