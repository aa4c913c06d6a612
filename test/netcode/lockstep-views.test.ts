import { expect, test } from 'vitest';
import { Acceptor, type BallotMessage, decodeBallot, encodeBallot } from '../../netcode/lockstep/ballot.ts';
import { ViewChanger } from '../../netcode/lockstep/view-changer.ts';
import { type PeerId, RENDEZVOUS } from '../../netcode/session.ts';

const none = () => [];
const value = (byte: number) => Uint8Array.of(byte);
const prepare = (ballot: number, view = 2): BallotMessage => ({ type: 'prepare', view, ballot, drop: [] });
const accept = (ballot: number, byte: number, view = 2): BallotMessage => {
  return { type: 'accept', view, ballot, value: value(byte) };
};

test('L13: an acceptor promises the highest ballot, and answers a lower one by naming it', () => {
  const acceptor = new Acceptor();
  expect(acceptor.answer(prepare(5), none)).toMatchObject({ type: 'promise', ballot: 5, accepted: null });
  expect(acceptor.answer(prepare(4), none)).toEqual({ type: 'outbid', view: 2, ballot: 5 });
  expect(acceptor.answer(accept(4, 1), none)).toEqual({ type: 'outbid', view: 2, ballot: 5 });
  expect(acceptor.answer(accept(5, 1), none)).toEqual({ type: 'accepted', view: 2, ballot: 5 });
});

test('L15: whoever asks later is told what was accepted before', () => {
  const acceptor = new Acceptor();
  acceptor.answer(accept(5, 1), none);
  expect(acceptor.answer(prepare(9), none)).toMatchObject({ accepted: { ballot: 5, value: value(1) } });
  acceptor.answer(accept(9, 2), none);
  expect(acceptor.answer(prepare(12), none)).toMatchObject({ accepted: { ballot: 9, value: value(2) } });
  expect(acceptor.answer(prepare(1, 3), none), 'another view is another matter').toMatchObject({ accepted: null });
});

test('L13: an acceptor reports on those who are to be dropped, and forgets views long past', () => {
  const acceptor = new Acceptor();
  const report = (drop: readonly PeerId[]) => drop.map((peer) => ({ peer, through: 7, words: [1] }));
  const promise = acceptor.answer({ type: 'prepare', view: 2, ballot: 1, drop: [4] }, report);
  expect(promise).toMatchObject({ reports: [{ peer: 4, through: 7, words: [1] }] });
  acceptor.answer(prepare(1, 40), none);
  expect(acceptor.answer(prepare(2, 2), none)).toBeNull();
  expect(decodeBallot(acceptor.handle(encodeBallot(prepare(9, 41)))!)).toMatchObject({ type: 'promise', reports: [] });
});

interface Sent {
  from: PeerId;
  to: PeerId;
  bytes: Uint8Array;
}

/** Members who agree over a network that delivers when it is told to. */
class Assembly {
  readonly members: PeerId[];
  readonly changers = new Map<PeerId, ViewChanger>();
  readonly decided = new Map<PeerId, number>();
  readonly dead = new Set<PeerId>();
  readonly rendezvous = new Acceptor();
  sent: Sent[] = [];
  nowMs = 0;

  constructor(members: PeerId[]) {
    this.members = members;
    for (const self of members) this.changers.set(self, this.#changer(self));
  }

  #changer(self: PeerId): ViewChanger {
    return new ViewChanger({
      view: () => 1,
      self: () => self,
      members: () => this.members,
      send: (to, bytes) => this.sent.push({ from: self, to, bytes }),
      freeze: (drop) => drop.map((peer) => ({ peer, through: 10 * self, words: [] })),
      // What is proposed says who did, and on how many reports.
      compose: (_drop, reports) => Uint8Array.of(self, reports.length),
      decide: (bytes) => {
        this.decided.set(self, bytes[0]!);
        this.changers.get(self)!.viewChanged();
      },
    });
  }

  propose(peer: PeerId, drop: PeerId[] = []): void {
    this.changers.get(peer)!.propose(drop, this.nowMs);
  }

