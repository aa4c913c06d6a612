import { describe, expect, test } from 'vitest';
import { appliesTo, CHEATS, cheatOf, cheatsFor, defenceOf } from '../../bots/cheats/index.ts';
import { policyOf } from '../../bots/policies/index.ts';
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { Status } from '../../game/world.ts';
import { DEFAULT_DEFENCES } from '../../metrics/plan.ts';
import { topologyOf } from '../../netcode/topologies/index.ts';
import type { SimulatedMatch } from '../../simulator/match.ts';
import { simulateMatch } from './simulate-match.ts';

/** Units walked per minute of life by each player, over so many ticks; appearing anew is no walk. */
function distancePerMinute(match: SimulatedMatch, ticks: number): number[] {
  const { players, match: clock } = match.authority.world;
  const walked = new Float64Array(players.x.length);
  const lived = new Float64Array(players.x.length);
  const before = { x: players.x.slice(), y: players.y.slice(), alive: players.status.slice() };
  for (let i = 0; i < ticks; i++) {
    match.run({ ticks: 1 });
    for (let slot = 0; slot < players.x.length; slot++) {
      const stayed = before.alive[slot] === Status.alive && players.spawnTick[slot]! < clock.tick[0]!;
      if (players.status[slot] === Status.alive && stayed) {
        const dx = players.x[slot]! - before.x[slot]!;
        const dy = players.y[slot]! - before.y[slot]!;
        walked[slot]! += Math.sqrt(dx * dx + dy * dy) / SUBUNITS;
        lived[slot]!++;
      }
    }
    before.x.set(players.x);
    before.y.set(players.y);
    before.alive.set(players.status);
  }
  return match.clients.map(({ player }) => (walked[player]! / lived[player]!) * 20 * 60);
}

/** 180 units a second. */
const HONEST_PER_MINUTE = 10_800;
const CHEATER = 1;
const TWIN = 2;

describe.each(['server', 'host'])('speed under %s', (topology) => {
  for (const { id, factor } of [
    { id: 'speed-1.1', factor: 1.1 },
    { id: 'speed', factor: 1.5 },
    { id: 'speed-3', factor: 3 },
  ]) {
    const play = (seed: number, timeBucket: boolean) => {
      const match = simulateMatch({
        seed,
        players: 8,
        topology,
        latencyMs: 20,
        policies: 'wander',
        full: (index) => index <= TWIN,
        cheats: { [CHEATER]: id },
        authority: { defences: { timeBucket, visionFilter: true }, maxMessagesPerS: 240 },
      });
      match.run({ ticks: 40 });
      return { match, distance: distancePerMinute(match, 1200) };
    };

    for (const seed of [1]) {
      test(`${id} gains while the authority trusts its clock (seed ${seed})`, () => {
        const { distance } = play(seed, false);
        expect(distance[CHEATER]! / HONEST_PER_MINUTE).toBeGreaterThan(1 + 0.85 * (factor - 1));
        expect(distance[TWIN]! / HONEST_PER_MINUTE).toBeLessThan(1.001);
      });

      test(`${id} gains nothing from the time bucket, and only it is flagged (seed ${seed})`, () => {
        const { match, distance } = play(seed, true);
        const honest = distance.filter((_, i) => i !== CHEATER);
        // The bucket lets six ticks pass at first, and six in 30 s: for clocks that wander. In this minute, 1.5 %.
        expect(distance[CHEATER]!).toBeLessThan(1.016 * Math.max(...honest));
        const flagged = [...match.authority.flagged].flatMap((flag, slot) => (flag ? [slot] : []));
        expect(flagged).toEqual([match.clients[CHEATER]!.player]);
      });
    }
  }

  for (const seed of [1, 2, 3]) {
    test(`nobody honest is flagged on a bad network (seed ${seed})`, () => {
      const bad = { latencyMs: 150, jitterMs: 40, lossRatio: 0.05, duplicationRatio: 0.02 };
      const match = simulateMatch({ seed, players: 16, topology, ...bad });
      match.run({ ticks: 2400 });
      expect(Math.max(...match.authority.flagged)).toBe(0);
    });
  }
});

