/**
 * What a plan's policies do when nothing is in their way: a match of the same mix on perfect links, on virtual time. A run
 * whose players do less than half of that measured players who stood around.
 */
import type { ActivityRates } from '../metrics/auditor.ts';
import { audit } from '../metrics/auditor.ts';
import type { Plan } from '../metrics/plan.ts';
import { customProfile } from '../netcode/link/profiles.ts';
import { OFFSET_STEP } from '../netcode/snapshot-codec.ts';
import { SILENT } from './progress.ts';
import { playSimulated } from './simulate.ts';

/** Activity per player depends on density and not on numbers, so a small match speaks for a large one. */
const MOST_PLAYERS = 100;
/** Long enough for a few deaths and returns. */
const DURATION_S = 20;

/** Activity per minute of a living player. Takes about two seconds of one core. */
export async function referenceActivity(plan: Plan): Promise<ActivityRates> {
  const reference: Plan = {
    ...plan,
    topology: 'server',
    players: Math.min(plan.players, MOST_PLAYERS),
    durationS: DURATION_S,
    warmupS: 2,
    sampleRatio: 0,
    cheat: null,
    cheaters: 0,
    dedicated: false,
    inject: null,
    simulated: true,
  };
  const signal = new AbortController().signal;
  const profile = customProfile({ id: 'perfect' });
  const { authority, swarms } = await playSimulated({ plan: reference, progress: SILENT, signal, profile });
  const { activity } = audit(authority!, swarms, {
    evidence: 'simulated',
    expectedJoins: reference.players,
    quantisation: OFFSET_STEP,
    headerBytes: 0,
    authorityPlays: false,
    reference: null,
  });
  return { distance: activity.distance, shots: activity.shots, pickups: activity.pickups };
}
