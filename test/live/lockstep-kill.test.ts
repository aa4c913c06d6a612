/**
 * Lockstep peers that die without a word: four of them in four processes, one ended by SIGKILL. The others must agree that it is
 * gone and play on, with the same world.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { monotonicMs } from '../../links/timer.ts';
import { encodeSettings, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { until } from './harness.ts';
import type { PeerReport, PeerSettings } from './lockstep-peer-main.ts';
import { LiveRendezvous } from './peer-harness.ts';

const ENTRY = new URL('./lockstep-peer-main.ts', import.meta.url);
const TICK_MS = 50;
const PEERS = 4;
/** From the death of a peer to the others stepping again. */
const RECOVERY_MS = 2500;

class PeerProcess {
  readonly child: ChildProcess;
  last: PeerReport | null = null;
  /** What it holds of each final tick, and when that came. */
  readonly ticks = new Map<number, { checksum: number; atMs: number }>();
  complaints = '';

  constructor(settings: PeerSettings) {
    this.child = fork(ENTRY, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
    });
    this.child.on('message', (report: PeerReport) => {
      this.last = report;
      this.ticks.set(report.tick, { checksum: report.checksum, atMs: report.atMs });
    });
  }

  get tick(): number {
    return this.last?.tick ?? -1;
  }

  /** The longest time without a new final tick from a moment on. */
  longestGapMs(fromMs: number): number {
    const times = [...this.ticks.values()].map(({ atMs }) => atMs).sort((a, b) => a - b);
    let longest = 0;
    for (let i = 1; i < times.length; i++) {
      if (times[i]! > fromMs) longest = Math.max(longest, times[i]! - times[i - 1]!);
    }
    return longest;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

let rendezvous: LiveRendezvous;
let peers: PeerProcess[];

beforeEach(async () => {
  const settings = lockstepSettings({ ...DEFAULT_MATCH, players: PEERS });
  const room = { settings: [...encodeSettings(settings)], maxPeers: PEERS };
  rendezvous = await LiveRendezvous.start({ room });
  peers = Array.from({ length: PEERS }, (_, i) => new PeerProcess({ url: rendezvous.url, name: `peer ${i}` }));
  const states = () => peers.map(({ last, complaints }) => JSON.stringify(last) + complaints).join('\n');
  const isPlaying = ({ last }: PeerProcess) => last !== null && last.player >= 0 && last.members.length === PEERS;
  await until(
    () => `all ${PEERS} play:\n${states()}`,
    () => peers.every(isPlaying),
    40_000,
  );
  await playOn(peers, 20);
}, 60_000);

afterEach(async () => {
  for (const peer of peers) await peer.kill();
  await rendezvous.stop();
});

/** Everybody steps so many further ticks. */
async function playOn(some: readonly PeerProcess[], ticks: number): Promise<void> {
  const goal = Math.max(...some.map(({ tick }) => tick)) + ticks;
  await until(
    () => `tick ${goal} is final for all (${some.map(({ last }) => JSON.stringify(last)).join(', ')})`,
    () => some.every(({ tick }) => tick >= goal),
  );
}

/** Ticks after a moment that all hold, whose checksums must be the same everywhere. */
function expectSameWorlds(some: readonly PeerProcess[], fromMs: number): void {
  const [first, ...others] = some;
  const common = [...first!.ticks].filter(
    ([tick, { atMs }]) => atMs > fromMs && others.every(({ ticks }) => ticks.has(tick)),
  );
  expect(common.length).toBeGreaterThan(30);
  for (const [tick, { checksum }] of common) {
    for (const other of others) expect(other.ticks.get(tick)!.checksum, `checksum of tick ${tick}`).toBe(checksum);
  }
}

/** Survivors played on in time, alike, and know of each other only. */
async function expectRecovery(survivors: readonly PeerProcess[], killedMs: number): Promise<void> {
  await playOn(survivors, 60);
  const ids = survivors.map(({ last }) => last!.self).sort((a, b) => a - b);
  for (const { last } of survivors) expect(last!.members).toEqual(ids);
  for (const survivor of survivors) expect(survivor.longestGapMs(killedMs - TICK_MS)).toBeLessThan(RECOVERY_MS);
  expectSameWorlds(survivors, killedMs);
}

describe('four peers, one ended by SIGKILL', () => {
  const cases: [string, (byId: PeerProcess[]) => PeerProcess][] = [
    ['the one that came last', (byId) => byId.at(-1)!],
    ['the one with the lowest id, which governs', (byId) => byId[0]!],
  ];
  for (const [what, choose] of cases) {
    test(`${what}: the others play on within ${RECOVERY_MS / 1000} s, in the same world`, async () => {
      const byId = [...peers].sort((a, b) => a.last!.self - b.last!.self);
      const victim = choose(byId);
      const killedMs = monotonicMs();
      await victim.kill();
      await expectRecovery(
        peers.filter((peer) => peer !== victim),
        killedMs,
      );
    });
  }
});

describe('four peers whose rendezvous is ended by SIGKILL', () => {
  test('they play on as if nothing were, and drop one of them that dies later without it', async () => {
    const lostMs = monotonicMs();
    await rendezvous.kill();
    await playOn(peers, 80);
    for (const peer of peers) expect(peer.longestGapMs(lostMs)).toBeLessThan(1000);
    expectSameWorlds(peers, lostMs);

    const [victim, ...survivors] = peers;
    const killedMs = monotonicMs();
    await victim!.kill();
    await expectRecovery(survivors, killedMs);
  });
});
