/** Whole matches of a mesh with its defences on: nobody honest is blamed, and who jumps is parted from by those around. */
import { describe, expect, test } from 'vitest';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH, isBlocked } from '../../game/arena.ts';
import { PLAYER_RADIUS } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { allDefences, meshSettings } from '../../netcode/mesh/settings.ts';
import { FAULTS } from '../../netcode/mesh/trust/faults.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { SimulatedMesh } from '../../simulator/mesh.ts';

const BAD = customProfile({ baseRttMs: 300, lossRatio: 0.05, meanBadMs: 60, jitterScaleMs: 25 });
const JUMP = 150 * 256;

interface Told {
  self: number;
  event: SessionEvent;
}

/** Hunters and collectors; what `cheat` does, the first one does before each of its inputs. */
function matchOf(seed: number, players: number, told: Told[], cheat: (match: SimulatedMesh) => void = () => {}) {
  const defences = { ...allDefences(), sybilPrice: false };
  const match: SimulatedMesh = new SimulatedMesh({
    settings: meshSettings({ ...DEFAULT_MATCH, players: players + 2, seed }, { defences }),
    seed,
    profile: BAD,
    inputRateHz: 10,
    natBlockedRatio: 0.1,
    peers: Array.from({ length: players }, (_, index) => {
      const random = new Random((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0, 911);
      const policy = policyOf(index % 3 === 2 ? 'collector' : 'hunter').create(random);
      return {
        name: `peer ${index + 1}`,
        decide: (view) => {
          if (index === 0) cheat(match);
          const { buttons, aim } = policy(view);
          return { buttons: buttons | (random.below(8) === 0 ? Button.buy : 0), aim };
        },
      };
    }),
    onEvent: ({ session: { self } }, event) => {
      if (['accused', 'banned', 'equivocation'].includes(event.type)) told.push({ self, event });
    },
  });
  return match;
}

describe('trust in whole matches', () => {
  test.for([1, 2])('M-T16 nobody is blamed for a bad network (seed %i)', (seed) => {
    const told: Told[] = [];
    const match = matchOf(seed, 12, told);
    match.run({ ms: 45_000 });
    expect(told).toEqual([]);
    const sum = (name: 'judgedHits' | 'badMacs' | 'badProofs' | 'forgedForwards' | 'forgedHeads') =>
      match.members.reduce((total, { session }) => total + session.trust!.counters[name], 0);
    expect(sum('judgedHits')).toBeGreaterThan(20);
    expect([sum('badMacs'), sum('badProofs'), sum('forgedForwards'), sum('forgedHeads')]).toEqual([0, 0, 0, 0]);
    // Everybody still plays with somebody.
    for (const { session } of match.members) {
      expect([...session.peers.values()].some(({ isReachable }) => isReachable)).toBe(true);
    }
  });

  test('M-T12 who jumps 150 units now and then is parted from, and nobody else', () => {
    const told: Told[] = [];
    let inputs = 0;
    const match = matchOf(3, 16, told, ({ nodes }) => {
      const { world, arena, player } = nodes[0]!.session;
      if (!world || !arena || ++inputs < 100 || inputs % 20 !== 0) return;
      const { x, y } = world.players;
      for (const by of [JUMP, -JUMP]) {
        if (isBlocked(arena, x[player]! + by, y[player]!, PLAYER_RADIUS)) continue;
        x[player] = x[player]! + by;
        return;
      }
    });
    match.run({ ms: 40_000 });
    const cheater = match.nodes[0]!.session.self;
    const banned = told.flatMap(({ event }) => (event.type === 'banned' ? [event] : []));
    expect(new Set(banned.map(({ peer }) => peer))).toEqual(new Set([cheater]));
    expect(banned.length).toBeGreaterThan(8);
    // Whoever jumps also fires from where it cannot be, and out of walls.
    expect(banned.every(({ reason }) => FAULTS.some((fault) => fault === reason))).toBe(true);
    expect(banned.some(({ reason }) => reason === 'too far')).toBe(true);
  });

  test('the same seed plays the same match', () => {
    const counts = () => {
      const match = matchOf(5, 6, []);
      match.run({ ms: 8000 });
      return match.members.map(({ session }) => [session.trust!.counters, session.counters]);
    };
    expect(counts()).toEqual(counts());
  });
});
