/**
 * Keeps a busy hub and the bots of a live run on cores of their own. A data channel's native threads and its process's
 * main thread take turns at one lock; spread over the same cores as the other side's, they wait for each other across
 * both processes, and the run measures that. On Linux only, by `taskset`; elsewhere the system decides.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Placement } from '../children.ts';

/** Below this, a core is far from full, and a busy machine should be free to move processes about. */
const LEAST_PLAYERS = 2;

let hasTaskset: boolean | undefined;

function canPin(): boolean {
  hasTaskset ??= process.platform === 'linux' && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  return hasTaskset;
}

/**
 * Flags for a process of peers that is kept on one core. Collecting garbage in other threads only takes turns with it
 * there: marking 40 MB held event loops with 24 peers up for 75 to 105 ms, every ten seconds. With room for what is young,
 * states and messages of the last half second are gone before they are taken for old; twice the room would hold loops up
 * for 11 ms each time instead of 8. With room for what is old, a run ends before any of that has to be marked. Node's own
 * code in large pages, where the system has them, is worth 3 to 9 ms of the worst lateness (99th percentile).
 */
export const ONE_CORE_FLAGS = [
  '--single-threaded-gc',
  '--expose-gc',
  '--use-largepages=silent',
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--initial-old-space-size=512',
];

/**
 * Lets what is allocated natively lie in large pages (glibc 2.35 and later; others ignore it). Per link there are
 * connections, timers and callbacks of several libraries, in lists that are walked for every datagram, a hundred times a
 * second, or whenever the loop wakes. With 24 peers of 47 links a fifth of the time went there, most of it waiting for
 * memory: loops come 8 to 13 ms late at worst (99th percentile) instead of 16 to 20.
 */
function largePages(): Record<string, string> {
  const { GLIBC_TUNABLES: already } = process.env;
  return { GLIBC_TUNABLES: `${already ? `${already}:` : ''}glibc.malloc.hugetlb=1` };
}

/** Where the hub, or bot process `worker`, runs, and what it is told. */
export function placementOf(role: 'hub' | { worker: number }, players: number, isHubBusy: boolean): Placement {
  const cores = coresFor(role, players, isHubBusy);
  const isFullOfPeers = cores !== null && !isHubBusy;
  return { cores, flags: isFullOfPeers ? ONE_CORE_FLAGS : [], env: isFullOfPeers ? largePages() : {} };
}

/** The core list for the hub, or for bot process `worker`; null: wherever the system likes. */
function coresFor(role: 'hub' | { worker: number }, players: number, isHubBusy: boolean): string | null {
  const cores = availableParallelism();
  if (players < LEAST_PLAYERS || cores < 2 || !canPin()) return null;
  // A rendezvous has next to nothing to do, and every core is the peers'.
  if (!isHubBusy) return role === 'hub' ? null : String(role.worker % cores);
  return role === 'hub' ? '0' : String(1 + (role.worker % (cores - 1)));
}
