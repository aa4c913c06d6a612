/**
 * Outcome conflicts: kills, deaths, coins picked up and purchases that a viewer counts otherwise than the truth. All
 * four only grow, so a viewer's count must lie between that of the truth five seconds earlier (what is newer may still
 * be under way) and that of the snapshot's own tick.
 */
import { COIN_SCORE, KILL_SCORE } from '../../game/constants.ts';
import { EventKind } from '../../game/world.ts';
import type { AuthorityRecording } from '../authority-recorder.ts';
import type { ViewerLog } from './viewers.ts';

const SETTLED_MS = 5000;

export interface Conflicts {
  /** Kills, deaths, pickups and purchases of the measured viewers. */
  outcomes: number;
  conflicts: number;
}

interface Counts {
  kills: number;
  deaths: number;
  score: number;
  purchaseKey: number;
}

export function countConflicts(authority: AuthorityRecording, viewers: readonly ViewerLog[]): Conflicts {
  const { tickRateHz } = authority.meta;
  const total: Conflicts = { outcomes: 0, conflicts: 0 };
  for (const { player, swarm, snapshots } of viewers) {
    const last = snapshots.at(-1)!;
    const { columns } = swarm.snapshots;
    const tick = columns.tick[last]!;
    const least = countsAt(authority, player, tick - Math.round((SETTLED_MS * tickRateHz) / 1000));
    const most = countsAt(authority, player, tick);
    if (!most || !least) continue;
    total.outcomes += most.outcomes;
    for (const name of ['kills', 'deaths', 'score', 'purchaseKey'] as const) {
      const held = columns[name][last]!;
      const off = Math.max(0, least.counts[name] - held, held - most.counts[name]);
      total.conflicts += name === 'score' ? Math.ceil(off / KILL_SCORE) : off;
    }
  }
  return total;
}

/** A player's counts in the truth of a tick; null when it was not in the match when the tape began. */
function countsAt(
  { baselines, outcomes }: AuthorityRecording,
  player: number,
  tick: number,
): { counts: Counts; outcomes: number } | null {
  const base = baselines.columns.player.indexOf(player);
  if (base < 0) return null;
  const { columns } = baselines;
  const counts: Counts = {
    kills: columns.kills[base]!,
    deaths: columns.deaths[base]!,
    score: columns.score[base]!,
    purchaseKey: columns.purchaseKey[base]!,
  };
  let seen = 0;
  const { kind, a, b, amount } = outcomes.columns;
  for (let i = 0; i < outcomes.count && outcomes.columns.tick[i]! <= tick; i++) {
    if (a[i] !== player && (kind[i] !== EventKind.kill || b[i] !== player)) continue;
    seen++;
    if (kind[i] === EventKind.pickup) counts.score += amount[i]! * COIN_SCORE;
    else if (kind[i] === EventKind.purchase) counts.purchaseKey = b[i]!;
    else if (a[i] === player) counts.deaths++;
    else {
      counts.kills++;
      counts.score += KILL_SCORE;
    }
  }
  return { counts, outcomes: seen };
}
