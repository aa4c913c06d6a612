/**
 * A ramp: the same match with more and more players, until one reaches no service level any more. Steps are short, so what comes
 * out is a screening. A void step is tried once more, because a machine may have been busy for a moment; a second one
 * ends the ramp, and says nothing against the topology.
 */
import type { Plan } from '../../metrics/plan.ts';
import type { RunRecord } from '../../metrics/record.ts';
import { BrokenRun } from '../exit.ts';
import { type Performed, type PerformOptions, perform } from '../perform.ts';
import { asOneStage } from '../progress.ts';

export interface Ramp {
  /** The plan of every step but for its players. */
  plan: Omit<Plan, 'players'>;
  /** Players of the steps, rising. */
  sizes: readonly number[];
}

export interface RampOptions extends PerformOptions {
  /** Steps of one ramp that would end after this moment (performance.now) are not begun. */
  untilMs: number;
}

export interface RampResult {
  ramp: Ramp;
  /** What the verdict rests on: of a step that was tried twice, the second. */
  records: RunRecord[];
  directories: string[];
  /** Sizes that were not tried, because the time was over. */
  untried: number[];
  /** Why a step could not be run at all; the ramp ended there. */
  obstacle: string | null;
}

/** Joining, per player, and what every step needs beside measuring: processes, warming up, auditing. */
const STEP_OVERHEAD_S = 7;
const JOINS_PER_S: Readonly<Record<string, number>> = { server: 400, host: 60 };

/** How long one step should take. */
export function stepSeconds(plan: Omit<Plan, 'players'>, players: number): number {
  return plan.warmupS + plan.durationS + STEP_OVERHEAD_S + players / (JOINS_PER_S[plan.topology] ?? 60);
}

export async function runRamp(ramp: Ramp, options: RampOptions): Promise<RampResult> {
  const result: RampResult = { ramp, records: [], directories: [], untried: [], obstacle: null };
  const fits = (players: number) => performance.now() + stepSeconds(ramp.plan, players) * 1000 < options.untilMs;
  for (const [step, players] of ramp.sizes.entries()) {
    if (!fits(players)) {
      result.untried = ramp.sizes.slice(step);
      break;
    }
    try {
      const plan: Plan = { ...ramp.plan, players };
      const title = `${plan.topology} on ${plan.network}, ${players} players`;
      const play = () => {
        const progress = asOneStage(options.progress, title, stepSeconds(plan, players));
        return perform(plan, { ...options, progress });
      };
      let performed = await play();
      if (performed.record.status === 'void' && performed.ended === 'whole' && fits(players)) {
        options.progress.say(`  void, once more: ${performed.record.reasons[0]}`);
        performed = await play();
      }
      result.records.push(performed.record);
      result.directories.push(performed.directory);
      if (!carriesOn(performed)) break;
    } catch (error) {
      if (!(error instanceof BrokenRun)) throw error;
      result.obstacle = error.message;
      break;
    }
    if (options.signal.aborted) break;
  }
  return result;
}

function carriesOn({ record, ended }: Performed): boolean {
  return ended === 'whole' && record.status === 'ok' && record.level !== null;
}
