/**
 * A ramp: the same match with more and more players, until one reaches no service level any more. Steps are short, so what comes
 * out is a screening. A void step is tried once more, because a machine may have been busy for a moment; a second one
 * ends the ramp, and says nothing against the topology.
 */
import type { Plan } from '../../metrics/plan.ts';
import type { RunRecord } from '../../metrics/record.ts';
import { BrokenRun } from '../exit.ts';
import type { Performed, PerformOptions, perform } from '../perform.ts';
import { asOneStage } from '../progress.ts';
import type { Budget } from './budget.ts';

export interface Ramp {
  /** The plan of every step but for its players. */
  plan: Omit<Plan, 'players'>;
  /** Players of the steps, rising. */
  sizes: readonly number[];
}

export interface RampOptions extends PerformOptions {
  budget: Budget;
  perform: typeof perform;
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
const JOINS_PER_S: Readonly<Record<string, number>> = { server: 400, host: 60, lockstep: 4, mesh: 5 };

/** How long one step should take. */
export function stepSeconds(plan: Omit<Plan, 'players'>, players: number): number {
  return plan.warmupS + plan.durationS + STEP_OVERHEAD_S + players / (JOINS_PER_S[plan.topology] ?? 60);
}

/** A ramp under way. */
export class Climb {
  readonly ramp: Ramp;
  readonly result: RampResult;
  #step = 0;
  #isOver = false;

  constructor(ramp: Ramp) {
    this.ramp = ramp;
    this.result = { ramp, records: [], directories: [], untried: [], obstacle: null };
  }

  get steps(): number {
    return this.#step;
  }

  /** Players of the next step; null when the ramp has ended. */
  get next(): number | null {
    return this.#isOver ? null : (this.ramp.sizes[this.#step] ?? null);
  }

  /** What is left stays untried. */
  giveUp(): void {
    this.result.untried = this.ramp.sizes.slice(this.#step);
    this.#isOver = true;
  }

  /** Plays the next step. */
  async climb(options: RampOptions): Promise<void> {
    const { budget, progress } = options;
    const players = this.next!;
    const plan: Plan = { ...this.ramp.plan, players };
    const { topology, network, rollback } = plan;
    const title = `${topology}${rollback ? ' (rollback)' : ''} on ${network}, ${players} players`;
    const expectedS = stepSeconds(plan, players);
    const play = () => {
      const stage = asOneStage(progress, title, budget.expected(topology, expectedS));
      return budget.spend(topology, expectedS, () => options.perform(plan, { ...options, progress: stage }));
    };
    this.#step++;
    try {
      let performed = await play();
      if (performed.record.status === 'void' && performed.ended === 'whole' && budget.fits(topology, expectedS)) {
        progress.say(`  void, once more: ${performed.record.reasons[0]}`);
        performed = await play();
      }
      this.result.records.push(performed.record);
      this.result.directories.push(performed.directory);
      this.#isOver = !carriesOn(performed);
    } catch (error) {
      if (!(error instanceof BrokenRun)) throw error;
      this.result.obstacle = error.message;
      this.#isOver = true;
    }
  }
}

function carriesOn({ record, ended }: Performed): boolean {
  return ended === 'whole' && record.status === 'ok' && record.level !== null;
}
