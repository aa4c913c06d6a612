/**
 * Time as the drivers use it: one monotonic clock, and waking up at an absolute time. Injected, so that a test or a
 * worker can drive the same code.
 */

export interface Timer {
  /** Monotonic, in milliseconds; all processes of one machine read the same clock where that is possible. */
  nowMs(): number;
  /** Calls back once, not before `atMs`; returns what cancels it. */
  callAt(atMs: number, callback: () => void): () => void;
}

/**
 * In Node, `process.hrtime` is one clock for every process of the machine, which latencies between processes need;
 * `performance.now` reads the same clock from another zero, cheaper. In a page it is the page's own.
 */
function hrtimeOffsetMs(): number {
  const hrtime = globalThis.process?.hrtime;
  if (!hrtime) return 0;
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6 - performance.now();
}

const OFFSET_MS = hrtimeOffsetMs();

/** The one monotonic clock, in milliseconds. */
export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}

/**
 * The runtime's own timers. They count whole milliseconds and may fire up to one early; waking up early and sleeping
 * again for a moment costs less than being late.
 */
export const systemTimer: Timer = {
  nowMs: monotonicMs,
  callAt(atMs, callback) {
    const wake = (): void => {
      const leftMs = atMs - monotonicMs();
      if (leftMs <= 0) callback();
      else handle = setTimeout(wake, leftMs);
    };
    let handle = setTimeout(wake, Math.max(0, atMs - monotonicMs()));
    return () => clearTimeout(handle);
  },
};
