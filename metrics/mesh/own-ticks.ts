/** Ticks where every peer has its own: how steady they are, and whether the peers agree on when each is due. */
import type { MeasureSheet } from '../audit/measure-sheet.ts';
import { STALL_MS } from '../audit/ticks.ts';
import type { AuthorityMeta } from '../authority-recorder.ts';
import { Distribution } from '../histogram.ts';
import type { Evidence } from '../measures.ts';
import type { OwnRows } from './own-rows.ts';

/** Over all peers together; each is judged for the time from its first to its last tick in the window. */
export function addOwnTicks(
  out: MeasureSheet,
  { fromMs, untilMs, tickRateHz }: AuthorityMeta,
  rows: OwnRows,
  evidence: Evidence,
): void {
  const budgetMs = 1000 / tickRateHz;
  const [firstTick, lastTick] = rows.tickRange;
  const span = Math.max(0, lastTick - firstTick + 1);
  const earliest = new Float64Array(span).fill(Number.POSITIVE_INFINITY);
  const latest = new Float64Array(span).fill(Number.NEGATIVE_INFINITY);
  let done = 0;
  let playedMs = 0;
  let stalls = 0;
  let jumps = 0;
  for (let player = 0; player < rows.capacity; player++) {
    let beganMs = Number.NaN;
    let lastMs = Number.NaN;
    let before = Number.NaN;
    rows.each(player, ({ tick, dueMs, phaseMs, startMs, endMs }) => {
      if (startMs < fromMs || startMs >= untilMs) return;
      const at = tick - firstTick;
      const roomMs = dueMs - phaseMs;
      earliest[at] = Math.min(earliest[at]!, roomMs);
      latest[at] = Math.max(latest[at]!, roomMs);
      const tookMs = endMs - dueMs;
      if (tookMs > STALL_MS) stalls++;
      const time = Math.max(budgetMs, tookMs);
      if (!Number.isNaN(before)) jumps += Math.abs(time - before);
      before = time;
      done++;
      if (Number.isNaN(beganMs)) beganMs = startMs;
      lastMs = startMs;
    });
    // A peer that was there when measuring began, or still is at its end, is judged from or until then.
    if (!Number.isNaN(beganMs)) playedMs += Math.min(untilMs, lastMs + budgetMs) - Math.max(fromMs, beganMs);
  }
  const why = 'no peer recorded a tick';
  out.set('tick.rate', playedMs > 0 ? (done * 1000) / playedMs : null, why, evidence);
  out.set('tick.isr', playedMs > 0 ? jumps / (2 * playedMs) : null, why, evidence);
  out.set('stalls.count', done > 0 ? stalls : null, why, evidence);
  const spreads = new Distribution();
  for (let at = 0; at < span; at++) if (latest[at]! >= earliest[at]!) spreads.add(latest[at]! - earliest[at]!);
  out.set('timeline.spread.p99', spreads.percentile(99), why);
}
