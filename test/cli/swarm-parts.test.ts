/** The parts of a swarm that only compute: who is due, and who plays what. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { castBots } from '../../bots/swarm/assign.ts';
import { DueHeap } from '../../bots/swarm/due-heap.ts';

describe('the heap of due times', () => {
  test('always names who is due first, whatever was changed in between', () => {
    const members = 12;
    const change = fc.record({
      member: fc.nat(members - 1),
      dueMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Number.POSITIVE_INFINITY)),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const heap = new DueHeap(members);
        const dues = new Array<number>(members).fill(Number.POSITIVE_INFINITY);
        for (const { member, dueMs } of changes) {
          heap.set(member, dueMs);
          dues[member] = dueMs;
          expect(heap.nextMs).toBe(Math.min(...dues));
          if (heap.nextMs === Number.POSITIVE_INFINITY) expect(heap.next).toBe(-1);
          else expect(dues[heap.next]).toBe(heap.nextMs);
        }
      }),
    );
  });
});

describe('the cast', () => {
  const plan = {
    players: 100,
    seed: 7,
    policies: { wander: 1, hunter: 3 },
    sampleRatio: 0.05,
    cheat: null,
    cheaters: 0,
  };

  test('deals policies by weight, and the same again for the same seed', () => {
    const roles = castBots(plan);
    expect(roles.filter(({ policy }) => policy === 'hunter')).toHaveLength(75);
    expect(roles.filter(({ full }) => full)).toHaveLength(5);
    expect(castBots(plan)).toEqual(roles);
    expect(castBots({ ...plan, seed: 8 })).not.toEqual(roles);
  });

  test('gives each cheater a twin with its policy and its random stream', () => {
    const roles = castBots({ ...plan, cheat: 'speed', cheaters: 5 });
    const cheaters = roles.filter(({ cheat }) => cheat === 'speed');
    expect(cheaters).toHaveLength(5);
    for (const cheater of cheaters) {
      const twin = roles[cheater.twin]!;
      expect(twin).toMatchObject({
        cheat: null,
        twin: cheater.index,
        policy: cheater.policy,
        seed: cheater.seed,
        full: true,
      });
    }
    expect(() => castBots({ ...plan, players: 9, cheat: 'speed', cheaters: 5 })).toThrow(/cheaters 5.*10 of 9/);
  });
});
