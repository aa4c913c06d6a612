import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { Status } from '../../game/world.ts';
import { InputLog, LOG_TICKS } from '../../netcode/lockstep/input-log.ts';
import { BUY, NO_WORD, packInput } from '../../netcode/lockstep/input-word.ts';
import { checkChange } from '../../netcode/lockstep/plausible.ts';
import { type Join, NEVER, Roster, type ViewChange } from '../../netcode/lockstep/roster.ts';
import { InputDelay, Timeline } from '../../netcode/lockstep/timeline.ts';
import { WorldLine } from '../../netcode/lockstep/world-line.ts';
import { RENDEZVOUS } from '../../netcode/session.ts';
import { playing } from './lockstep-match.ts';
import { Mutator } from './mutator.ts';

// Inputs of one seat.

test('L2: inputs arrive repeated and out of order; through is where the first gap begins', () => {
  const log = new InputLog(10);
  expect(log.put(12, 7)).toBe('new');
  expect(log.through).toBe(9);
  expect(log.put(10, 5)).toBe('new');
  expect(log.put(11, 6)).toBe('new');
  expect(log.through).toBe(12);
  expect(log.put(11, 6)).toBe('known');
  expect(log.newest(2)).toEqual([6, 7]);
  expect(log.newest(9)).toEqual([5, 6, 7]);
});

test('L1: a second, different input for a tick changes nothing', () => {
  const log = new InputLog(1);
  log.put(1, 5);
  expect(log.put(1, 6)).toBe('conflict');
  expect(log.word(1)).toBe(5);
});

test('L6: what lies before the seat, too far ahead or too far back is not taken', () => {
  const log = new InputLog(10);
  expect(log.put(9, 1)).toBe('outside');
  expect(log.put(9 + LOG_TICKS / 2, 1)).toBe('new');
  expect(log.put(10 + LOG_TICKS / 2, 1)).toBe('outside');
  for (let tick = 10; tick < 1000; tick++) log.put(tick, tick);
  expect(log.put(999 - LOG_TICKS, 1)).toBe('outside');
  expect(log.has(999 - LOG_TICKS)).toBe(false);
  expect(log.word(999 - LOG_TICKS + 1)).toBe(999 - LOG_TICKS + 1);
});

test('L5: who is not known yet is expected to do the same again, but to buy nothing', () => {
  const log = new InputLog(1);
  expect(log.wordOrPrediction(1)).toBe(NO_WORD);
  const running = packInput({ buttons: 9, aim: 77 }, true);
  log.put(1, running);
  expect(log.wordOrPrediction(1)).toBe(running);
  expect(log.wordOrPrediction(2)).toBe(running & ~BUY);
});

test('L17: what was agreed on replaces what was known, and cuts off what never happened', () => {
  const log = new InputLog(1);
  for (let tick = 1; tick <= 8; tick++) log.put(tick, tick);
  log.truncate(6);
  expect([log.through, log.has(6), log.has(7)]).toEqual([6, true, false]);
  expect(log.settle(6, 6)).toBe(false);
  expect(log.settle(5, 99)).toBe(true);
  expect(log.word(5)).toBe(99);
});

// Who plays.

const token = (value: number) => new Uint8Array(16).fill(value);
const join = (peer: number, slot: number, firstTick: number, more: Partial<Join> = {}): Join => {
  return { peer, slot, name: `p${peer}`, token: token(peer), firstTick, resumes: false, ...more };
};
const VIEW = 0x10001;

/** Peers 1 to `count` from tick 1 on. */
function rosterOf(count: number): Roster {
  const roster = new Roster();
  const joins = Array.from({ length: count }, (_, i) => join(i + 1, i, 1));
  roster.apply({ view: VIEW, drops: [], joins });
  return roster;
}

test('L17: a drop ends the seat at its last agreed input; who misses some takes them from the change', () => {
  const roster = rosterOf(3);
  const seat = roster.member(2)!;
  seat.log.put(1, 11);
  const affected = roster.apply({
    view: VIEW + 1,
    drops: [{ peer: 2, lastTick: 3, removeTick: 13, words: [11, 12, 13] }],
    joins: [],
  });
  expect(affected).toBe(4);
  expect(roster.members.map(({ peer }) => peer)).toEqual([1, 3]);
  expect([1, 2, 3].map((tick) => seat.log.word(tick))).toEqual([11, 12, 13]);
});

