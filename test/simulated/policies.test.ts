import { describe, expect, test } from 'vitest';
import { POLICIES, policyOf } from '../../bots/policies/index.ts';
import { Shopper } from '../../bots/policies/shopper.ts';
import { createArena, DEFAULT_MATCH, type Scenario } from '../../game/arena.ts';
import { SHIELD_PRICE, SUBUNITS, TILE } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { EventKind, Status } from '../../game/world.ts';
import { createView } from '../../netcode/view.ts';
import type { SimulatedMatch } from '../../simulator/match.ts';
import { simulateMatch } from './simulate-match.ts';

/** What players do per minute, over 30 s without latency. Distance is in units per minute of life. */
function activity(match: SimulatedMatch) {
  const { world } = match.authority;
  const { players } = world;
  const count = match.players.length;
  const events = new Map<number, number>();
  const x = players.x.slice();
  const y = players.y.slice();
  let walked = 0;
  let lived = 0;
  let longestStill = 0;
  const still = new Int32Array(players.x.length);
  match.run({ ticks: 20 });
  for (let tick = 0; tick < 600; tick++) {
    x.set(players.x);
    y.set(players.y);
    match.run({ ticks: 1 });
    for (let i = 0; i < world.events.count; i++) {
      events.set(world.events.kind[i]!, (events.get(world.events.kind[i]!) ?? 0) + 1);
    }
    for (let slot = 0; slot < count; slot++) {
      if (players.status[slot] !== Status.alive || players.spawnTick[slot] === world.match.tick[0]) continue;
      const distance = Math.hypot(players.x[slot]! - x[slot]!, players.y[slot]! - y[slot]!) / SUBUNITS;
      walked += distance;
      lived++;
      still[slot] = distance === 0 ? still[slot]! + 1 : 0;
      longestStill = Math.max(longestStill, still[slot]!);
    }
  }
  const perMinute = (kind: number) => (events.get(kind) ?? 0) / (count / 2);
  return {
    distance: (walked / lived) * 20 * 60,
    shots: perMinute(EventKind.fire),
    pickups: perMinute(EventKind.pickup),
    kills: perMinute(EventKind.kill),
    purchases: perMinute(EventKind.purchase),
    longestStillS: longestStill / 20,
  };
}

const COUNT = 32;
/** Thin clients: policies read the same views, and there is no page to draw. */
const play = (policies: string, scenario: Scenario, inView: number, seed = 1) =>
  simulateMatch({
    seed,
    players: COUNT,
    topology: 'server',
    policies,
    config: { scenario, inView },
    full: () => false,
  });

for (const scenario of ['uniform', 'crowds', 'everyone'] as const) {
  for (const inView of [4, 30]) {
    describe(`in ${scenario} with ${inView} in view, per minute and player (seed 1)`, () => {
      test('everybody but the absent keeps moving, and nobody is stuck', () => {
        for (const id of ['wander', 'collector', 'hunter', 'flock']) {
          const { distance, longestStillS } = activity(play(id, scenario, inView));
          expect(distance, id).toBeGreaterThan(0.9 * 10_800);
          expect(longestStillS, id).toBeLessThan(3);
        }
      });

      test('collectors collect and buy, hunters shoot and kill', () => {
        const collectors = activity(play('collector', scenario, inView));
        expect(collectors.pickups).toBeGreaterThan(15);
        expect(collectors.purchases).toBeGreaterThan(0.5);
        const hunters = activity(play('hunter', scenario, inView));
        expect(hunters.shots).toBeGreaterThan(25);
        expect(hunters.kills).toBeGreaterThan(1);
        expect(hunters.pickups).toBeGreaterThan(3);
      });
    });
  }
}

test('a wanderer finds the crowds (seed 3)', () => {
  const match = play('wander', 'crowds', 3, 3);
  match.run({ ticks: 1200 });
  const { arena, players } = match.authority.world;
  const near = match.clients.filter(({ player }) =>
    arena.hotSpots.some((spot) => Math.hypot(spot.x - players.x[player]!, spot.y - players.y[player]!) < 5 * TILE),
  );
  expect(near.length).toBeGreaterThan(COUNT / 2);
});

test('a flock has its neighbours closer than wanderers have theirs (seed 4)', () => {
  const nearest = (policy: string) => {
    const match = play(policy, 'uniform', 6, 4);
    let sum = 0;
    for (let moment = 0; moment < 10; moment++) {
      match.run({ ticks: 100 });
      const { x, y } = match.authority.world.players;
      for (let a = 0; a < COUNT; a++) {
        const distances = [];
        for (let b = 0; b < COUNT; b++) if (a !== b) distances.push(Math.hypot(x[a]! - x[b]!, y[a]! - y[b]!));
        sum += distances.sort((p, q) => p - q)[2]!;
      }
    }
    return sum;
  };
  expect(nearest('flock')).toBeLessThan(0.8 * nearest('wander'));
});

test('the absent do nothing (seed 1)', () => {
  const { distance, shots, kills } = activity(play('afk', 'uniform', 30));
  expect([distance, shots, kills]).toEqual([0, 0, 0]);
});

test('a policy decides alike for equal views and streams, whatever the policy', () => {
  for (const policy of POLICIES) {
    const decide = () => {
      const match = simulateMatch({ seed: 5, players: 20, policies: policy.id });
      match.run({ ticks: 200 });
      return match.checksums();
    };
    expect(decide(), policy.id).toEqual(decide());
  }
});

test('a shopper presses once, lets go, and asks again when it was not answered', () => {
  const view = createView(createArena({ ...DEFAULT_MATCH, players: 4 }));
  const shopper = new Shopper();
  Object.assign(view.self, { alive: true, coins: SHIELD_PRICE - 1 });
  const pressedAt = (ticks: number[]) =>
    ticks.filter((tick) => {
      view.tick = tick;
      return shopper.buttons(view) === Button.buy;
    });
  expect(pressedAt([10, 12])).toEqual([]);
  view.self.coins = 2 * SHIELD_PRICE;
  expect(pressedAt([14, 16, 18, 30, 50])).toEqual([14]);
  expect(pressedAt([54])).toEqual([54]);
  view.self.purchaseKey = 1;
  view.self.shield = 50;
  expect(pressedAt([70, 90])).toEqual([]);
  view.self.shield = 0;
  expect(pressedAt([95, 96])).toEqual([95]);
});

test('policies are found by id, and refused by name', () => {
  expect(POLICIES.map((policy) => policy.id)).toEqual(
    expect.arrayContaining(['wander', 'collector', 'hunter', 'flock', 'afk']),
  );
  expect(policyOf('flock').create(new Random(1))).toBeTypeOf('function');
  expect(() => policyOf('sleep')).toThrow(/'sleep': allowed are wander, collector, hunter, flock, afk/);
});
