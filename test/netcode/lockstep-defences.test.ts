import { expect, test } from 'vitest';
import { BUTTON_MASK } from '../../game/input.ts';
import { nodeSigning } from '../../links/signing-node.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { decodePeerMessage, encodePeerMessage } from '../../netcode/lockstep/peer-messages.ts';
import { chainNext, chainStart, signedText } from '../../netcode/lockstep/signed-heads.ts';
import { decodeMessage, encodeMessage } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import { type PeerId, RENDEZVOUS } from '../../netcode/session.ts';
import type { LockstepNode } from '../../simulator/lockstep.ts';
import { playing, type Told, withMembers } from './lockstep-match.ts';

const kinds = (told: readonly Told[], type: string) => told.filter(({ event }) => event.type === type);
const honest = (nodes: readonly LockstepNode[]) => nodes.slice(1);

test('L28: a peer that goes silent for a second is dropped by the deadline, its avatar stands, and it comes back to it', () => {
  const { match, told } = playing({ seed: 1, peers: 4, profile: 'wifi', defences: { deadline: true } });
  const silent = match.nodes[3]!;
  const { player } = silent.session;
  match.split([[], [silent]]);
  match.run({ ms: 1000 });
  match.heal();
  match.run({ ms: 150 });
  for (const { session } of match.nodes.slice(0, 3)) {
    expect(session.roster.member(silent.session.self)).toBeUndefined();
    expect(session.roster.seatAt(player, session.confirmedTick)?.peer).toBe(silent.session.self);
    expect(session.confirmedWorld!.players.status[player]).not.toBe(0);
  }
  // Nobody waited for it for longer than the deadline and the view change took.
  const longest = Math.max(...kinds(told, 'stalled').map(({ event }) => (event as { waitedMs: number }).waitedMs));
  expect(longest).toBeLessThan(900);
  expect(match.runUntil(() => match.members.length === 4 && silent.session.player === player, 200)).toBe(true);
  match.run({ ms: 1000 });
  expect(match.agree()).toBe(true);
});

test('L28: without the deadline the same silence is waited for', () => {
  const { match, told } = playing({ seed: 1, peers: 4, profile: 'wifi' });
  match.split([[], [match.nodes[3]!]]);
  match.run({ ms: 1000 });
  match.heal();
  match.run({ ms: 2000 });
  expect(kinds(told, 'viewChanged')).toEqual([]);
  expect(match.members).toHaveLength(4);
});

for (const profile of ['wifi', 'mobile'] as const) {
  for (const rollback of [false, true]) {
    test(`L28: no honest peer is dropped by the deadline on ${profile}${rollback ? ' with rollback' : ''} in five minutes`, () => {
      const { match, told } = playing({ seed: 2, peers: 5, profile, rollback, defences: { deadline: true } });
      const before = match.nodes[0]!.session.confirmedTick;
      match.run({ ms: 300_000 });
      expect(kinds(told, 'left')).toEqual([]);
      expect(match.nodes[0]!.session.confirmedTick - before).toBeGreaterThan(5700);
      expect(match.agree()).toBe(true);
    }, 120_000);
  }
}

test('L29: with commit–reveal no input is shown before everybody is bound to its own', () => {
  const bound = new Map<PeerId, number>();
  let shown = 0;
  let tooEarly = 0;
  const watch = (session: LockstepSession) =>
    withMembers(session, {
      receive(from, bytes, nowMs) {
        session.receive(from, bytes, nowMs);
        if (from === RENDEZVOUS || bytes[1] !== Kind.peerInput || session.state !== 'playing') return;
        const { sealed, words, firstTick } = decodePeerInput(bytes);
        if (sealed && sealed.commitments.length > 0) {
          const through = sealed.firstTick + sealed.commitments.length - 1;
          bound.set(from, Math.max(bound.get(from) ?? 0, through));
        }
        shown += words.length;
        // Ours is bound once it was taken.
        if (words.length > 0 && firstTick + words.length - 1 > session.inputTick) tooEarly++;
      },
    });
  const { match } = playing({
    seed: 3,
    peers: 4,
    profile: 'wifi',
    defences: { commitReveal: true },
    cheat: watch,
  });
  match.run({ ms: 20_000 });
  expect(match.agree()).toBe(true);
  expect(shown).toBeGreaterThan(1000);
  expect(bound.size).toBe(3);
  expect(tooEarly).toBe(0);
  for (const { session } of match.nodes) {
    expect(session.counters.brokenCommitments).toBe(0);
    expect(session.counters.conflicts).toBe(0);
  }
});

