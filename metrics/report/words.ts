/** The answer in words: what the records say and no more. */
import { type MeasureName, numberOf } from '../measures.ts';
import type { RunRecord } from '../record.ts';
import { type SweepVerdict, tidy } from '../verdict.ts';
import type { CheatCell, Group } from './groups.ts';

/** `up to 600 players`, and what ended the sweep. */
export function sweepSentence({ level, largest, end }: SweepVerdict): string {
  const carried =
    largest === null ? `no number tried reaches level ${level}` : `level ${level} at ${tidy(largest)} players`;
  switch (end.type) {
    case 'broke':
      return `${carried}; at ${tidy(end.players)} it broke: ${end.breach.sentence}`;
    case 'at least':
      return `${carried}, and perhaps more: ${end.reason}`;
    case 'largest tried':
      return `${carried}, the largest number tried`;
  }
}

/** One paragraph per sweep, then what it is worth. */
export function answerInWords(groups: readonly Group[], cells: readonly CheatCell[]): string[] {
  const lines = groups.map(({ label, fast, crowd, isScreening, simulated }) => {
    const kind = `${simulated ? 'simulated' : 'measured live'}${isScreening ? ', a screening' : ''}`;
    const weaker = fast.largest === crowd.largest ? '' : ` Level crowd: ${carriedBy(crowd)}.`;
    return `${label} (${kind}): ${sweepSentence(fast)}.${weaker}`;
  });
  if (groups.some(({ isScreening }) => isScreening)) {
    lines.push(
      'A screening is short and has few seeds: it shows where to look, and is no verdict. Nothing is claimed about ' +
        'numbers of players that were not tried.',
    );
  }
  const open = cells.filter((cell) => !cell.inconclusive && cell.gain > 0);
  for (const { cheat, topology, defended, gain, margin, pairs } of open) {
    lines.push(
      `The cheat ${cheat} gains ${gain.toFixed(1)} ± ${margin.toFixed(1)} points per minute over its honest twin on ` +
        `${topology} with its defence ${defended ? 'on' : 'off'} (${pairs} pairs).`,
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
