/** When a lockstep peer steps a tick, and how it finds out that its world is not that of the others. */
import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { hashWords } from '../../game/checksum.ts';
import { Button } from '../../game/input.ts';
import { createWorld, SECTIONS, Status, type World } from '../../game/world.ts';
import { DesyncWatch } from '../../netcode/lockstep/desync-watch.ts';
import { MAX_ROLLBACK_TICKS } from '../../netcode/lockstep/lockstep-session.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { encodePeerMessage } from '../../netcode/lockstep/peer-messages.ts';
import { encodeViewChange } from '../../netcode/lockstep/view-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { playing, tap } from './lockstep-match.ts';

test('L3: a tick is stepped when all inputs of it are known', () => {
  const { match } = playing({ seed: 41, peers: 3, profile: 'lan' });
  const { session } = match.nodes[0]!;
  let isDeaf = false;
  tap(session, { heard: (from, bytes) => !(isDeaf && from === 3 && bytes[1] === Kind.peerInput) });
  isDeaf = true;
  const before = session.confirmedTick;
  match.run({ ms: 1000 });
  const [known, missing] = [session.roster.member(2)!.log, session.roster.member(3)!.log];
  expect(session.confirmedTick).toBe(missing.through);
  expect(known.through).toBeGreaterThan(missing.through);
  expect(session.confirmedTick - before).toBeLessThan(4);
  isDeaf = false;
  match.run({ ms: 1000 });
  expect(session.confirmedTick - before).toBeGreaterThan(10);
  expect(match.agree()).toBe(true);
});

test('L3: a change of view may say that somebody had left before: then what followed is stepped again', () => {
  const { match } = playing({ seed: 42, peers: 3, profile: 'lan' });
  const { session } = match.nodes[0]!;
  const { roster } = session;
  const seat = roster.member(3)!;
  const wasThere: string[] = [];
  session.onConfirmed = (world, tick) => {
    wasThere.push(`${tick} ${world.players.status[seat.slot] !== Status.empty}`);
  };
  match.run({ ms: 500 });
  const tick = session.confirmedTick;
  expect(wasThere.at(-1)).toBe(`${tick} true`);
  wasThere.length = 0;
  const lastTick = tick - 4;
  const drop = { peer: 3, lastTick, removeTick: lastTick + 1, words: [] };
  const value = encodeViewChange({ view: roster.view + 1, drops: [drop], joins: [] });
  session.receive(2, encodePeerMessage({ type: 'viewCommit', value }), match.clock.nowMs);
  match.run({ ms: 100 });
  expect(wasThere.slice(0, 4)).toEqual([1, 2, 3, 4].map((i) => `${lastTick + i} false`));
});

test('L4: a member steps no tick before it is due', () => {
  const { match } = playing({ seed: 43, peers: 3, profile: 'lan' });
  const { session } = match.nodes[0]!;
  let couldHave = 0;
  let steps = 0;
  session.onConfirmed = (_world, tick) => {
    steps++;
    // An input is taken for so many ticks after the one that is due.
    expect(tick).toBeLessThanOrEqual(session.inputTick - session.delayTicks);
  };
  for (let i = 0; i < 500; i++) {
    match.run({ ms: 10 });
    if (session.roster.members.every(({ log }) => log.has(session.confirmedTick + 1))) couldHave++;
  }
  expect(steps).toBeGreaterThan(90);
  expect(couldHave, 'it knew all inputs of the next').toBeGreaterThan(20);
});

test('L4: an observer follows as fast as it can', () => {
  const { match } = playing({ seed: 44, peers: 3, profile: 'lan' });
  const { session } = match.add({ name: 'late', decide: () => ({ buttons: 0, aim: 0 }) });
  let isDeaf = false;
  tap(session, { heard: (_from, bytes) => !(isDeaf && bytes[1] === Kind.peerInput) });
  // Who says that it is far behind is not let in.
  const { drain } = session;
  session.drain = () =>
    drain.call(session).map((request) => {
      if (request.type !== 'send' || request.bytes[1] !== Kind.peerInput) return request;
      return { ...request, bytes: encodePeerInput({ ...decodePeerInput(request.bytes), position: 0 }) };
    });
  match.nodes.at(-1)!.join();
  expect(match.runUntil(() => session.role === 'observer', 200)).toBe(true);
  match.run({ ms: 500 });
  isDeaf = true;
  const before = session.confirmedTick;
  match.run({ ms: 1500 });
  expect(session.confirmedTick - before).toBeLessThan(2);
  isDeaf = false;
  match.run({ ms: 120 });
  expect(session.confirmedTick - before).toBeGreaterThan(28);
});

test('L10: with rollback up to 8 ticks are stepped on predictions, and stepped again where these were wrong', () => {
  const { match } = playing({ seed: 45, peers: 3, profile: 'lan', rollback: true });
  const { session } = match.nodes[0]!;
  let isDeaf = true;
  tap(session, { heard: (from, bytes) => !(isDeaf && from === 3 && bytes[1] === Kind.peerInput) });
  const { rollbacks } = session.counters;
  const ahead = () => session.world!.match.tick[0]! - session.confirmedTick;
  for (let i = 0; i < 24; i++) {
    match.run({ ms: 50 });
    expect(ahead()).toBeLessThanOrEqual(MAX_ROLLBACK_TICKS);
  }
  expect(ahead()).toBe(8);
  isDeaf = false;
  match.run({ ms: 2000 });
  expect(session.counters.rollbacks).toBeGreaterThan(rollbacks);
  // Nothing surprising any more: what is predicted now comes true, if what was wrong before has been put right.
  for (const { player } of match.nodes) player.decide = () => ({ buttons: Button.right, aim: 0 });
  match.run({ ms: 2000 });
  const { world } = session;
  while (session.confirmedTick === world!.match.tick[0]!) match.run({ ms: 1 });
  const tick = world!.match.tick[0]!;
  const predicted = hashWords(world!.words, 0, world!.words.length);
  match.run({ ms: 500 });
  expect(session.checksumAt(tick)).toBe(predicted);
});

test('L27: of two worlds the first section that differs is named, in it the first field and entity, and once', () => {
  const config = { ...DEFAULT_MATCH, players: 4 };
  const arena = createArena(config);
  const state = (bend: (world: World) => void) => {
    const world = createWorld(config, arena);
    bend(world);
    return new Uint8Array(world.bytes);
  };
  const [one, other] = [new DesyncWatch(arena.capacity), new DesyncWatch(arena.capacity)];
  const noteBoth = (tick: number) => {
    one.note(
      tick,
      5,
      state(() => {}),
    );
    const sums = other.note(
      tick,
      5,
      state(({ match, coins, players }) => {
        match.spent[0] = 3;
        coins.amount[1] = 1;
        coins.x[0] = 9;
        coins.amount[2] = 6;
        players.score[0] = 0;
      }),
    );
    one.receive(9, tick, 5, sums);
    return one.compare();
  };
  const section = SECTIONS.indexOf('coins');
  expect(noteBoth(20)).toEqual([{ tick: 20, peer: 9, section }]);
  const theirs = other.sectionWords(20, section)!;
  expect(one.difference(9, 20, section, theirs)).toMatchObject({
    section: 'coins',
    field: 'amount',
    entity: 1,
    mine: 0,
    theirs: 1,
  });
  expect(noteBoth(40)).toEqual([]);
  one.forget(9);
  expect(noteBoth(60)).toHaveLength(1);
});
