/**
 * The report: records in, one static HTML file out, to be opened from disk. The answer in words comes first, then the
 * table, then plots, then how all of it was obtained; every number says whether it was measured, simulated or modelled.
 */
import { DEFAULT_PRICES, RELAYED_SHARE } from '../cost.ts';
import { MEASURE_NAMES, MEASURES } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { FULL_DURATION_S, FULL_SEEDS, LEVELS, type SweepVerdict, tidy } from '../verdict.ts';
import { bandwidthFigures, cheatFigure, costFigure, sweepFigures, twinFigures } from './figures.ts';
import { type CheatCell, cheatCells, type Group, groupRuns } from './groups.ts';
import { whyNeighboursStop } from './mesh-scaling.ts';
import { escapeHtml, page, table, tag } from './page.ts';
import { growthFigures, peerTable, scalingFigures, uploadTable } from './peers.ts';
import { EVIDENCE_COLUMN, measureColumn, RUN_COLUMNS } from './run-columns.ts';
import { whyItStops } from './scaling.ts';
import { answerInWords, endSentence, runName } from './words.ts';

export interface ReportInput {
  title: string;
  records: readonly RunRecord[];
  /** Paragraphs of plain text; made from the records when missing. */
  answer?: readonly string[];
  /** What was not tried, or could not be; plain text. */
  caveats?: readonly string[];
  /** When the report was made, as it shall be read. */
  madeAt: string;
}

export function renderReport({ title, records, answer, caveats = [], madeAt }: ReportInput): string {
  const groups = groupRuns(records);
  const cells = cheatCells(records);
  const words = answer ?? answerInWords(groups, cells);
  const plots = [
    ...sweepFigures(groups),
    ...bandwidthFigures(groups),
    ...scalingFigures(groups),
    ...growthFigures(groups),
    ...twinFigures(records),
  ];
  const peers = peerTable(records);
  const uploads = uploadTable(groups);
  const wide = [costFigure(groups), cheatFigure(cells)].filter((plot) => plot !== null);
  const parts = [
    heading(title, records, madeAt),
    `<section class="answer">${words.map(paragraph).join('')}</section>`,
    groups.length > 0 ? `<h2>What each topology carries</h2>${verdictTable(groups)}` : '',
    groups.length > 0 ? levelsNote() : '',
    whyMeshesStop(groups),
    plots.length + wide.length > 0 ? `<h2>Plots</h2><div class="figures">${[...plots, ...wide].join('\n')}</div>` : '',
    peers ? `<h2>Peers without an authority</h2>${peers}` : '',
    uploads ? `<h2>Upload: arithmetic beside measurement</h2>${uploadNote()}${uploads}` : '',
    cells.length > 0 ? `<h2>Cheats</h2>${cheatTable(cells)}${cheatReasons(cells)}` : '',
    records.length > 0 ? `<h2>All runs</h2>${runTable(records)}` : '',
    '<h2>How this was obtained</h2>',
    caveats.length > 0
      ? `<h3>Not tried</h3><ul>${caveats.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`
      : '',
    obtained(records),
    ...records.map(runDetails),
    definitions(),
  ];
  return page(title, parts.filter((part) => part !== '').join('\n'));
}

/** Of sweeps over real sockets when there are any; what was simulated repeats them, unless it goes further. */
function whyMeshesStop(groups: readonly Group[]): string {
  const repeats = ({ simulated, topology, runs }: Group) =>
    simulated &&
    groups.some(
      (live) => !live.simulated && live.topology === topology && largestTried(live.runs) >= largestTried(runs),
    );
  const whys = groups.filter((group) => !repeats(group));
  const told = whys.flatMap((group) => [...whyItStops(group), ...whyNeighboursStop(group)]);
  if (told.length === 0) return '';
  const details = told.map((text) => {
    const at = text.indexOf(': ');
    const [subject, reasons] = [text.slice(0, at), text.slice(at + 2)];
    return `<details><summary>${escapeHtml(subject)}</summary><p>${escapeHtml(reasons)}</p></details>`;
  });
  return `<h2>Why a mesh stops</h2>${details.join('')}`;
}

const largestTried = (runs: readonly RunRecord[]) => Math.max(...runs.map(({ plan }) => plan.players));

/** What stands before the first colon is what the paragraph is about. */
function paragraph(text: string): string {
  const colon = text.indexOf(': ');
  if (colon < 0 || colon > 60) return `<p>${escapeHtml(text)}</p>`;
  return `<p><strong>${escapeHtml(text.slice(0, colon))}</strong>${escapeHtml(text.slice(colon))}</p>`;
}

