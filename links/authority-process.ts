/**
 * What the process of a server and that of a host peer have in common: settings and orders come from the parent over
 * IPC (or settings from the command line), readiness and recordings go back, and the process ends when its parent does.
 * For Node only. The recorder is passed in, because links/ knows no metrics.
 */
import { randomFillSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { AuthorityOptions, AuthoritySession } from '../netcode/authority-session.ts';
import type { SessionEvent } from '../netcode/session.ts';
import type { AuthorityDriver, AuthorityHooks, DriverCounters, TickTiming } from './authority-driver.ts';
import { systemTimer } from './timer.ts';

/** The first message, or the first argument as JSON. */
export interface ProcessSettings {
  authority: Omit<AuthorityOptions, 'randomBytes' | 'transport'>;
  port: number;
  bind?: string;
  /** Keep the truth tape and checksums while measuring; default yes. */
  tape?: boolean;
}

export type Order<S extends ProcessSettings = ProcessSettings> =
  | { type: 'start'; settings: S }
  /** Keep what happens in this window of the machine's monotonic clock. */
  | { type: 'measure'; fromMs: number; untilMs: number }
  /** Write the recording to a file. */
  | { type: 'collect'; file: string }
  | { type: 'status' }
  | { type: 'stop' };

export interface ProcessStatus {
  type: 'status';
  atMs: number;
  players: number;
  peers: number;
  tick: number;
  /** Coins lost or doubled so far. */
  coinsError: number;
  /** Players that claimed more time than has passed. */
  flagged: number[];
  driver: DriverCounters;
  session: Record<string, number>;
  userUs: number;
  systemUs: number;
  rssBytes: number;
}

export type Answer =
  | { type: 'ready'; url: string; port: number; pid: number; startedMs: number }
  /** Could not start: the message is for people. The process ends with EXIT_USAGE or EXIT_BROKEN. */
  | { type: 'failed'; message: string }
  | { type: 'measuring' }
  | { type: 'collected'; file: string; bytes: number }
  | ProcessStatus;

/** Exit codes of netbed: bad usage, and a run that broke. */
export const EXIT_USAGE = 2;
export const EXIT_BROKEN = 3;

/** What an authority's recorder must have; `AuthorityRecorder` of metrics/ fits. */
export interface Recorder {
  measure(fromMs: number, untilMs: number): void;
  tick(report: {
    tick: number;
    dueMs: number;
    startMs: number;
    endMs: number;
    receiveMs: number;
    world: AuthoritySession['world'];
    executedInputTick: Int32Array;
  }): void;
  joined(): void;
  left(reason: string): void;
  bytes(nowMs: number, sent: number, received: number, datagramsSent: number, datagramsReceived: number): void;
  resources(sample: { atMs: number; userUs: number; systemUs: number; rssBytes: number }): void;
  finish(): Uint8Array;
}

export interface Running {
  url: string;
  port: number;
  driver: AuthorityDriver;
  stop(reason?: string): Promise<void>;
}

export interface AuthorityProcess<S extends ProcessSettings> {
  /**
   * Starts what this process is for, and calls `attach` before anybody can connect. Rejects with a message for people.
   */
  start(
    settings: S,
    randomBytes: (into: Uint8Array) => void,
    attach: (driver: AuthorityDriver) => void,
  ): Promise<Running>;
  createRecorder(session: AuthoritySession, settings: S): Recorder;
  /** The ledger of the game: links/ knows no rules. */
  coinsError(session: AuthoritySession): number;
}

const SAMPLE_EVERY_MS = 1000;
/** A goodbye that takes longer is cut short. */
const STOP_LIMIT_MS = 3000;

/** Tells the parent, or whoever reads standard error; resolves when it is on its way. */
function say(answer: Answer): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(answer, () => resolve());
    else process.stderr.write(`${JSON.stringify(answer)}\n`, () => resolve());
  });
}

function usage(): { atMs: number; userUs: number; systemUs: number; rssBytes: number } {
  const { user, system } = process.cpuUsage();
  return { atMs: systemTimer.nowMs(), userUs: user, systemUs: system, rssBytes: process.memoryUsage.rss() };
}

