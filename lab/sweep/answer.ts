/**
 * The question that netbed is for, as far as minutes allow: how many players does each topology carry here, and what do
 * two cheats gain with their defence off and on. Ramps are screenings, cheats are simulated; nothing is said beyond what
 * was tried.
 */
import { cheatOf } from '../../bots/cheats/index.ts';
import type { Plan } from '../../metrics/plan.ts';
import type { RunRecord } from '../../metrics/record.ts';
import { TOPOLOGIES } from '../../netcode/topologies/index.ts';
import { LAUNCHERS } from '../launch/index.ts';
import { perform } from '../perform.ts';
import { planOf } from '../plan-options.ts';
import { asOneStage, type Progress } from '../progress.ts';
import { type Ramp, type RampResult, runRamp } from './ramp.ts';

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
}

export interface Answered {
  ramps: RampResult[];
  cheats: RunRecord[];
  /** What was left out, in sentences. */
  missing: string[];
  stopped: boolean;
}

const NETWORKS = ['lan', 'wifi'] as const;
const SIZES: Readonly<Record<string, readonly number[]>> = {
  server: [200, 600, 1200, 2000],
  host: [50, 150, 300, 450],
};
const STEP = { durationS: 6, warmupS: 2 } as const;

/**
 * Long enough, and over enough seeds, that what a cheat gains stands out of chance. Knowing what lies beyond vision pays
 * where little is in view, so that is where the map hack is tried.
 */
const CHEAT_MATCH = { players: 32, durationS: 60, cheaters: 5, network: 'good', simulated: true } as const;
const CHEAT_SEEDS = [1, 2, 3];
const CHEATS_SHOWN: readonly { cheat: string; plan: Partial<Plan> }[] = [
  { cheat: 'speed', plan: {} },
  { cheat: 'map-hack', plan: { inView: 1, policies: { wander: 1, hunter: 1 } } },
];
/** About how long one simulated match takes. */
const CHEAT_RUN_S = 4;

/** Live ramps of every topology and network, then the cheats. */
export async function answer(options: AnswerOptions): Promise<Answered> {
  const { progress, signal, out, budgetS } = options;
  const endMs = performance.now() + budgetS * 1000;
  const result: Answered = { ramps: [], cheats: [], missing: [], stopped: false };
  const ramps = plannedRamps(options.sizes ?? SIZES);
  const cheatPlans = options.cheats ? plannedCheats() : [];
  for (const [index, ramp] of ramps.entries()) {
    if (signal.aborted) break;
    const { topology, network } = ramp.plan;
    // What is left, less the cheats, is shared evenly by the ramps that remain.
    const leftMs = endMs - performance.now() - cheatPlans.length * CHEAT_RUN_S * 1000;
    const untilMs = performance.now() + leftMs / (ramps.length - index);
    const ran = await runRamp(ramp, { progress, signal, out, untilMs });
    result.ramps.push(ran);
    if (ran.obstacle !== null) result.missing.push(`${topology} on ${network}: ${ran.obstacle}`);
    if (ran.untried.length > 0) {
      result.missing.push(
        `${topology} on ${network}: ${ran.untried.join(', ')} players were not tried, for lack of time`,
      );
    }
  }
  for (const plan of cheatPlans) {
    if (signal.aborted) break;
    const { cheat, defences, seed } = plan;
    const { defence } = cheatOf(cheat!);
    const title = `${cheat}, ${defence} ${defences[defence] ? 'on' : 'off'}, seed ${seed}, simulated`;
    const { record } = await perform(plan, { progress: asOneStage(progress, title, CHEAT_RUN_S), signal, out });
    result.cheats.push(record);
  }
  result.stopped = signal.aborted;
  return result;
}

function plannedRamps(sizes: Readonly<Record<string, readonly number[]>>): Ramp[] {
  const ramps: Ramp[] = [];
  for (const { topology } of LAUNCHERS) {
    for (const network of NETWORKS) {
      const { players: _players, ...plan } = planOf({ topology, network, players: 1, ...STEP });
      ramps.push({ plan, sizes: sizes[topology] ?? [] });
    }
  }
  return ramps.filter(({ sizes: steps }) => steps.length > 0);
}

/** Each cheat with its defence off and on, where an authority decides. */
function plannedCheats(): Plan[] {
  const [topology] = TOPOLOGIES;
  return CHEATS_SHOWN.flatMap(({ cheat, plan }) =>
    [false, true].flatMap((defended) =>
      CHEAT_SEEDS.map((seed) =>
        planOf({
          topology: topology!.id,
          ...CHEAT_MATCH,
          ...plan,
          seed,
          cheat,
          defences: { timeBucket: true, visionFilter: true, [cheatOf(cheat).defence]: defended },
        }),
      ),
    ),
  );
}
