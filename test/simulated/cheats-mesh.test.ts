/** What cheats do in a mesh, where everybody owns its avatar: that they work while the defences are off, and what those do. */
import { describe, expect, test } from 'vitest';
import { CHEATS, defenceOf, whyOpen } from '../../bots/cheats/index.ts';
import { Status } from '../../game/world.ts';
import { MESH_DEFENCES, type MeshDefences } from '../../netcode/mesh/settings.ts';
import type { MeshNode, SimulatedMesh } from '../../simulator/mesh.ts';
import { type CheatingPlan, castMesh, type Outcome, playMesh } from './cheating-mesh.ts';
import { troubledMesh } from './troubled-mesh.ts';

const ON: Partial<MeshDefences> = { handshakes: true, macs: true, heads: true, replayWindow: true, witnesses: true };

const play = (cheat: string, seed: number, plan: Partial<CheatingPlan> = {}) =>
  playMesh({ cheat, seed, seconds: 15, ...plan });

/** Share of the first cheater's tries that came to something. */
function success({ notes: [first] }: Outcome): number {
  return (first!.accepted ?? 0) / (first!.attempts ?? Number.NaN);
}

/** Reasons for which honest peers parted from somebody. */
function reasons({ events }: Outcome): string[] {
  return [...new Set(events.flatMap(({ event }) => (event.type === 'banned' ? [event.reason] : [])))].sort();
}

test('every cheat of a mesh names a switch of a mesh that answers it, or why it needs none or stays open', () => {
  for (const cheat of CHEATS.filter(({ defences }) => Object.hasOwn(defences, 'mesh'))) {
    const defence = defenceOf(cheat, 'mesh');
    if (defence === null)
      expect(whyOpen(cheat, 'mesh') ?? cheat.prevented?.['mesh'], cheat.id).toEqual(expect.any(String));
    else expect(MESH_DEFENCES, cheat.id).toContain(defence);
  }
});

describe('what witnesses see', () => {
  const SEEN = [
    { cheat: 'teleport', seed: 2, reason: 'too far', neighbours: 4 },
    { cheat: 'speed-1.1', seed: 1, reason: 'too far', neighbours: 4 },
    { cheat: 'speed', seed: 1, reason: 'too far', neighbours: 4 },
    { cheat: 'speed-3', seed: 1, reason: 'too far', neighbours: 4 },
    { cheat: 'fire-rate', seed: 3, reason: 'fired too soon', neighbours: 2 },
  ];
  for (const { cheat, seed, reason, neighbours } of SEEN) {
    test(`${cheat} is believed while nobody judges (seed ${seed})`, () => {
      const outcome = play(cheat, seed);
      expect(outcome.notes[0]!.attempts).toBeGreaterThan(5);
      expect(success(outcome)).toBeGreaterThan(0.5);
      expect(outcome.bannedBy).toEqual([]);
    });

    test(`${cheat} costs it neighbours, and nobody else is blamed (seed ${seed})`, () => {
      const outcome = play(cheat, seed, { defences: ON, seconds: 25 });
      expect(reasons(outcome)).toContain(reason);
      expect(outcome.bannedBy.length).toBeGreaterThanOrEqual(neighbours);
      expect(outcome.detectMs).toBeLessThan(5000);
      expect(outcome.innocentsBlamed).toEqual([]);
    });
  }
});

/** Places in which honest peers believe another honest one, farther than `units` from where it is. */
function misplaced({ nodes }: SimulatedMesh, units: number): number {
  const honest = nodes.slice(1);
  const bySlot = new Map(honest.map((node) => [node.session.player, node]));
  let count = 0;
  for (const node of honest) {
    const { players } = node.session.world!;
    for (const [slot, { session }] of bySlot) {
      if (session === node.session || players.status[slot] !== Status.alive) continue;
      const truth = session.world!.players;
      if (truth.status[slot] !== Status.alive) continue;
      const dx = players.x[slot]! - truth.x[slot]!;
      const dy = players.y[slot]! - truth.y[slot]!;
      if (dx * dx + dy * dy > (units * 256) ** 2) count++;
    }
  }
  return count;
}

