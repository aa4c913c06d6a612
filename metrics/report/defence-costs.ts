/** What a defence costs those who do not cheat: the same honest match with it and without it. */
import { type MeasureName, numberOf } from '../measures.ts';
import type { Plan } from '../plan.ts';
import type { RunRecord } from '../record.ts';

export interface DefenceCost {
  topology: string;
  defence: string;
  /** Differences to the match without it; null where it was not measured. */
  uploadKbps: number | null;
  ownActionMs: number | null;
  actionMs: number | null;
  /** Percent of a core per peer, where the match was live. */
  cpuPercent: number | null;
  simulated: boolean;
}

type Switches = Record<string, boolean>;

/** Pairs of honest runs that differ in exactly one switch, which only the second has on. */
export function defenceCosts(records: readonly RunRecord[]): DefenceCost[] {
  const honest = records.filter(({ plan, status }) => plan.cheat === null && plan.inject === null && status === 'ok');
  const costs: DefenceCost[] = [];
  for (const without of honest) {
    for (const run of honest) {
      const defence = onlySwitch(without.plan, run.plan);
      if (defence === null) continue;
      const change = (name: MeasureName) => {
        const [before, after] = [numberOf(without.measures, name), numberOf(run.measures, name)];
        return before === null || after === null ? null : after - before;
      };
      costs.push({
        topology: run.plan.topology,
        defence,
        uploadKbps: change('up.mean'),
        ownActionMs: change('ownAction.p50'),
        actionMs: change('action.p50'),
        cpuPercent: change('cpu.peer'),
        simulated: run.plan.simulated,
      });
    }
  }
  return costs;
}

function onlySwitch({ defences: off, ...planOff }: Plan, { defences: on, ...planOn }: Plan): string | null {
  if (JSON.stringify(planOff) !== JSON.stringify(planOn)) return null;
  const changed = Object.keys(on).filter((name) => (on as Switches)[name] !== (off as Switches)[name]);
  return changed.length === 1 && (on as Switches)[changed[0]!] ? changed[0]! : null;
}

/** `commitReveal on lockstep costs +105 kbit/s of upload per player, …`. */
export function describeCost(cost: DefenceCost): string {
  const { topology, defence, uploadKbps, ownActionMs, actionMs, cpuPercent } = cost;
  const parts = [
    [uploadKbps, 'kbit/s of upload per player'],
    [ownActionMs, 'ms until the own action is seen'],
    [actionMs, "ms until another's is"],
    [cpuPercent, '% of a core per player'],
  ] as const;
  const said = parts.flatMap(([value, unit]) => {
    if (value === null) return [];
    const rounded = Math.round(value * 10) / 10;
    return [`${rounded < 0 ? '−' : '+'}${Math.abs(rounded)} ${unit}`];
  });
  return `${defence} on ${topology}, nobody cheating: ${said.join(', ')} (median)`;
}
