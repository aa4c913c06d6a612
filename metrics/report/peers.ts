/** What a report shows of peers without an authority: their table, and upload as arithmetic beside what was counted. */
import { type MeasureName, numberOf } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { tidy } from '../verdict.ts';
import { type Line, linePlot } from './charts.ts';
import { type Group, isInterestMesh, medianAt, sizesOf, withoutAuthority } from './groups.ts';
import { escapeHtml, figure, table, tag } from './page.ts';
import { EVIDENCE_COLUMN, measureColumn, RUN_COLUMNS } from './run-columns.ts';
import { largestMesh, linkArithmetic, mbit, UPLINKS_KBPS } from './scaling.ts';
import { shown } from './words.ts';

/** Rows of what only peers have, for runs without an authority: those that simulate everybody, then those that own themselves. */
export function peerTable(records: readonly RunRecord[]): string {
  const peers = records.filter(({ plan }) => withoutAuthority(plan));
  const owners = peers.filter(({ plan }) => isInterestMesh(plan));
  return simulatingTable(peers.filter((run) => !owners.includes(run))) + owningTable(owners);
}

function simulatingTable(rows: readonly RunRecord[]): string {
  if (rows.length === 0) return '';
  const depths = ['rollback.depth.p50', 'rollback.depth.p95', 'rollback.depth.max'] as const;
  return table<RunRecord>(
    [
      ...RUN_COLUMNS,
      { title: 'Delay mean / worst, ms', cell: (run) => `${shown(run, 'delay.mean')} / ${shown(run, 'delay.worst')}` },
      measureColumn('Stalls per min', 'stalls.rate'),
      measureColumn('Waiting, %', 'stalls.time.ratio', 100),
      measureColumn('Echo p95, ms', 'echo.p95'),
      measureColumn('Own action p95, ms', 'ownAction.p95'),
      { title: 'Rollback p50 / p95 / max, ticks', cell: (run) => depths.map((name) => shown(run, name)).join(' / ') },
      measureColumn('Rollbacks per min', 'rollback.rate'),
      measureColumn('Links', 'links.mean'),
      measureColumn('Relayed, %', 'relayed.ratio', 100),
      measureColumn('CPU per peer, %', 'cpu.peer'),
      measureColumn('µs per message', 'cpu.perMessage'),
      measureColumn('MB per peer', 'memory.peer'),
      measureColumn('View changes', 'viewChanges.count'),
      measureColumn('Recovery p99, ms', 'recovery.p99'),
      measureColumn('Desyncs', 'desync.count'),
      EVIDENCE_COLUMN,
    ],
    rows,
  );
}

function owningTable(rows: readonly RunRecord[]): string {
  if (rows.length === 0) return '';
  const pair = (run: RunRecord, a: MeasureName, b: MeasureName) => `${shown(run, a)} / ${shown(run, b)}`;
  return table<RunRecord>(
    [
      ...RUN_COLUMNS,
      { title: 'Upload mean / worst, kbit/s', cell: (run) => pair(run, 'up.mean', 'up.worst') },
      measureColumn('Recipients', 'recipients.mean'),
      { title: 'Links mean / worst', cell: (run) => pair(run, 'links.mean', 'links.worst') },
      measureColumn('Links opened per s', 'links.opened.rate'),
      {
        title: 'Neighbour setup p50 / p99, ms',
        cell: (run) => pair(run, 'neighbour.setup.p50', 'neighbour.setup.p99'),
      },
      measureColumn('Forwarded, %', 'forwarded.ratio', 100),
      measureColumn('Relayed, %', 'relayed.ratio', 100),
      measureColumn('View error, %', 'viewError.ratio', 100),
      measureColumn('Diverged rows, %', 'divergence.ratio', 100),
      measureColumn('Conflicts per 1,000', 'conflicts.per1000'),
      measureColumn('Accusations per h', 'accusations.rate'),
      measureColumn('CPU per peer, %', 'cpu.peer'),
      measureColumn('MB per peer', 'memory.peer'),
      measureColumn('Rendezvous, messages per s and peer', 'rendezvous.messages.rate'),
      measureColumn('Rendezvous up, kbit/s', 'rendezvous.up'),
      measureColumn('Epochs per min', 'rendezvous.epochs.rate'),
      EVIDENCE_COLUMN,
    ],
    rows,
  );
}

/** Upload of whoever the closed form speaks of, as counted with headers: every peer of a mesh, else the authority. */
function countedUpload(run: RunRecord): number | null {
  return numberOf(run.measures, withoutAuthority(run.plan) ? 'up.wire.mean' : 'authority.up.wire');
}

