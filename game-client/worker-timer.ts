/** The page's clock and alarm: a `Timer` whose wake-ups come from a worker, so that a hidden tab keeps playing. */
import { monotonicMs, type Timer } from '../links/timer.ts';
import type { WakeRequest } from './timer-worker.ts';

/** Starts the worker. It lives as long as the page. */
export function createWorkerTimer(): Timer {
  const worker = new Worker(new URL('./timer-worker.ts', import.meta.url), {
    type: 'module',
  });
  const waiting = new Map<number, { atMs: number; callback: () => void }>();
  let lastId = 0;

  const ask = (id: number, atMs: number) => {
    const request: WakeRequest = {
      id,
      delayMs: Math.max(0, atMs - monotonicMs()),
    };
    worker.postMessage(request);
  };
  worker.onmessage = ({ data: id }: MessageEvent<number>) => {
    const alarm = waiting.get(id);
    if (!alarm) return;
    if (monotonicMs() < alarm.atMs) {
      ask(id, alarm.atMs);
      return;
    }
    waiting.delete(id);
    alarm.callback();
  };

  return {
    nowMs: monotonicMs,
    callAt(atMs, callback) {
      lastId += 1;
      const id = lastId;
      waiting.set(id, { atMs, callback });
      // What is due already need not make the trip to the worker and back.
      if (atMs <= monotonicMs()) {
        queueMicrotask(() => {
          if (waiting.delete(id)) callback();
        });
      } else ask(id, atMs);
      return () => waiting.delete(id);
    },
  };
}
