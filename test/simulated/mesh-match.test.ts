/** Whole meshes on virtual time: who is near is seen, where its owner says it is, over few links, and the same each time. */
import { describe, expect, test } from 'vitest';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { SHIELD_PRICE, SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { NO_INPUT } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { Status } from '../../game/world.ts';
import { profileOf } from '../../netcode/link/profiles.ts';
import { type MeshSession, phaseOf } from '../../netcode/mesh/mesh-session.ts';
import { type MeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import { SimulatedMesh } from '../../simulator/mesh.ts';

const POLICIES = ['collector', 'hunter', 'flock', 'wander'];
/** Who has just come into vision may not be seen yet. */
const WELL_IN_SIGHT = VISION_RADIUS - 20 * SUBUNITS;

interface Cast {
  players: number;
  seed: number;
  network?: string;
  config?: Partial<MatchConfig>;
  settings?: Partial<Pick<MeshSettings, 'maxLinks' | 'send'>>;
  natBlockedRatio?: number;
  /** Hears of each tick of each owner. */
  onTick?: (session: MeshSession, tick: number, dueMs: number) => void;
}

/** A match in which everybody plays, and how to bring its players to rest. */
function playing({ players, seed, network = 'lan', config, settings, natBlockedRatio = 0, onTick }: Cast) {
  let isResting = false;
  const match = new SimulatedMesh({
    settings: meshSettings({ ...DEFAULT_MATCH, seed, players: players + 2, inView: 10, ...config }, settings),
    seed,
    profile: profileOf(network),
    inputRateHz: 10,
    natBlockedRatio,
    peers: Array.from({ length: players }, (_, index) => {
      const decide = policyOf(POLICIES[index % POLICIES.length]!).create(new Random(seed, 1000 + index));
      return {
        name: `bot ${index}`,
        decide: (view) => (isResting ? NO_INPUT : decide(view)),
        wrapSession: (session) => {
          session.onTick = (tick, dueMs) => onTick?.(session, tick, dueMs);
          return session;
        },
      };
    }),
  });
  expect(
    match.runUntil(() => match.isSettled, 200),
    'everybody got in',
  ).toBe(true);
  match.run({ ms: 2000 });
  return {
    match,
    /** Waits until no claim is under way, and counts the coins. */
    rest() {
      isResting = true;
      match.runUntil(() => match.auditCoins()?.error === 0, 200);
      return match.auditCoins()!;
    },
  };
}

const isLinked = ({ link }: { link: string }) => link !== 'down';

function placeOf({ world, player }: MeshSession) {
  const { x, y, status } = world!.players;
  return { slot: player, x: x[player]!, y: y[player]!, isAlive: status[player] === Status.alive };
}

/** How many living players are well in sight of another one now, and how many of those it does not see. */
function inSight(match: SimulatedMesh): { due: number; missing: number } {
  const sessions = match.members.map(({ session }) => session);
  const places = sessions.map(placeOf).filter(({ isAlive }) => isAlive);
  const counts = { due: 0, missing: 0 };
  for (const session of sessions) {
    const self = placeOf(session);
    const { players } = session.view!;
    const seen = new Set(players.id.subarray(0, players.count));
    for (const { slot, x, y } of self.isAlive ? places : []) {
      if (slot === self.slot || (x - self.x) ** 2 + (y - self.y) ** 2 > WELL_IN_SIGHT ** 2) continue;
      counts.due++;
      if (!seen.has(slot)) counts.missing++;
    }
  }
  return counts;
}

/** Runs tick by tick, and adds up who is not seen. */
function watch(match: SimulatedMesh, ticks: number) {
  const sum = { due: 0, missing: 0, mostLinks: 0 };
  for (let i = 0; i < ticks; i++) {
    match.run({ ticks: 1 });
    const { due, missing } = inSight(match);
    sum.due += due;
    sum.missing += missing;
    for (const { session } of match.members) {
      sum.mostLinks = Math.max(sum.mostLinks, [...session.peers.values()].filter(isLinked).length);
    }
  }
  return sum;
}

describe('a mesh on virtual time', () => {
  test('M1: all share one timeline, and each comes to its ticks at the phase of its slot (seed 4)', () => {
    const off: number[] = [];
    const slots = new Set<number>();
    const { match } = playing({
      players: 8,
      seed: 4,
      onTick: (session, tick, dueMs) => {
        const { player, phaseMs, rendezvous, tickMs } = session;
        slots.add(player);
        expect(phaseMs).toBeCloseTo(phaseOf(player) * tickMs, 9);
        off.push(rendezvous.roomTimeMs(dueMs) - tick * tickMs - phaseMs);
      },
    });
    match.run({ ms: 1000 });
    expect(slots.size).toBe(8);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(2);
  });

  test.each([
    ['need', 'lan', 8],
    ['flat', 'lan', 24],
    ['need', 'wifi', 16],
  ] as const)(
    'sending by %s on %s, %i peers see who is near, and every coin is where it is said to be',
    (send, network, players) => {
      const { match, rest } = playing({ players, seed: 5, network, settings: { send } });
      const { due, missing } = watch(match, 300);
      expect(due).toBeGreaterThan(300 * players);
      expect(missing / due).toBeLessThan(network === 'lan' ? 0.02 : 0.04);
      const coins = rest();
      expect(coins).toMatchObject({ error: 0, complaints: [], minted: coins.held + coins.lying + coins.spent });
      expect(coins.held).toBeGreaterThan(players / 2);
      expect(coins.spent).toBeGreaterThan(SHIELD_PRICE);
      expect(coins.spent % SHIELD_PRICE).toBe(0);
      const kills = match.members.reduce(
        (sum, { session: { world, player } }) => sum + world!.players.kills[player]!,
        0,
      );
      expect(kills).toBeGreaterThan(0);
      for (const { session } of match.members) {
        const { upload, sentBytes, sentMessages, stateBytes } = session.counters;
        const parts = Object.values(upload);
        expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(sentBytes);
        expect(parts.reduce((sum, { messages }) => sum + messages, 0)).toBe(sentMessages);
        expect(upload.states.bytes).toBe(stateBytes);
      }
    },
  );

  test('each row of a view is where its owner was at the tick that the row speaks of, to the sub-unit (seed 7)', () => {
    const told = new Map<string, string>();
    let rows = 0;
    let oldest = 0;
    const { match } = playing({
      players: 10,
      seed: 7,
      onTick: (session, tick) => {
        const { slot, x, y } = placeOf(session);
        told.set(`${slot} at ${tick}`, `${x}, ${y}`);
        const { players, tick: now } = session.view!;
        for (let row = 0; row < players.count; row++, rows++) {
          const age = players.ageTicks[row]!;
          oldest = Math.max(oldest, age);
          const owner = told.get(`${players.id[row]} at ${now - age}`);
          // An owner whose clock is ahead tells of ticks that are yet to come here.
          if (age > 0) expect(owner, `row ${players.id[row]} at ${now}`).toBe(`${players.x[row]}, ${players.y[row]}`);
        }
      },
    });
    match.run({ ms: 10_000 });
    expect(rows).toBeGreaterThan(5000);
    // Told ten times a second at least, for as long as they may be in sight.
    expect(oldest).toBeLessThanOrEqual(24);
  });

  test('nobody has more links than the room allows, however many are near (seed 3)', () => {
    const { match } = playing({ players: 30, seed: 3, config: { scenario: 'everyone' }, settings: { maxLinks: 16 } });
    const { mostLinks } = watch(match, 200);
    expect(mostLinks).toBeGreaterThan(12);
    expect(mostLinks).toBeLessThanOrEqual(16);
  });

  test('pairs that cannot connect are relayed, and see each other all the same (seed 4)', () => {
    const { match } = playing({ players: 8, seed: 4, natBlockedRatio: 0.5 });
    const { due, missing } = watch(match, 200);
    const links = match.members.flatMap(({ session }) => [...session.peers.values()].map(({ link }) => link));
    expect(links).toContain('relayed');
    expect(links).toContain('up');
    // Until it is clear that a pair cannot connect, neighbours may forward.
    expect(missing / due).toBeLessThan(0.1);
  });

  test('the same seed is the same match, and another seed another one', () => {
    const play = (seed: number) => {
      const { match } = playing({ players: 12, seed, network: 'wifi' });
      match.run({ ms: 5000 });
      const traffic = match.nodes.map(({ session }) => ({ ...session.counters }));
      return { checksums: match.checksums(), traffic, coins: match.auditCoins() };
    };
    const once = play(11);
    expect(play(11)).toEqual(once);
    expect(play(12).checksums).not.toEqual(once.checksums);
  });
});

describe('what may happen to a mesh on virtual time', () => {
  test('a program that dies is missed, and comes back to its seat and its coins by its token (seed 21)', () => {
    const { match, rest } = playing({ players: 6, seed: 21 });
    match.run({ ms: 8000 });
    const lost = match.nodes[2]!;
    const { player: slot, resumeToken } = lost.session;
    lost.player.resumeToken = resumeToken;
    lost.crash();
    const seats = () => match.members[0]!.session.epoch!.seats;
    expect(match.runUntil(() => seats().some(({ isAway }) => isAway), 100)).toBe(true);
    lost.restart();
    expect(match.runUntil(() => lost.session.player === slot && seats().every(({ isAway }) => !isAway), 200)).toBe(
      true,
    );
    match.run({ ms: 3000 });
    expect(rest()).toMatchObject({ error: 0, complaints: [] });
    expect(seats()).toHaveLength(6);
  });

  test('without a rendezvous they play on and meet each other; another one takes the match over (seed 22)', () => {
    const { match, rest } = playing({ players: 10, seed: 22 });
    const line = match.members[0]!.session.epoch!.line;
    match.killRendezvous();
    match.run({ ms: 5000 });
    const { due, missing } = watch(match, 100);
    expect(match.members).toHaveLength(10);
    expect(due).toBeGreaterThan(1000);
    expect(missing / due).toBeLessThan(0.05);
    match.restartRendezvous({ recoverMs: 3000 });
    const late = match.add({ name: 'late', decide: () => NO_INPUT });
    late.join();
    expect(match.runUntil(() => late.session.player >= 0, 400)).toBe(true);
    match.run({ ms: 5000 });
    expect(match.members.map(({ session }) => session.epoch!.line)).toEqual(match.members.map(() => line));
    expect(rest()).toMatchObject({ error: 0, complaints: [] });
  });
});
