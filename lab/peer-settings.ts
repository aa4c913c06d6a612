/** What a plan says to peers, of one kind or the other: it travels with the room they meet in. */
import type { Plan } from '../metrics/plan.ts';
import { type LockstepSettings, lockstepSettings } from '../netcode/lockstep/settings.ts';
import { MESH_DEFENCES, type MeshDefences, type MeshSettings, meshSettings } from '../netcode/mesh/settings.ts';
import { matchConfigOf } from './launch/launcher.ts';

export function meshSettingsOf(plan: Plan): MeshSettings {
  const { snapshotRateHz, send, defences: all } = plan;
  const defences = Object.fromEntries(MESH_DEFENCES.map((name) => [name, all[name]])) as MeshDefences;
  return meshSettings(matchConfigOf(plan), { sendRateHz: snapshotRateHz, send, defences });
}

export function peerSettingsOf(plan: Plan): LockstepSettings {
  const { rollback, maxDelayMs, tickRateHz } = plan;
  const { commitReveal, deadline, signedHeads } = plan.defences;
  return lockstepSettings(matchConfigOf(plan), {
    rollback,
    // Without rollback nobody gets by with less than a tick.
    maxDelayTicks: Math.max(1, Math.ceil((maxDelayMs * tickRateHz) / 1000)),
    defences: { commitReveal, deadline, signedHeads },
  });
}
