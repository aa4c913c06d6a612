/** Runs the command as a user does: a process of its own, started through the file that `npx netbed` starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../lab/netbed.mjs', import.meta.url));

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Netbed {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #exit: Promise<unknown[]>;
  readonly #watchers = new Set<() => void>();

  constructor(args: string[]) {
    // A test that fails half-way must not leave its command running.
    onTestFinished(() => {
      this.process.kill('SIGINT');
    });
    this.process = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exit = once(this.process, 'exit');
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      for (const watch of this.#watchers) watch();
    });
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      for (const watch of this.#watchers) watch();
    });
  }

  /** Waits until the command has said something; rejects with all it said when it ends before. */
  async said(what: RegExp): Promise<void> {
    const found = () => what.test(this.stderr) || what.test(this.stdout);
    if (found()) return;
    await new Promise<void>((resolve, reject) => {
      const watch = () => {
        if (!found()) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      void this.#exit.then(() => {
        watch();
        reject(new Error(`ended before it said ${what}:\n${this.stdout}\n${this.stderr}`));
      });
    });
  }

  async finish(): Promise<Finished> {
    const [code] = await this.#exit;
    return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
  }

  /** Processes that this one has started and that live. Linux only. */
  children(): number[] {
    return childrenOf(this.process.pid!);
  }
}

/** Runs the command to its end. */
export async function netbed(...args: string[]): Promise<Finished> {
  return new Netbed(args).finish();
}

/** Command line of each living process, by pid. */
export function processes(): Map<number, { parent: number; command: string }> {
  const found = new Map<number, { parent: number; command: string }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie has ended, and waits for its parent to notice.
      if (state === 'Z') continue;
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      found.set(Number(name), { parent: Number(parent), command });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

function childrenOf(pid: number): number[] {
  const all = processes();
  const direct = [...all].filter(([, { parent }]) => parent === pid).map(([child]) => child);
  return direct.flatMap((child) => [child, ...childrenOf(child)]);
}
