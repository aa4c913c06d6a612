/**
 * A live match for tests: an authority in a process of its own on a port that the system chose, and players over real
 * sockets. Tests wait for conditions, never for a time. A topology plugs in with one entry of `LIVE_TOPOLOGIES`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { NO_INPUT, type PlayerInput } from '../../game/input.ts';
import type { Answer, Order, ProcessSettings, ProcessStatus } from '../../links/authority-process.ts';
import { ClientDriver } from '../../links/client-driver.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { openThinColyseusEnd } from '../../links/colyseus-thin.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { monotonicMs } from '../../links/timer.ts';
import { DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { ClientSession } from '../../netcode/client-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';

export interface LiveTopology {
  id: string;
  /** Module of the process that decides. */
  entry: URL;
  /** Settings beyond those that every authority takes. */
  settings: object;
  openEnd(url: string): ClientEnd;
}

export const LIVE_TOPOLOGIES: readonly LiveTopology[] = [
  {
    id: 'server',
    entry: new URL('../../server/main.ts', import.meta.url),
    settings: {},
    openEnd: (url) => openThinColyseusEnd({ url }),
  },
  {
    id: 'host',
    entry: new URL('../../p2p-host/main.ts', import.meta.url),
    settings: { dedicated: true },
    openEnd: (url) => openNodeDataChannelEnd({ url }),
  },
];

/** Longest that any condition is waited for; reached only when a test fails. */
const PATIENCE_MS = 20_000;

/** Waits until `holds` returns something truthy, and returns that. Rejects with `what` when it never does. */
export async function until<T>(
  what: string | (() => string),
  holds: () => T | Promise<T>,
  withinMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const untilMs = monotonicMs() + withinMs;
  for (;;) {
    const held = await holds();
    if (held) return held;
    if (monotonicMs() > untilMs) {
      throw new Error(`waited ${withinMs / 1000} s in vain until ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface MatchOptions {
  config?: Partial<MatchConfig>;
  authority?: Partial<ProcessSettings['authority']>;
  port?: number;
  /** Further settings of the topology's process. */
  settings?: object;
}

/** A running authority. */
export class LiveMatch {
  readonly topology: LiveTopology;
  readonly child: ChildProcess;
  url = '';
  port = 0;
  /** What the process wrote on standard error. */
  complaints = '';
  readonly players: TestPlayer[] = [];

  private constructor(topology: LiveTopology) {
    this.topology = topology;
    this.child = fork(topology.entry, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
    });
  }

  /** Starts an authority. Rejects with its own message when it cannot. */
  static async start(topology: LiveTopology, options: MatchOptions = {}): Promise<LiveMatch> {
    const match = new LiveMatch(topology);
    const config = { ...DEFAULT_MATCH, players: 8, ...options.config };
    const authority = { ...DEFAULT_AUTHORITY, config, ...options.authority };
    const settings = { authority, port: options.port ?? 0, ...topology.settings, ...options.settings };
    const ready = await match.ask({ type: 'start', settings }, 'ready');
    match.url = ready.url;
    match.port = ready.port;
    return match;
  }

  get isUp(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends an order and waits for an answer of a type. */
  ask<T extends Answer['type']>(order: Order, answer: T): Promise<Extract<Answer, { type: T }>> {
    return new Promise((resolve, reject) => {
      const { child } = this;
      const settle = (): void => {
        child.off('message', heard);
        child.off('exit', died);
      };
      const heard = (message: Answer): void => {
        if (message.type === answer) {
          settle();
          resolve(message as Extract<Answer, { type: T }>);
        } else if (message.type === 'failed') {
          settle();
          reject(new Error(message.message));
        }
      };
      const died = (): void => {
        settle();
        reject(new Error(`the authority ended with code ${child.exitCode}:\n${this.complaints}`));
      };
      child.on('message', heard);
      child.on('exit', died);
      child.send(order);
    });
  }

  status(): Promise<ProcessStatus> {
    return this.ask({ type: 'status' }, 'status');
  }

  /** A player that has asked to join; wait for what it should reach. */
  enter(name: string, end: ClientEnd = this.topology.openEnd(this.url)): TestPlayer {
    const player = new TestPlayer(name, end);
    this.players.push(player);
    return player;
  }

  /** A player that is in the match and has seen it. */
  async join(name: string): Promise<TestPlayer> {
    const player = this.enter(name);
    const state = () => `${name} plays (it is ${player.session.state}; ${player.closed}; ${this.complaints})`;
    await until(state, () => player.view);
    return player;
  }

  /** Ends the authority and its players; returns its exit code. */
  async stop(): Promise<number | null> {
    for (const player of this.players) player.stop();
    if (!this.isUp) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.send({ type: 'stop' } satisfies Order);
    await exited;
    return this.child.exitCode;
  }
}

/** A full client over a real socket, pumped every few milliseconds. */
export class TestPlayer {
  readonly session: ClientSession;
  readonly driver: ClientDriver;
  readonly events: SessionEvent[] = [];
  input: PlayerInput = { ...NO_INPUT };
  /** What it plays by; the input above unless a test gives it a brain. */
  decide: (view: View) => PlayerInput = () => this.input;
  /** Why its end closed; empty while it is open. */
  closed = '';
  readonly #pumping: ReturnType<typeof setInterval>;

  constructor(name: string, end: ClientEnd) {
    const { transport } = end;
    this.session = new ClientSession({ name, transport, inputRateHz: 20, prediction: true }, monotonicMs());
    this.driver = new ClientDriver({
      session: this.session,
      end,
      nowMs: monotonicMs,
      decide: (view) => this.decide(view),
      onEvent: (event) => event.type !== 'input' && this.events.push(event),
      onClose: (reason) => {
        this.closed = reason;
      },
    });
    this.#pumping = setInterval(() => this.driver.pump(), 5);
  }

  /** What it believes; null before its first snapshot. */
  get view() {
    const { view } = this.session;
    return view && view.tick >= 0 ? view : null;
  }

  /** The first event of a type, once it has happened. */
  event<T extends SessionEvent['type']>(type: T): Promise<Extract<SessionEvent, { type: T }>> {
    return until(
      () => `a '${type}' event came (${this.session.state}; ${this.closed})`,
      () => this.events.find((event) => event.type === type),
    ) as Promise<Extract<SessionEvent, { type: T }>>;
  }

  /** Resolves when so many further snapshots have come. */
  async snapshots(count: number): Promise<void> {
    const from = this.session.counters.snapshots;
    const state = () => `${count} more snapshots came after ${from} (${this.session.state}; ${this.closed})`;
    await until(state, () => this.session.counters.snapshots >= from + count);
  }

  /** Cuts the line without a word, as a lost network does. */
  cut(): void {
    this.driver.close('cut by the test');
  }

  /** Comes back over a new end, with the token it was given. */
  comeBack(end: ClientEnd): void {
    this.closed = '';
    this.driver.attach(end);
  }

  /** Stops where it is, as a program does that hangs: its link stays open, and it neither hears nor says anything. */
  freeze(): void {
    clearInterval(this.#pumping);
    this.session.receive = () => {};
  }

  stop(): void {
    clearInterval(this.#pumping);
    this.driver.close();
  }
}
