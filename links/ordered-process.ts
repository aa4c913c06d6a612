/**
 * A process that obeys: settings and orders come from the parent over IPC (or settings from the command line), readiness
 * and recordings go back, and the process ends when its parent does. A server, a host peer and the rendezvous are such
 * processes; what is particular to authorities is in authority-process.ts. For Node only.
 */
import { writeFile } from 'node:fs/promises';
import { systemTimer } from './timer.ts';

export type ProcessOrder<S> =
  | { type: 'start'; settings: S }
  /** Keep what happens in this window of the machine's monotonic clock. */
  | { type: 'measure'; fromMs: number; untilMs: number }
  /** Write the recording to a file. */
  | { type: 'collect'; file: string }
  | { type: 'status' }
  | { type: 'stop' };

/** What the process has used since it started. */
export interface Usage {
  atMs: number;
  userUs: number;
  systemUs: number;
  rssBytes: number;
}

export type ProcessAnswer<Status extends { type: 'status' } & Usage> =
  | { type: 'ready'; url: string; port: number; pid: number; startedMs: number }
  /** Could not start: the message is for people. The process ends with EXIT_USAGE or EXIT_BROKEN. */
  | { type: 'failed'; message: string }
  | { type: 'measuring' }
  | { type: 'collected'; file: string; bytes: number }
  | Status;

/** Exit codes of netbed: bad usage, and a run that broke. */
export const EXIT_USAGE = 2;
export const EXIT_BROKEN = 3;

/** What a process does once it has started. */
export interface Work {
  url: string;
  port: number;
  stop(reason: string): Promise<void>;
  /** What `status` answers beside the usage. */
  status(): object;
  /** Called about once a second, and at the borders of a measurement. */
  sample?(usage: Usage): void;
  measure?(fromMs: number, untilMs: number): void;
  /** The recording; without it an empty file is written. */
  collect?(): Uint8Array;
}

const SAMPLE_EVERY_MS = 1000;
/** A goodbye that takes longer is cut short. */
const STOP_LIMIT_MS = 3000;

/** Tells the parent, or whoever reads standard error; resolves when it is on its way. */
function say(answer: ProcessAnswer<Usage & { type: 'status' }>): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(answer, () => resolve());
    else process.stderr.write(`${JSON.stringify(answer)}\n`, () => resolve());
  });
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { atMs: systemTimer.nowMs(), userUs: user, systemUs: system, rssBytes: process.memoryUsage.rss() };
}

/**
 * Runs this process: waits for settings, starts, obeys orders, ends with its parent. Without a parent, the settings are
 * the first argument, and SIGINT or SIGTERM ends it. `start` rejects with a message for people; `goodbye` is told to
 * whoever is connected at the end.
 */
export function runOrderedProcess<S>(start: (settings: S) => Promise<Work>, goodbye: string): void {
  let started = false;
  let work: Work | null = null;
  let ending = false;

  const end = async (reason: string, exitCode: number): Promise<void> => {
    if (ending) return;
    ending = true;
    // Not unref'd: if the goodbye hangs, this is what ends the process.
    setTimeout(() => process.exit(exitCode), STOP_LIMIT_MS);
    await work?.stop(reason).catch((error: unknown) => console.error(error));
    process.exit(exitCode);
  };

  const begin = async (settings: S): Promise<void> => {
    try {
      work = await start(settings);
    } catch (error) {
      await say({ type: 'failed', message: (error as Error).message });
      await end('could not start', EXIT_USAGE);
      return;
    }
    setInterval(() => work?.sample?.(usage()), SAMPLE_EVERY_MS).unref();
    const { url, port } = work;
    void say({ type: 'ready', url, port, pid: process.pid, startedMs: systemTimer.nowMs() });
  };

  const obey = async (order: ProcessOrder<S>): Promise<void> => {
    switch (order.type) {
      case 'start':
        if (started) return;
        started = true;
        await begin(order.settings);
        return;
      case 'measure':
        work?.sample?.(usage());
        work?.measure?.(order.fromMs, order.untilMs);
        void say({ type: 'measuring' });
        return;
      case 'collect': {
        work?.sample?.(usage());
        const bytes = work?.collect?.() ?? new Uint8Array(0);
        await writeFile(order.file, bytes);
        void say({ type: 'collected', file: order.file, bytes: bytes.length });
        return;
      }
      case 'status':
        if (work) void say({ type: 'status', ...work.status(), ...usage() });
        return;
      case 'stop':
        await end(goodbye, 0);
    }
  };

  const broken = (error: unknown): void => {
    console.error(error);
    void end('the process broke', EXIT_BROKEN);
  };
  process.on('uncaughtException', broken);
  process.on('unhandledRejection', broken);
  process.on('message', (order: ProcessOrder<S>) => obey(order).catch(broken));
  // A parent that dies takes its children along; nothing stays behind.
  process.on('disconnect', () => end(goodbye, 0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(goodbye, 0));
  const settings = process.argv[2];
  if (settings) obey({ type: 'start', settings: JSON.parse(settings) as S }).catch(broken);
}
