/**
 * The inputs of one seat by tick, as far as they are known here: its own when it is ours, received ones otherwise. They
 * arrive repeated and out of order; `through` is the newest tick up to which none is missing.
 */
import { assert } from '../../game/assert.ts';
import { NO_WORD, predictedAfter } from './input-word.ts';

/** Ticks that are kept: all that a view change, a rollback or a late joiner may still ask for. */
export const LOG_TICKS = 512;

export type PutOutcome = 'new' | 'known' | 'conflict' | 'outside';

export class InputLog {
  /** The first tick for which this seat gives an input. */
  readonly firstTick: number;
  /** All inputs of `firstTick..through` are known. */
  through: number;
  readonly #words = new Int32Array(LOG_TICKS);
  readonly #ticks = new Int32Array(LOG_TICKS).fill(-1);

  constructor(firstTick: number) {
    this.firstTick = firstTick;
    this.through = firstTick - 1;
  }

  /** The log of a seat that began at `firstTick`, of which nothing before `knownFrom` is known, nor needed. */
  static startingAt(firstTick: number, knownFrom: number): InputLog {
    const log = new InputLog(firstTick);
    log.through = knownFrom - 1;
    return log;
  }

  /** Notes an input. A second, different one for a tick is a conflict and changes nothing. */
  put(tick: number, word: number): PutOutcome {
    if (tick < this.firstTick || tick > this.through + LOG_TICKS / 2 || tick <= this.through - LOG_TICKS)
      return 'outside';
    const at = tick % LOG_TICKS;
    if (this.#ticks[at] === tick) return this.#words[at] === word ? 'known' : 'conflict';
    this.#ticks[at] = tick;
    this.#words[at] = word;
    while (this.#ticks[(this.through + 1) % LOG_TICKS] === this.through + 1) this.through++;
    return 'new';
  }

  /** What everybody agreed that the input was, whatever had come. True when another one was known. */
  settle(tick: number, word: number): boolean {
    if (this.put(tick, word) !== 'conflict') return false;
    this.#words[tick % LOG_TICKS] = word;
    return true;
  }

  has(tick: number): boolean {
    return tick >= 0 && this.#ticks[tick % LOG_TICKS] === tick;
  }

  /** A known input. Asserts that it is known. */
  word(tick: number): number {
    const at = tick % LOG_TICKS;
    assert(this.#ticks[at] === tick, `the input of tick ${tick} is known`);
    return this.#words[at]!;
  }

  /** The newest inputs without a gap, up to and including that of `through`, at most `count`. */
  newest(count: number): number[] {
    const words: number[] = [];
    for (let tick = this.through; words.length < count && this.has(tick); tick--) words.push(this.word(tick));
    return words.reverse();
  }

  /** The input of a tick, or what is expected of it. */
  wordOrPrediction(tick: number): number {
    if (this.has(tick)) return this.#words[tick % LOG_TICKS]!;
    if (!this.has(this.through)) return NO_WORD;
    return predictedAfter(this.#words[this.through % LOG_TICKS]!);
  }

  /** Forgets what is known beyond a tick: a view change decided that it never happened. */
  truncate(lastTick: number): void {
    for (let at = 0; at < LOG_TICKS; at++) if (this.#ticks[at]! > lastTick) this.#ticks[at] = -1;
    this.through = Math.min(this.through, lastTick);
  }
}
