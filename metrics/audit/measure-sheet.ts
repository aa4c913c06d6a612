/** Collects the measures of one audit; what was never set says why. */
import { type Evidence, MEASURE_NAMES, MEASURES, type Measure, type MeasureName, type Measures } from '../measures.ts';

export class MeasureSheet {
  readonly #evidence: Evidence;
  readonly #set = new Map<MeasureName, Measure>();

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  /** A null value needs a reason. */
  set(name: MeasureName, value: number | null, why = 'nothing was recorded for it', evidence?: Evidence): void {
    const { unit } = MEASURES[name];
    if (value === null || !Number.isFinite(value)) this.#set.set(name, { value: null, unit, why });
    else this.#set.set(name, { value: Math.round(value * 1e6) / 1e6, unit, evidence: evidence ?? this.#evidence });
  }

  /** A value that needs a word with it, although there is one. */
  note(name: MeasureName, value: number, why: string): void {
    this.#set.set(name, { value, unit: MEASURES[name].unit, evidence: this.#evidence, why });
  }

  /** None of these measures can exist for this run. */
  absent(names: readonly MeasureName[], why: string): void {
    for (const name of names) this.set(name, null, why);
  }

  finish(): Measures {
    const all = MEASURE_NAMES.map((name): [MeasureName, Measure] => {
      const measure = this.#set.get(name);
      return [name, measure ?? { value: null, unit: MEASURES[name].unit, why: 'not taken' }];
    });
    return Object.fromEntries(all) as Measures;
  }
}
