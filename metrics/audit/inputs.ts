/** All inputs of all players, gathered from the swarms: per player a run of (tick, due time), in order. */
import type { SwarmRecording } from '../swarm-recorder.ts';

export interface InputLog {
  /** Player p's inputs are at `start[p]` to `start[p + 1] − 1`. */
  start: Int32Array;
  tick: Int32Array;
  dueMs: Float64Array;
  /** Players that have any. */
  players: number;
}

export function gatherInputs(swarms: readonly SwarmRecording[], capacity: number): InputLog {
  const start = new Int32Array(capacity + 1);
  for (const { inputs } of swarms) {
    for (let i = 0; i < inputs.count; i++) start[inputs.columns.player[i]! + 1]!++;
  }
  let players = 0;
  for (let p = 0; p < capacity; p++) {
    if (start[p + 1]! > 0) players++;
    start[p + 1]! += start[p]!;
  }
  const tick = new Int32Array(start[capacity]!);
  const dueMs = new Float64Array(start[capacity]!);
  const next = start.slice(0, capacity);
  for (const { inputs } of swarms) {
    const { columns } = inputs;
    for (let i = 0; i < inputs.count; i++) {
      const at = next[columns.player[i]!]!++;
      tick[at] = columns.tick[i]!;
      dueMs[at] = columns.dueMs[i]!;
    }
  }
  return { start, tick, dueMs, players };
}
