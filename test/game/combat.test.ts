import { describe, expect, test } from 'vitest';
import { KILL_SCORE, SHIELD_ABSORBS, SUBUNITS, TICK_RATES_HZ, tickRules } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { addPlayer, removePlayer } from '../../game/step.ts';
import { EventKind, Status } from '../../game/world.ts';
import { eventsOf, giveCoins, put, run, type Scene, scene, TILE_UNITS } from './helpers.ts';

const RIGHT = 0;
const LEFT = 2048;
const { cooldownTicks, respawnTicks, shotLifeTicks } = tickRules(20);

/** Two players on open ground, the first aiming at the second. */
function duel(distance: number, config = {}): Scene {
  const game = scene(
    [
      [200, 400],
      [200 + distance, 400],
    ],
    config,
  );
  game.inputs.aim[0] = RIGHT;
  return game;
}

/** Holds the trigger for one tick. */
function fireOnce(game: Scene): void {
  game.inputs.buttons[0] = Button.fire;
  run(game, 1);
  game.inputs.buttons[0] = 0;
}

/** Ticks until the condition holds; fails the test after `most`. */
function ticksUntil(game: Scene, most: number, condition: () => boolean): number {
  for (let ticks = 0; ticks <= most; ticks++) {
    if (condition()) return ticks;
    run(game, 1);
  }
  return expect.fail(`nothing within ${most} ticks`);
}

describe('a shot', () => {
  for (const tickRateHz of TICK_RATES_HZ) {
    test(`flies 480 units a second for 0.8 s at ${tickRateHz} Hz`, () => {
      const game = scene([[100, 400]], { tickRateHz });
      game.inputs.aim[0] = RIGHT;
      fireOnce(game);
      const start = game.world.shots.x[0]!;
      let last = start;
      const flight = ticksUntil(game, 60, () => {
        if (game.world.shots.life[0]! > 0) last = game.world.shots.x[0]!;
        return game.world.shots.life[0] === 0;
      });
      expect(flight).toBe(0.8 * tickRateHz);
      expect((last - start) / SUBUNITS).toBe((480 / tickRateHz) * (0.8 * tickRateHz - 1));
    });
  }

  test('takes 25 health from the first it meets, and from nobody behind it', () => {
    const game = scene([
      [200, 400],
      [300, 400],
      [340, 400],
    ]);
    fireOnce(game);
    run(game, shotLifeTicks);
    expect([...game.world.players.health.subarray(0, 3)]).toEqual([100, 75, 100]);
  });

  test('does not slip through a player between two ticks, wherever the tick falls', () => {
    for (let distance = 40; distance < 300; distance++) {
      const game = duel(distance);
      fireOnce(game);
      run(game, shotLifeTicks);
      expect(game.world.players.health[1]).toBe(75);
    }
  });

  test('hits at 16 units beside its path and misses at 17', () => {
    for (const [beside, health] of [
      [16, 75],
      [17, 100],
    ] as const) {
      const game = duel(150);
      put(game.world, 1, 350, 400 + beside);
      fireOnce(game);
      run(game, shotLifeTicks);
      expect(game.world.players.health[1]).toBe(health);
    }
  });

  test('does not harm its owner', () => {
    const game = duel(500);
    game.inputs.buttons[0] = Button.fire | Button.right;
    run(game, 60);
    expect(game.world.players.health[0]).toBe(100);
  });

  test('stops at an obstacle', () => {
    const game = scene(
      [
        [250, 5.5 * TILE_UNITS],
        [450, 5.5 * TILE_UNITS],
      ],
      {},
      [[5, 5]],
    );
    fireOnce(game);
    run(game, shotLifeTicks);
    expect(game.world.players.health[1]).toBe(100);
    expect(game.world.shots.life[0]).toBe(0);
  });

  test('of two players at the same distance hits the lower id', () => {
    const game = scene([
      [200, 400],
      [300, 404],
      [300, 396],
    ]);
    fireOnce(game);
    run(game, shotLifeTicks);
    expect([...game.world.players.health.subarray(1, 3)]).toEqual([75, 100]);
  });
});

