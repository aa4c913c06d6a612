/**
 * The question that netbed is for, as far as minutes allow: how many players does each topology carry here, how does a
 * mesh grow beyond what real links of one machine allow, and what do cheats gain with their defence off and on. Ramps are
 * screenings, growth and cheats are simulated; nothing is said beyond what was tried.
 */
import type { Plan } from '../../metrics/plan.ts';
import type { RunRecord } from '../../metrics/record.ts';
import { LAUNCHERS } from '../launch/index.ts';
import { perform } from '../perform.ts';
import { planOf } from '../plan-options.ts';
import { asOneStage, type Progress } from '../progress.ts';
import { Budget } from './budget.ts';
import { cellName, plannedCheats, plannedCosts } from './cheat-cells.ts';
import { type GrowthStep, plannedGrowth } from './growth.ts';
import { Climb, type Ramp, type RampResult, stepSeconds } from './ramp.ts';

export interface AnswerOptions {
  progress: Progress;
  signal: AbortSignal;
  /** Directory that holds the runs. */
  out: string;
  /** What it may take. */
  budgetS: number;
  /** Steps of the ramps, instead of the default ones. */
  sizes?: Readonly<Record<string, readonly number[]>>;
  /** Whether cheats are tried, too. */
  cheats: boolean;
  /** What runs a plan, and what time it is: for tests. */
  perform?: typeof perform;
  nowMs?: () => number;
}

export interface Answered {
  ramps: RampResult[];
  /** A mesh of neighbours with more players than live. */
  growth: RunRecord[];
  cheats: RunRecord[];
  /** Honest matches with and without defences, for what these cost. */
  costs: RunRecord[];
  /** What was left out, in sentences. */
  missing: string[];
  stopped: boolean;
}

interface Variant {
  plan: Partial<Plan>;
  sizes: readonly number[];
}

const STEP = { durationS: 6, warmupS: 2 } as const;
const ON_LAN = { network: 'lan' } as const;
const ON_WIFI = { network: 'wifi' } as const;
/** By topology, in the order in which they are tried. */
const VARIANTS: Readonly<Record<string, readonly Variant[]>> = {
  server: [
    { plan: ON_LAN, sizes: [200, 600, 1200, 2000] },
    { plan: ON_WIFI, sizes: [200, 600, 1200, 2000] },
  ],
  host: [
    { plan: ON_LAN, sizes: [50, 150, 300, 450] },
    { plan: ON_WIFI, sizes: [50, 150, 300, 450] },
  ],
  lockstep: [
    { plan: ON_LAN, sizes: [4, 8, 16, 24] },
    { plan: ON_WIFI, sizes: [4, 8, 16, 24] },
    { plan: { ...ON_WIFI, rollback: true }, sizes: [8] },
  ],
  mesh: [
    { plan: ON_LAN, sizes: [8, 16, 32] },
    { plan: ON_WIFI, sizes: [8, 16, 32] },
  ],
};

/** About how long one simulated match of the cheats takes, and the most of the time that all that is simulated may. */
const CHEAT_RUN_S = 4;
const SIMULATED_SHARE = 0.4;

/** Live ramps of every topology and network, then what is simulated. */
export async function answer(options: AnswerOptions): Promise<Answered> {
  const { signal, budgetS, nowMs = () => performance.now() } = options;
  const budget = new Budget(budgetS, nowMs);
  const result: Answered = { ramps: [], growth: [], cheats: [], costs: [], missing: [], stopped: false };
  const growth = options.sizes && !options.sizes['mesh'] ? [] : plannedGrowth(budgetS);
  const cheatPlans = options.cheats ? plannedCheats() : [];
  const costPlans = options.cheats ? plannedCosts() : [];
  const growthS = growth.reduce((sum, { expectedS }) => sum + expectedS, 0);
  const simulatedS = growthS + (cheatPlans.length + costPlans.length) * CHEAT_RUN_S;
  budget.reserve(Math.min(simulatedS, SIMULATED_SHARE * budgetS));
  const climbs = plannedRamps(options.sizes).map((ramp) => new Climb(ramp));
  await climbAll(climbs, budget, options);
  for (const { result: ran } of climbs) {
    result.ramps.push(ran);
    if (ran.obstacle !== null) result.missing.push(`${rampName(ran.ramp)}: ${ran.obstacle}`);
    if (ran.untried.length > 0) {
      result.missing.push(`${rampName(ran.ramp)}: ${ran.untried.join(', ')} players were not tried, for lack of time`);
    }
  }
  budget.reserve(0);
  await grow(growth, budget, options, result);
  await weighDefences(costPlans, budget, options, result);
  await tryCheats(cheatPlans, budget, options, result);
  result.stopped = signal.aborted;
  return result;
}