test('L17: two who were told different inputs have the same ones after the drop, and know from where on to step again', () => {
  const [one, other] = [rosterOf(3), rosterOf(3)];
  for (let tick = 1; tick <= 5; tick++) {
    one.member(2)!.log.put(tick, tick);
    other.member(2)!.log.put(tick, tick < 4 ? tick : 50 + tick);
  }
  const change = { view: VIEW + 1, drops: [{ peer: 2, lastTick: 5, removeTick: 15, words: [3, 4, 5] }], joins: [] };
  const [seat, seatOfOther] = [one.member(2)!, other.member(2)!];
  expect([one.apply(change), other.apply(change)]).toEqual([6, 4]);
  expect(seatOfOther.log.newest(5)).toEqual(seat.log.newest(5));
});

test('L18: the avatar of who was dropped stands until it is removed, or until its player returns with its token', () => {
  const roster = rosterOf(2);
  roster.apply({ view: VIEW + 1, drops: [{ peer: 2, lastTick: 10, removeTick: 211, words: [] }], joins: [] });
  expect(roster.seatAt(1, 210)?.peer).toBe(2);
  expect(roster.seatAt(1, 211)).toBeUndefined();
  expect(roster.heldSeat(token(9), 50)).toBeUndefined();
  expect(roster.heldSeat(token(2), 211)).toBeUndefined();
  const held = roster.heldSeat(token(2), 50)!;
  expect(held.slot).toBe(1);
  roster.apply({ view: VIEW + 2, drops: [], joins: [join(5, 1, 50, { token: token(2), resumes: true })] });
  expect(roster.seatAt(1, 49)?.peer).toBe(2);
  expect(roster.seatAt(1, 50)?.peer).toBe(5);
  expect(roster.seatAt(1, 300)?.peer).toBe(5);
  expect(roster.heldSeat(token(2), 100)).toBeUndefined();
});

test('L19: a slot is given to somebody else only when its avatar has left, with a tick in between', () => {
  const roster = rosterOf(2);
  roster.apply({ view: VIEW + 1, drops: [{ peer: 1, lastTick: 10, removeTick: 21, words: [] }], joins: [] });
  expect(roster.freeSlot(2, 21, new Set())).toBe(-1);
  expect(roster.freeSlot(2, 22, new Set())).toBe(0);
  expect(roster.freeSlot(3, 21, new Set())).toBe(2);
  expect(roster.freeSlot(3, 21, new Set([2]))).toBe(-1);
});

test('L19: a slot whose player came back and left for good is free again', () => {
  const roster = rosterOf(2);
  const end = (view: number, peer: number, lastTick: number) =>
    roster.apply({ view, drops: [{ peer, lastTick, removeTick: lastTick + 11, words: [] }], joins: [] });
  end(VIEW + 1, 2, 10);
  roster.apply({ view: VIEW + 2, drops: [], joins: [join(5, 1, 15, { token: token(2), resumes: true })] });
  end(VIEW + 3, 5, 30);
  expect([14, 20, 40].map((tick) => roster.seatAt(1, tick)?.peer)).toEqual([2, 5, 5]);
  expect(roster.seatAt(1, 41)).toBeUndefined();
  expect(roster.freeSlot(2, 42, new Set())).toBe(1);
  roster.prune(42);
  expect(roster.seats.map(({ peer }) => peer)).toEqual([1]);
});

test('L19: avatars come and go with their ticks, also when a rollback steps those again', () => {
  const roster = rosterOf(2);
  const line = new WorldLine(createArena({ ...DEFAULT_MATCH, players: 4 }), 64);
  const status = () => [0, 1].map((slot) => line.world.players.status[slot] !== Status.empty);
  roster.apply({ view: VIEW + 1, drops: [{ peer: 2, lastTick: 4, removeTick: 8, words: [] }], joins: [] });
  roster.apply({ view: VIEW + 2, drops: [], joins: [join(3, 1, 20)] });
  const seen: string[] = [];
  const stepTo = (tick: number) => {
    while (line.tick < tick) line.step(roster);
    seen.push(`${tick} ${status()}`);
  };
  for (const tick of [1, 7, 8, 19, 20]) stepTo(tick);
  expect(seen).toEqual(['1 true,true', '7 true,true', '8 true,false', '19 true,false', '20 true,true']);
  const sum = line.world.words.slice();
  expect(line.goBack(5)).toBe(true);
  expect(status()).toEqual([true, true]);
  for (const tick of [8, 20]) stepTo(tick);
  expect(line.world.words).toEqual(sum);
});