/** What feeds a recorder from a driver. */
function recorderHooks(recorder: Recorder, driver: AuthorityDriver): AuthorityHooks {
  const { counters, session } = driver;
  const last = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
  const tick = ({ tick, dueMs, startedMs, endedMs, receiveMs }: TickTiming): void => {
    const { world, executedInputTick } = session;
    recorder.tick({ tick, dueMs, startMs: startedMs, endMs: endedMs, receiveMs, world, executedInputTick });
    recorder.bytes(
      endedMs,
      counters.sentBytes - last.sentBytes,
      counters.receivedBytes - last.receivedBytes,
      counters.sentMessages - last.sentMessages,
      counters.receivedMessages - last.receivedMessages,
    );
    last.sentBytes = counters.sentBytes;
    last.receivedBytes = counters.receivedBytes;
    last.sentMessages = counters.sentMessages;
    last.receivedMessages = counters.receivedMessages;
  };
  const event = (happened: SessionEvent): void => {
    if (happened.type === 'joined' && !happened.resumed) recorder.joined();
    else if (happened.type === 'left') recorder.left(happened.reason);
  };
  return { tick, event };
}

/**
 * Runs this process: waits for settings, starts, obeys orders, ends with its parent. Without a parent, the settings are
 * the first argument, and SIGINT or SIGTERM ends it.
 */
export function runAuthorityProcess<S extends ProcessSettings>(kind: AuthorityProcess<S>): void {
  let started = false;
  let running: Running | null = null;
  let recorder: Recorder | null = null;
  let ending = false;

  const end = async (reason: string, exitCode: number): Promise<void> => {
    if (ending) return;
    ending = true;
    // Not unref'd: if the goodbye hangs, this is what ends the process.
    setTimeout(() => process.exit(exitCode), STOP_LIMIT_MS);
    await running?.stop(reason).catch((error: unknown) => console.error(error));
    process.exit(exitCode);
  };

  const begin = async (settings: S): Promise<void> => {
    const attach = (driver: AuthorityDriver): void => {
      recorder = kind.createRecorder(driver.session, settings);
      driver.hooks.push(recorderHooks(recorder, driver));
    };
    try {
      running = await kind.start(settings, (into) => randomFillSync(into), attach);
    } catch (error) {
      await say({ type: 'failed', message: (error as Error).message });
      await end('could not start', EXIT_USAGE);
      return;
    }
    setInterval(() => recorder?.resources(usage()), SAMPLE_EVERY_MS).unref();
    void say({
      type: 'ready',
      url: running.url,
      port: running.port,
      pid: process.pid,
      startedMs: systemTimer.nowMs(),
    });
  };

  const status = (): void => {
    if (!running) return;
    const { driver } = running;
    const { session } = driver;
    void say({
      type: 'status',
      players: session.playerCount,
      peers: driver.peers,
      tick: session.world.match.tick[0]!,
      coinsError: kind.coinsError(session),
      flagged: Array.from(session.flagged.keys()).filter((player) => session.flagged[player] === 1),
      driver: driver.counters,
      session: { ...session.counters },
      ...usage(),
    });
  };

  const obey = async (order: Order<S>): Promise<void> => {
    switch (order.type) {
      case 'start':
        if (started) return;
        started = true;
        await begin(order.settings);
        return;
      case 'measure':
        recorder?.resources(usage());
        recorder?.measure(order.fromMs, order.untilMs);
        void say({ type: 'measuring' });
        return;
      case 'collect': {
        recorder?.resources(usage());
        const bytes = recorder?.finish() ?? new Uint8Array(0);
        await writeFile(order.file, bytes);
        void say({ type: 'collected', file: order.file, bytes: bytes.length });
        return;
      }
      case 'status':
        status();
        return;
      case 'stop':
        await end('the match is over', 0);
    }
  };

  const broken = (error: unknown): void => {
    console.error(error);
    void end('the authority broke', EXIT_BROKEN);
  };
  process.on('uncaughtException', broken);
  process.on('unhandledRejection', broken);
  process.on('message', (order: Order<S>) => obey(order).catch(broken));
  // A parent that dies takes its children along; nothing stays behind.
  process.on('disconnect', () => end('the match is over', 0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end('the match is over', 0));
  const settings = process.argv[2];
  if (settings) obey({ type: 'start', settings: JSON.parse(settings) as S }).catch(broken);
}
