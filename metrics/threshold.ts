/** Thresholds on measures, as a user writes them: `tick.p99<50ms`, `joins.ok>=99.9%`. */
import { MEASURE_NAMES, MEASURES, type MeasureName, type Measures, numberOf, type Unit } from './measures.ts';

export interface Threshold {
  text: string;
  measure: MeasureName;
  operator: '<' | '<=' | '>' | '>=' | '=';
  /** In the measure's own unit. */
  limit: number;
}

export interface ThresholdResult {
  threshold: Threshold;
  held: boolean;
  value: number | null;
  sentence: string;
}

/** What may be written after a number, and what it multiplies it by. '' is no unit at all. */
const WRITTEN: Partial<Record<Unit, Record<string, number>>> = {
  ms: { ms: 1, s: 1000, us: 0.001, µs: 0.001 },
  µs: { µs: 1, us: 1, ms: 1000 },
  s: { s: 1, ms: 0.001 },
  Hz: { Hz: 1, '/s': 1 },
  '1/min': { '': 1, '/min': 1 },
  '1/h': { '': 1, '/h': 1 },
  ratio: { '%': 0.01, '': 1 },
  'kbit/s': { 'kbit/s': 1, 'Mbit/s': 1000, 'Gbit/s': 1e6, 'bit/s': 0.001 },
  MB: { MB: 1, GB: 1000 },
  '% of core': { '%': 1, cores: 100 },
};

function writtenUnits(unit: Unit): Record<string, number> {
  return WRITTEN[unit] ?? { '': 1, [unit]: 1 };
}

/** Throws a RangeError that names the option, what was given and what is allowed. */
export function parseThreshold(text: string): Threshold {
  const bad = (problem: string) => new RangeError(`--threshold '${text}': ${problem}`);
  const match = /^\s*([A-Za-z0-9.]+)\s*(<=|>=|<|>|=)\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(\D*?)\s*$/.exec(text);
  if (!match) throw bad("write a measure, one of < <= > >= =, a number and its unit, like 'tick.p99<50ms'");
  const [, name, operator, number, unit] = match as unknown as [string, string, Threshold['operator'], string, string];
  if (!(MEASURE_NAMES as string[]).includes(name)) throw bad(`there is no measure '${name}'; ${suggest(name)}`);
  const measure = name as MeasureName;
  const units = writtenUnits(MEASURES[measure].unit);
  const factor = units[unit];
  if (factor === undefined) {
    const allowed = Object.keys(units).map((known) => (known === '' ? 'none' : known));
    throw bad(`${unit === '' ? 'the unit is missing' : `unit '${unit}' does not fit`}; allowed: ${allowed.join(', ')}`);
  }
  const value = Number(number);
  if (!Number.isFinite(value)) throw bad(`'${number}' is not a number`);
  return { text: text.trim(), measure, operator, limit: value * factor };
}

/** Measures that begin alike, or all when none does. */
function suggest(name: string): string {
  const stem = name.split('.')[0]!.toLowerCase();
  const near = MEASURE_NAMES.filter((known) => known.toLowerCase().startsWith(stem.slice(0, 3)));
  return near.length > 0 ? `did you mean ${near.join(', ')}?` : `known are ${MEASURE_NAMES.join(', ')}`;
}

/** A measure that the run does not have is not held. */
export function checkThreshold(threshold: Threshold, measures: Partial<Measures>): ThresholdResult {
  const { measure, operator, limit, text } = threshold;
  const value = numberOf(measures, measure);
  if (value === null) {
    const found = measures[measure];
    const why = found && 'why' in found ? found.why : 'it is not in the record';
    return { threshold, held: false, value, sentence: `${text}: ${measure} has no value (${why})` };
  }
  const held = compare(value, operator, limit);
  const sentence = `${text}: ${held ? 'held' : 'failed'}, it was ${Number(value.toPrecision(4))} ${MEASURES[measure].unit}`;
  return { threshold, held, value, sentence };
}

function compare(value: number, operator: Threshold['operator'], limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '=':
      return value === limit;
  }
}
