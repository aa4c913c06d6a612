/** Lockstep matches on virtual time in which some peers cheat, each beside an honest twin, and what came of it. */
import { type CheatNotes, cheatOf, noNotes } from '../../bots/cheats/index.ts';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { type LinkProfile, profileOf } from '../../netcode/link/profiles.ts';
import { type LockstepDefences, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { type LockstepNode, SimulatedLockstep } from '../../simulator/lockstep.ts';

export interface CheatingPlan {
  cheat: string;
  seed: number;
  players: number;
  /** Nodes 0 to pairs − 1 cheat, the next as many are their twins. */
  pairs: number;
  seconds: number;
  defences?: Partial<LockstepDefences>;
  rollback?: boolean;
  profile?: LinkProfile;
  policy?: string;
  config?: Partial<MatchConfig>;
}

const NO_DEFENCES: LockstepDefences = { commitReveal: false, deadline: false, signedHeads: false };

export interface Noted {
  node: LockstepNode;
  event: SessionEvent;
  atMs: number;
}

export interface Outcome {
  match: SimulatedLockstep;
  notes: CheatNotes[];
  events: Noted[];
  /** Mean score per minute of cheaters, twins, and of everybody else. */
  cheaters: number;
  twins: number;
  others: number;
  gain: number;
  /** Share of its time that an honest peer waits for somebody. */
  stalled: number;
  kbps: number;
  /** Mean time from taking an input to seeing what came of it, over honest peers. */
  ownActionMs: number;
}

/** The match of a plan, everybody joined, nobody cheating successfully yet. */
export function castCheaters(plan: CheatingPlan): { match: SimulatedLockstep; notes: CheatNotes[]; events: Noted[] } {
  const { cheat: id, seed, players, pairs, rollback = false, defences = {}, profile = profileOf('good') } = plan;
  const cheat = cheatOf(id);
  const notes = Array.from({ length: pairs }, () => noNotes());
  const events: Noted[] = [];
  const honest = cheat.honestPolicy ?? plan.policy ?? 'hunter';
  const match = new SimulatedLockstep({
    settings: lockstepSettings(
      { ...DEFAULT_MATCH, players, seed, ...plan.config },
      { rollback, defences: { ...NO_DEFENCES, ...defences } },
    ),
    seed,
    profile,
    inputRateHz: 10,
    peers: Array.from({ length: players }, (_, index) => {
      const isCheater = index < pairs;
      const policy = index < 2 * pairs ? policyOf(honest) : policyOf(plan.policy ?? 'hunter');
      const stream = isCheater ? index + pairs : index;
      const brain = (isCheater ? (cheat.policy ?? policy) : policy).create(new Random(seed, 1000 + stream));
      const peer = { name: `peer ${index}`, decide: brain };
      const { wrapSession } = cheat;
      return isCheater && wrapSession ? { ...peer, wrapSession: (s: never) => wrapSession(s, notes[index]!) } : peer;
    }),
    onEvent: (node, event, atMs) => events.push({ node, event, atMs }),
  });
  return { match, notes, events };
}

export function playCheat(plan: CheatingPlan): Outcome {
  const { match, notes, events } = castCheaters(plan);
  const { pairs, seconds } = plan;
  match.runUntil(() => match.isSettled, 400);
  match.run({ ms: 2000 });
  const scores = () => match.nodes.map((_, index) => scoreOf(match, index));
  const before = scores();
  const fromMs = match.clock.nowMs;
  const sentBefore = match.nodes.map(({ session }) => session.counters.sentBytes);
  match.run({ ms: seconds * 1000 });
  const after = scores();
  const rates = after.map((score, index) => ((score - before[index]!) * 60) / seconds);
  const honestEvents = events.filter(({ node, atMs }) => node.number > pairs && atMs >= fromMs);
  const stalledMs = honestEvents.reduce((sum, { event }) => sum + (event.type === 'stalled' ? event.waitedMs : 0), 0);
  const echoes = honestEvents.flatMap(({ event }) => (event.type === 'echo' ? [event.afterMs] : []));
  const cheaters = mean(rates.slice(0, pairs));
  const twins = mean(rates.slice(pairs, 2 * pairs));
  const sent = match.nodes.slice(pairs).map(({ session }, i) => session.counters.sentBytes - sentBefore[pairs + i]!);
  return {
    match,
    notes,
    events,
    cheaters,
    twins,
    others: mean(rates.slice(2 * pairs)),
    gain: cheaters - twins,
    stalled: stalledMs / (seconds * 1000 * (match.nodes.length - pairs)),
    kbps: (mean(sent) * 8) / 1000 / seconds,
    ownActionMs: mean(echoes),
  };
}

/** As an honest peer's final world has it: the last node never cheats. */
function scoreOf(match: SimulatedLockstep, index: number): number {
  const { session } = match.nodes[index]!;
  const truth = match.nodes.at(-1)!.session.confirmedWorld;
  return session.player < 0 ? 0 : truth!.players.score[session.player]!;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Two-sided 95 % of Student's t by degrees of freedom. */
const STUDENT = [Number.NaN, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

/** Mean and half width of its 95 % interval. */
export function interval(values: readonly number[]): { mean: number; halfWidth: number } {
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return { mean: middle, halfWidth: (STUDENT[values.length - 1] ?? 1.96) * Math.sqrt(variance / values.length) };
}
