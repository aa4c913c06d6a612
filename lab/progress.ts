/**
 * What a long command says while it works, on standard error: standard output is for results. On a terminal one line is
 * rewritten; elsewhere each stage is a line of its own, so that a log stays readable.
 */
import pc from './colours.ts';

export interface Progress {
  /** A new stage begins; `expectedS` is how long it should take, when that is known. */
  stage(title: string, expectedS?: number): void;
  /** Where the stage is, in words: `412 of 1,000 joined`. */
  note(text: string): void;
  /** A line that stays. */
  say(text: string): void;
  /** Ends the last stage. */
  finish(): void;
}

/** One stage for a whole piece of work: what happens inside it is told in its note. */
export function asOneStage(outer: Progress, title: string, expectedS?: number): Progress {
  outer.stage(title, expectedS);
  let stage = '';
  return {
    stage(inner) {
      stage = inner.charAt(0).toLowerCase() + inner.slice(1);
      outer.note(stage);
    },
    note: (text) => outer.note(`${stage}: ${text}`),
    say: (text) => outer.say(text),
    finish() {},
  };
}

const REDRAW_MS = 250;

/** A progress that says nothing, for work inside other work. */
export const SILENT: Progress = { stage() {}, note() {}, say() {}, finish() {} };

class TerminalProgress implements Progress {
  readonly #out: NodeJS.WriteStream;
  #title = '';
  #note = '';
  #expectedS: number | undefined;
  #startedMs = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  stage(title: string, expectedS?: number): void {
    this.finish();
    this.#title = title;
    this.#note = '';
    this.#expectedS = expectedS;
    this.#startedMs = performance.now();
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
    this.#draw();
  }

  note(text: string): void {
    this.#note = text;
  }

  say(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    if (this.#timer) this.#draw();
  }

  finish(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
    this.#out.write(`${pc.green('✔')} ${this.#title}${pc.dim(` (${seconds(this.#elapsedS)})`)}\n`);
  }

  get #elapsedS(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  #draw(): void {
    this.#clear();
    const of = this.#expectedS === undefined ? '' : ` of about ${seconds(this.#expectedS)}`;
    const note = this.#note === '' ? '' : `, ${this.#note}`;
    const line = `${this.#title}${note} (${seconds(this.#elapsedS)}${of})`;
    this.#out.write(`${pc.cyan('▸')} ${line.slice(0, (this.#out.columns ?? 80) - 3)}`);
  }

  #clear(): void {
    this.#out.write('\r\x1b[2K');
  }
}

class PlainProgress implements Progress {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  stage(title: string, expectedS?: number): void {
    this.say(expectedS === undefined ? title : `${title} (about ${seconds(expectedS)})`);
  }

  note(): void {}

  say(text: string): void {
    this.#out.write(`${text}\n`);
  }

  finish(): void {}
}

function seconds(value: number): string {
  return value < 99.5 ? `${Math.round(value)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function createProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  return out.isTTY ? new TerminalProgress(out) : new PlainProgress(out);
}
