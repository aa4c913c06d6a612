/** The ticks of whoever keeps the truth: how long they take, how even they are, how many stall. */
import type { AuthorityRecording } from '../authority-recorder.ts';
import { Distribution } from '../histogram.ts';
import type { Evidence, MeasureName } from '../measures.ts';
import type { MeasureSheet } from './measure-sheet.ts';

/** Ticks over this many ms are stalls. */
export const STALL_MS = 250;

/** In virtual time a tick takes what a model says. */
export function tickEvidence(evidence: Evidence): Evidence {
  return evidence === 'simulated' ? 'modelled' : evidence;
}

/** Lateness and duration, of all ticks that were measured. */
export function addTickTimes(out: MeasureSheet, { meta }: AuthorityRecording, evidence: Evidence): void {
  const times = new Distribution(meta.tickTimes);
  const set = (name: MeasureName, value: number | null) => out.set(name, value, 'no tick was recorded', evidence);
  set('tick.p50', times.percentile(50));
  set('tick.p95', times.percentile(95));
  set('tick.p99', times.percentile(99));
  set('tick.p999', times.percentile(99.9));
  set('tick.max', times.max);
}

/** Where one process has the ticks that count. */
export function addTicks(out: MeasureSheet, { meta, ticks }: AuthorityRecording, evidence: Evidence): void {
  const { columns } = ticks;
  const windowMs = meta.untilMs - meta.fromMs;
  const budgetMs = 1000 / meta.tickRateHz;
  let done = 0;
  let stalls = 0;
  let jumps = 0;
  let before = Number.NaN;
  for (let k = 0; k < ticks.count; k++) {
    const startMs = columns.startMs[k]!;
    if (startMs < meta.fromMs || startMs >= meta.untilMs) continue;
    const tookMs = columns.receiveMs[k]! + columns.endMs[k]! - columns.dueMs[k]!;
    done++;
    if (tookMs > STALL_MS) stalls++;
    const time = Math.max(budgetMs, tookMs);
    if (done > 1) jumps += Math.abs(time - before);
    before = time;
  }
  const set = (name: MeasureName, value: number | null) => out.set(name, value, 'no tick was recorded', evidence);
  set('tick.rate', windowMs > 0 ? (done * 1000) / windowMs : null);
  set('tick.isr', windowMs > 0 && done > 0 ? jumps / (2 * budgetMs * (windowMs / budgetMs)) : null);
  set('stalls.count', done > 0 ? stalls : null);
  out.set('coins.error', done > 0 ? meta.coinsError : null);
}