function heading(title: string, records: readonly RunRecord[], madeAt: string): string {
  const count = (status: RunRecord['status']) => records.filter((run) => run.status === status).length;
  const tags = [tag(`${count('ok')} trusted runs`, 'good')];
  if (count('void') > 0) tags.push(tag(`${count('void')} void`, 'bad'));
  if (count('partial') > 0) tags.push(tag(`${count('partial')} partial`, 'warn'));
  for (const evidence of new Set(records.map((run) => run.evidence))) tags.push(tag(evidence));
  return `<header><h1>${escapeHtml(title)}</h1><p class="meta">netbed · ${escapeHtml(madeAt)}</p>${tags.join(' ')}</header>`;
}

function carried(verdict: SweepVerdict): string {
  const { largest, end } = verdict;
  const most = largest !== null ? tidy(largest) : end.type === 'at least' ? 'not known' : 'none';
  const more = end.type === 'at least' && largest !== null ? ' or more' : '';
  return `<span class="big">${most}</span>${more}`;
}

const ENDS: Record<SweepVerdict['end']['type'], [string, '' | 'bad' | 'warn']> = {
  broke: ['broke', 'bad'],
  'at least': ['at least', 'warn'],
  'largest tried': ['largest tried', ''],
};

function verdictTable(groups: readonly Group[]): string {
  return table<Group>(
    [
      { title: 'Topology · network', text: true, cell: ({ label }) => `<strong>${escapeHtml(label)}</strong>` },
      { title: 'Players at level fast', cell: ({ fast }) => carried(fast) },
      { title: 'at level crowd', cell: ({ crowd }) => carried(crowd) },
      {
        title: 'What ended it (level fast)',
        text: true,
        wrap: true,
        cell: ({ fast }) => `${tag(...ENDS[fast.end.type])} ${escapeHtml(endSentence(fast))}`,
      },
      {
        title: 'Evidence',
        text: true,
        cell: ({ simulated, isScreening }) =>
          `${tag(simulated ? 'simulated' : 'measured')}${isScreening ? `<br>${tag('screening', 'warn')}` : ''}`,
      },
    ],
    groups,
  );
}

function levelsNote(): string {
  const { fast, crowd } = LEVELS;
  return (
    `<p class="note" style="margin-top:10px">Level fast: action p95 ≤ ${fast.actionP95Ms} ms and near age p99 ≤ ${fast.ageNearP99Ms} ms; ` +
    `crowd: ≤ ${crowd.actionP95Ms} and ≤ ${crowd.ageNearP99Ms} ms; each plus the base one-way delay. Both: tick p99 within ` +
    'its budget, tick rate ≥ 99 %, no stall, no desync, joins ≥ 99.9 %. ' +
    `A verdict needs ${FULL_DURATION_S} s and ${FULL_SEEDS} seeds; less is a screening.</p>`
  );
}

function uploadNote(): string {
  return (
    '<p class="note">Full mesh (N − 1)·f·(h + b), mesh of neighbours k·f·(h + b), host (n − 1)·f·(h + k·b), server N·f·(h + k·b), with the rate, payload and ' +
    'number of players of the run itself. What was counted beyond it are acknowledgements, heartbeats and repetitions.</p>'
  );
}

function cheatTable(cells: readonly CheatCell[]): string {
  return table<CheatCell>(
    [
      { title: 'Cheat', text: true, cell: ({ cheat }) => `<strong>${escapeHtml(cheat)}</strong>` },
      { title: 'Topology', text: true, cell: ({ topology }) => escapeHtml(topology) },
      { title: 'Defence', text: true, cell: defenceTag },
      { title: 'Twin pairs', cell: ({ pairs }) => String(pairs) },
      {
        title: 'Gain, points/min (95 %)',
        cell: ({ gain, margin }) => `${gain.toFixed(1)}${Number.isFinite(margin) ? ` ± ${margin.toFixed(1)}` : ''}`,
      },
      { title: 'Finding', text: true, cell: findingOf },
      { title: 'Distance, × twin', cell: ({ distanceRatio }) => distanceRatio.toFixed(2) },
      { title: 'Hidden players held', cell: ({ exposure }) => (exposure === null ? '–' : exposure.toFixed(1)) },
      { title: 'Tries that worked', cell: ({ accepted }) => percent(accepted) },
      { title: 'Noticed', cell: ({ detected }) => percent(detected) },
      { title: 'after, s', cell: ({ detectMs }) => (detectMs === null ? '–' : (detectMs / 1000).toFixed(1)) },
      { title: 'Named', cell: ({ attributed }) => percent(attributed) },
      { title: 'Time others waited', cell: ({ waiting }) => percent(waiting) },
      { title: 'Innocents blamed', cell: ({ innocentsBlamed }) => String(innocentsBlamed) },
      { title: 'Evidence', text: true, cell: ({ simulated }) => tag(simulated ? 'simulated' : 'measured') },
    ],
    cells,
  );
}

