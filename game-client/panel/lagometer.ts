/**
 * The lagometer of Quake III: a canvas with one column per snapshot or tick, the newest at the right. What a column shows
 * is told by who draws it; above the line is what came, or time to spare, below it age and what went wrong.
 */
import { PALETTE, withAlpha } from '../palette.ts';
import type { LockstepMeasures } from './lockstep-measures.ts';
import { LAG_RECORDS, type Measures } from './measures.ts';
import type { MeshMeasures } from './mesh-measures.ts';

const WIDTH = 300;
const HEIGHT = 92;
const LINE = 34;
const COLUMN = 3;
const MS_PER_PIXEL_ABOVE = 6;
const MS_PER_PIXEL_BELOW = 5;
const PIXELS_PER_TICK = 6;
const PIXELS_PER_STATE = 3;
const UNITS_PER_PIXEL = 2;

const Colors = {
  early: '#6aa8ff',
  late: '#ffb84d',
  good: '#58d68d',
  missed: PALETTE.danger,
  corrected: '#d58bff',
} as const;

/** A kind of lagometer: what its colours mean, for the panel to print, and how it is drawn. */
export interface Chart {
  label: string;
  legend: readonly (readonly [color: string, text: string])[];
  draw: (lagometer: Lagometer) => void;
}

export class Lagometer {
  readonly element = document.createElement('canvas');
  readonly #context: CanvasRenderingContext2D;

  constructor(label: string) {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.element.className = 'lagometer';
    this.element.width = WIDTH * ratio;
    this.element.height = HEIGHT * ratio;
    this.element.setAttribute('aria-label', label);
    this.#context = this.element.getContext('2d')!;
    this.#context.scale(ratio, ratio);
  }

  /** Begins anew, with faint lines at these distances from the middle one; negative is above. */
  clear(lines: readonly number[]): void {
    const context = this.#context;
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = withAlpha(PALETTE.text, 0.1);
    for (const y of lines) context.fillRect(0, Math.round(LINE + y), WIDTH, 1);
    context.fillStyle = withAlpha(PALETTE.text, 0.35);
    context.fillRect(0, LINE, WIDTH, 1);
  }

  /** A bar upwards from the line, in the nth column from the right. */
  above(column: number, pixels: number, color: string): void {
    const height = Math.max(0, Math.min(LINE - 2, pixels));
    this.#context.fillStyle = color;
    this.#context.fillRect(xOf(column), LINE - height, COLUMN - 1, height);
  }

  /** A bar downwards, `from` pixels below the line. */
  below(column: number, pixels: number, color: string, from = 0): void {
    const height = Math.max(0, Math.min(HEIGHT - LINE - 2 - from, pixels));
    this.#context.fillStyle = color;
    this.#context.fillRect(xOf(column), LINE + 1 + from, COLUMN - 1, height);
  }
}

const COLUMNS = WIDTH / COLUMN;

function xOf(column: number): number {
  return WIDTH - COLUMN * (column + 1);
}

/**
 * A client's: one column per snapshot. Above the line the time left before it was needed for drawing, amber when drawing
 * had to wait; below how long it was on its way, a red column for each that never came, and a violet tip where it
 * corrected the prediction.
 */
export function snapshotChart(measures: Measures): Chart {
  return {
    label: 'Lagometer: one column per snapshot',
    legend: [
      [Colors.early, 'early'],
      [Colors.late, 'late'],
      [Colors.good, 'transit'],
      [Colors.missed, 'lost'],
      [Colors.corrected, 'corrected'],
    ],
    draw(lagometer) {
      lagometer.clear([-measures.interpolationDelayMs / MS_PER_PIXEL_ABOVE, 100 / MS_PER_PIXEL_BELOW, 40]);
      let column = 0;
      const oldest = Math.max(0, measures.written - LAG_RECORDS);
      for (let n = measures.written - 1; n >= oldest && column < COLUMNS; n--) {
        const record = measures.records[n % LAG_RECORDS]!;
        const late = record.marginMs < 0;
        lagometer.above(column, Math.abs(record.marginMs) / MS_PER_PIXEL_ABOVE, late ? Colors.late : Colors.early);
        const below = Math.max(1, record.latencyMs / MS_PER_PIXEL_BELOW);
        lagometer.below(column, below, late ? Colors.late : Colors.good);
        if (record.corrected > 0.5) lagometer.below(column, 4, Colors.corrected, Math.min(below, HEIGHT - LINE - 6));
        column += 1;
        for (let i = 0; i < Math.min(record.missed, 30) && column < COLUMNS; i++, column++) {
          lagometer.below(column, HEIGHT, Colors.missed);
        }
      }
    },
  };
}