/** Mean number of players beyond its vision that a client's view holds, over the rest of the match. */
function play(match: SimulatedMatch, ticks: number, watched: readonly number[]): { exposure: number } {
  let beyond = 0;
  let views = 0;
  for (let i = 0; i < ticks; i++) {
    match.run({ ticks: 1 });
    for (const index of watched) {
      const { self, players } = match.clients[index]!.view!;
      views++;
      for (let row = 0; row < players.count; row++) {
        const dx = players.x[row]! - self.x;
        const dy = players.y[row]! - self.y;
        // Quantised positions may lie a fraction of a unit outside.
        const reach = VISION_RADIUS + SUBUNITS;
        if (dx * dx + dy * dy > reach * reach) beyond++;
      }
    }
  }
  return { exposure: beyond / views };
}

describe('map hack', () => {
  const PAIRS = 5;
  const cheaters = Array.from({ length: PAIRS }, (_, i) => i);
  const twins = cheaters.map((i) => i + PAIRS);
  const honest = cheatOf('map-hack').honestPolicy!;
  const roles = Array.from({ length: 32 }, (_, i) => (i < 2 * PAIRS ? honest : ['wander', 'hunter'][i % 2]!));

  /** Score per minute of the cheaters minus their twins', over seeds; and what they were shown beyond vision. */
  function gain(visionFilter: boolean) {
    const gains: number[] = [];
    let exposure = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const match = simulateMatch({
        seed,
        players: 32,
        topology: 'server',
        latencyMs: 20,
        policies: roles,
        cheats: Object.fromEntries(cheaters.map((i) => [i, 'map-hack'])),
        // Little in view: that is where it pays to know more.
        config: { inView: 1 },
        authority: { defences: { timeBucket: true, visionFilter } },
        full: () => false,
      });
      match.run({ ticks: 40 });
      exposure += play(match, 1200, cheaters).exposure / 6;
      const { score } = match.authority.world.players;
      const sum = (players: number[]) => players.reduce((total, i) => total + score[match.clients[i]!.player]!, 0);
      gains.push((sum(cheaters) - sum(twins)) / PAIRS);
    }
    const mean = gains.reduce((a, b) => a + b, 0) / gains.length;
    const variance = gains.reduce((a, b) => a + (b - mean) ** 2, 0) / (gains.length - 1);
    // 2.571: Student's t for 95 % with six seeds.
    return { mean, halfWidth: 2.571 * Math.sqrt(variance / gains.length), exposure };
  }

  test('gains where the authority sends what lies beyond vision (seeds 1 to 6)', () => {
    const { mean, halfWidth, exposure } = gain(false);
    expect(exposure).toBeGreaterThan(1);
    expect(mean - halfWidth).toBeGreaterThan(0);
  });

  test('gains nothing from the vision filter, which shows it nobody beyond (seeds 1 to 6)', () => {
    const { mean, halfWidth, exposure } = gain(true);
    expect(exposure).toBe(0);
    expect(mean - halfWidth).toBeLessThan(0);
  });
});

test('a cheat names where it can be performed and its defence there, and is found by its id', () => {
  expect(CHEATS.map((cheat) => cheat.id)).toEqual(
    expect.arrayContaining(['speed', 'speed-1.1', 'speed-3', 'map-hack']),
  );
  for (const cheat of CHEATS) {
    expect(cheatOf(cheat.id)).toBe(cheat);
    for (const [topology, defence] of Object.entries(cheat.defences)) {
      expect(topologyOf(topology).id).toBe(topology);
      expect([...Object.keys(DEFAULT_DEFENCES), null]).toContain(defence);
    }
    if (cheat.honestPolicy) expect(policyOf(cheat.honestPolicy).id).toBe(cheat.honestPolicy);
  }
  expect(() => cheatOf('fly')).toThrow(/'fly': allowed are speed, speed-1.1, speed-3, map-hack/);
  expect(appliesTo(cheatOf('speed'), 'lockstep')).toBe(false);
  expect(cheatsFor('server').map(({ id }) => id)).not.toContain('look-ahead');
  // A peer that simulates everything holds everything.
  expect(defenceOf(cheatOf('map-hack'), 'lockstep')).toBeNull();
  expect(defenceOf(cheatOf('map-hack'), 'server')).toBe('visionFilter');
});
