/** What running peers owe the rendezvous: nothing. It may die, or come back knowing nothing of them. */
import { expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { profileOf } from '../../netcode/link/profiles.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { DEFAULT_RENDEZVOUS } from '../../netcode/rendezvous-options.ts';
import { RendezvousSession } from '../../netcode/rendezvous-session.ts';
import { RENDEZVOUS } from '../../netcode/session.ts';
import { SimulatedLockstep } from '../../simulator/lockstep.ts';

function startMatch(): SimulatedLockstep {
  const match = new SimulatedLockstep({
    settings: lockstepSettings({ ...DEFAULT_MATCH, players: 4, seed: 3 }),
    seed: 3,
    profile: profileOf('good'),
    inputRateHz: 10,
    peers: [1, 2, 3].map((n) => ({ name: `peer ${n}`, decide: () => ({ buttons: n, aim: 0 }) })),
  });
  expect(match.runUntil(() => match.members.length === 3, 200)).toBe(true);
  return match;
}

function expectToPlayOn(match: SimulatedLockstep): void {
  const before = Math.min(...match.members.map(({ session }) => session.confirmedTick));
  match.run({ ms: 10_000 });
  expect(match.members.map(({ session }) => session.state)).toEqual(['playing', 'playing', 'playing']);
  expect(match.agree()).toBe(true);
  expect(Math.min(...match.members.map(({ session }) => session.confirmedTick)) - before).toBeGreaterThan(180);
}

test('peers play on without a rendezvous (seed 3)', () => {
  const match = startMatch();
  match.network.detach(RENDEZVOUS);
  expectToPlayOn(match);
});

test('peers play on when a rendezvous comes back that does not know their room (seed 3)', () => {
  const match = startMatch();
  const randomBytes = (into: Uint8Array) => into.fill(7);
  match.rendezvous = new RendezvousSession(
    { ...DEFAULT_RENDEZVOUS, transport: 'datagram', randomBytes },
    match.clock.nowMs,
  );
  for (const node of match.nodes) node.linkChanged(RENDEZVOUS, 'down');
  expectToPlayOn(match);
  expect(match.nodes.map(({ session }) => session.rendezvous.state)).toEqual(['refused', 'refused', 'refused']);
});

test('who was dropped comes back over the links that live, without a rendezvous (seed 3)', () => {
  const match = startMatch();
  const [, , far] = match.nodes;
  match.network.detach(RENDEZVOUS);
  expect(match.runUntil(() => far!.session.rendezvous.state === 'lost', 100)).toBe(true);
  match.split([[], [far!]]);
  expect(match.runUntil(() => match.nodes[0]!.session.roster.members.length === 2, 100)).toBe(true);
  match.heal();
  expect(match.runUntil(() => far!.session.role === 'member' && far!.session.state === 'playing', 100)).toBe(true);
  expectToPlayOn(match);
});

test('a pair that cannot reach each other without a rendezvous does not make the others stutter for good (seed 3)', () => {
  const match = startMatch();
  const [one, two, three] = match.nodes;
  match.network.detach(RENDEZVOUS);
  match.network.part(two!.number, three!.number);
  match.run({ ms: 10_000 });
  const before = one!.session.counters.viewChanges;
  match.run({ ms: 30_000 });
  // Let in and dropped again and again, it was 70.
  expect(one!.session.counters.viewChanges - before).toBeLessThan(12);
});
