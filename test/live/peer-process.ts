/** A peer in a process of its own, as the test sees it that started it: by what it reports. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { PeerReport, PeerSettings } from './peer-main.ts';
import type { Span } from './stalls.ts';

export class PeerProcess<R extends PeerReport> {
  readonly child: ChildProcess;
  last: R | null = null;
  /** When the machine kept it from running. */
  readonly stalls: Span[] = [];
  /** What the process wrote on standard error. */
  complaints = '';

  constructor(entry: URL, settings: PeerSettings) {
    this.child = fork(entry, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
    });
    this.child.on('message', (report: R) => {
      this.last = report;
      this.stalls.push(...report.stalls);
      this.heard(report);
    });
  }

  /** Called after each report. */
  protected heard(_report: R): void {}

  get self(): number {
    return this.last?.self ?? 0;
  }

  /** What it last said, for messages of tests that wait in vain. */
  describe(): string {
    return JSON.stringify(this.last) + this.complaints;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
