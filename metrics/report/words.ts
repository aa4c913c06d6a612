/** The answer in words: what the records say and no more. */
import { type MeasureName, numberOf } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { type SweepVerdict, tidy } from '../verdict.ts';
import type { CheatCell, Group } from './groups.ts';
import { meshLimit } from './scaling.ts';

/** What ended a sweep. */
export function endSentence({ largest, end }: SweepVerdict): string {
  switch (end.type) {
    case 'broke':
      return `At ${tidy(end.players)} players ${end.breach.sentence}.`;
    case 'at least':
      return `${largest === null ? 'No run could be trusted' : 'It may carry more'}: ${end.reason}.`;
    case 'largest tried':
      return 'More was not tried.';
  }
}

/** One paragraph per sweep, one on the arithmetic of a mesh where there is one, then what all that is worth. */
export function answerInWords(groups: readonly Group[], cells: readonly CheatCell[]): string[] {
  const lines = groups.map(({ label, fast, crowd, isScreening, simulated }) => {
    const kind = `${simulated ? 'simulated' : 'measured live'}${isScreening ? ', a screening' : ''}`;
    const none = fast.end.type === 'at least' ? 'nothing is known yet' : 'no number tried reached level fast';
    const carried = fast.largest === null ? none : `${tidy(fast.largest)} players at level fast`;
    const weaker = fast.largest === crowd.largest ? '' : ` At level crowd: ${carriedBy(crowd)}.`;
    return `${label}: ${carried} (${kind}). ${endSentence(fast)}${weaker}`;
  });
  const limit = meshLimit(groups);
  if (limit !== null) lines.push(limit);
  if (groups.some(({ isScreening }) => isScreening)) {
    lines.push(
      'A screening is short and has few seeds. It shows where to look and is no verdict; nothing is claimed about ' +
        'numbers of players that were not tried.',
    );
  }
  const open = cells.filter((cell) => !cell.inconclusive && cell.gain > 0);
  for (const { cheat, topology, defence, defended, gain, margin, pairs } of open) {
    const answered = defence === null ? ', and no defence stops it' : ` with ${defence} ${defended ? 'on' : 'off'}`;
    lines.push(
      `The cheat ${cheat} gains ${gain.toFixed(1)} ± ${margin.toFixed(1)} points per minute over its honest twin on ` +
        `${topology}${answered} (${pairs} pairs).`,
    );
  }
  return lines.length > 0 ? lines : ['There are no runs yet that a verdict could rest on.'];
}

function carriedBy({ largest, end }: SweepVerdict): string {
  if (largest === null) return 'not reached';
  return end.type === 'largest tried'
    ? `${tidy(largest)} players, the largest number tried`
    : `${tidy(largest)} players`;
}

/** A measure for a table: its number, or a dash. */
export function shown(run: RunRecord, name: MeasureName, factor = 1): string {
  const value = numberOf(run.measures, name);
  return value === null ? '–' : tidy(value * factor);
}

/** What a run is called in tables. */
export function runName({ topology, rollback, network, cheat }: RunRecord['plan']): string {
  return [rollback ? `${topology} (rollback)` : topology, network, cheat].filter(Boolean).join(' · ');
}
