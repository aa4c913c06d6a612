/**
 * A plan played on virtual time: everybody joins, the match warms up, is measured, and is followed for the two seconds in
 * which the last inputs may still arrive. Hands back what the recorders of a live run would have written.
 */
import { createArena } from '../game/arena.ts';
import { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import type { MeasureName } from '../metrics/measures.ts';
import { MARGIN_MS } from '../metrics/measuring-window.ts';
import type { Plan } from '../metrics/plan.ts';
import { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import { type MatchOptions, SimulatedMatch } from './match.ts';

export interface SimulationOptions extends Omit<MatchOptions, 'authorityRecorder' | 'playersRecorder'> {
  plan: Pick<Plan, 'warmupS' | 'durationS'>;
}

/** Where a simulation is, on virtual time. */
export interface SimulationProgress {
  joined: number;
  nowMs: number;
  /** When it will be over; null while players are joining. */
  untilMs: number | null;
}

export interface SimulationResult {
  /** What `AuthorityRecorder.finish` gave. */
  authority: Uint8Array;
  /** What `SwarmRecorder.finish` gave, for all players. */
  swarm: Uint8Array;
  window: { fromMs: number; untilMs: number };
  /** Slot of each player, in the order given; −1 for one that never joined. */
  slots: number[];
  checksums: number[];
  match: SimulatedMatch;
}

/** Measures that rest on the modelled cost of a tick (tick-cost.ts), and must say so; memory is not modelled at all. */
export const MODELLED_MEASURES: readonly MeasureName[] = [
  'tick.p50',
  'tick.p95',
  'tick.p99',
  'tick.p999',
  'tick.max',
  'tick.isr',
  'tick.rate',
  'stalls.count',
  'cpu.authority',
];

/** Players that have not joined by then count as failed, and the match goes on without them. */
const JOIN_LIMIT_MS = 30_000;
const STEP_MS = 1000;

/** Plays a plan; yields after each virtual second, so that the caller can show progress, or stop. */
export function* simulatePlan(options: SimulationOptions): Generator<SimulationProgress, SimulationResult, void> {
  const { plan } = options;
  const { match, authorityRecorder, playersRecorder } = createRecorded(options);
  const { clock } = match;
  const joined = () => match.players.filter((node) => node.state === 'playing').length;
  const isJoining = () => match.players.some((node) => node.state === 'idle' || node.state === 'joining');
  while (isJoining() && clock.nowMs < JOIN_LIMIT_MS) {
    match.run({ ms: STEP_MS });
    yield { joined: joined(), nowMs: clock.nowMs, untilMs: null };
  }
  const fromMs = clock.nowMs + plan.warmupS * 1000;
  const untilMs = fromMs + plan.durationS * 1000;
  authorityRecorder.measure(fromMs, untilMs);
  playersRecorder.measure(fromMs, untilMs);
  const endMs = untilMs + MARGIN_MS;
  while (clock.nowMs < endMs) {
    match.run({ ms: Math.min(STEP_MS, endMs - clock.nowMs) });
    yield { joined: joined(), nowMs: clock.nowMs, untilMs: endMs };
  }
  return {
    authority: authorityRecorder.finish(),
    swarm: playersRecorder.finish(),
    window: { fromMs, untilMs },
    slots: match.clients.map((client) => client.player),
    checksums: match.checksums(),
    match,
  };
}

function createRecorded(options: SimulationOptions) {
  const { config } = options.authority;
  const { capacity, size } = createArena(config);
  const authorityRecorder = new AuthorityRecorder({ capacity, arenaSize: size, tickRateHz: config.tickRateHz });
  const fullClients = options.players.filter((player) => player.full).length;
  const playersRecorder = new SwarmRecorder({ capacity, fullClients });
  return {
    match: new SimulatedMatch({ ...options, authorityRecorder, playersRecorder }),
    authorityRecorder,
    playersRecorder,
  };
}

/** The same without stopping. */
export function playPlan(options: SimulationOptions): SimulationResult {
  const playing = simulatePlan(options);
  for (;;) {
    const { done, value } = playing.next();
    if (done) return value;
  }
}