/** One step at a time, always of the topology that has had the least time so far, so that all get a fair share. */
async function climbAll(climbs: readonly Climb[], budget: Budget, options: AnswerOptions): Promise<void> {
  const perform_ = options.perform ?? perform;
  while (!options.signal.aborted) {
    const waiting = climbs
      .filter(({ next }) => next !== null)
      .sort((a, b) => budget.spentS(a.ramp.plan.topology) - budget.spentS(b.ramp.plan.topology) || a.steps - b.steps);
    const chosen = waiting[0];
    if (!chosen) return;
    const { plan } = chosen.ramp;
    if (!budget.fits(plan.topology, stepSeconds(plan, chosen.next!))) chosen.giveUp();
    else await chosen.climb({ ...options, budget, perform: perform_ });
  }
}

/** A mesh with more and more players. */
async function grow(
  steps: readonly GrowthStep[],
  budget: Budget,
  { progress, signal, out, ...options }: AnswerOptions,
  result: Answered,
): Promise<void> {
  const untried: number[] = [];
  for (const { plan, expectedS } of steps) {
    if (signal.aborted) return;
    if (!budget.fits('growth', expectedS)) {
      untried.push(plan.players);
      continue;
    }
    const title = `${plan.topology}, ${plan.players} players, simulated`;
    const stage = asOneStage(progress, title, budget.expected('growth', expectedS));
    const run = () => (options.perform ?? perform)(plan, { progress: stage, signal, out });
    result.growth.push((await budget.spend('growth', expectedS, run)).record);
  }
  if (untried.length > 0) {
    result.missing.push(`growth of a mesh, simulated: ${untried.join(', ')} players were not tried, for lack of time`);
  }
}

/** All or nothing: they are told as differences. */
async function weighDefences(
  plans: readonly Plan[],
  budget: Budget,
  { progress, signal, out, ...options }: AnswerOptions,
  result: Answered,
): Promise<void> {
  if (plans.length === 0) return;
  if (!budget.fits('costs', plans.length * CHEAT_RUN_S)) {
    result.missing.push('what the defences of peers cost was not tried, for lack of time');
    return;
  }
  for (const plan of plans) {
    if (signal.aborted) return;
    const on = Object.entries(plan.defences).flatMap(([name, isOn]) => (isOn ? [name] : []));
    const stage = asOneStage(
      progress,
      `${plan.topology}, nobody cheats, with ${on.join(', ')}, simulated`,
      CHEAT_RUN_S,
    );
    const run = () => (options.perform ?? perform)(plan, { progress: stage, signal, out });
    result.costs.push((await budget.spend('costs', CHEAT_RUN_S, run)).record);
  }
}

async function tryCheats(
  plans: readonly Plan[],
  budget: Budget,
  { progress, signal, out, ...options }: AnswerOptions,
  result: Answered,
): Promise<void> {
  const perform_ = options.perform ?? perform;
  const untried = new Map<string, number>();
  for (const plan of plans) {
    if (signal.aborted) return;
    const name = cellName(plan);
    if (!budget.fits(name, CHEAT_RUN_S)) {
      untried.set(name, (untried.get(name) ?? 0) + 1);
      continue;
    }
    const stage = asOneStage(progress, `${name}, seed ${plan.seed}, simulated`, budget.expected(name, CHEAT_RUN_S));
    const { record } = await budget.spend(name, CHEAT_RUN_S, () => perform_(plan, { progress: stage, signal, out }));
    result.cheats.push(record);
  }
  for (const [name, count] of untried) {
    const tried = plans.filter((plan) => cellName(plan) === name).length - count;
    const how = tried === 0 ? 'was not tried' : `was tried with ${tried} of ${tried + count} seeds`;
    result.missing.push(`the cheat ${name}, ${how}, for lack of time`);
  }
}

function rampName({ plan: { topology, rollback, network } }: Ramp): string {
  return `${topology}${rollback ? ' (rollback)' : ''} on ${network}`;
}

/** In the order of the registry of launchers. Asked-for sizes are those of a topology's first two ramps. */
function plannedRamps(sizes: AnswerOptions['sizes']): Ramp[] {
  return LAUNCHERS.flatMap(({ topology }) =>
    (VARIANTS[topology] ?? []).flatMap((variant): Ramp[] => {
      const { players: _players, ...plan } = planOf({ ...STEP, ...variant.plan, topology, players: 1 });
      const steps = sizes === undefined ? variant.sizes : plan.rollback ? [] : (sizes[topology] ?? []);
      return steps.length > 0 ? [{ plan, sizes: steps }] : [];
    }),
  );
}
