/** Which plots a report shows, made from its sweeps. A plot without data is left out. */
import { type MeasureName, numberOf } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { breaches, contextOf, LEVELS, tidy } from '../verdict.ts';
import { barPlot, heatMap, type Line, linePlot, type Point } from './charts.ts';
import {
  type CheatCell,
  type Group,
  groupCost,
  isInterestMesh,
  medianAt,
  sizesOf,
  withoutAuthority,
} from './groups.ts';
import { escapeHtml, figure } from './page.ts';

/** Of one measure over these sweeps: a simulated authority's ticks, for one, are modelled. */
function evidenceOf(groups: readonly Group[], name: MeasureName): string {
  const measures = groups.flatMap((group) => group.runs.map((run) => run.measures[name]));
  const kinds = new Set(measures.flatMap((found) => (found && 'evidence' in found ? [found.evidence] : [])));
  return `Evidence: ${[...kinds].join(' and ')}.`;
}

const MARKS = 'Dot: held level fast. Square: past it. Cross: void, proves nothing.';

/** Colour tells the topology, rollback and the like included, dash the network. */
function linesOf(groups: readonly Group[], name: MeasureName, factor = 1): Line[] {
  const variants = [...new Set(groups.map(({ variant }) => variant))];
  const networks = [...new Set(groups.map(({ network, simulated }) => `${network} ${simulated}`))];
  return groups
    .map((group) => ({
      label: group.label,
      colour: variants.indexOf(group.variant),
      dash: networks.indexOf(`${group.network} ${group.simulated}`),
      points: sizesOf(group).flatMap((players) => pointAt(group, players, name, factor)),
    }))
    .filter(({ points }) => points.length > 0);
}

function pointAt(group: Group, players: number, name: MeasureName, factor: number): Point[] {
  const runs = group.runs.filter((run) => run.plan.players === players);
  const trusted = runs.filter((run) => run.status === 'ok');
  const value = medianAt(group, players, name) ?? (runs[0] ? numberOf(runs[0].measures, name) : null);
  if (value === null) return [];
  const broke = trusted.some((run) => breaches('fast', run.measures, contextOf(run)).length > 0);
  return [{ x: players, y: value * factor, mark: trusted.length === 0 ? 'void' : broke ? 'broke' : 'ok' }];
}

/** One limit per base delay among the runs. */
function levelLimits(groups: readonly Group[], limit: (level: keyof typeof LEVELS) => number, withBase = true) {
  const runs = groups.flatMap((group) => group.runs);
  const bases = [...new Set(runs.map((run) => (withBase ? run.baseOneWayMs : 0)))].sort((a, b) => a - b);
  const drawn = bases.length > 2 ? bases.slice(0, 1) : bases;
  return drawn.map((base) => {
    const networks = [...new Set(runs.filter((run) => run.baseOneWayMs === base).map((run) => run.plan.network))];
    const who = withBase && bases.length > 1 ? `, ${networks.join(' and ')}` : '';
    return { label: `fast ≤ ${tidy(limit('fast') + base)} ms${who}`, y: limit('fast') + base };
  });
}

