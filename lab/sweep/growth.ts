/**
 * How a mesh of neighbours grows: the same density with more and more players, on virtual time, for all links of one
 * machine would be too many. Sent at one rate, so that arithmetic can stand beside what was counted.
 */
import type { Plan } from '../../metrics/plan.ts';
import { planOf } from '../plan-options.ts';

export interface GrowthStep {
  plan: Plan;
  /** About how long it takes. */
  expectedS: number;
}

const STEPS = [
  { players: 50, expectedS: 5 },
  { players: 100, expectedS: 9 },
  { players: 200, expectedS: 22 },
  { players: 400, expectedS: 65 },
] as const;
/** The largest step is for those who give more time than usual. */
const USUAL_BUDGET_S = 300;
const USUAL_PLAYERS = 200;

export function plannedGrowth(budgetS: number): GrowthStep[] {
  const steps = STEPS.filter(({ players }) => budgetS > USUAL_BUDGET_S || players <= USUAL_PLAYERS);
  return steps.map(({ players, expectedS }) => {
    const match = { topology: 'mesh', players, inView: 15, network: 'lan', send: 'flat', simulated: true } as const;
    return { plan: planOf({ ...match, durationS: 6, warmupS: 2 }), expectedS };
  });
}