test('L26: the history of a tick is the same for all who heard of the same changes, however late', () => {
  const [early, late] = [rosterOf(3), rosterOf(3)];
  const change = { view: VIEW + 1, drops: [{ peer: 2, lastTick: 10, removeTick: 211, words: [] }], joins: [] };
  early.apply(change);
  expect(early.history(10)).toBe(late.history(10));
  expect(early.history(11)).not.toBe(late.history(11));
  late.apply(change);
  expect(early.history(11)).toBe(late.history(11));
});

test('a seat is forgotten when nothing can go back to it any more', () => {
  const roster = rosterOf(2);
  roster.apply({ view: VIEW + 1, drops: [{ peer: 2, lastTick: 10, removeTick: 21, words: [] }], joins: [] });
  roster.prune(21);
  expect(roster.seats).toHaveLength(2);
  roster.prune(22);
  expect(roster.seats.map(({ peer, lastTick }) => [peer, lastTick])).toEqual([[1, NEVER]]);
});

test('P1, L20: a change that no match can go on with is refused', () => {
  const refuses = (change: Partial<ViewChange>, roster = rosterOf(2)) =>
    expect(() => checkChange(roster, { view: VIEW + 1, drops: [], joins: [], ...change }, 4));
  const gone = { peer: 2, lastTick: 10, removeTick: 21, words: [] };
  refuses({ drops: [gone], joins: [join(3, 2, 15), join(4, 1, 15, { resumes: true })] }).not.toThrow();
  refuses({ drops: [gone], joins: [join(4, 1, 30)] }).not.toThrow();
  refuses({ joins: [join(3, 4, 15)] }).toThrow(/slot 4/);
  refuses({ joins: [join(3, 2, 15), join(4, 2, 15)] }).toThrow(/slot 2/);
  refuses({ joins: [join(2, 2, 15)] }).toThrow(/peer 2/);
  refuses({ joins: [join(3, 1, 15)] }).toThrow(/taken/);
  refuses({ joins: [join(3, 2, 15, { resumes: true })] }).toThrow(/empty/);
  refuses({ drops: [gone], joins: [join(3, 1, 15)] }).toThrow(/taken/);
  refuses({ drops: [{ ...gone, removeTick: 10 }] }).toThrow(/removed at 10/);
  refuses({ drops: [{ ...gone, lastTick: -5 }] }).toThrow(/dropped at -5/);
  // Whoever was to come in tick 1 may be gone again in the next, having played in none.
  refuses({ drops: [{ ...gone, lastTick: 0, removeTick: 2 }] }).not.toThrow();
  refuses({ drops: [{ ...gone, lastTick: 0, removeTick: 1 }] }).toThrow(/removed at 1/);
});

// Time.

test('L7: who is ahead of the mean runs slower, who is behind faster, by 5 % at most', () => {
  const timeline = new Timeline(20);
  timeline.start(5, 1000);
  timeline.advance(1000, 0);
  expect([timeline.nextTick, timeline.dueMs]).toEqual([6, 1050]);
  timeline.advance(1050, 1);
  expect(timeline.dueMs).toBeCloseTo(1101);
  timeline.advance(1101, 100);
  expect(timeline.dueMs).toBeCloseTo(1153.5);
  timeline.advance(1153.5, -100);
  expect(timeline.dueMs).toBeCloseTo(1201);
  expect(timeline.position(1201 - 25)).toBeCloseTo(8.5);
});

test('L9: a timeline stands still while its tick waits, and makes up for three ticks at most', () => {
  const timeline = new Timeline(20);
  timeline.start(5, 1000);
  expect(timeline.position(3000)).toBe(5);
  timeline.advance(3000, 0);
  expect(timeline.dueMs).toBe(2850);
});