/** A measure against the number of players. */
export function sweepFigures(groups: readonly Group[]): string[] {
  if (groups.length === 0) return [];
  const figures: string[] = [];
  const add = (
    title: string,
    caption: string,
    name: MeasureName,
    limits: { label: string; y: number }[],
    yName = 'ms',
    of = groups,
  ) => {
    const lines = linesOf(of, name);
    if (lines.length === 0) return;
    figures.push(
      figure(title, `${caption} ${evidenceOf(of, name)}`, linePlot({ xName: 'players', yName, lines, limits })),
    );
  };
  add(
    'Action latency, 95th percentile',
    `From a scheduled input to another player in view holding its effect. ${MARKS}`,
    'action.p95',
    levelLimits(groups, (level) => LEVELS[level].actionP95Ms),
  );
  add(
    'Age of information nearby, 99th percentile',
    'How old is what players hold of others within 160 units, weighted by time.',
    'age.near.p99',
    levelLimits(groups, (level) => LEVELS[level].ageNearP99Ms),
  );
  const rates = [...new Set(groups.flatMap((group) => group.runs.map((run) => run.plan.tickRateHz)))];
  add(
    'Tick, 99th percentile',
    'Lateness plus duration of one tick of the authority, or of a peer that simulates; simulated ticks cost what a model says.',
    'tick.p99',
    rates.map((rate) => ({ label: `budget at ${rate} Hz`, y: 1000 / rate })),
  );
  add("Authority's CPU", 'User and system time, in percent of one core.', 'cpu.authority', [], '% of core');
  const peers = groups.filter(({ runs }) => withoutAuthority(runs[0]!.plan));
  const perPeer = 'In lockstep each simulates everybody, in a mesh itself. In percent of one core.';
  add('CPU per peer', perPeer, 'cpu.peer', [], '% of core', peers);
  add('Input delay, mean', 'From taking an input to the tick that all execute it in.', 'delay.mean', [], 'ms', peers);
  const meshes = groups.filter(({ runs }) => isInterestMesh(runs[0]!.plan));
  const toNeighbours = 'Mean, with transport headers. Each tells its state to those who can see it.';
  add('Upload of a peer that tells its neighbours', toNeighbours, 'up.wire.mean', [], 'kbit/s', meshes);
  add('Links opened per peer', 'Neighbours change as players walk.', 'links.opened.rate', [], '1/s', meshes);
  add('View error', '(Missing + phantom) ÷ players truly in view.', 'viewError.ratio', [], 'ratio', meshes);
  return figures;
}

export function bandwidthFigures(groups: readonly Group[]): string[] {
  const plot = (title: string, caption: string, name: MeasureName) => {
    const lines = linesOf(groups, name).map((line) => ({ ...line, points: line.points.filter(({ y }) => y > 0) }));
    const full = lines.filter(({ points }) => points.length > 0);
    if (full.length === 0) return [];
    return [
      figure(
        title,
        `${caption} ${evidenceOf(groups, name)}`,
        linePlot({ xName: 'players', yName: 'kbit/s', lines: full, limits: [] }),
      ),
    ];
  };
  return [
    ...plot(
      'Download per player, mean',
      'Payload as the sessions hand it over, without transport headers.',
      'down.mean',
    ),
    ...plot(
      'Upload of the busiest participant',
      'A playing host is a participant: it uploads for all. Payload only.',
      'up.worst',
    ),
  ];
}

/** Modelled: prices and densities are assumptions that the text under the plot names. */
export function costFigure(groups: readonly Group[]): string | null {
  const costed = groups.flatMap((group) => {
    const cost = groupCost(group);
    return cost ? [{ label: group.label, players: `${tidy(cost.players)} players`, cost }] : [];
  });
  if (costed.length === 0) return null;
  const values = (pick: (cost: (typeof costed)[number]['cost']) => number) =>
    costed.map(({ cost }) => Math.round(pick(cost) * 10_000) / 10_000);
  const plot = barPlot({
    yName: 'US$ per player and month',
    categories: costed.map(({ label, players }) => `${label}\n${players}`),
    parts: [
      { label: 'egress, large cloud', colour: 0, stack: 'cloud', values: values((cost) => cost.egressCloud) },
      { label: 'compute', colour: 2, stack: 'cloud', values: values((cost) => cost.compute) },
      { label: 'relay', colour: 3, stack: 'cloud', values: values((cost) => cost.relay) },
      { label: 'egress, rented machine', colour: 4, stack: 'metal', values: values((cost) => cost.egressMetal) },
    ],
  });
  const donated = costed
    .map(
      ({ label, players, cost }) =>
        `${label}, ${players}: ${tidy(cost.inputs.donatedKbps)} kbit/s (busiest ${tidy(cost.inputs.donatedWorstKbps)})`,
    )
    .join('; ');
  const caption =
    'Evidence: modelled. A player that is in the match around the clock; cores per player as measured at that size. ' +
    'Where players serve each other, one in five links is assumed to need a relay, unless the run blocked some on purpose. ' +
    `What each player uploads: ${escapeHtml(donated)}.`;
  return figure("The operator's cost", caption, plot, true);
}

