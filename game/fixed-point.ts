/**
 * Angles and lengths without the functions that differ between engines. `Math.sin` and friends may differ in the last
 * bits from one JavaScript engine to the next; + − × ÷ and `Math.sqrt` may not (IEEE 754 fixes them). So the sine table
 * is summed from its Taylor series once, with those alone, and everything afterwards is integers.
 */
import { AIM_STEPS } from './constants.ts';

/** Scale of the sine table: sin(quarter turn) is 16,384. */
export const SINE_ONE = 1 << 14;

const HALF_PI = 1.5707963267948966;

/** Sine of 0..quarter turn by its Taylor series; exact to 1e-12 there, far below half a step of the table. */
function sineOfFirstQuarter(radians: number): number {
  const square = radians * radians;
  let term = radians;
  let sum = radians;
  for (let n = 3; n <= 19; n += 2) {
    term = (-term * square) / ((n - 1) * n);
    sum += term;
  }
  return sum;
}

const SINE: Int32Array = (() => {
  const quarter = AIM_STEPS / 4;
  const table = new Int32Array(AIM_STEPS);
  for (let i = 0; i <= quarter; i++) {
    const value = Math.round(sineOfFirstQuarter((i / quarter) * HALF_PI) * SINE_ONE);
    table[i] = value;
    table[(2 * quarter - i) % AIM_STEPS] = value;
    table[(2 * quarter + i) % AIM_STEPS] = -value;
    table[(4 * quarter - i) % AIM_STEPS] = -value;
  }
  return table;
})();

/** Sine of an aim (0..4095), scaled by SINE_ONE. */
export function sine(aim: number): number {
  return SINE[aim & (AIM_STEPS - 1)]!;
}

/** Cosine of an aim (0..4095), scaled by SINE_ONE. */
export function cosine(aim: number): number {
  return SINE[(aim + AIM_STEPS / 4) & (AIM_STEPS - 1)]!;
}

/** The part of a length that lies along a direction whose sine or cosine is given, rounded towards zero. */
export function scaled(length: number, sineOrCosine: number): number {
  return ((length * sineOrCosine) / SINE_ONE) | 0;
}

/**
 * The aim (0..4095) that points along (dx, dy); 0 for the zero vector. In the first octant, where t is the lesser over
 * the greater, the arc tangent is t·(π/4 + (1 − t)·(0.2447 + 0.0663·t)) to 0.0015 (Rajan et al. 2006): within 1.5 of
 * 4,096 steps after rounding, and the same on every machine.
 */
export function aimAlong(dx: number, dy: number): number {
  const ax = Math.abs(dx);
  const ay = Math.abs(dy);
  if (ax === 0 && ay === 0) return 0;
  const eighth = AIM_STEPS / 8;
  const t = ax >= ay ? ay / ax : ax / ay;
  // In eighths of a turn, so both constants are divided by π/4.
  const octant = t * (1 + (1 - t) * (0.311562 + 0.084416 * t)) * eighth;
  let aim = ax >= ay ? octant : 2 * eighth - octant;
  if (dx < 0) aim = 4 * eighth - aim;
  if (dy < 0) aim = 8 * eighth - aim;
  return Math.round(aim) & (AIM_STEPS - 1);
}
