/**
 * Ctrl-C. The first one asks everything that was started to end in order; one more, when a second has passed, ends this
 * process at once. A terminal sends its signal to the whole process group and a wrapper forwards it again, so signals
 * that come close together are one.
 */

const SAME_PRESS_MS = 1000;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening: signals do again what they do by default. */
  dispose(): void;
}

/** Listens for SIGINT, SIGTERM and SIGHUP, and for the end of the process that wraps this one. */
export function listenForInterrupt(say: (line: string) => void): Interrupt {
  const controller = new AbortController();
  let firstMs = 0;
  const onSignal = () => {
    if (!controller.signal.aborted) {
      firstMs = performance.now();
      say('Stopping. Once more to end at once.');
      controller.abort();
    } else if (performance.now() - firstMs > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  const wrapped = process.env['NETBED_WRAPPED'] === '1' && process.connected;
  if (wrapped) {
    process.on('disconnect', onSignal);
    process.channel?.unref();
  }
  return {
    signal: controller.signal,
    dispose() {
      for (const name of signals) process.off(name, onSignal);
      if (wrapped) process.off('disconnect', onSignal);
    },
  };
}
