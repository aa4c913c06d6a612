/** What each player had come to, as its own peer says: per player, a row for each change, by rising tick. */
import type { SwarmRecording } from '../swarm-recorder.ts';

export interface Standing {
  /** From here on, until the next one. */
  tick: number;
  score: number;
  kills: number;
  deaths: number;
  purchaseKey: number;
  coins: number;
}

export function standingsOf(swarms: readonly SwarmRecording[], capacity: number): Standing[][] {
  const byPlayer = Array.from({ length: capacity }, (): Standing[] => []);
  for (const { standings } of swarms) {
    const { player, tick, score, kills, deaths, purchaseKey, coins } = standings.columns;
    for (let i = 0; i < standings.count; i++) {
      byPlayer[player[i]!]!.push({
        tick: tick[i]!,
        score: score[i]!,
        kills: kills[i]!,
        deaths: deaths[i]!,
        purchaseKey: purchaseKey[i]!,
        coins: coins[i]!,
      });
    }
  }
  // A slot that changed hands may have rows in two processes.
  for (const rows of byPlayer) rows.sort((a, b) => a.tick - b.tick);
  return byPlayer;
}

/** The one that holds at a tick; null before the first. */
export function standingAt(rows: readonly Standing[], tick: number): Standing | null {
  return rows.findLast((row) => row.tick <= tick) ?? null;
}
