/** How a peer comes into a lockstep match: from a candidate to an observer to a member. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { profileOf } from '../../netcode/link/profiles.ts';
import { decodeBallot } from '../../netcode/lockstep/ballot.ts';
import { type Circumstances, judge, Readmission } from '../../netcode/lockstep/members.ts';
import { Peer } from '../../netcode/lockstep/peer.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { decodePeerMessage, encodePeerMessage } from '../../netcode/lockstep/peer-messages.ts';
import { Roster } from '../../netcode/lockstep/roster.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { decodeViewChange } from '../../netcode/lockstep/view-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { type PeerId, RENDEZVOUS } from '../../netcode/session.ts';
import { type LockstepNode, SimulatedLockstep } from '../../simulator/lockstep.ts';
import { kindIn, playing, tap } from './lockstep-match.ts';

/** Sessions look after such things so often. */
const CARE_MS = 50;

const idle = { decide: () => ({ buttons: 0, aim: 0 }) };

/** The times between one moment and the next. */
const gaps = (times: readonly number[]) => times.slice(1).map((time, i) => time - times[i]!);

function expectEvery(times: readonly number[], ms: number): void {
  for (const gap of gaps(times)) {
    expect(gap).toBeGreaterThan(ms - 0.01);
    expect(gap).toBeLessThanOrEqual(ms + CARE_MS + 1);
  }
}

/** Somebody who comes late to a match of three, what it sends of a kind, and to whom. */
function latecomer(seed: number, { deaf = () => false }: { deaf?: (kind: number) => boolean }) {
  const { match } = playing({ seed, peers: 3, profile: 'lan' });
  const late = match.add({ name: 'late', ...idle });
  const sent: { kind: number; to: PeerId; atMs: number }[] = [];
  tap(late.session, {
    sent: (to, bytes) => {
      const kind = kindIn(bytes);
      sent.push({ kind, to, atMs: match.clock.nowMs });
      return true;
    },
    heard: (from, bytes) => from === RENDEZVOUS || !deaf(kindIn(bytes)),
  });
  late.join();
  const timesOf = (kind: number, to?: PeerId) =>
    sent.filter((one) => one.kind === kind && (to === undefined || one.to === to)).map(({ atMs }) => atMs);
  return { match, late, sent, timesOf };
}

/** When a session asks whether it may found the match; nobody answers. */
function foundingOf(node: LockstepNode, nowMs: () => number): number[] {
  const times: number[] = [];
  node.session.rendezvous.askFounding = () => times.push(nowMs());
  return times;
}

describe('a candidate', () => {
  test('L21: says hello to all every 500 ms; a welcome counts for 2.5 s', () => {
    let isDeaf = false;
    const { match, late, sent, timesOf } = latecomer(11, {
      deaf: (kind) => isDeaf || kind === Kind.statePart,
    });
    const asked = foundingOf(late, () => match.clock.nowMs);
    match.run({ ms: 1000 });
    sent.length = 0;
    match.run({ ms: 4000 });
    expect(late.session.role).toBe('candidate');
    for (const peer of [1, 2, 3]) {
      expect(timesOf(Kind.hello, peer).length).toBeGreaterThanOrEqual(7);
      expectEvery(timesOf(Kind.hello, peer), 500);
    }
    expect(asked).toEqual([]);
    isDeaf = true;
    const deafMs = match.clock.nowMs;
    match.run({ ms: 6000 });
    expect(asked[0]! - deafMs).toBeGreaterThan(2500 - 500 - 2 * CARE_MS);
    expect(asked[0]! - deafMs).toBeLessThan(2500 + 2 * CARE_MS);
  });

  test('L21: is told when there is no room for it', () => {
    const { match, late } = latecomer(12, {});
    expect(match.runUntil(() => late.session.role === 'member', 200)).toBe(true);
    const tooLate = match.add({ name: 'too late', ...idle });
    tooLate.join();
    expect(match.runUntil(() => tooLate.session.state === 'refused', 200)).toBe(true);
    expect(tooLate.session.refusal).toBe('this match is full: 4 players');
  });

  test('L22: asks one member after the other for the state, while no part of it comes', () => {
    const { match, sent, timesOf } = latecomer(13, { deaf: (kind) => kind === Kind.statePart });
    match.run({ ms: 8000 });
    const members = sent.filter(({ kind }) => kind === Kind.stateRequest).map(({ to }) => to);
    expect(members.slice(0, 4)).toEqual([1, 2, 3, 1]);
    expectEvery(timesOf(Kind.stateRequest), 1500);
  });

  test('L22: asks only those whose view is the newest', () => {
    const { match } = playing({ seed: 14, peers: 3, profile: 'lan' });
    const late = match.add({ name: 'late', ...idle });
    const asked: PeerId[] = [];
    const { receive } = late.session;
    tap(late.session, {
      sent: (to, bytes) => {
        if (kindIn(bytes) !== Kind.stateRequest) return true;
        asked.push(to);
        return false;
      },
    });
    // As if two were ahead of the others.
    late.session.receive = (from, bytes, nowMs) => {
      const message = from === 2 && bytes[1] === Kind.peerWelcome ? decodePeerMessage(bytes) : null;
      const isWelcome = message?.type === 'peerWelcome';
      const told = isWelcome ? encodePeerMessage({ ...message, view: message.view + 1 }) : bytes;
      receive.call(late.session, from, told, nowMs);
    };
    late.join();
    match.run({ ms: 8000 });
    // The first welcome may be another one's.
    expect(asked.length).toBeGreaterThan(3);
    expect(new Set(asked.slice(1))).toEqual(new Set([2]));
  });

  test('L25: alone in the room it asks at once whether it may found the match; else after 1.2 s without a welcome', () => {
    const enteredMs = new Map<number, number>();
    const match = new SimulatedLockstep({
      settings: lockstepSettings(DEFAULT_MATCH),
      seed: 15,
      profile: profileOf('lan'),
      inputRateHz: 10,
      peers: [
        { name: 'first', ...idle },
        { name: 'second', ...idle },
      ],
      joining: 1,
      onEvent: ({ number }, event, nowMs) => event.type === 'entered' && enteredMs.set(number, nowMs),
    });
    const [first, second] = match.nodes.map((node) => foundingOf(node, () => match.clock.nowMs));
    match.run({ ms: 3000 });
    expect(first![0]! - enteredMs.get(1)!).toBeLessThanOrEqual(CARE_MS);
    expect(first!.length).toBeGreaterThan(4);
    expectEvery(first!, 500);
    match.nodes[1]!.join();
    match.run({ ms: 4000 });
    expect(second![0]! - enteredMs.get(2)!).toBeGreaterThanOrEqual(1200);
    expect(second![0]! - enteredMs.get(2)!).toBeLessThanOrEqual(1200 + 2 * CARE_MS);
    expectEvery(second!, 500);
  });
});

