/** What is true where everybody owns its avatar: nobody holds it, so it is put together from what all recorded. */
import { createArena } from '../../game/arena.ts';
import type { AuthorityRecording } from '../../metrics/authority-recorder.ts';
import { mergeTruth } from '../../metrics/mesh/merge-truth.ts';
import type { Plan } from '../../metrics/plan.ts';
import type { SwarmRecording } from '../../metrics/swarm-recorder.ts';
import { matchConfigOf } from './launcher.ts';

export function mergedTruth(plan: Plan, swarms: readonly SwarmRecording[]): AuthorityRecording {
  const { capacity, size: arenaSize } = createArena(matchConfigOf(plan));
  return mergeTruth(swarms, { capacity, arenaSize, tickRateHz: plan.tickRateHz });
}