  /** Delivers what is under way, and what that brings about, as far as `may` lets it. */
  deliver(may: (sent: Sent) => boolean = () => true): void {
    while (this.sent.length > 0) {
      const { from, to, bytes } = this.sent.shift()!;
      if (this.dead.has(from) || this.dead.has(to) || !may({ from, to, bytes })) continue;
      if (to === RENDEZVOUS) {
        const answer = this.rendezvous.handle(bytes);
        if (answer) this.sent.push({ from: RENDEZVOUS, to: from, bytes: answer });
      } else {
        this.changers.get(to)?.receive(from, bytes, this.nowMs);
      }
    }
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const [peer, changer] of this.changers) if (!this.dead.has(peer)) changer.advance(this.nowMs);
  }
}

const isKind = ({ bytes }: Sent, type: BallotMessage['type']) => decodeBallot(bytes).type === type;

test('L13: a proposer with a majority decides; lost datagrams are asked for again', () => {
  const assembly = new Assembly([1, 2, 3]);
  assembly.propose(1);
  assembly.deliver(() => false);
  expect(assembly.decided.size).toBe(0);
  assembly.pass(120);
  assembly.deliver();
  expect([...assembly.decided]).toEqual([[1, 1]]);
});

test('L13: two proposers at once bring about one change', () => {
  const assembly = new Assembly([1, 2, 3, 4, 5]);
  assembly.propose(1);
  assembly.propose(2);
  for (let i = 0; i < 40; i++) {
    assembly.deliver();
    assembly.pass(50);
    for (const peer of [1, 2]) if (!assembly.decided.has(peer)) assembly.propose(peer);
  }
  expect(assembly.decided.size).toBeGreaterThan(0);
  expect(new Set(assembly.decided.values()).size).toBe(1);
});

test('L15: a proposer dies between accept and commit: the next one decides the same', () => {
  const assembly = new Assembly([1, 2, 3, 4, 5]);
  assembly.propose(1);
  // A majority accepts, and the votes reach nobody.
  assembly.deliver((sent) => !isKind(sent, 'accepted'));
  expect(assembly.decided.size).toBe(0);
  assembly.dead.add(1);
  assembly.pass(1000);
  assembly.propose(2, [1]);
  for (let i = 0; i < 20; i++) {
    assembly.deliver();
    assembly.pass(120);
    if (!assembly.decided.has(2)) assembly.propose(2, [1]);
  }
  expect(assembly.decided.get(2), 'not what it would have proposed itself').toBe(1);
});

test('L13: an old ballot that was long under way changes nothing', () => {
  const assembly = new Assembly([1, 2, 3]);
  assembly.propose(1);
  const old = assembly.sent.splice(0);
  assembly.pass(1000);
  assembly.sent.length = 0;
  // Two has a higher ballot, and wins.
  assembly.propose(2);
  assembly.deliver(({ from, to }) => from !== 1 && to !== 1);
  expect(assembly.decided.get(2)).toBe(2);
  assembly.sent.push(...old);
  assembly.deliver(({ from, to }) => from !== 2 && to !== 2);
  expect([...new Set(assembly.decided.values())]).toEqual([2]);
});

test('L13: of two equal halves the one that reaches the rendezvous goes on, the other says that it waits', () => {
  const assembly = new Assembly([1, 2, 3, 4]);
  const half = (peer: PeerId) => (peer === 3 || peer === 4 ? 'far' : 'near');
  assembly.propose(1, [3, 4]);
  assembly.propose(3, [1, 2]);
  for (let i = 0; i < 10; i++) {
    assembly.deliver(({ from, to }) => half(from) === half(to));
    assembly.pass(120);
  }
  expect([...assembly.decided]).toEqual([[1, 1]]);
  expect(assembly.changers.get(3)!.lonely(assembly.nowMs)).toEqual({ heard: 2, of: 4 });
  expect(assembly.changers.get(1)!.lonely(assembly.nowMs)).toBeNull();
});

test('L13: who is no acceptor has no vote, and bytes that are no ballot are refused', () => {
  const assembly = new Assembly([1, 2, 3]);
  const changer = assembly.changers.get(1)!;
  assembly.propose(1);
  const { ballot } = decodeBallot(assembly.sent[0]!.bytes);
  const promise = encodeBallot({ type: 'promise', view: 2, ballot, accepted: null, reports: [] });
  changer.receive(9, promise, 0);
  changer.receive(RENDEZVOUS, promise, 0);
  expect(assembly.sent.some((sent) => isKind(sent, 'accept'))).toBe(false);
  changer.receive(2, promise, 0);
  expect(assembly.sent.some((sent) => isKind(sent, 'accept'))).toBe(true);
  expect(() => changer.receive(2, Uint8Array.of(1, 41, 0), 0)).toThrow(/too early/);
});