test('L29: without it inputs are seen while the own one could still be chosen', () => {
  let early = 0;
  const watch = (session: LockstepSession) =>
    withMembers(session, {
      receive(from, bytes, nowMs) {
        session.receive(from, bytes, nowMs);
        if (from === RENDEZVOUS || bytes[1] !== Kind.peerInput || session.state !== 'playing') return;
        const { words, firstTick } = decodePeerInput(bytes);
        if (words.length > 0 && firstTick + words.length - 1 > session.inputTick) early++;
      },
    });
  const { match } = playing({ seed: 3, peers: 4, profile: 'wifi', cheat: watch });
  match.run({ ms: 20_000 });
  expect(early).toBeGreaterThan(0);
});

test('L29: an input that is not what its peer was bound to is not taken, and counted', () => {
  let isLying = false;
  const undo = (session: LockstepSession) =>
    withMembers(session, {
      drain: () =>
        session.drain().map((request) => {
          if (!isLying || request.type !== 'send' || request.bytes[1] !== Kind.peerInput) return request;
          const message = decodePeerInput(request.bytes);
          return { ...request, bytes: encodePeerInput({ ...message, words: message.words.map((word) => word ^ 1) }) };
        }),
    });
  const { match, told } = playing({
    seed: 4,
    peers: 4,
    profile: 'good',
    defences: { commitReveal: true },
    cheat: undo,
  });
  isLying = true;
  match.run({ ms: 1500 });
  for (const { session } of honest(match.nodes)) expect(session.counters.brokenCommitments).toBeGreaterThan(0);
  // Nobody can use such an input, so it is waited for, and its peer dropped.
  expect(match.runUntil(() => kinds(told, 'left').some(({ node }) => node.number > 1), 200)).toBe(true);
  for (const { event } of kinds(told, 'left')) expect(event).toMatchObject({ peer: match.nodes[0]!.session.self });
  isLying = false;
  expect(match.runUntil(() => match.members.length === 4, 400)).toBe(true);
  match.run({ ms: 2000 });
  expect(match.agree()).toBe(true);
});

test('L29: commit–reveal lives through a crash, a return and a late join', () => {
  const { match } = playing({ seed: 5, peers: 4, profile: 'wifi', defences: { commitReveal: true } });
  const lost = match.nodes[2]!;
  lost.crash();
  expect(match.runUntil(() => match.members.every(({ session }) => session.roster.members.length === 3), 200)).toBe(
    true,
  );
  match.run({ ms: 1000 });
  lost.restart();
  expect(match.runUntil(() => match.members.length === 4, 400)).toBe(true);
  match.run({ ms: 3000 });
  expect(match.agree()).toBe(true);
  for (const { session } of match.nodes) expect(session.counters.brokenCommitments).toBe(0);
});

/** The cheat: from a moment on, peers with an odd id hear the inputs mirrored. `signs`: it signs both stories. */
function twoFaced(signs: boolean, isLying: () => boolean) {
  return (session: LockstepSession): LockstepSession => {
    const liedTo = (to: PeerId) => to !== RENDEZVOUS && to % 2 === 1;
    const stories = new Map<number, number>();
    const storyOf = (tick: number, word: number) => {
      if (!stories.has(tick)) stories.set(tick, isLying() ? word ^ (3 & BUTTON_MASK) : word);
      return stories.get(tick)!;
    };
    let digest: Uint8Array | null = null;
    let through = -1;
    const otherHead = (inner: Uint8Array): Uint8Array => {
      const message = decodePeerMessage(inner);
      if (message.type !== 'heads') return inner;
      const { firstTick, tick, known } = message;
      const group = session.roster.view >>> 16;
      const { crypto } = session.options;
      if (!digest) {
        digest = chainStart(group, session.self, firstTick);
        through = firstTick - 1;
      }
      const { log } = session.roster.member(session.self)!;
      while (through < tick) {
        through++;
        digest = chainNext(digest, through, stories.get(through) ?? log.word(through));
      }
      const unsigned = { peer: session.self, firstTick, tick, digest };
      const signature = crypto!.sign(signedText(group, unsigned));
      return encodePeerMessage({ type: 'heads', firstTick, tick, digest, signature, known });
    };
    /** A resent message must say the same again. */
    const bent = new Map<string, Uint8Array>();
    return withMembers(session, {
      drain: () =>
        session.drain().map((request) => {
          if (request.type !== 'send' || !liedTo(request.to)) return request;
          if (request.bytes[1] === Kind.peerInput) {
            const message = decodePeerInput(request.bytes);
            const words = message.words.map((word, i) => storyOf(message.firstTick + i, word));
            return { ...request, bytes: encodePeerInput({ ...message, words }) };
          }
          if (!signs || request.bytes[1] !== Kind.reliable) return request;
          const message = decodeMessage(request.bytes);
          if (message.type !== 'reliable' || message.inner[1] !== Kind.heads) return request;
          const name = request.bytes.join();
          if (!bent.has(name)) bent.set(name, encodeMessage({ ...message, inner: otherHead(message.inner) }));
          return { ...request, bytes: bent.get(name)! };
        }),
    });
  };
}

