/** Who is a member of a lockstep match, who hears of a change of that, and who brings it about. */
import { describe, expect, test } from 'vitest';
import { decodeBallot, encodeBallot } from '../../netcode/lockstep/ballot.ts';
import { judge, Readmission, turnAfterMs } from '../../netcode/lockstep/members.ts';
import { Peer } from '../../netcode/lockstep/peer.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { encodePeerMessage } from '../../netcode/lockstep/peer-messages.ts';
import { Roster, type ViewChange } from '../../netcode/lockstep/roster.ts';
import { encodeViewChange } from '../../netcode/lockstep/view-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { PeerId } from '../../netcode/session.ts';
import { playing, tap } from './lockstep-match.ts';

/** Sessions look after such things so often. */
const CARE_MS = 50;

const commitOf = (change: ViewChange) => encodePeerMessage({ type: 'viewCommit', value: encodeViewChange(change) });

describe('views', () => {
  test('L11: count up by one with each change of members, and tell groups apart', () => {
    const groups = [31, 32].map((seed) => {
      const { match } = playing({ seed, peers: 3, profile: 'lan' });
      const rosterOf = () => match.members.map(({ session }) => session.roster);
      const membersOf = () => rosterOf().map(({ members }) => members.map(({ peer }) => peer));
      const { view } = rosterOf()[0]!;
      expect(membersOf()).toEqual([1, 2, 3].map(() => [1, 2, 3]));
      match.nodes[2]!.crash();
      expect(match.runUntil(() => membersOf().every(({ length }) => length === 2), 200)).toBe(true);
      expect(rosterOf().map((roster) => roster.view)).toEqual([view + 1, view + 1]);
      match.nodes[2]!.restart();
      expect(match.runUntil(() => match.members.length === 3, 200)).toBe(true);
      match.run({ ms: 500 });
      expect(rosterOf().map((roster) => roster.view)).toEqual([view + 2, view + 2, view + 2]);
      return view >>> 16;
    });
    expect(groups[0]).not.toBe(groups[1]);
  });

  test('L12: inputs of another group are not taken', () => {
    const { match } = playing({ seed: 33, peers: 3, profile: 'lan' });
    const { session } = match.nodes[0]!;
    let real = new Uint8Array(0);
    tap(session, {
      heard: (from, bytes) => {
        if (from === 2 && bytes[1] === Kind.peerInput) real = bytes.slice();
        return true;
      },
    });
    match.run({ ms: 500 });
    const { log } = session.roster.member(2)!;
    const isTaken = (view: number) => {
      const firstTick = log.through + 1;
      const bytes = encodePeerInput({ ...decodePeerInput(real), view, firstTick, words: [3] });
      session.receive(2, bytes, match.clock.nowMs);
      return log.has(firstTick);
    };
    const { view } = session.roster;
    expect([isTaken(view ^ 0x10000), isTaken(view)]).toEqual([false, true]);
  });

  test('L12: who missed changes is told them, four at once and every 100 ms', () => {
    const { match } = playing({ seed: 34, peers: 3, profile: 'lan' });
    const [one, two] = match.nodes.map(({ session }) => session);
    const told: number[] = [];
    tap(one!, {
      sent: (to, bytes) => {
        if (to === 2 && bytes[1] === Kind.viewCommit) told.push(match.clock.nowMs);
        return true;
      },
    });
    const { roster } = one!;
    for (let i = 0; i < 10; i++) roster.apply({ view: roster.view + 1, drops: [], joins: [] });
    // Each of the others hears it from the first one only.
    tap(two!, { heard: (from) => from !== 3 });
    expect(match.runUntil(() => two!.roster.view === roster.view, 40)).toBe(true);
    match.run({ ms: 500 });
    const times = [...new Set(told)];
    // What overtook the one before it is told again.
    expect(Math.max(...times.map((time) => told.filter((one) => one === time).length))).toBe(4);
    expect(times.length).toBeGreaterThanOrEqual(3);
    for (const [i, time] of times.slice(1).entries()) expect(time - times[i]!).toBeGreaterThanOrEqual(100);
  });

  test('L12: who missed more than is remembered, and is no member, hears that it was evicted', () => {
    const { match } = playing({ seed: 35, peers: 3, profile: 'lan' });
    const { session } = match.nodes[2]!;
    const { nowMs } = match.clock;
    const { view } = session.roster;
    const answers = (from: PeerId) => {
      const input = { view: view & ~0xffff, position: 0, timeMs: 0, echoMs: 0, heldMs: 255, marginTicks: 1, ack: 0 };
      session.receive(from, encodePeerInput({ ...input, firstTick: 0, words: [] }), nowMs);
      return session.drain().flatMap((request) => (request.type === 'send' && request.to === from ? [request] : []));
    };
    session.drain();
    session.linkChanged(77, 'up', nowMs);
    expect(answers(77).map(({ bytes }) => bytes)).toEqual([encodePeerMessage({ type: 'evicted', view })]);
    expect(answers(2).map(({ bytes }) => bytes[1])).not.toContain(Kind.evicted);
  });

  test('L12: a member that hears from another one that it was evicted begins anew', () => {
    const { match } = playing({ seed: 36, peers: 3, profile: 'lan' });
    const { session } = match.nodes[0]!;
    const { view } = session.roster;
    const roleAfter = (from: PeerId, told: number) => {
      session.receive(from, encodePeerMessage({ type: 'evicted', view: told }), match.clock.nowMs);
      return session.role;
    };
    expect(roleAfter(77, view), 'a stranger says so').toBe('member');
    expect(roleAfter(2, view - 1), 'of an older view').toBe('member');
    expect(roleAfter(2, view ^ 0x10000), 'of another group').toBe('member');
    expect(roleAfter(2, view)).toBe('candidate');
  });

  test('L12: a change is taken from members only; who is not in the new view begins anew', () => {
    const { match } = playing({ seed: 37, peers: 3, profile: 'lan' });
    const { session } = match.nodes[0]!;
    const { roster } = session;
    const { view } = roster;
    const hear = (from: PeerId, change: ViewChange) => session.receive(from, commitOf(change), match.clock.nowMs);
    hear(77, { view: view + 1, drops: [], joins: [] });
    expect(roster.view).toBe(view);
    hear(2, { view: view + 1, drops: [], joins: [] });
    expect([roster.view, session.role]).toEqual([view + 1, 'member']);
    const lastTick = roster.member(session.self)!.log.through;
    hear(2, {
      view: view + 2,
      drops: [{ peer: session.self, lastTick, removeTick: lastTick + 9, words: [] }],
      joins: [],
    });
    expect([roster.view, session.role]).toEqual([view + 2, 'candidate']);
  });
});

