/**
 * What the process of a server and that of a host peer have in common: the settings of an authority, what its recorder is
 * fed, and what it tells of itself. Orders and the rest: ordered-process.ts. For Node only. The recorder is passed in,
 * because links/ knows no metrics.
 */
import { randomFillSync } from 'node:crypto';
import type { AuthorityOptions, AuthoritySession } from '../netcode/authority-session.ts';
import type { SessionEvent } from '../netcode/session.ts';
import type { AuthorityDriver, AuthorityHooks, DriverCounters, TickTiming } from './authority-driver.ts';
import { type ProcessAnswer, type ProcessOrder, runOrderedProcess, type Usage, type Work } from './ordered-process.ts';

/** The first message, or the first argument as JSON. */
export interface ProcessSettings {
  authority: Omit<AuthorityOptions, 'randomBytes' | 'transport'>;
  port: number;
  bind?: string;
  /** Keep the truth tape and checksums while measuring; default yes. */
  tape?: boolean;
}

export type Order<S extends ProcessSettings = ProcessSettings> = ProcessOrder<S>;

export interface ProcessStatus extends Usage {
  type: 'status';
  players: number;
  peers: number;
  tick: number;
  /** Coins lost or doubled so far. */
  coinsError: number;
  /** Players that claimed more time than has passed. */
  flagged: number[];
  driver: DriverCounters;
  session: Record<string, number>;
}

export type Answer = ProcessAnswer<ProcessStatus>;

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
  resources(sample: Usage): void;
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

/** Runs this process as an authority; see `runOrderedProcess`. */
export function runAuthorityProcess<S extends ProcessSettings>(kind: AuthorityProcess<S>): void {
  runOrderedProcess<S>(async (settings): Promise<Work> => {
    let recorder = null as Recorder | null;
    const attach = (driver: AuthorityDriver): void => {
      recorder = kind.createRecorder(driver.session, settings);
      driver.hooks.push(recorderHooks(recorder, driver));
    };
    const running = await kind.start(settings, (into) => randomFillSync(into), attach);
    const { url, port, driver } = running;
    const { session } = driver;
    return {
      url,
      port,
      stop: (reason) => running.stop(reason),
      status: (): Omit<ProcessStatus, 'type' | keyof Usage> => ({
        players: session.playerCount,
        peers: driver.peers,
        tick: session.world.match.tick[0]!,
        coinsError: kind.coinsError(session),
        flagged: Array.from(session.flagged.keys()).filter((player) => session.flagged[player] === 1),
        driver: driver.counters,
        session: { ...session.counters },
      }),
      sample: (usage) => recorder?.resources(usage),
      measure: (fromMs, untilMs) => recorder?.measure(fromMs, untilMs),
      collect: () => recorder?.finish() ?? new Uint8Array(0),
    };
  }, 'the match is over');
}