describe('the trigger', () => {
  for (const tickRateHz of TICK_RATES_HZ) {
    test(`held for 10 s fires once per 400 ms at ${tickRateHz} Hz`, () => {
      const game = scene([[400, 400]], { tickRateHz });
      game.inputs.buttons[0] = Button.fire;
      let fired = 0;
      for (let i = 0; i < 10 * tickRateHz; i++) {
        run(game, 1);
        fired += eventsOf(game.world, EventKind.fire).length;
      }
      expect(fired).toBe(25);
    });
  }

  test('pressed during the cooldown does nothing', () => {
    const game = scene([[400, 400]]);
    fireOnce(game);
    for (let i = 1; i < cooldownTicks; i++) {
      fireOnce(game);
      expect(eventsOf(game.world, EventKind.fire)).toEqual([]);
    }
    fireOnce(game);
    expect(eventsOf(game.world, EventKind.fire)).toHaveLength(1);
  });
});

describe('health, shields and death', () => {
  test('a shield takes the damage first', () => {
    const game = duel(100);
    giveCoins(game.world, 1, 5);
    game.inputs.purchase[1] = 1;
    run(game, 1);
    expect(game.world.players.shield[1]).toBe(SHIELD_ABSORBS);
    game.inputs.buttons[0] = Button.fire;
    const seen: number[][] = [];
    for (let tick = 0; tick < 4 * cooldownTicks; tick++) {
      run(game, 1);
      const { shield, health } = game.world.players;
      if (eventsOf(game.world, EventKind.hit).length > 0) seen.push([shield[1]!, health[1]!]);
    }
    expect(seen.slice(0, 3)).toEqual([
      [25, 100],
      [0, 100],
      [0, 75],
    ]);
  });

  test('the fourth hit kills: score for one, half the coins on the ground for the other, back after 3 s', () => {
    const game = duel(100);
    const { players } = game.world;
    giveCoins(game.world, 1, 7);
    game.inputs.buttons[0] = Button.fire;
    ticksUntil(game, 100, () => players.status[1] === Status.dead);
    expect(eventsOf(game.world, EventKind.kill)).toEqual([{ a: 1, b: 0, amount: 0 }]);
    expect([players.kills[0], players.score[0], players.deaths[1]]).toEqual([1, KILL_SCORE, 1]);
    expect(players.health[1]).toBe(0);
    expect(players.coins[1]).toBe(4);
    expect([...game.world.coins.amount]).toContain(3);

    game.inputs.buttons[0] = 0;
    const away = ticksUntil(game, 100, () => players.status[1] === Status.alive);
    expect(away).toBe(respawnTicks);
    expect(eventsOf(game.world, EventKind.spawn)).toEqual([{ a: 1, b: 0, amount: 0 }]);
    expect([players.health[1], players.shield[1]]).toEqual([100, 0]);
    expect(players.coins[1]).toBeGreaterThanOrEqual(4);
  });

  test('two who kill each other in one tick both die, and a shot outlives its owner', () => {
    const game = duel(100);
    game.world.players.health.fill(25, 0, 2);
    game.inputs.aim[1] = LEFT;
    game.inputs.buttons.fill(Button.fire, 0, 2);
    run(game, 1);
    game.inputs.buttons.fill(0);
    run(game, shotLifeTicks);
    expect([...game.world.players.status.subarray(0, 2)]).toEqual([Status.dead, Status.dead]);
    expect([...game.world.players.kills.subarray(0, 2)]).toEqual([1, 1]);
  });

  test('the dead are not hit, fire nothing and collect nothing', () => {
    const game = duel(100);
    const { players } = game.world;
    players.status[1] = Status.dead;
    players.spawnTick[1] = 1000;
    game.inputs.buttons.fill(Button.fire, 0, 2);
    run(game, 50);
    expect(players.kills[0]).toBe(0);
    expect(players.coins[1]).toBe(0);
    expect(game.world.shots.life.subarray(3, 6).every((life) => life === 0)).toBe(true);
  });
});