export function cheatFigure(cells: readonly CheatCell[]): string | null {
  if (cells.length === 0) return null;
  const columns = [...new Set(cells.map(columnOf))].sort();
  const rows = [...new Set(cells.map(({ cheat }) => cheat))].sort();
  const most = Math.max(1, ...cells.filter((cell) => !cell.inconclusive).map(({ gain }) => Math.abs(gain)));
  const plot = heatMap({
    columns,
    rows,
    cells: cells.map((cell) => ({
      column: columns.indexOf(columnOf(cell)),
      row: rows.indexOf(cell.cheat),
      heat: cell.inconclusive ? null : cell.gain / most,
      text: cellText(cell),
    })),
  });
  const kinds = [...new Set(cells.map(({ simulated }) => (simulated ? 'simulated' : 'measured')))];
  const caption =
    'Points per minute that a cheater gains over its honest twin, with a 95 % interval. Red: the cheat pays. Green: it ' +
    `does not. Grey: inconclusive, too few pairs or an interval that spans zero. Evidence: ${kinds.join(' and ')}.`;
  return figure('What cheats gain', caption, plot, true);
}

function columnOf({ topology, defended }: CheatCell): string {
  return `${topology}\ndefence ${defended ? 'on' : 'off'}`;
}

function cellText({ gain, margin, pairs, detected, distanceRatio, exposure }: CheatCell): string {
  const sign = gain >= 0 ? '+' : '−';
  const interval = Number.isFinite(margin) ? ` ± ${Math.abs(margin).toFixed(1)}` : '';
  const second = [`${pairs} pairs`, `distance ×${distanceRatio.toFixed(2)}`];
  if (exposure !== null && exposure > 0.05) second.push(`sees ${exposure.toFixed(1)} hidden`);
  const third = detected === null ? '' : `\ncaught ${Math.round(detected * 100)} %`;
  return `${sign}${Math.abs(gain).toFixed(1)}${interval}\n${second.join(', ')}${third}`;
}

const COMPARED: MeasureName[] = ['action.p95', 'age.near.p99'];

/** Where the same plan was run live and simulated: the difference is what makes the simulated sizes believable, or not. */
export function twinFigures(records: readonly RunRecord[]): string[] {
  const twins = pairsOf(records);
  if (twins.length === 0) return [];
  return COMPARED.flatMap((name) => {
    const both = twins.filter(
      ({ live, simulated }) => numberOf(live.measures, name) !== null && numberOf(simulated.measures, name) !== null,
    );
    if (both.length === 0) return [];
    const plot = barPlot({
      yName: 'ms',
      categories: both.map(({ live: { plan } }) =>
        [plan.topology, plan.rollback ? 'rollback' : '', plan.network, tidy(plan.players)].filter(Boolean).join(' '),
      ),
      parts: [
        { label: 'live', colour: 0, stack: 'live', values: both.map(({ live }) => numberOf(live.measures, name)) },
        {
          label: 'simulated',
          colour: 1,
          stack: 'simulated',
          values: both.map(({ simulated }) => numberOf(simulated.measures, name)),
        },
      ],
    });
    return [
      figure(
        `Live against simulated: ${name}`,
        'The same plan on real sockets and on virtual time. Evidence: measured and simulated, as labelled.',
        plot,
      ),
    ];
  });
}

function pairsOf(records: readonly RunRecord[]): { live: RunRecord; simulated: RunRecord }[] {
  const trusted = records.filter(({ status, plan }) => status === 'ok' && plan.cheat === null);
  const keyOf = ({ plan }: RunRecord) =>
    [
      plan.topology,
      plan.dedicated,
      plan.rollback,
      plan.natBlockedRatio,
      plan.network,
      plan.players,
      plan.scenario,
      plan.inView,
      plan.snapshotRateHz,
      plan.inputRateHz,
    ].join(' ');
  const simulated = new Map(trusted.filter(({ plan }) => plan.simulated).map((run) => [keyOf(run), run]));
  return trusted.flatMap((live) => {
    const twin = live.plan.simulated ? undefined : simulated.get(keyOf(live));
    return twin ? [{ live, simulated: twin }] : [];
  });
}
