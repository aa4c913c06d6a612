import { describe, expect, test } from 'vitest';
import { SHIELD_PRICE } from '../../game/constants.ts';
import { NO_INPUT } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { coinsError, coinsHeld } from '../../game/world.ts';
import type { ClientSession } from '../../netcode/client-session.ts';
import { kindOf } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { Request } from '../../netcode/session.ts';
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
