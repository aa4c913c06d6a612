/**
 * Lockstep peers that die without a word: each has a process of its own, and one after another is ended by SIGKILL. The
 * others must agree that it is gone and play on, with the same world.
 */
import { afterEach, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { monotonicMs } from '../../links/timer.ts';
import { encodeSettings, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { until } from './harness.ts';
import type { LockstepReport } from './lockstep-peer-main.ts';
import { LiveRendezvous } from './peer-harness.ts';
import { PeerProcess } from './peer-process.ts';
import { type Span, StallWatch, withoutStalls } from './stalls.ts';

const ENTRY = new URL('./lockstep-peer-main.ts', import.meta.url);
const TICK_MS = 50;
/** From the death of a peer to the others stepping again, as far as the machine lets them run; then they play on. */
const RECOVERY = { withinMs: 2500, ticks: 30 };
/** A rendezvous is missed after three seconds: nobody stands still then for as long as makes others suspect it. */
const UNNOTICED = { withinMs: 1000, ticks: 80 };

class LockstepProcess extends PeerProcess<LockstepReport> {
  /** What it holds of each final tick, and when that came. */
  readonly ticks = new Map<number, { checksum: number; atMs: number }>();

  protected override heard({ tick, checksum, atMs }: LockstepReport): void {
    this.ticks.set(tick, { checksum, atMs });
  }

  get tick(): number {
    return this.last?.tick ?? -1;
  }

  /** The times without a new final tick from a moment on. */
  gaps(fromMs: number): Span[] {
    const times = [...this.ticks.values()].map(({ atMs }) => atMs).sort((a, b) => a - b);
    const gaps = times.slice(1).map((untilMs, i) => ({ fromMs: times[i]!, untilMs }));
    return gaps.filter(({ untilMs }) => untilMs > fromMs);
  }
}

let rendezvous: LiveRendezvous;
let peers: LockstepProcess[] = [];

/** Peers that play, each linked directly to each: no death takes a relay away from others. Lowest number first. */
async function start(count: number): Promise<LockstepProcess[]> {
  const settings = lockstepSettings({ ...DEFAULT_MATCH, players: count });
  const room = { settings: [...encodeSettings(settings)], maxPeers: count };
  rendezvous = await LiveRendezvous.start({ room });
  peers = Array.from(
    { length: count },
    (_, i) => new LockstepProcess(ENTRY, { url: rendezvous.url, name: `peer ${i}` }),
  );
  const states = () => peers.map((peer) => peer.describe()).join('\n');
  const isPlaying = ({ last }: LockstepProcess) =>
    last !== null && last.player >= 0 && last.members.length === count && last.direct === count - 1;
  await until(
    () => `all ${count} play, linked directly:\n${states()}`,
    () => peers.every(isPlaying),
    40_000,
  );
  await playOn(peers, 10);
  return [...peers].sort((a, b) => a.self - b.self);
}

afterEach(async () => {
  for (const peer of peers) await peer.kill();
  await rendezvous.stop();
});

/** Everybody steps so many further ticks. */
async function playOn(some: readonly LockstepProcess[], ticks: number): Promise<void> {
  const goal = Math.max(...some.map(({ tick }) => tick)) + ticks;
  await until(
    () => `tick ${goal} is final for all (${some.map((peer) => peer.describe()).join(', ')})`,
    () => some.every(({ tick }) => tick >= goal),
  );
}

/** Ticks after a moment that all hold, whose checksums must be the same everywhere. */
function expectSameWorlds(some: readonly LockstepProcess[], fromMs: number): void {
  const [first, ...others] = some;
  const common = [...first!.ticks].filter(
    ([tick, { atMs }]) => atMs > fromMs && others.every(({ ticks }) => ticks.has(tick)),
  );
  expect(common.length).toBeGreaterThan(10);
  for (const [tick, { checksum }] of common) {
    for (const other of others) expect(other.ticks.get(tick)!.checksum, `checksum of tick ${tick}`).toBe(checksum);
  }
}

/** Something is killed: the others play on alike, know of each other only, and stand still for no longer than a limit. */
async function playOnWithout(
  victim: { kill(): Promise<void> },
  others: readonly LockstepProcess[],
  { withinMs, ticks }: { withinMs: number; ticks: number },
): Promise<void> {
  const watch = new StallWatch();
  const killedMs = monotonicMs();
  await victim.kill();
  await playOn(others, ticks);
  watch.stop();
  const ids = others.map(({ self }) => self).sort((a, b) => a - b);
  for (const { last } of others) expect(last!.members).toEqual(ids);
  // Each of them waits for all: whoever could not run has kept everybody waiting.
  const stalls = [...watch.take(), ...others.flatMap((other) => other.stalls)];
  for (const other of others) {
    const gapsMs = other.gaps(killedMs - TICK_MS).map((gap) => withoutStalls(gap, stalls));
    expect(Math.max(...gapsMs)).toBeLessThan(withinMs);
  }
  expectSameWorlds(others, killedMs);
}

test('of five peers the last dies, then the one that governs: the others play on in the same world', async () => {
  const [governor, second, third, fourth, last] = await start(5);
  const left = [second!, third!, fourth!];
  await playOnWithout(last!, [governor!, ...left], RECOVERY);
  await playOnWithout(governor!, left, RECOVERY);
});

test('four peers play on without their rendezvous as if nothing were, and drop one of them that dies later', async () => {
  const all = await start(4);
  const views = all.map(({ last }) => last!.viewChanges);
  await playOnWithout(rendezvous, all, UNNOTICED);
  expect(all.map(({ last }) => last!.viewChanges)).toEqual(views);
  const [victim, ...survivors] = all;
  await playOnWithout(victim!, survivors, RECOVERY);
});
