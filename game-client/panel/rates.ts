/** Rates over the last two seconds, from totals that are looked at four times a second. */

const SAMPLE_EVERY_MS = 250;
/** A window of so many samples: 2 s. */
const SAMPLES = 8;

export class Rates<Name extends string> {
  readonly #names: readonly Name[];
  /** Per sample: when it was taken, and each total. */
  readonly #ring: Float64Array;
  readonly #perS = new Map<Name, number>();
  #samples = 0;
  #dueMs = 0;

  constructor(names: readonly Name[]) {
    this.#names = names;
    this.#ring = new Float64Array(SAMPLES * (names.length + 1));
  }

  /** Call often; `read` is asked for the totals only when a sample is due. */
  sample(nowMs: number, read: () => Readonly<Record<Name, number>>): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + SAMPLE_EVERY_MS;
    const totals = read();
    const ring = this.#ring;
    const at = (this.#samples % SAMPLES) * (this.#names.length + 1);
    const seconds = (nowMs - ring[at]!) / 1000;
    this.#names.forEach((name, i) => {
      const place = at + 1 + i;
      // A new link counts from zero again: one odd window shows nothing rather than nonsense.
      if (this.#samples >= SAMPLES) this.#perS.set(name, Math.max(0, (totals[name] - ring[place]!) / seconds));
      ring[place] = totals[name];
    });
    ring[at] = nowMs;
    this.#samples += 1;
  }

  /** 0 during the first two seconds. */
  perS(name: Name): number {
    return this.#perS.get(name) ?? 0;
  }
}

/** The greatest value of the last second. */
export class Peak {
  #value = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  note(value: number, nowMs: number): void {
    this.#value = Math.max(this.at(nowMs), value);
    this.#atMs = nowMs;
  }

  at(nowMs: number): number {
    return nowMs - this.#atMs < 1000 ? this.#value : 0;
  }
}