/** Arithmetic beside measurement, for every trusted run that has both. */
export function uploadTable(groups: readonly Group[]): string {
  const rows = groups.flatMap((group) =>
    group.runs.flatMap((run) => {
      const formula = numberOf(run.measures, 'up.formula');
      const counted = countedUpload(run);
      return run.status === 'ok' && formula && counted !== null ? [{ group, run, formula, counted }] : [];
    }),
  );
  if (rows.length === 0) return '';
  return table(
    [
      { title: 'Topology · network', text: true, cell: ({ group }) => escapeHtml(group.label) },
      { title: 'Players', cell: ({ run }) => tidy(run.plan.players) },
      { title: 'Seed', cell: ({ run }) => String(run.plan.seed) },
      {
        title: 'Who uploads',
        text: true,
        cell: ({ run }) => (withoutAuthority(run.plan) ? 'every peer, mean' : 'the authority'),
      },
      { title: 'Counted, kbit/s', cell: ({ counted }) => tidy(counted) },
      {
        title: 'Of the worst peer',
        cell: ({ run }) => (withoutAuthority(run.plan) ? shown(run, 'up.wire.worst') : '–'),
      },
      { title: 'Arithmetic, kbit/s', cell: ({ formula }) => tidy(formula) },
      { title: 'Counted ÷ arithmetic', cell: ({ counted, formula }) => (counted / formula).toFixed(2) },
      { title: 'Evidence', text: true, cell: ({ run }) => `${tag(run.evidence)} ${tag('modelled')}` },
    ],
    rows,
  );
}

/** Upload per peer of a mesh of neighbours over N, mean and worst, beside what the closed form says of its states. */
export function growthFigures(groups: readonly Group[]): string[] {
  const meshes = groups.filter((group) => isInterestMesh(group.runs[0]!.plan));
  const pointsOf = (group: Group, name: MeasureName) =>
    sizesOf(group).flatMap((players) => {
      const y = medianAt(group, players, name);
      return y === null ? [] : [{ x: players, y, mark: 'ok' as const }];
    });
  const growing = meshes.filter((group) => pointsOf(group, 'up.formula').length > 1);
  const furthest = growing.sort((a, b) => sizesOf(b).at(-1)! - sizesOf(a).at(-1)!)[0];
  if (!furthest) return [];
  const links = pointsOf(furthest, 'up.links.formula');
  const statesAndLinks = pointsOf(furthest, 'up.formula').flatMap((point) => {
    const extra = links.find(({ x }) => x === point.x);
    return extra ? [{ ...point, y: point.y + extra.y }] : [];
  });
  const lines: Line[] = [
    { label: 'mean, counted', colour: 0, dash: 0, points: pointsOf(furthest, 'up.wire.mean') },
    { label: 'worst peer, counted', colour: 1, dash: 0, points: pointsOf(furthest, 'up.wire.worst') },
    { label: 'states, arithmetic', colour: 0, dash: 1, points: pointsOf(furthest, 'up.formula') },
    { label: 'states and links, arithmetic', colour: 2, dash: 1, points: statesAndLinks },
  ];
  const caption =
    `${furthest.label}, with transport headers. Dashed: k · f · (h + b) of each run, k being those who are told, then with pings over all links ` +
    'and signals for new ones. Counted is all else too: news of coins, claims, what is forwarded and relayed; what is below ' +
    'messages when a link is opened (DTLS, SCTP) is not. ' +
    `Evidence: counted is ${furthest.simulated ? 'simulated' : 'measured'}, arithmetic is modelled.`;
  const plot = linePlot({ xName: 'players', yName: 'kbit/s', lines, limits: [] });
  return [figure('How the upload of a peer grows where it tells its neighbours only', caption, plot)];
}

/** Upload per peer over N: counted, and by arithmetic until it passes an ordinary uplink. */
export function scalingFigures(groups: readonly Group[]): string[] {
  const meshes = groups.flatMap((group) => {
    const link = linkArithmetic(group);
    return link ? [{ group, link }] : [];
  });
  if (meshes.length === 0) return [];
  const drawn = UPLINKS_KBPS.slice(0, 2);
  const lines = meshes.flatMap(({ group, link }, i): Line[] => {
    const end = largestMesh(drawn.at(-1)!, link.linkKbps);
    const sizes = Array.from({ length: 12 }, (_, step) => Math.round(2 * (end / 2) ** (step / 11)));
    const counted = sizesOf(group).flatMap((players) => {
      const y = medianAt(group, players, 'up.wire.mean');
      return y === null ? [] : [{ x: players, y, mark: 'ok' as const }];
    });
    const modelled = sizes.map((x) => ({ x, y: (x - 1) * link.linkKbps, mark: 'ok' as const }));
    return [
      { label: `${group.label}, counted`, colour: i, dash: 0, points: counted },
      { label: `${group.label}, arithmetic`, colour: i, dash: 1, points: modelled },
    ];
  });
  const limits = drawn.map((uplink) => ({ label: `uplink of ${mbit(uplink)} Mbit/s`, y: uplink }));
  const kinds = [...new Set(meshes.map(({ group }) => (group.simulated ? 'simulated' : 'measured')))].join(' and ');
  const caption =
    'With transport headers. Dashed: (N − 1) · f · (h + b) with the rate, headers and payload of the largest run. ' +
    `Evidence: counted is ${kinds}, arithmetic is modelled.`;
  const plot = linePlot({ xName: 'players', yName: 'kbit/s', lines, limits });
  return [figure('Upload of every peer of a mesh', caption, plot)];
}
