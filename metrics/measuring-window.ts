/**
 * When a recorder keeps what it is told. Nothing is kept before `measure` says from when to when; the truth of two
 * seconds before and after is kept too, because what a viewer holds at the start was true earlier, and an input counts
 * as lost only two seconds after it was due.
 */
export const MARGIN_MS = 2000;

export class MeasuringWindow {
  fromMs = Number.POSITIVE_INFINITY;
  untilMs = Number.POSITIVE_INFINITY;

  set(fromMs: number, untilMs: number): void {
    if (!(fromMs < untilMs)) throw new RangeError(`measuring from ${fromMs} until ${untilMs} ms is empty`);
    this.fromMs = fromMs;
    this.untilMs = untilMs;
  }

  /** Inside the time that the measures cover. */
  covers(ms: number): boolean {
    return ms >= this.fromMs && ms < this.untilMs;
  }

  /** Inside it, or within the margin around it. */
  touches(ms: number): boolean {
    return ms >= this.fromMs - MARGIN_MS && ms < this.untilMs + MARGIN_MS;
  }
}

/** Cumulative CPU of a process in microseconds (as `process.cpuUsage()` gives it) and its resident memory. */
export interface ResourceSample {
  atMs: number;
  userUs: number;
  systemUs: number;
  rssBytes: number;
}