/**
 * A peer's: one column per tick. Above the line how early the slowest peer's inputs come, amber when they come late; below
 * how long the tick had to wait (red), or how many ticks were stepped again because a prediction was wrong (violet). A
 * green column across says that somebody was dropped or let in.
 */
export function tickChart(measures: LockstepMeasures): Chart {
  return {
    label: 'Lagometer: one column per tick',
    legend: [
      [Colors.early, 'early'],
      [Colors.late, 'late'],
      [Colors.missed, 'waited'],
      [Colors.corrected, 'rolled back'],
      [Colors.good, 'view'],
    ],
    draw(lagometer) {
      lagometer.clear([-100 / MS_PER_PIXEL_ABOVE, 2 * PIXELS_PER_TICK, 4 * PIXELS_PER_TICK, 8 * PIXELS_PER_TICK]);
      const oldest = Math.max(0, measures.written - LAG_RECORDS, measures.written - COLUMNS);
      for (let n = measures.written - 1; n >= oldest; n--) {
        const { spareMs, waitedMs, depthTicks, viewChanged } = measures.records[n % LAG_RECORDS]!;
        const column = measures.written - 1 - n;
        if (viewChanged) {
          lagometer.above(column, HEIGHT, Colors.good);
          lagometer.below(column, HEIGHT, Colors.good);
        }
        lagometer.above(column, Math.abs(spareMs) / MS_PER_PIXEL_ABOVE, spareMs < 0 ? Colors.late : Colors.early);
        const depth = depthTicks * PIXELS_PER_TICK;
        lagometer.below(column, depth, Colors.corrected);
        lagometer.below(column, waitedMs / MS_PER_PIXEL_BELOW, Colors.missed, depth);
      }
    },
  };
}

/**
 * One of a mesh's: a column per own tick. Above the line how many states of others came since the tick before; below how
 * old what is believed of those in sight is, on the whole (green) and at most (amber), and in violet how far off somebody
 * was drawn until it told anew. A red column across says that a link was lost.
 */
export function stateChart(measures: MeshMeasures): Chart {
  return {
    label: 'Lagometer: one column per own tick',
    legend: [
      [Colors.early, 'states'],
      [Colors.good, 'age'],
      [Colors.late, 'oldest'],
      [Colors.corrected, 'misjudged'],
      [Colors.missed, 'lost'],
    ],
    draw(lagometer) {
      lagometer.clear([-4 * PIXELS_PER_TICK, 2 * PIXELS_PER_TICK, 4 * PIXELS_PER_TICK, 8 * PIXELS_PER_TICK]);
      const oldest = Math.max(0, measures.written - LAG_RECORDS, measures.written - COLUMNS);
      for (let n = measures.written - 1; n >= oldest; n--) {
        const { heard, meanAgeTicks, mostAgeTicks, misjudged, hasLostLink } = measures.records[n % LAG_RECORDS]!;
        const column = measures.written - 1 - n;
        if (hasLostLink) {
          lagometer.above(column, HEIGHT, Colors.missed);
          lagometer.below(column, HEIGHT, Colors.missed);
        }
        lagometer.above(column, heard * PIXELS_PER_STATE, Colors.early);
        lagometer.below(column, mostAgeTicks * PIXELS_PER_TICK, Colors.late);
        lagometer.below(column, meanAgeTicks * PIXELS_PER_TICK, Colors.good);
        if (misjudged >= 1) lagometer.below(column, 2 + misjudged / UNITS_PER_PIXEL, Colors.corrected);
      }
    },
  };
}
