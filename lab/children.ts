/**
 * Child processes of a run. Each is a fork that talks over its IPC channel and ends itself when that channel closes, so
 * that nothing stays behind even when this process is killed. What one prints is kept: its last lines explain its death.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { monotonicMs } from '../links/timer.ts';

/** Lines of a child's output that are kept to explain its end. */
const KEPT_LINES = 12;
/** A child that was asked to end gets this long before it is killed. */
const GRACE_MS = 4000;

export interface ChildEnd {
  /** What ended, for sentences: `the server process`, `swarm worker 2`. */
  name: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Time on the run's clock. */
  atMs: number;
  /** The last that it wrote on standard error. */
  lastLines: string[];
}

/** Where and how a child runs. */
export interface Placement {
  /** What `taskset` takes; null leaves the choice to the system. */
  cores: string | null;
  /** For Node. */
  flags: readonly string[];
  /** Added to the environment. */
  env: Readonly<Record<string, string>>;
}

const ANYWHERE: Placement = { cores: null, flags: [], env: {} };

/** A child process with typed messages both ways. */
export class Child<ToChild extends object, FromChild extends { type: string }> {
  readonly name: string;
  readonly process: ChildProcess;
  /** Set once it has ended. */
  end: ChildEnd | null = null;
  /** Called when it ends although nobody asked it to. */
  onCrash: (end: ChildEnd) => void = () => {};
  onMessage: (message: FromChild) => void = () => {};
  readonly #lines: string[] = [];
  readonly #waiting = new Set<{ type: string; resolve: (message: never) => void; reject: (error: Error) => void }>();
  #stopping = false;

  constructor(name: string, entry: URL, { cores, flags, env }: Placement = ANYWHERE) {
    this.name = name;
    this.process = fork(entry, [], {
      ...(cores === null ? {} : { execPath: 'taskset' }),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
      // Recordings are typed arrays: the structured clone carries them as they are.
      serialization: 'advanced',
      // So `node --cpu-prof lab/netbed.mjs run …` profiles every process of a run.
      execArgv: [...(cores === null ? [] : ['-c', cores, process.execPath]), ...process.execArgv, ...flags],
      // A terminal's Ctrl-C is for the parent, which ends its children in order.
      detached: true,
    });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => this.#keep(text));
    }
    this.process.on('message', (message) => this.#received(message as FromChild));
    this.process.on('error', (error) => this.#keep(error.message));
    this.process.on('exit', (code, signal) => this.#ended(code, signal));
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  send(message: ToChild): void {
    if (this.end === null && this.process.connected) this.process.send(message, () => {});
  }

  /** The next message of a type. Rejects when the child ends first, or after `withinMs`. */
  async message<T extends FromChild['type']>(type: T, withinMs: number): Promise<Extract<FromChild, { type: T }>> {
    if (this.end !== null) throw new Error(describeEnd(this.end));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(entry);
        reject(new Error(`${this.name} did not answer '${type}' within ${withinMs / 1000} s`));
      }, withinMs);
      const entry = {
        type,
        resolve: (message: never) => {
          clearTimeout(timer);
          resolve(message);
        },
        reject: (error: Error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.add(entry);
    });
  }

  /** Ends the child: closes its channel, then SIGTERM, and SIGKILL when neither helps in time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.end !== null) return;
    const exited = once(this.process, 'exit');
    if (this.process.connected) this.process.disconnect();
    const terminate = setTimeout(() => this.process.kill('SIGTERM'), GRACE_MS / 2);
    const kill = setTimeout(() => this.process.kill('SIGKILL'), GRACE_MS);
    await exited;
    clearTimeout(terminate);
    clearTimeout(kill);
  }

  #received(message: FromChild): void {
    for (const entry of this.#waiting) {
      if (entry.type !== message.type) continue;
      this.#waiting.delete(entry);
      entry.resolve(message as never);
      return;
    }
    this.onMessage(message);
  }

  #keep(text: string): void {
    this.#lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
    this.#lines.splice(0, this.#lines.length - KEPT_LINES);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.end = { name: this.name, code, signal, atMs: monotonicMs(), lastLines: this.#lines };
    for (const entry of this.#waiting) entry.reject(new Error(describeEnd(this.end)));
    this.#waiting.clear();
    if (!this.#stopping) this.onCrash(this.end);
  }
}

/** One sentence, and the child's last lines when it left any. */
export function describeEnd(end: ChildEnd): string {
  const how = end.signal ? `was ended by ${end.signal}` : `ended with code ${end.code}`;
  const lines = end.lastLines.length > 0 ? `:\n  ${end.lastLines.join('\n  ')}` : '';
  return `${end.name} ${how}${lines}`;
}
