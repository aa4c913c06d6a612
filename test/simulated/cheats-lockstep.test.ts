/** What cheats do among peers that simulate together: that they work while their defence is off, and do not with it on. */
import { describe, expect, test } from 'vitest';
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { profileOf } from '../../netcode/link/profiles.ts';
import { type CheatingPlan, castCheaters, interval, mean, type Outcome, playCheat } from './cheating-peers.ts';

const WIFI = profileOf('wifi');
/** One cheater, node 1, and its twin, node 2. */
const ONE = { players: 8, pairs: 1, profile: WIFI } as const;

const play = (plan: Omit<CheatingPlan, 'players' | 'pairs'>) => playCheat({ ...ONE, ...plan });

/** Share of tries that came to something, over matches. */
function success(outcomes: readonly Outcome[]): number {
  const sum = (of: 'attempts' | 'accepted') => outcomes.reduce((total, { notes }) => total + (notes[0]![of] ?? 0), 0);
  return sum('accepted') / sum('attempts');
}

/** Peers that the others dropped, or named. */
function blamed({ events, match }: Outcome): number[] {
  const peers = events.flatMap(({ event }) =>
    event.type === 'left' || event.type === 'equivocation' ? [event.peer] : [],
  );
  return [...new Set(peers)].map((peer) => match.nodes.findIndex(({ session }) => session.self === peer)).sort();
}

describe('look-ahead', () => {
  test('knows what the others do before it decides, and gains by it (seeds 1 to 6)', () => {
    const outcomes = [1, 2, 3, 4, 5, 6].map((seed) => play({ cheat: 'look-ahead', seed, seconds: 60 }));
    const { mean: gain, halfWidth } = interval(outcomes.map((outcome) => outcome.gain));
    expect(success(outcomes)).toBeGreaterThan(0.9);
    expect(gain - halfWidth).toBeGreaterThan(0);
  });

  for (const seed of [1, 2]) {
    test(`sees nothing of it with commit–reveal (seed ${seed})`, () => {
      const outcome = play({ cheat: 'look-ahead', seed, seconds: 20, defences: { commitReveal: true } });
      expect(outcome.notes[0]!.attempts).toBeGreaterThan(150);
      expect(success([outcome])).toBe(0);
      expect(blamed(outcome)).toEqual([]);
    });
  }
});

describe('a fixed delay', () => {
  for (const seed of [1, 2]) {
    for (const cheat of ['fixed-delay-50', 'fixed-delay', 'fixed-delay-200']) {
      test(`${cheat} makes nobody wait but the cheater, whose own inputs count later (seed ${seed})`, () => {
        const outcome = play({ cheat, seed, seconds: 20, defences: { deadline: true }, profile: profileOf('good') });
        const delays = outcome.match.nodes.map(({ session }) => session.delayTicks);
        expect(delays[0]).toBeGreaterThanOrEqual(Math.max(...delays.slice(1)));
        expect(outcome.stalled).toBeLessThan(0.02);
        expect(blamed(outcome)).toEqual([]);
      });
    }
  }
});

describe('a lag switch', () => {
  const seeds = [1, 2, 3, 4];
  const outcomes = (deadline: boolean) =>
    seeds.map((seed) => play({ cheat: 'lag-switch', seed, seconds: 30, defences: { deadline } }));

  test('makes the others wait, and often gets away with it; with a deadline less of both (seeds 1 to 4)', () => {
    const open = outcomes(false);
    const defended = outcomes(true);
    const waited = (all: readonly Outcome[]) => mean(all.map(({ stalled }) => stalled));
    expect(waited(open)).toBeGreaterThan(0.1);
    expect(success(open)).toBeGreaterThan(0.25);
    expect(waited(defended)).toBeLessThan(0.75 * waited(open));
    expect(success(defended)).toBeLessThan(success(open));
    for (const outcome of defended) expect(blamed(outcome)).toEqual([0]);
  });
});

describe('equivocation', () => {
  for (const seed of [1, 2, 3]) {
    test(`parts the worlds, and nobody can say by whose doing (seed ${seed})`, () => {
      const outcome = play({ cheat: 'equivocation', seed, seconds: 15 });
      const { match, events } = outcome;
      expect(events.some(({ event }) => event.type === 'desync')).toBe(true);
      // Still, seconds later.
      expect(match.agree()).toBe(false);
      expect(blamed(outcome)).toEqual([]);
    });

    test(`signed heads tell who it was; it is dropped, and the others' worlds are one again (seed ${seed})`, () => {
      const outcome = play({ cheat: 'equivocation', seed, seconds: 15, defences: { signedHeads: true } });
      const { match, events, notes } = outcome;
      expect(blamed(outcome)).toEqual([0]);
      const found = events.find(({ event }) => event.type === 'equivocation')!;
      expect(found.atMs - notes[0]!.beganMs!).toBeLessThan(2000);
      expect(match.members).not.toContain(match.nodes[0]);
      expect(match.members).toHaveLength(7);
      expect(match.agree()).toBe(true);
    });
  }
});

describe('undo', () => {
  const seeds = [1, 2, 3];
  const outcomes = (deadline: boolean) =>
    seeds.map((seed) => play({ cheat: 'undo', seed, seconds: 30, defences: { commitReveal: true, deadline } }));

  test('is dropped instead of being hit; a deadline does not save the outcome, but the others time (seeds 1 to 3)', () => {
    const open = outcomes(false);
    const defended = outcomes(true);
    expect(success(open)).toBeGreaterThan(0.6);
    expect(success(defended)).toBeGreaterThan(0.6);
    expect(mean(defended.map(({ stalled }) => stalled))).toBeLessThan(mean(open.map(({ stalled }) => stalled)));
    for (const outcome of [...open, ...defended]) expect([[], [0]]).toContainEqual(blamed(outcome));
  });
});

describe('a map hack', () => {
  const sparse = { cheat: 'map-hack', players: 12, pairs: 4, config: { inView: 1 }, policy: 'wander' } as const;

  test('sees whom it must not see (seed 1)', () => {
    const { match } = castCheaters({ ...sparse, seed: 1, seconds: 1 });
    match.runUntil(() => match.isSettled, 400);
    match.run({ ms: 5000 });
    const beyond = match.nodes.map(({ session }) => {
      const { self, players } = session.view!;
      const far = (row: number) => {
        const dx = players.x[row]! - self.x;
        const dy = players.y[row]! - self.y;
        return dx * dx + dy * dy > (VISION_RADIUS + SUBUNITS) ** 2;
      };
      return Array.from({ length: players.count }, (_, row) => row).filter(far).length;
    });
    expect(mean(beyond.slice(0, 4))).toBeGreaterThan(1);
    expect(beyond.slice(4)).toEqual(beyond.slice(4).map(() => 0));
  });

  test('gains by it, and nothing stops it (seeds 1 to 5)', () => {
    const outcomes = [1, 2, 3, 4, 5].map((seed) => playCheat({ ...sparse, seed, seconds: 60 }));
    expect(interval(outcomes.map(({ gain }) => gain)).mean).toBeGreaterThan(0);
    for (const outcome of outcomes) expect(blamed(outcome)).toEqual([]);
  });
});
