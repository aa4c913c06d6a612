/**
 * Logarithm and distributions from + − × ÷ and `Math.sqrt` alone. IEEE 754 fixes those to the last bit; `Math.log`,
 * `exp` and `pow` differ between engines, and one differing bit would make two runs of a seed part. The logarithm is
 * 2·atanh((m − 1) / (m + 1)) by its series, after the argument is halved or doubled into [1/√2, √2]; relative error
 * below 1e-14 over the whole range of use.
 */
import type { Random } from '../../game/random.ts';

/** Natural logarithm of a positive finite number. Throws a RangeError for anything else. */
export function ln(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) throw new RangeError(`ln of ${x}: allowed are positive numbers`);
  let mantissa = x;
  let exponent = 0;
  // Scaling by powers of two is exact. In steps of 2^16 first, so that tiny numbers do not take a thousand turns.
  while (mantissa >= 65536) {
    mantissa /= 65536;
    exponent += 16;
  }
  while (mantissa < 1 / 65536) {
    mantissa *= 65536;
    exponent -= 16;
  }
  while (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  while (mantissa < 1 / Math.SQRT2) {
    mantissa *= 2;
    exponent -= 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  // |s| ≤ 0.1716, so the term of s²¹ is below 1e-17.
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** A draw from the exponential distribution with this mean, in the mean's unit. */
export function exponential(random: Random, mean: number): number {
  // unit() may be 0 and is never 1: its complement has a logarithm.
  return -mean * ln(1 - random.unit());
}

/** A heavy-tailed draw is clipped at this many times its scale. */
export const JITTER_CLIP = 10;

/** Mean of `heavyTailed` at scale 1: ∫₀¹⁰ (1 + x)⁻² dx. */
export const JITTER_MEAN = 1 - 1 / (1 + JITTER_CLIP);

/**
 * A draw from the Lomax (shifted Pareto) distribution with tail index 2, P(X > x) = (1 + x / scale)⁻², clipped at
 * JITTER_CLIP × scale. The index 2 makes the inverse a square root: heavy-tailed, and the same on every machine.
 * Median 0.41 × scale, mean 0.91 × scale, and one draw in 121 is clipped.
 */
export function heavyTailed(random: Random, scale: number): number {
  const above = 1 / Math.sqrt(1 - random.unit()) - 1;
  return scale * Math.min(above, JITTER_CLIP);
}
