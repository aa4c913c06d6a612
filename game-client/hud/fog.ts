/**
 * What lies beyond vision is dimmed: nothing there may be known. The player stands in the middle of the screen, always,
 * so the fog never moves: one gradient over the canvas, which the browser's compositor draws for next to nothing.
 */
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { PALETTE, withAlpha } from '../palette.ts';

const RADIUS = VISION_RADIUS / SUBUNITS;
const SOFT = 26;
const DARKNESS = 0.72;

export class Fog {
  readonly element = document.createElement('div');
  #pixelsPerUnit = 0;

  constructor() {
    this.element.className = 'fog';
  }

  /** Fits the hole to the zoom, in CSS pixels per unit. */
  fit(pixelsPerUnit: number): void {
    if (this.#pixelsPerUnit === pixelsPerUnit) return;
    this.#pixelsPerUnit = pixelsPerUnit;
    const inner = ((RADIUS - SOFT) * pixelsPerUnit).toFixed(1);
    const outer = (RADIUS * pixelsPerUnit).toFixed(1);
    const clear = withAlpha(PALETTE.ink, 0);
    const dark = withAlpha(PALETTE.ink, DARKNESS);
    this.element.style.background = `radial-gradient(circle at center, ${clear} ${inner}px, ${dark} ${outer}px)`;
  }
}
