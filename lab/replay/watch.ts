/** `netbed replay --watch`: serves the page with a replay, until Ctrl-C. */
import { buildPage, REPLAY_FILE, REPLAY_PAGE, servePage } from '../../game-client/serve.ts';
import pc from '../colours.ts';
import { BrokenRun } from '../exit.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { openPage } from '../open-page.ts';
import { createProgress } from '../progress.ts';
import type { LoadedReplay } from './load.ts';

export interface WatchOptions {
  /** Of the page; 0 lets the system choose. */
  port: number;
  open: boolean;
}

/** Resolves when it was interrupted. Rejects with a BrokenRun when the page cannot be served. */
export async function watchReplay({ file, bytes }: LoadedReplay, { port, open }: WatchOptions): Promise<void> {
  const progress = createProgress();
  const interrupt = listenForInterrupt((line) => progress.say(line));
  const stopped = new Promise<void>((resolve) => {
    interrupt.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    progress.stage('Building the page', 3);
    await buildPage();
    progress.stage('Serving the page');
    const page = await servePage({ topologies: {}, port, files: { [REPLAY_FILE]: bytes } }).catch((error: Error) => {
      throw new BrokenRun(`the page cannot be served on port ${port}: ${error.message}; choose another --port`);
    });
    progress.finish();
    try {
      const url = new URL(REPLAY_PAGE, page.url).href;
      console.log(`${file} plays at ${pc.bold(url)}. Ctrl-C ends it.`);
      if (open) openPage(url);
      if (!interrupt.signal.aborted) await stopped;
    } finally {
      await page.close();
    }
  } finally {
    progress.finish();
    interrupt.dispose();
  }
}
