import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { SHIELD_PRICE } from '../../game/constants.ts';
import { NO_INPUT } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { coinsError, coinsHeld } from '../../game/world.ts';
import type { ClientSession } from '../../netcode/client-session.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { kindOf } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { Request } from '../../netcode/session.ts';
import { type LockstepNode, SimulatedLockstep } from '../../simulator/lockstep.ts';
import type { SimulatedMatch } from '../../simulator/match.ts';
import { playerOf, simulateMatch } from './simulate-match.ts';

/** Lets ticks pass, and asserts after each that no coin was lost or doubled. */
function runExactly(match: SimulatedMatch, ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    match.run({ ticks: 1 });
    expect(coinsError(match.authority.world), `at tick ${match.authority.world.match.tick[0]}`).toBe(0);
  }
}

/** Pulls plugs and kills players at random, and lets them come back. */
function disturb(match: SimulatedMatch, random: Random): void {
  const node = match.players[1 + random.below(match.players.length - 1)]!;
  if (node.state === 'playing') {
    if (random.below(3) === 0) node.crash();
    else node.disconnect();
  } else if (node.state === 'lost') node.reconnect();
  else if (node.state === 'crashed') node.restart(random.below(2) === 0 ? node.session.resumeToken : null);
}

/** What all players believe that they hold. */
const believed = (match: SimulatedMatch) => match.clients.reduce((sum, client) => sum + client.view!.self.coins, 0);

describe.each(['server', 'host'])('coins under %s', (topology) => {
  for (const seed of [1, 2, 3]) {
    test(`are exact over loss, doubling, reordering, reconnects and crashes, and all agree at the end (seed ${seed})`, () => {
      const bad = { latencyMs: 60, jitterMs: 30, lossRatio: 0.1, duplicationRatio: 0.1 };
      // More seats than players: who crashed and forgot its token joins as somebody else.
      const config = { players: 40 };
      const match = simulateMatch({ seed, players: 16, topology, ...bad, config });
      const random = new Random(seed, 9);
      for (let round = 0; round < 60; round++) {
        runExactly(match, 20);
        disturb(match, random);
      }
      const { spent, minted } = match.authority.world.match;
      expect(minted[0]).toBeGreaterThan(100);
      expect(spent[0]).toBeGreaterThan(SHIELD_PRICE);

      match.heal();
      for (const node of match.players) {
        if (node.state === 'lost') node.reconnect();
        if (node.state === 'crashed' || node.state === 'failed') node.restart();
      }
      // Seats that nobody came back for are given up after 10 s.
      runExactly(match, 400);
      for (const node of match.players) node.player.decide = () => NO_INPUT;
      runExactly(match, 40);
      expect(match.players.map((node) => node.state)).toEqual(match.players.map(() => 'playing'));
      expect(match.authority.playerCount).toBe(16);
      expect(match.runUntil(() => believed(match) === coinsHeld(match.authority.world), 100)).toBe(true);
    });
  }
});

/** As above, of peers: one of them is unplugged or dies, and is back the next time. A majority must stay. */
function disturbPeers(match: SimulatedLockstep, random: Random, away: LockstepNode | null): LockstepNode | null {
  if (away?.isUp) away.reconnect();
  else if (away) {
    away.player.resumeToken = random.below(2) === 0 ? away.session.resumeToken : undefined;
    away.restart();
  }
  if (away) return null;
  const node = match.nodes[random.below(match.nodes.length)]!;
  if (random.below(3) === 0) node.crash();
  else node.disconnect();
  return node;
}

describe.each([false, true])('coins among peers, rollback %s', (rollback) => {
  for (const seed of [1, 2, 3]) {
    test(`are exact in every world over loss, doubling, reordering, reconnects and crashes (seed ${seed})`, () => {
      const players = 8;
      const settings = lockstepSettings({ ...DEFAULT_MATCH, seed, players: 2 * players }, { rollback });
      const bad = { baseRttMs: 60, jitterScaleMs: 10, lossRatio: 0.05, duplicationRatio: 0.1 };
      const match = new SimulatedLockstep({
        settings,
        seed,
        profile: customProfile(bad),
        inputRateHz: 10,
        peers: Array.from({ length: players }, (_, i) => {
          const { name, decide } = playerOf(i, 'collector', seed);
          return { name, decide };
        }),
      });
      const runPeersExactly = (ticks: number) => {
        for (let i = 0; i < ticks; i++) {
          match.run({ ticks: 1 });
          for (const { session } of match.members) {
            expect(coinsError(session.confirmedWorld!), `at tick ${session.confirmedTick}`).toBe(0);
          }
        }
      };
      expect(match.runUntil(() => match.isSettled, 600)).toBe(true);
      const random = new Random(seed, 9);
      let away: LockstepNode | null = null;
      for (let round = 0; round < 10; round++) {
        away = disturbPeers(match, random, away);
        runPeersExactly(100);
      }
      match.setProfile(customProfile({ id: 'healed', baseRttMs: 60 }));
      expect(away).toBe(null);
      // Seats that nobody came back for are given up after 10 s.
      runPeersExactly(500);
      expect(match.nodes.map(({ state }) => state)).toEqual(match.nodes.map(() => 'playing'));
      expect(match.agree()).toBe(true);
      const { minted, spent, players: seated } = match.members[0]!.session.confirmedWorld!.match;
      expect(minted[0]).toBeGreaterThan(100);
      expect(spent[0]).toBeGreaterThan(SHIELD_PRICE);
      expect(seated[0]).toBe(players);
    });
  }
});

/** A player whose link, or whose impatience, sends each purchase ten times. */
function stutter(session: ClientSession): ClientSession {
  const isPurchase = (request: Request) =>
    request.type === 'send' && [Kind.purchase, Kind.reliable].includes(kindOf(request.bytes) as never);
  return new Proxy(session, {
    get(target, name) {
      if (name === 'drain') {
        return () => target.drain().flatMap((request) => (isPurchase(request) ? Array(10).fill(request) : [request]));
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

describe.each(['server', 'host'])('ten copies of each purchase under %s', (topology) => {
  for (const seed of [1, 2, 3]) {
    test(`debit once, with loss and doubling besides (seed ${seed})`, () => {
      const players = 12;
      const match = simulateMatch({
        seed,
        players,
        topology,
        latencyMs: 50,
        jitterMs: 20,
        lossRatio: 0.05,
        duplicationRatio: 0.05,
        options: {
          players: Array.from({ length: players }, (_, i) => ({
            ...playerOf(i, 'collector', seed),
            wrapSession: stutter,
          })),
        },
      });
      for (const node of match.players) node.keepEvents = true;
      runExactly(match, 1200);
      match.heal();
      runExactly(match, 60);
      let granted = 0;
      for (const node of match.players) {
        const answers = node.events.filter((event) => event.type === 'purchased');
        const keys = answers.map((answer) => answer.key);
        // Every key is answered once, in order, although each was asked for ten times or more.
        expect(keys).toEqual(keys.map((_, i) => i + 1));
        granted += answers.filter((answer) => answer.granted).length;
      }
      expect(granted).toBeGreaterThan(20);
      expect(match.authority.world.match.spent[0]).toBe(granted * SHIELD_PRICE);
    });
  }
});