const LIMITS = { leastTicks: 1, mostTicks: 6, lateTicks: 0 };

test('L8: the delay is raised at once by what is missing, not again before that shows, and never above its limit', () => {
  const delay = new InputDelay(LIMITS);
  delay.adapt(-1.5, 0);
  expect(delay.ticks).toBe(3);
  delay.adapt(-1.5, 1199);
  expect(delay.ticks).toBe(3);
  delay.adapt(-1.5, 1200);
  expect(delay.ticks).toBe(5);
  delay.adapt(-100, 5000);
  expect(delay.ticks).toBe(6);
});

test('L8: it is lowered after two comfortable seconds by what can be spared, and never below its limit', () => {
  const delay = new InputDelay(LIMITS);
  delay.adapt(-4, 0);
  expect(delay.ticks).toBe(6);
  for (let nowMs = 0; nowMs <= 2000; nowMs += 50) delay.adapt(3.5, nowMs);
  expect(delay.ticks).toBe(6);
  delay.adapt(3.5, 2050);
  expect(delay.ticks).toBe(4);
  for (let nowMs = 2050; nowMs < 20_000; nowMs += 50) delay.adapt(9, nowMs);
  expect(delay.ticks).toBe(1);
});

test('L8: one late input among early ones keeps it, and so does a change of view', () => {
  const delay = new InputDelay(LIMITS);
  delay.adapt(-2, 0);
  const before = delay.ticks;
  for (let nowMs = 0; nowMs < 6000; nowMs += 50) delay.adapt(nowMs % 1500 === 0 ? 1 : 5, nowMs);
  expect(delay.ticks).toBe(before);
  delay.pause(6000);
  delay.adapt(-9, 6100);
  expect(delay.ticks).toBe(before);
});

test('L8: with rollback inputs may come late by some ticks before it grows', () => {
  const delay = new InputDelay({ ...LIMITS, leastTicks: 0, lateTicks: 6 });
  delay.adapt(-5, 0);
  expect(delay.ticks).toBe(0);
  delay.adapt(-6.5, 5000);
  expect(delay.ticks).toBe(1);
});

// Bad bytes at a whole session.

test('P1: 20,000 bent messages from a stranger and as many in the name of the rendezvous change nothing', () => {
  const { match } = playing({ seed: 7, peers: 3, profile: 'good' });
  const { session } = match.nodes[0]!;
  const real: Uint8Array[] = [];
  const { receive } = session;
  session.receive = (from, bytes, nowMs) => {
    if (real.length < 500) real.push(bytes.slice());
    receive.call(session, from, bytes, nowMs);
  };
  match.run({ ms: 4000 });
  expect(real.length).toBeGreaterThan(100);
  const mutator = new Mutator(new Random(7, 7), real);
  const before = session.counters.malformed;
  for (let i = 0; i < 20_000; i++) session.receive(77, mutator.next(), match.clock.nowMs);
  expect(session.counters.malformed - before).toBeGreaterThan(1000);
  const fromRendezvous = new Mutator(new Random(8, 7), [Uint8Array.of(1, 26, 1, 44, 0, 0, 0, 0, 0, 0, 0, 0)]);
  for (let i = 0; i < 20_000; i++) session.receive(RENDEZVOUS, fromRendezvous.next(), match.clock.nowMs);
  match.run({ ms: 5000 });
  expect(match.members).toHaveLength(3);
  expect(match.agree()).toBe(true);
});

test('P1: 20,000 bent messages in the name of a member end nothing but its own stay', () => {
  const { match } = playing({ seed: 8, peers: 4, profile: 'good' });
  const { session } = match.nodes[0]!;
  const real: Uint8Array[] = [];
  const { receive } = session;
  session.receive = (from, bytes, nowMs) => {
    if (from === 2 && real.length < 500) real.push(bytes.slice());
    receive.call(session, from, bytes, nowMs);
  };
  match.run({ ms: 4000 });
  const mutator = new Mutator(new Random(9, 7), real);
  for (let i = 0; i < 20_000; i++) session.receive(2, mutator.next(), match.clock.nowMs);
  match.run({ ms: 10_000 });
  const others = match.nodes.filter(({ session }) => session.self !== 2);
  for (const { session } of others) expect(session.role).toBe('member');
});