describe('an observer', () => {
  test('L21, L24: goes on saying hello, and begins anew when it did not get on for 2.5 s', () => {
    let isDeaf = false;
    const { match, late, sent, timesOf } = latecomer(16, { deaf: (kind) => isDeaf && kind === Kind.peerInput });
    // Who says that it is far behind is not let in.
    const { drain } = late.session;
    late.session.drain = () =>
      drain.call(late.session).map((request) => {
        if (request.type !== 'send' || request.bytes[1] !== Kind.peerInput) return request;
        return { ...request, bytes: encodePeerInput({ ...decodePeerInput(request.bytes), position: 0 }) };
      });
    expect(match.runUntil(() => late.session.role === 'observer', 200)).toBe(true);
    match.run({ ms: 200 });
    sent.length = 0;
    match.run({ ms: 4000 });
    expect(late.session.role).toBe('observer');
    for (const peer of [1, 2, 3]) {
      expect(timesOf(Kind.hello, peer).length).toBeGreaterThanOrEqual(7);
      expectEvery(timesOf(Kind.hello, peer), 500);
    }
    isDeaf = true;
    sent.length = 0;
    const deafMs = match.clock.nowMs;
    match.run({ ms: 3000 });
    const [askedMs] = timesOf(Kind.stateRequest);
    expect(askedMs! - deafMs).toBeGreaterThan(2500 - CARE_MS);
    expect(askedMs! - deafMs).toBeLessThan(2500 + 3 * CARE_MS);
  });

  test('L24: plays from 500 ms and the input delay ahead of who let it in', () => {
    const { match } = playing({ seed: 17, peers: 3, profile: 'wifi' });
    const proposed: number[] = [];
    for (const { session } of match.nodes) {
      tap(session, {
        sent: (_to, bytes) => {
          const message = bytes[1] === Kind.accept ? decodeBallot(bytes) : null;
          if (message?.type === 'accept') {
            const [join] = decodeViewChange(message.value).joins;
            // The newest own input is for the tick before the next one and the delay.
            if (join) proposed.push(join.firstTick - (session.inputTick + 1));
          }
          return true;
        },
      });
    }
    match.add({ name: 'late', ...idle }).join();
    expect(match.runUntil(() => match.members.length === 4, 200)).toBe(true);
    expect(proposed.length).toBeGreaterThan(0);
    expect(new Set(proposed)).toEqual(new Set([500 / 50]));
  });

  test('L24: is let in when it is in the view, is heard, keeps up, and everybody has begun', () => {
    const VIEW = 0x10001;
    const token = new Uint8Array(16);
    const join = (peer: PeerId, firstTick: number) => ({
      peer,
      slot: peer,
      name: '',
      token,
      firstTick,
      resumes: false,
    });
    const mayPlay = (
      bent: Partial<Pick<Peer, 'view' | 'position' | 'hello' | 'isLeaving' | 'link'>>,
      nowMs = 10_000,
      begunTick = 95,
    ) => {
      const roster = new Roster();
      roster.apply({ view: VIEW, drops: [], joins: [join(1, 1), join(2, begunTick)] });
      const peer = new Peer(7, () => {}, 10_000);
      Object.assign(peer, { view: VIEW, position: 100, hello: { name: '', token }, link: 'up', ...bent });
      const circumstances: Circumstances = {
        self: 1,
        roster,
        peers: new Map([[7, peer]]),
        deadline: false,
        isOutlaw: () => false,
        readmission: new Readmission(),
        position: 100,
        tickMs: 50,
      };
      return judge(circumstances, nowMs).join.includes(peer);
    };
    expect(mayPlay({})).toBe(true);
    expect([mayPlay({ view: VIEW - 1 }), mayPlay({ view: VIEW + 1 })], 'its view').toEqual([false, false]);
    expect([mayPlay({}, 10_999), mayPlay({}, 11_000)], 'heard within 1 s').toEqual([true, false]);
    expect([mayPlay({ position: 95 }), mayPlay({ position: 94 })], 'all have begun').toEqual([true, false]);
    const keepsUp = (position: number) => mayPlay({ position }, 10_000, 1);
    expect([keepsUp(92), keepsUp(91.9)], 'within 400 ms').toEqual([true, false]);
    expect([mayPlay({ hello: null }), mayPlay({ isLeaving: true }), mayPlay({ link: 'down' })]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