describe('a seat', () => {
  test('given up takes its shots with it and leaves its coins lying', () => {
    const game = duel(200);
    giveCoins(game.world, 0, 9);
    fireOnce(game);
    removePlayer(game.world, 0);
    run(game, shotLifeTicks);
    expect(game.world.players.health[1]).toBe(100);
    expect([...game.world.coins.amount]).toContain(9);
    expect(game.world.match.players[0]).toBe(1);
  });

  test('taken again starts from nothing', () => {
    const game = duel(200);
    giveCoins(game.world, 0, 9);
    game.world.players.purchaseKey[0] = 12;
    removePlayer(game.world, 0);
    addPlayer(game.world, 0);
    const { coins, score, purchaseKey, health } = game.world.players;
    expect([coins[0], score[0], purchaseKey[0], health[0]]).toEqual([0, 0, 0, 100]);
  });

  test('cannot be taken twice or freed twice', () => {
    const game = duel(200);
    expect(() => addPlayer(game.world, 0)).toThrow('assertion failed: slot 0 is empty');
    removePlayer(game.world, 0);
    expect(() => removePlayer(game.world, 0)).toThrow('assertion failed: slot 0 is taken');
    expect(() => addPlayer(game.world, game.world.arena.capacity)).toThrow('assertion failed');
  });
});

describe('lag compensation', () => {
  /** The target walks down across the line of fire; the shooter fires at where it was `ago` ticks ago. */
  function fireAtThePast(ago: number, rewindTicks: number, historyTicks = 8): Scene {
    const game = duel(30, { historyTicks });
    put(game.world, 1, 230, 292);
    game.inputs.buttons[1] = Button.down;
    // 12 steps of 9 units bring the target to y = 400, into the line of fire; then it walks on until the trigger's tick.
    run(game, 12 + ago - 1);
    game.inputs.rewindTicks[0] = rewindTicks;
    fireOnce(game);
    run(game, shotLifeTicks);
    return game;
  }

  test('a shot at where the target was 5 ticks ago hits when rewound by 5, and only then', () => {
    expect(fireAtThePast(5, 5).world.players.health[1]).toBe(75);
    expect(fireAtThePast(5, 0).world.players.health[1]).toBe(100);
  });

  test('finds a target that has walked far from the line of fire since', () => {
    expect(fireAtThePast(22, 22, 24).world.players.health[1]).toBe(75);
  });

  test('is off without a history, whatever the input asks', () => {
    expect(fireAtThePast(5, 5, 0).world.players.health[1]).toBe(100);
  });

  test('reaches no further back than the history', () => {
    expect(fireAtThePast(12, 12).world.players.health[1]).toBe(100);
  });

  test('a rewound shot has flown as far as the ticks it was rewound', () => {
    const game = duel(2000, { historyTicks: 8 });
    run(game, 20);
    game.inputs.rewindTicks[0] = 4;
    fireOnce(game);
    expect(game.world.shots.life[0]).toBe(shotLifeTicks - 4);
    expect(game.world.shots.x[0]! / SUBUNITS).toBe(200 + 4 * 24);
  });

  test('nobody is hit where the seat stood before it joined', () => {
    for (let rewindTicks = 0; rewindTicks < 8; rewindTicks++) {
      const game = duel(30, { historyTicks: 8 });
      run(game, 20);
      removePlayer(game.world, 1);
      addPlayer(game.world, 1);
      // Out of the line of fire by 40 units, in which the one before it stood.
      put(game.world, 1, 230, 440);
      game.inputs.rewindTicks[0] = rewindTicks;
      fireOnce(game);
      run(game, shotLifeTicks);
      expect(game.world.players.health[1]).toBe(100);
    }
  });
});