describe('forged forwards', () => {
  const spoofed = (defences: Partial<MeshDefences>, seed: number) => {
    const { match, events } = castMesh({ cheat: 'spoof', seed, seconds: 0, defences });
    match.runUntil(() => match.isSettled, 400);
    let places = 0;
    for (let tick = 0; tick < 500; tick++) {
      match.run({ ticks: 1 });
      places += misplaced(match, 200);
    }
    return { match, events, places };
  };

  let believed = 0;

  test('put others where they are not (seeds 1 to 3)', () => {
    believed = [1, 2, 3].reduce((sum, seed) => sum + spoofed({}, seed).places, 0);
    expect(believed).toBeGreaterThan(100);
  });

  test('are hardly believed where states are signed for, and who passed them on is named (seeds 1 to 3)', () => {
    const all = [1, 2, 3].map((seed) => spoofed(ON, seed));
    expect(all.reduce((sum, { places }) => sum + places, 0)).toBeLessThan(believed / 3);
    const accusedBySeed = all.map(({ match, events }) => {
      const accused = events.flatMap(({ event }) => (event.type === 'accused' ? [event] : []));
      for (const { peer } of accused) expect(peer).toBe(match.nodes[0]!.session.self);
      return accused.map(({ reason }) => reason);
    });
    for (const reasons of accusedBySeed) expect(reasons).toContain('forged forward');
  });
});

describe('two faces', () => {
  /** Where peers believe the cheater to be. */
  const placesOf = ({ nodes }: SimulatedMesh, isLiedTo: boolean) => {
    const slot = nodes[0]!.session.player;
    return nodes.slice(1).flatMap(({ session: { self, world } }) => {
      const isThere = world!.players.status[slot] === Status.alive;
      return isThere && (self % 2 === 1) === isLiedTo ? [world!.players.x[slot]!] : [];
    });
  };

  test('are both believed while nobody compares (seed 1)', () => {
    const { match } = castMesh({ cheat: 'equivocation', seed: 1, seconds: 0 });
    match.runUntil(() => match.isSettled, 400);
    let apart = 0;
    for (let tick = 0; tick < 300; tick++) {
      match.run({ ticks: 1 });
      const [lies, truths] = [placesOf(match, true), placesOf(match, false)];
      if (lies.length > 0 && truths.length > 0 && Math.abs(lies[0]! - truths[0]!) > 40 * 256) apart++;
    }
    expect(apart).toBeGreaterThan(60);
  });

  test('are found out within seconds where heads are signed: everybody parts from it (seed 1)', () => {
    const outcome = play('equivocation', 1, { defences: ON });
    expect(reasons(outcome)).toEqual(['two stories']);
    expect(outcome.bannedBy).toHaveLength(11);
    expect(outcome.detectMs).toBeLessThan(5000);
    expect(outcome.innocentsBlamed).toEqual([]);
    const proofs = outcome.events.flatMap(({ event }) => (event.type === 'equivocation' ? [event.isProven] : []));
    expect(proofs).toContain(true);
  });
});

describe('coins', () => {
  const CROWD = { players: 40, policy: 'collector', seconds: 9 } as const;

  test('who never reached them gets them while nobody is asked (seed 1)', () => {
    expect(success(play('double-pickup', 1, CROWD))).toBeGreaterThan(0.5);
  });

  test('and hardly where two must have seen it (seed 1)', () => {
    const { match, notes } = castMesh({ cheat: 'double-pickup', seed: 1, ...CROWD, defences: { witnesses: true } });
    match.run({ ms: 13_000 });
    const before = { ...notes[0]! };
    match.run({ ms: 7000 });
    const tried = notes[0]!.attempts! - before.attempts!;
    expect(tried).toBeGreaterThan(3);
    expect(notes[0]!.accepted! - before.accepted!).toBeLessThan(0.2 * tried);
  });

  test('are spent once, whatever is switched on (seed 2)', () => {
    const minted = play('coin-mint', 2, { policy: 'collector', seconds: 30 });
    expect(minted.notes[0]!.attempts).toBeGreaterThan(5);
    expect(minted.notes[0]!.accepted).toBe(0);
  });

  test('are not needed for a shield while nobody asks (seed 1)', () => {
    const raised = play('free-shield', 1);
    expect(success(raised)).toBeGreaterThanOrEqual(0.5);
    expect(raised.bannedBy).toEqual([]);
  });

  test('are asked for where witnesses see one: who did not pay is parted from (seed 3)', () => {
    const raised = play('free-shield', 3, { defences: ON, seconds: 25 });
    expect(reasons(raised)).toContain('unpaid shield');
    expect(raised.bannedBy.length).toBeGreaterThan(4);
    expect(raised.detectMs).toBeLessThan(10_000);
    expect(raised.innocentsBlamed).toEqual([]);
  });
});

