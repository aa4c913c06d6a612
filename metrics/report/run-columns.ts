/** Columns of tables that have a row for each run. */
import type { MeasureName } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { tidy } from '../verdict.ts';
import { type Column, escapeHtml, tag } from './page.ts';
import { runName, shown } from './words.ts';

/** Which run it is: they come first. */
export const RUN_COLUMNS: readonly Column<RunRecord>[] = [
  { title: 'Run', text: true, cell: ({ plan }) => escapeHtml(runName(plan)) },
  { title: 'Players', cell: ({ plan }) => tidy(plan.players) },
  { title: 'Seed', cell: ({ plan }) => String(plan.seed) },
];

/** How the numbers were obtained: it comes last. */
export const EVIDENCE_COLUMN: Column<RunRecord> = {
  title: 'Evidence',
  text: true,
  cell: ({ evidence }) => tag(evidence),
};

/** A column that shows one measure, times `factor`. */
export function measureColumn(title: string, name: MeasureName, factor = 1): Column<RunRecord> {
  return { title, cell: (run) => shown(run, name, factor) };
}
