/**
 * What a plan's policies do when nothing is in their way: a match of the same mix on perfect links, on virtual time. A run
 * whose players do less than half of that measured players who stood around.
 */
import { type ActivityRates, activityOf } from '../metrics/auditor.ts';
import { DEFAULT_DEFENCES, type Plan } from '../metrics/plan.ts';
import { customProfile } from '../netcode/link/profiles.ts';
import { SILENT } from './progress.ts';
import { playSimulated } from './simulate.ts';

/** Activity per player depends on density and not on numbers, so a small match speaks for a large one. */
const MOST_PLAYERS = 100;
/** Long enough for a few deaths and returns. */
const DURATION_S = 20;

/** A mix that does nothing even here is compared with one that plays. */
const PLAYING: Plan['policies'] = { wander: 1, collector: 2, hunter: 2, flock: 1 };

const known = new Map<string, ActivityRates>();

/** Activity per minute of a living player. Takes about two seconds of one core, once per kind of match. */
export async function referenceActivity(plan: Plan): Promise<ActivityRates> {
  const reference: Plan = {
    ...plan,
    topology: 'server',
    players: Math.min(plan.players, MOST_PLAYERS),
    durationS: DURATION_S,
    warmupS: 2,
    network: 'lan',
    snapshotRateHz: plan.tickRateHz,
    sampleRatio: 0,
    cheat: null,
    cheaters: 0,
    defences: DEFAULT_DEFENCES,
    dedicated: false,
    rollback: false,
    maxDelayMs: 300,
    natBlockedRatio: 0,
    workers: null,
    inject: null,
    simulated: true,
  };
  const key = JSON.stringify(reference);
  const rates = known.get(key) ?? (await playReference(reference));
  known.set(key, rates);
  return rates.distance > 0 ? rates : playReference({ ...reference, policies: PLAYING });
}

async function playReference(plan: Plan): Promise<ActivityRates> {
  const signal = new AbortController().signal;
  const profile = customProfile({ id: 'perfect' });
  const { authority } = await playSimulated({ plan, progress: SILENT, signal, profile });
  const { distance, shots, pickups } = activityOf(authority!);
  return { distance, shots, pickups };
}