test('god mode takes no damage, and nobody else is blamed for it (seed 5)', () => {
  const outcome = play('god-mode', 5, { defences: ON });
  const { world, player } = outcome.match.nodes[0]!.session;
  expect(outcome.notes[0]!.attempts).toBeGreaterThan(5);
  expect(world!.players.deaths[player]).toBe(0);
  expect(outcome.innocentsBlamed).toEqual([]);
});

/** Owners in sight tell their places ten times a second, and more often when near. */
const UNHEARD_MS = 400;

test('blinding: the one that is hunted sees its hunter only when that fires (seed 2)', () => {
  const { match } = castMesh({ cheat: 'blinding', seed: 2, seconds: 0 });
  match.runUntil(() => match.isSettled, 400);
  match.run({ ms: 6000 });
  const [hunter, ...others] = match.nodes as [MeshNode, ...MeshNode[]];
  let unseen = 0;
  for (let tick = 0; tick < 200; tick++) {
    match.run({ ticks: 1 });
    const { session } = hunter;
    const { nowMs } = match.clock;
    // In its sight, linked, and without news of where it is.
    unseen += others.filter(({ session: other }) => {
      const seen = session.peers.get(other.self);
      const knows = other.peers.get(session.self);
      return seen?.isTold && seen.hasPlace(nowMs) && knows?.isReachable && nowMs - knows.stateAtMs > UNHEARD_MS;
    }).length;
  }
  expect(unseen).toBeGreaterThan(20);
});

test('a map hack is told where those are who are out of its sight (seed 1)', () => {
  const { match } = castMesh({
    cheat: 'map-hack',
    seed: 1,
    seconds: 0,
    players: 20,
    policy: 'wander',
    config: { inView: 3 },
  });
  match.runUntil(() => match.isSettled, 400);
  match.run({ ms: 15_000 });
  const known = match.nodes.map(({ session: { world, player } }) => {
    const { status } = world!.players;
    return status.filter((one, slot) => slot !== player && one === Status.alive).length;
  });
  expect(known[0]).toBeGreaterThan(10);
  expect(Math.max(...known.slice(1))).toBeLessThan(known[0]!);
});

describe('collusion', () => {
  for (const { share, pairs } of [
    { share: '10 %', pairs: 2 },
    { share: '30 %', pairs: 6 },
  ]) {
    test(`${share} accomplices do not save who jumps (seed 1)`, () => {
      const outcome = play('collusion', 1, { players: 20, pairs, defences: ON });
      expect(outcome.notes.filter(({ isAccomplice }) => isAccomplice)).toHaveLength(pairs - 1);
      expect(reasons(outcome)).toContain('too far');
      expect(outcome.bannedBy.length).toBeGreaterThan(2);
      expect(outcome.innocentsBlamed).toEqual([]);
    });
  }
});

test('nobody honest is blamed on a bad network, with stalls and clocks that are off (seed 1)', () => {
  const { match, blames } = troubledMesh(1, 12);
  match.runUntil(() => match.isSettled, 400);
  match.run({ ms: 30_000 });
  expect(match.members).toHaveLength(12);
  expect(blames).toEqual([]);
});
