/** A plan on virtual time, in this process: the same cast, the same sessions, the same recorders as a live run. */

import { cheatOf } from '../bots/cheats/index.ts';
import { castBots } from '../bots/swarm/assign.ts';
import { brainOf } from '../bots/swarm/brain.ts';
import { ForgetfulRecorder } from '../bots/swarm/forgetful-recorder.ts';
import { createArena } from '../game/arena.ts';
import { AuthorityRecorder, decodeAuthority } from '../metrics/authority-recorder.ts';
import { MARGIN_MS } from '../metrics/measuring-window.ts';
import type { Plan } from '../metrics/plan.ts';
import { decodeSwarm, SwarmRecorder } from '../metrics/swarm-recorder.ts';
import { type LinkProfile, profileOf } from '../netcode/link/profiles.ts';
import { topologyOf } from '../netcode/topologies/index.ts';
import { SimulatedMatch } from '../simulator/match.ts';
import { authorityOf } from './launch/launcher.ts';
import type { LiveResult } from './launch/live.ts';
import { LyingRecorder } from './launch/lying-recorder.ts';
import type { Progress } from './progress.ts';

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
  const topology = topologyOf(plan.topology);
  const authority = authorityOf(plan);
  const arena = createArena(authority.config);
  const roles = castBots(plan);
  const authorityRecorder = new (plan.inject === 'desync' ? LyingRecorder : AuthorityRecorder)({
    capacity: arena.capacity,
    arenaSize: arena.size,
    tickRateHz: plan.tickRateHz,
  });
  const playersRecorder = new (plan.inject === 'drop-entity' ? ForgetfulRecorder : SwarmRecorder)({
    capacity: arena.capacity,
    fullClients: roles.filter((role) => role.full).length,
  });
  const match = new SimulatedMatch({
    topology,
    authority,
    seed: plan.seed,
    profile: options.profile ?? profileOf(plan.network),
    inputRateHz: plan.inputRateHz,
    dedicated: plan.dedicated,
    authorityRecorder,
    playersRecorder,
    players: roles.map((role) => {
      const wrapSession = role.cheat === null ? undefined : cheatOf(role.cheat).wrapSession;
      const player = { name: `bot ${role.index}`, decide: brainOf(role), full: role.full };
      return wrapSession ? { ...player, wrapSession } : player;
    }),
  });
  progress.stage(`Simulating ${plan.players} players`);
  const settled = () => match.players.every(({ state }) => state === 'playing' || state === 'failed');
  match.runUntil(settled, JOIN_LIMIT_S * plan.tickRateHz);
  if (plan.inject === 'delay-link')
    match.delayLink(roles.find((role) => role.full && role.index > 0)?.index ?? 0, PLANTED_DELAY_MS);
  const fromMs = match.clock.nowMs + plan.warmupS * 1000;
  let window: LiveResult['window'] = { fromMs, untilMs: fromMs + plan.durationS * 1000 };
  const measure = (untilMs: number) => {
    window = { fromMs, untilMs };
    authorityRecorder.measure(fromMs, untilMs);
    playersRecorder.measure(fromMs, untilMs);
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
  const { flagged } = match.authority;
  return {
    authority: decodeAuthority(authorityRecorder.finish()),
    swarms: [decodeSwarm(playersRecorder.finish())],
    roles,
    seats: match.players.map((node) => ({ index: node.index, player: node.session.player })),
    flagged: Array.from(flagged.keys()).filter((player) => flagged[player] === 1),
    window,
    interrupted,
    broken: false,
  };
}
