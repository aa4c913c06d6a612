/** One row per second of a run, for plots over time. */
import { EventKind } from '../../game/world.ts';
import type { AuthorityRecording } from '../authority-recorder.ts';
import type { SeriesRow } from '../record.ts';
import type { Sweep } from './sweep.ts';

export function seriesOf({ meta, ticks, truth, outcomes }: AuthorityRecording, sweep: Sweep): SeriesRow[] {
  const { fromMs, untilMs } = meta;
  const rows: SeriesRow[] = [];
  for (let s = 0; s < Math.ceil((untilMs - fromMs) / 1000); s++) {
    const ageMs = sweep.ageMsBySecond[s]!;
    rows.push({
      s,
      players: 0,
      ticks: 0,
      tickWorstMs: 0,
      tickMeanMs: 0,
      ageMeanMs: ageMs > 0 ? round3(sweep.ageSumBySecond[s]! / ageMs) : null,
      kills: 0,
      pickups: 0,
      checksums: {},
    });
  }
  const secondOfTick = new Map<number, SeriesRow>();
  const { columns } = ticks;
  for (let k = 0; k < ticks.count; k++) {
    const row = rows[Math.floor((columns.startMs[k]! - fromMs) / 1000)];
    if (!row) continue;
    const tookMs = columns.receiveMs[k]! + columns.endMs[k]! - columns.dueMs[k]!;
    secondOfTick.set(columns.tick[k]!, row);
    row.ticks++;
    row.players = (k + 1 < ticks.count ? columns.firstRow[k + 1]! : truth.count) - columns.firstRow[k]!;
    row.tickWorstMs = Math.max(row.tickWorstMs, round3(tookMs));
    row.tickMeanMs += tookMs;
  }
  for (const row of rows) row.tickMeanMs = row.ticks > 0 ? round3(row.tickMeanMs / row.ticks) : 0;
  for (let i = 0; i < outcomes.count; i++) {
    const row = secondOfTick.get(outcomes.columns.tick[i]!);
    if (!row) continue;
    if (outcomes.columns.kind[i] === EventKind.kill) row.kills++;
    if (outcomes.columns.kind[i] === EventKind.pickup) row.pickups++;
  }
  for (const { atMs, sections } of meta.checksums) {
    const row = rows[Math.floor((atMs - fromMs) / 1000)];
    if (row) row.checksums = sections;
  }
  return rows;
}

const round3 = (value: number) => Math.round(value * 1000) / 1000;
