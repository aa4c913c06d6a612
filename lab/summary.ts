/** What a run came to, for a terminal: the verdict in words, then the measures that most people look for. */

import { MEASURES, type MeasureName } from '../metrics/measures.ts';
import type { RunRecord } from '../metrics/record.ts';
import { type CheatCell, cheatCells } from '../metrics/report/groups.ts';
import pc from './colours.ts';

/** `always`: with the reason where it is not known; `known`: of peers, left out where it says nothing. */
const KEY_MEASURES: Partial<Record<MeasureName, 'always' | 'known'>> = {
  'joins.ok': 'always',
  'joins.p99': 'always',
  disconnects: 'always',
  'tick.p50': 'always',
  'tick.p99': 'always',
  'tick.max': 'always',
  'tick.rate': 'always',
  'stalls.count': 'always',
  'stalls.time.ratio': 'known',
  'delay.mean': 'known',
  'delay.worst': 'known',
  'action.p50': 'always',
  'action.p95': 'always',
  'echo.p95': 'always',
  'age.near.p99': 'always',
  'age.all.p99': 'always',
  'viewError.ratio': 'always',
  'positionError.p95': 'always',
  'desync.count': 'always',
  'divergence.ratio': 'known',
  'rollback.depth.p50': 'known',
  'rollback.depth.p95': 'known',
  'exposure.mean': 'always',
  'down.mean': 'always',
  'up.mean': 'always',
  'up.worst': 'always',
  'snapshots.rate': 'always',
  'inputs.rate': 'always',
  'links.mean': 'known',
  'links.opened.rate': 'known',
  'neighbour.setup.p99': 'known',
  'forwarded.ratio': 'known',
  'relayed.ratio': 'known',
  'recovery.p99': 'known',
  'cpu.authority': 'always',
  'cpu.rendezvous': 'known',
  'cpu.peer': 'known',
  'cpu.bots': 'always',
  'memory.authority': 'always',
  'bots.lag.p99': 'always',
  'coins.error': 'always',
};

export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

function headline({ status, level }: RunRecord): string {
  if (status === 'void') return pc.red('void: this run cannot be trusted');
  if (status === 'partial') return pc.yellow('partial: the run ended before its time');
  return level === null ? pc.yellow('held, but reaches no service level') : pc.green(`level ${level}`);
}

/** Several lines, without a newline at the end. */
export function summaryOf(record: RunRecord): string {
  const { plan, measures, coverage, reasons } = record;
  const kind = plan.simulated ? 'simulated' : 'live';
  const lines = [
    `${pc.bold(`${plan.topology}, ${plan.players} players, ${plan.network}, seed ${plan.seed}`)} (${kind}, ${plan.durationS} s): ${headline(record)}`,
    ...reasons.map((reason) => `  ${pc.red('·')} ${reason}`),
    '',
  ];
  for (const [name, shown] of Object.entries(KEY_MEASURES) as [MeasureName, 'always' | 'known'][]) {
    const measure = measures[name];
    if (!measure || (measure.value === null && shown === 'known')) continue;
    const { unit } = MEASURES[name];
    const value =
      measure.value === null ? pc.dim(`n/a (${measure.why})`) : `${formatNumber(measure.value).padStart(10)} ${unit}`;
    lines.push(`  ${name.padEnd(20)}${value}`);
  }
  const uploads = Object.entries(record.uploads).map(([part, kbps]) => `${part} ${formatNumber(kbps)}`);
  if (uploads.length > 0) lines.push('', `  upload of a peer, kbit/s with headers: ${uploads.join(', ')}`);
  lines.push(
    '',
    `  ${coverage.viewers} viewers measured in full, inputs of ${coverage.inputs} of ${plan.players} players`,
  );
  if (record.cheats.length > 0)
    lines.push('', ...cheatCells([{ ...record, status: 'ok' }]).map((cell) => `  ${describeCell(cell)}`));
  return lines.join('\n');
}

/** What a cheat gained over its honest twins, in one sentence. */
export function describeCell(cell: CheatCell): string {
  const { gain, margin, pairs } = cell;
  const signed = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(1)}`;
  const interval = `95 %: ${signed(gain - margin)} to ${signed(gain + margin)}, ${pairs} pairs`;
  const gained = cell.inconclusive
    ? `no clear difference to its twin (points per minute, ${interval})`
    : `${signed(gain)} points per minute over its twin (${interval})`;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const more = [`distance ×${cell.distanceRatio.toFixed(2)}`];
  if (cell.accepted !== null) more.push(`${percent(cell.accepted)} of its tries worked`);
  if (cell.detected !== null) {
    const after = cell.detectMs === null ? '' : ` after ${(cell.detectMs / 1000).toFixed(1)} s`;
    more.push(`noticed ${percent(cell.detected)}${after}, named ${percent(cell.attributed ?? 0)}`);
    more.push(`innocents blamed: ${cell.innocentsBlamed}`);
  }
  if (cell.waiting !== null && cell.waiting >= 0.005)
    more.push(`the others waited ${percent(cell.waiting)} of the time`);
  const undefended = cell.prevented === null ? 'no defence' : 'prevented without one';
  const defence = cell.defence === null ? undefended : `${cell.defence} ${cell.defended ? 'on' : 'off'}`;
  return `${cell.cheat} on ${cell.topology}, ${defence}: ${gained}, ${more.join(', ')}`;
}