for (const signs of [true, false]) {
  test(`L30: who tells half of the peers another story${signs ? ' and signs both' : ''} is found out and dropped for good`, () => {
    let isLying = false;
    const { match, told } = playing({
      seed: 6,
      peers: 6,
      profile: 'wifi',
      defences: { signedHeads: true },
      cheat: twoFaced(signs, () => isLying),
    });
    const cheater = match.nodes[0]!.session.self;
    const others = honest(match.nodes);
    isLying = true;
    const isOut = () => others.every(({ session }) => !session.roster.member(cheater) && session.role === 'member');
    expect(match.runUntil(isOut, 200)).toBe(true);
    match.run({ ms: 8000 });
    const accusations = kinds(told, 'equivocation').filter(({ node }) => node.number !== 1);
    expect(accusations.length).toBeGreaterThan(0);
    for (const { event } of accusations) expect(event).toMatchObject({ peer: cheater });
    if (signs) {
      const proven = accusations.filter(({ event }) => event.type === 'equivocation' && event.isProven);
      expect(new Set(proven.map(({ node }) => node.number)).size).toBe(5);
    }
    // It is gone, nobody else is, and the two halves have one world again.
    expect(isOut()).toBe(true);
    for (const { session } of others) expect(session.roster.members).toHaveLength(5);
    const tick = Math.min(...others.map(({ session }) => session.confirmedTick));
    expect(new Set(others.map(({ session }) => session.checksumAt(tick))).size).toBe(1);
    expect(match.nodes[0]!.session.refusal).toContain('different stories');
  });
}

test('L30: in twenty matches on wifi and mobile nobody is blamed who did nothing', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const profile = seed % 2 === 0 ? 'wifi' : 'mobile';
    const { match, told } = playing({
      seed,
      peers: 4,
      profile,
      rollback: seed % 4 < 2,
      defences: { signedHeads: true },
    });
    const lost = match.nodes[seed % 4]!;
    match.run({ ms: 5000 });
    lost.crash();
    match.run({ ms: 5000 });
    lost.restart();
    match.run({ ms: 10_000 });
    expect(kinds(told, 'equivocation')).toEqual([]);
    for (const { session } of match.nodes) {
      expect(session.counters.brokenHeads, `seed ${seed}`).toBe(0);
      expect(session.role).toBe('member');
    }
  }
}, 120_000);

test('L30: where inputs are signed, a program without a key stays outside, and says why', () => {
  const { match } = playing({ seed: 9, peers: 2, profile: 'lan', defences: { signedHeads: true } });
  const keyless = match.add({
    name: 'keyless',
    decide: () => ({ buttons: 0, aim: 0 }),
    wrapSession: ({ options: { crypto: _, ...options } }) => new LockstepSession(options, match.clock.nowMs),
  });
  keyless.join();
  expect(match.runUntil(() => keyless.session.state === 'refused', 100)).toBe(true);
  expect(keyless.session.refusal).toMatch(/signs its inputs/);
  expect(match.members).toHaveLength(2);
});

test('L30: real keys do what those of the simulator do', () => {
  const { match, told } = playing({
    seed: 10,
    peers: 3,
    profile: 'good',
    defences: { signedHeads: true },
    keys: (number) => nodeSigning(new Uint8Array(32).fill(number)),
  });
  match.run({ ms: 8000 });
  expect(kinds(told, 'equivocation')).toEqual([]);
  for (const { session } of match.nodes) {
    expect(session.roster.members.every(({ key }) => key?.length === 32)).toBe(true);
    expect(session.counters.brokenHeads).toBe(0);
  }
});