describe('who goes', () => {
  test('L14: who promises reports what it knows of those to be dropped, and takes no more of them for 1.2 s', () => {
    const { match } = playing({ seed: 38, peers: 3, profile: 'lan' });
    const { session } = match.nodes[0]!;
    const promises: Uint8Array[] = [];
    tap(session, {
      sent: (_to, bytes) => {
        if (bytes[1] === Kind.promise) promises.push(bytes);
        return true;
      },
    });
    match.run({ ms: 8000 });
    const { log } = session.roster.member(3)!;
    const { through } = log;
    const words = log.newest(128);
    expect(words).toHaveLength(128);
    const ballot = 0x10002;
    const prepare = encodeBallot({ type: 'prepare', view: session.roster.view + 1, ballot, drop: [3] });
    session.receive(2, prepare, match.clock.nowMs);
    match.run({ ms: 1150 });
    expect(promises.map(decodeBallot)).toMatchObject([{ ballot, reports: [{ peer: 3, through, words }] }]);
    expect(log.through).toBe(through);
    match.run({ ms: 200 });
    expect(log.through).toBeGreaterThan(through);
    match.run({ ms: 3000 });
    expect(match.agree()).toBe(true);
  });

  test('L16: to be dropped is who said bye, was silent for 2 s or awaited for 2 s', () => {
    const dropped = (bent: Partial<Pick<Peer, 'isLeaving' | 'lastHeardMs' | 'blockedSinceMs'>>) => {
      const roster = new Roster();
      const join = (peer: PeerId) => ({ peer, slot: peer, name: '', token: new Uint8Array(16), firstTick: 1 });
      roster.apply({ view: 0x10001, drops: [], joins: [1, 2].map((peer) => ({ ...join(peer), resumes: false })) });
      const peer = Object.assign(new Peer(2, () => {}, 10_000), bent);
      const circumstances = { self: 1, roster, peers: new Map([[2, peer]]), deadline: false, position: 9, tickMs: 50 };
      return judge({ ...circumstances, isOutlaw: () => false, readmission: new Readmission() }, 10_000).drop;
    };
    expect(dropped({})).toEqual([]);
    expect(dropped({ isLeaving: true })).toEqual([2]);
    expect([dropped({ lastHeardMs: 8001 }), dropped({ lastHeardMs: 8000 })]).toEqual([[], [2]]);
    expect([dropped({ blockedSinceMs: 8001 }), dropped({ blockedSinceMs: 8000 })]).toEqual([[], [2]]);
    expect([0, 1, 2].map(turnAfterMs)).toEqual([0, 500, 1000]);
  });

  test('L16: the lowest proposes, the others 500 ms apart; who finds no majority says so after 1 s, and waits', () => {
    const { match, told } = playing({ seed: 39, peers: 5, profile: 'lan' });
    const [lost, ...others] = [match.nodes[1]!, match.nodes[0]!, ...match.nodes.slice(2)];
    const proposedMs = new Map<PeerId, number>();
    let isAgreed = false;
    for (const { session } of others) {
      tap(session, {
        sent: (_to, bytes) => {
          if (bytes[1] !== Kind.prepare || isAgreed) return true;
          if (!proposedMs.has(session.self)) proposedMs.set(session.self, match.clock.nowMs);
          return false;
        },
      });
    }
    const cutMs = match.clock.nowMs;
    lost.crash();
    match.run({ ms: 3000 });
    const tick = others[0]!.session.confirmedTick;
    match.run({ ms: 3000 });
    expect([...proposedMs.keys()]).toEqual([1, 3, 4, 5]);
    const [first, ...later] = [...proposedMs.values()];
    expect(first! - cutMs).toBeGreaterThan(2000 - CARE_MS);
    expect(first! - cutMs).toBeLessThan(2000 + 2 * CARE_MS);
    for (const [i, ms] of later.entries()) {
      expect(Math.abs(ms - first! - 500 * (i + 1)), `of ${i + 2}`).toBeLessThanOrEqual(2 * CARE_MS);
    }
    const halted = told.filter(({ event }) => event.type === 'halted');
    expect(halted.map(({ node }) => node.number).sort()).toEqual([1, 3, 4, 5]);
    expect(halted[0]!.atMs - first!).toBeGreaterThanOrEqual(1000);
    expect(halted[0]!.atMs - first!).toBeLessThanOrEqual(1000 + 2 * CARE_MS);
    expect(others.map(({ session }) => session.confirmedTick)).toEqual(others.map(() => tick));
    isAgreed = true;
    expect(match.runUntil(() => others.every(({ session }) => session.roster.members.length === 4), 40)).toBe(true);
    match.run({ ms: 1000 });
    expect(others.map(({ session }) => session.halted)).toEqual(['', '', '', '']);
    expect(others[0]!.session.confirmedTick).toBeGreaterThan(tick);
  });
});