/** Which cheats stay open, which come to nothing by themselves, and why. */
function cheatReasons(cells: readonly CheatCell[]): string {
  return (
    listOf('What no defence stops, or none quite:', cells, ({ open }) => open) +
    listOf('What comes to nothing without a switch set against it:', cells, ({ prevented }) => prevented)
  );
}

function listOf(title: string, cells: readonly CheatCell[], reason: (cell: CheatCell) => string | null): string {
  const whys = cells.flatMap((cell) => {
    const why = reason(cell);
    return why === null ? [] : [`${cell.cheat} on ${cell.topology}: ${why}.`];
  });
  if (whys.length === 0) return '';
  const items = [...new Set(whys)].map((why) => `<li>${escapeHtml(why)}</li>`);
  return `<p class="note">${title}</p><ul class="note">${items.join('')}</ul>`;
}

function defenceTag({ defence, defended, prevented }: CheatCell): string {
  if (prevented !== null) return tag('prevented', 'good');
  if (defence === null) return tag('none', 'bad');
  return `${escapeHtml(defence)} ${defended ? tag('on', 'good') : tag('off', 'warn')}`;
}

const percent = (share: number | null) => (share === null ? '–' : `${Math.round(share * 100)} %`);

function findingOf({ inconclusive, gain }: CheatCell): string {
  if (inconclusive) return tag('inconclusive');
  return gain > 0 ? tag('it pays', 'bad') : tag('it does not pay', 'good');
}

function runTable(records: readonly RunRecord[]): string {
  return table<RunRecord>(
    [
      ...RUN_COLUMNS,
      { title: 'Status', text: true, cell: statusTag },
      { title: 'Level', text: true, cell: ({ level }) => (level ? tag(level, 'good') : '–') },
      measureColumn('Action p95, ms', 'action.p95'),
      measureColumn('Near age p99, ms', 'age.near.p99'),
      measureColumn('Tick p99, ms', 'tick.p99'),
      measureColumn('View error, %', 'viewError.ratio', 100),
      measureColumn('Down mean, kbit/s', 'down.mean'),
      measureColumn('Up worst, kbit/s', 'up.worst'),
      measureColumn('Joined, %', 'joins.ok', 100),
      measureColumn('Authority CPU, %', 'cpu.authority'),
      measureColumn('Bots’ CPU, %', 'cpu.bots'),
      EVIDENCE_COLUMN,
    ],
    records,
  );
}

function statusTag({ status }: RunRecord): string {
  return tag(status, status === 'ok' ? 'good' : status === 'void' ? 'bad' : 'warn');
}

