/** The parts of a swarm that are no links: who is due, who plays what, and when garbage is collected. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { castBots } from '../../bots/swarm/assign.ts';
import { DueHeap } from '../../bots/swarm/due-heap.ts';
import { HeldTimer } from '../../bots/swarm/held-timer.ts';
import { ONE_CORE_FLAGS, placementOf } from '../../lab/launch/cores.ts';

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

describe('a timer that is held', () => {
  test('makes its calls when it is run, in order of their times, and says when the next one is due', () => {
    let told = 0;
    const made: string[] = [];
    const timer = new HeldTimer(
      () => 0,
      () => told++,
    );
    timer.callAt(30, () => made.push('late'));
    timer.callAt(10, () => {
      made.push('early');
      timer.callAt(5, () => made.push('overdue'));
    });
    const cancel = timer.callAt(20, () => made.push('never'));
    expect(timer.nextDueMs).toBe(10);
    // Only what is due before all others changes when the bot is due.
    expect(told).toBe(2);
    timer.run(9);
    expect(made).toEqual([]);
    cancel();
    timer.run(25);
    expect(made).toEqual(['early']);
    expect(timer.nextDueMs).toBe(5);
    timer.run(40);
    expect(made).toEqual(['early', 'overdue', 'late']);
    expect(timer.nextDueMs).toBe(Number.POSITIVE_INFINITY);
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

describe('garbage', () => {
  test('is collected while nobody is due, three times a second, in a process that is told that it may', () => {
    const collector = new URL('../../bots/swarm/idle-collector.ts', import.meta.url).href;
    const script = `
      import { PerformanceObserver } from 'node:perf_hooks';
      const { IdleCollector } = await import(${JSON.stringify(collector)});
      let collections = 0;
      new PerformanceObserver((list) => { collections += list.getEntries().length; }).observe({ entryTypes: ['gc'] });
      const idle = new IdleCollector();
      const answers = [0, 100, 299, 300, 400, 700].map((nowMs) => idle.collect(nowMs));
      setTimeout(() => console.log(JSON.stringify({ answers, collections })), 50);`;
    const run = (flags: readonly string[]) => {
      const args = [...flags, '--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      return JSON.parse(stdout) as { answers: boolean[]; collections: number };
    };
    const told = run(ONE_CORE_FLAGS);
    expect(told.answers).toEqual([true, false, false, true, false, true]);
    expect(told.collections).toBeGreaterThanOrEqual(3);
    expect(run([]).answers).toEqual(new Array(6).fill(false));
  });
});

describe('placement', () => {
  const anywhere = { cores: null, flags: [], env: {} };

  test('one player runs wherever the system likes', () => {
    expect(placementOf('hub', 1, true)).toEqual(anywhere);
    expect(placementOf({ worker: 0 }, 1, false)).toEqual(anywhere);
  });

  test('a rendezvous runs anywhere, and a process full of peers on a core of its own, with large pages beside what tunes it already', (context) => {
    const already = process.env['GLIBC_TUNABLES'];
    process.env['GLIBC_TUNABLES'] = 'glibc.malloc.arena_max=4';
    const placement = placementOf({ worker: 1 }, 48, false);
    if (already === undefined) delete process.env['GLIBC_TUNABLES'];
    else process.env['GLIBC_TUNABLES'] = already;
    expect(placementOf('hub', 48, false)).toEqual(anywhere);
    if (placement.cores === null) context.skip('this needs Linux, two cores and taskset');
    expect(placement.env).toEqual({ GLIBC_TUNABLES: 'glibc.malloc.arena_max=4:glibc.malloc.hugetlb=1' });
    expect(placement.flags).toEqual(ONE_CORE_FLAGS);
  });
});
