/** What a plan says to peers that simulate together: it travels with the room they meet in. */
import type { Plan } from '../metrics/plan.ts';
import { type LockstepSettings, lockstepSettings } from '../netcode/lockstep/settings.ts';
import { matchConfigOf } from './launch/launcher.ts';

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