function list(entries: readonly (readonly [string, string])[]): string {
  return `<dl>${entries.map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`).join('')}</dl>`;
}

function obtained(records: readonly RunRecord[]): string {
  const machines = new Set(
    records.map(({ about }) => {
      const { cpu, cores, memoryMb, os } = about.machine;
      return `${cpu}, ${cores} cores, ${tidy(Math.round(memoryMb / 1000))} GB, ${os}`;
    }),
  );
  const versions = new Set(
    records.map(({ about }) =>
      Object.entries(about.versions)
        .map((pair) => pair.join(' '))
        .join(', '),
    ),
  );
  const commits = new Set(records.map(({ about }) => about.commit ?? 'not in a checkout'));
  const prices = `egress $${DEFAULT_PRICES.egressCloudPerGB}/GB (large cloud) or $${DEFAULT_PRICES.egressMetalPerGB}/GB (rented machine), relay $${DEFAULT_PRICES.relayPerGB}/GB, $${DEFAULT_PRICES.corePerMonth} per core and month, ${RELAYED_SHARE * 100} % of links relayed between players`;
  return list([
    ['Machine', [...machines].join('; ') || '–'],
    ['Versions', [...versions].join('; ') || '–'],
    ['Commit', [...commits].join(', ') || '–'],
    ['measured', 'real sockets and processes, one monotonic clock'],
    ['simulated', 'the same sessions on virtual time, behind the same link model'],
    [
      'modelled',
      'a formula whose inputs are named: transport headers, upload in closed form, ticks of a simulated authority, cost',
    ],
    ['Prices (modelled)', prices],
  ]);
}

function runDetails(run: RunRecord): string {
  const { plan, coverage, activity, selfChecks, about, reasons, measures } = run;
  const name = [runName(plan), `${tidy(plan.players)} players`, `seed ${plan.seed}`].join(' · ');
  const covered = `${coverage.viewers} of ${coverage.players} players measured in full, inputs of ${coverage.inputs}; ${tidy(coverage.pairs)} pairs over ${tidy(coverage.measuredS)} s`;
  const lively = activity.ratio === null ? 'no reference' : `${Math.round(activity.ratio * 100)} % of the reference`;
  const did = `${tidy(activity.distance)} units, ${tidy(activity.shots)} shots, ${tidy(activity.pickups)} pickups, ${tidy(activity.kills)} kills (95 %: ${activity.killsInterval.map(tidy).join('–')}) per player-minute; ${lively}`;
  const checks = selfChecks
    .map(
      (check) =>
        `<li>${tag(check.held ? 'held' : 'failed', check.held ? 'good' : 'bad')} <strong>${escapeHtml(check.id)}</strong>: ${escapeHtml(check.sentence)}</li>`,
    )
    .join('');
  const rows = MEASURE_NAMES.flatMap((measure) => {
    const found = measures[measure];
    return found ? [{ measure, found }] : [];
  });
  const all = table(
    [
      { title: 'Measure', text: true, cell: ({ measure }) => `<code>${measure}</code>` },
      { title: 'Value', cell: ({ found }) => (found.value === null ? 'n/a' : tidy(found.value)) },
      { title: 'Unit', text: true, cell: ({ found }) => escapeHtml(found.unit) },
      {
        title: 'Evidence',
        text: true,
        cell: ({ found }) =>
          ['evidence' in found ? tag(found.evidence) : '', escapeHtml(found.why ?? '')].filter(Boolean).join(' '),
      },
    ],
    rows,
  );
  const facts = list([
    ...reasons.map((reason) => ['Why it does not count', reason] as const),
    ['Started', `${about.startedAt}, took ${tidy(about.wallS)} s`],
    ['Coverage', covered],
    ['Activity', did],
    ...meshFacts(run),
    ['Plan', JSON.stringify(plan)],
  ]);
  return `<details><summary>${escapeHtml(name)} ${statusTag(run)} ${tag(run.evidence)}</summary>${facts}<ul>${checks}</ul>${all}</details>`;
}

/** Of a mesh only: on what participants disagree, what became of the coins, who blamed whom for what. */
function meshFacts({ conflicts, ledger, accusations, uploads }: RunRecord): [string, string][] {
  const facts: [string, string][] = conflicts.map(({ kind, count, sentence }) => [
    `Conflict: ${kind}`,
    `${tidy(count)} times ${sentence}`,
  ]);
  if (ledger) {
    const { minted, held, lying, spent, error } = ledger;
    const parts = `${tidy(minted)} minted, ${tidy(held)} held, ${tidy(lying)} lying, ${tidy(spent)} spent`;
    facts.push(['Ledger', `${parts}; off by ${tidy(error)}`]);
  }
  const parts = Object.entries(uploads).map(([part, kbps]) => `${part} ${tidy(kbps)}`);
  if (parts.length > 0) facts.push(['Upload of a peer by purpose, kbit/s with headers', parts.join(', ')]);
  for (const [reason, count] of Object.entries(accusations)) facts.push([`Accused: ${reason}`, `${tidy(count)} times`]);
  return facts;
}

function definitions(): string {
  const rows = MEASURE_NAMES.map((name) => ({ name, ...MEASURES[name] }));
  const all = table(
    [
      { title: 'Measure', text: true, cell: ({ name }) => `<code>${name}</code>` },
      { title: 'Unit', text: true, cell: ({ unit }) => escapeHtml(unit) },
      { title: 'Definition', text: true, wrap: true, cell: ({ definition }) => escapeHtml(definition) },
      { title: 'Better', text: true, cell: ({ better }) => better },
    ],
    rows,
  );
  return `<details><summary>What the measures mean</summary>${all}</details>`;
}
