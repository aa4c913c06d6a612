/** The snapshots of each measured viewer, in the order of their arrival, whichever process recorded them. */
import type { SwarmRecording } from '../swarm-recorder.ts';

export interface ViewerLog {
  player: number;
  swarm: SwarmRecording;
  /** Rows of `swarm.snapshots`. */
  snapshots: Int32Array;
}

export function gatherViewers(swarms: readonly SwarmRecording[], capacity: number): ViewerLog[] {
  const viewers: ViewerLog[] = [];
  for (const swarm of swarms) {
    const { count, columns } = swarm.snapshots;
    const start = new Int32Array(capacity + 1);
    for (let i = 0; i < count; i++) start[columns.player[i]! + 1]!++;
    for (let p = 0; p < capacity; p++) start[p + 1]! += start[p]!;
    const rows = new Int32Array(count);
    const next = start.slice();
    for (let i = 0; i < count; i++) rows[next[columns.player[i]!]!++] = i;
    for (let player = 0; player < capacity; player++) {
      const snapshots = rows.subarray(start[player]!, start[player + 1]!);
      if (snapshots.length > 0) viewers.push({ player, swarm, snapshots });
    }
  }
  return viewers.sort((a, b) => a.player - b.player);
}

/** Rows of `swarm.seen` that a snapshot holds: from `firstRow` of it to here. */
export function endOfSeen(swarm: SwarmRecording, snapshot: number): number {
  const { count, columns } = swarm.snapshots;
  return snapshot + 1 < count ? columns.firstRow[snapshot + 1]! : swarm.seen.count;
}
