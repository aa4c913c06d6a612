/** A plan on virtual time, in this process: the same cast, the same sessions, the same recorders as a live run. */

import { castBots } from '../bots/swarm/assign.ts';
import { decodeAuthority } from '../metrics/authority-recorder.ts';
import { MARGIN_MS } from '../metrics/measuring-window.ts';
import type { Plan } from '../metrics/plan.ts';
import { decodeRendezvous } from '../metrics/rendezvous-recorder.ts';
import { decodeSwarm } from '../metrics/swarm-recorder.ts';
import { type LinkProfile, profileOf } from '../netcode/link/profiles.ts';
import type { LiveResult } from './launch/live.ts';
import { mergedTruth } from './launch/merged-truth.ts';
import type { Progress } from './progress.ts';
import { setStage } from './simulated-stage.ts';

export interface SimulateOptions {
  plan: Plan;
  progress: Progress;
  signal: AbortSignal;
  /** Instead of the plan's network. */
  profile?: LinkProfile;
}

/** Everybody has joined or failed within this time, or is counted as failed. */
const JOIN_LIMIT_S = 25;
/** Planted delay, each way: +100 ms of round trip on one link. */
const PLANTED_DELAY_MS = 50;

/** Plays a plan on virtual time. */
export async function playSimulated(options: SimulateOptions): Promise<LiveResult> {
  const { plan, progress, signal } = options;
  const roles = castBots(plan);
  const stage = setStage(plan, roles, options.profile ?? profileOf(plan.network));
  const { match } = stage;
  progress.stage(`Simulating ${plan.players} players`);
  match.runUntil(() => match.isSettled, JOIN_LIMIT_S * plan.tickRateHz);
  if (plan.inject === 'delay-link')
    match.delayLink(roles.find((role) => role.full && role.index > 0)?.index ?? 0, PLANTED_DELAY_MS);
  const seated = match.slots;
  const fromMs = match.clock.nowMs + plan.warmupS * 1000;
  let window: LiveResult['window'] = { fromMs, untilMs: fromMs + plan.durationS * 1000 };
  const measure = (untilMs: number) => {
    window = { fromMs, untilMs };
    stage.measure(fromMs, untilMs);
  };
  measure(fromMs + plan.durationS * 1000);
  const endMs = window.untilMs + MARGIN_MS;
  while (match.clock.nowMs < endMs && !signal.aborted) {
    match.run({ ms: Math.min(500, endMs - match.clock.nowMs) });
    progress.note(`${Math.round(match.clock.nowMs / 1000)} of ${Math.round(endMs / 1000)} s of match time`);
    // Signals are heard between two turns.
    await new Promise((resolve) => setImmediate(resolve));
  }
  progress.finish();
  const interrupted = signal.aborted ? 'stopped by the user' : null;
  if (interrupted !== null && match.clock.nowMs <= fromMs) window = null;
  else if (match.clock.nowMs < window.untilMs) measure(match.clock.nowMs);
  const { rendezvous } = stage;
  const swarms = [decodeSwarm(stage.players.finish())];
  return {
    authority: stage.truth ? decodeAuthority(stage.truth.finish()) : mergedTruth(plan, swarms),
    swarms,
    ledger: stage.ledger?.() ?? null,
    ...(rendezvous ? { rendezvous: decodeRendezvous(rendezvous.finish()) } : {}),
    replays: stage.replays.toSorted((a, b) => a.peer - b.peer),
    roles,
    // Somebody whom the others dropped for good has no seat any more.
    seats: match.slots.map((player, index) => ({ index, player: player >= 0 ? player : seated[index]! })),
    flagged: stage.flagged(),
    ...(stage.cheating ? { cheating: stage.cheating } : {}),
    window,
    interrupted,
    broken: false,
  };
}
