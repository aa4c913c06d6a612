/**
 * The lagometer of Quake III, one column per snapshot. Above the line: the time left before a snapshot was needed for
 * drawing, blue while others are interpolated, amber when drawing had to wait. Below: how long it was on its way, green,
 * amber when late; a red column for each that never came; a violet cap where it corrected the prediction.
 */
import { PALETTE, withAlpha } from '../palette.ts';
import { LAG_RECORDS, type Measures } from './measures.ts';

const WIDTH = 300;
const HEIGHT = 92;
const LINE = 34;
const COLUMN = 3;
const MS_PER_PIXEL_ABOVE = 6;
const MS_PER_PIXEL_BELOW = 5;

const Colors = {
  early: '#6aa8ff',
  late: '#ffb84d',
  good: '#58d68d',
  missed: PALETTE.danger,
  corrected: '#d58bff',
} as const;

/** What the colours mean, for the panel to print. */
export const LAGOMETER_LEGEND: readonly (readonly [string, string])[] = [
  [Colors.early, 'early'],
  [Colors.late, 'late'],
  [Colors.good, 'transit'],
  [Colors.missed, 'lost'],
  [Colors.corrected, 'corrected'],
];

export class Lagometer {
  readonly element = document.createElement('canvas');
  readonly #context: CanvasRenderingContext2D;

  constructor() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.element.className = 'lagometer';
    this.element.width = WIDTH * ratio;
    this.element.height = HEIGHT * ratio;
    this.element.setAttribute('aria-label', 'Lagometer: one column per snapshot');
    this.#context = this.element.getContext('2d')!;
    this.#context.scale(ratio, ratio);
  }

  draw(measures: Measures): void {
    const context = this.#context;
    context.clearRect(0, 0, WIDTH, HEIGHT);
    this.#gridLine(LINE - measures.interpolationDelayMs / MS_PER_PIXEL_ABOVE);
    this.#gridLine(LINE + 100 / MS_PER_PIXEL_BELOW);
    this.#gridLine(LINE + 200 / MS_PER_PIXEL_BELOW);
    context.fillStyle = withAlpha(PALETTE.text, 0.35);
    context.fillRect(0, LINE, WIDTH, 1);
    let x = WIDTH - COLUMN;
    const oldest = Math.max(0, measures.written - LAG_RECORDS);
    for (let n = measures.written - 1; n >= oldest && x > -COLUMN; n--) {
      const record = measures.records[n % LAG_RECORDS]!;
      const late = record.marginMs < 0;
      const above = Math.min(LINE - 2, Math.abs(record.marginMs) / MS_PER_PIXEL_ABOVE);
      context.fillStyle = late ? Colors.late : Colors.early;
      context.fillRect(x, LINE - above, COLUMN - 1, above);
      const below = Math.max(1, Math.min(HEIGHT - LINE - 2, record.latencyMs / MS_PER_PIXEL_BELOW));
      context.fillStyle = late ? Colors.late : Colors.good;
      context.fillRect(x, LINE + 1, COLUMN - 1, below);
      if (record.corrected > 0.5) {
        context.fillStyle = Colors.corrected;
        context.fillRect(x, LINE + 1 + below, COLUMN - 1, 4);
      }
      x -= COLUMN;
      context.fillStyle = Colors.missed;
      for (let i = 0; i < Math.min(record.missed, 30) && x > -COLUMN; i++, x -= COLUMN) {
        context.fillRect(x, LINE + 1, COLUMN - 1, HEIGHT - LINE - 2);
      }
    }
  }

  #gridLine(y: number): void {
    this.#context.fillStyle = withAlpha(PALETTE.text, 0.1);
    this.#context.fillRect(0, Math.round(y), WIDTH, 1);
  }
}
