/**
 * The numbers of the arena. Lengths are in sub-units (1/256 unit) so that every position is an int32 and every
 * machine agrees to the last bit. Rates are per second here and become per tick in `tickRules`.
 */

/** Sub-units in one unit of length. */
export const SUBUNITS = 256;

export const PLAYER_RADIUS = 16 * SUBUNITS;
export const COIN_RADIUS = 8 * SUBUNITS;
/** Nothing beyond this distance from a player may be known to it. */
export const VISION_RADIUS = 320 * SUBUNITS;
/** Side of one square of the obstacle map. */
export const TILE = 64 * SUBUNITS;

export const PLAYER_SPEED_PER_S = 180 * SUBUNITS;
export const SHOT_SPEED_PER_S = 480 * SUBUNITS;
export const SHOT_LIFE_MS = 800;
export const COOLDOWN_MS = 400;
export const RESPAWN_MS = 3000;

/** Directions of an aim: 4,096 steps to the full turn, 0 points along +x, a quarter turn along +y (down on a screen). */
export const AIM_STEPS = 4096;

export const MAX_HEALTH = 100;
export const SHOT_DAMAGE = 25;
export const SHIELD_PRICE = 5;
export const SHIELD_ABSORBS = 50;

export const KILL_SCORE = 10;
export const COIN_SCORE = 1;

/** Shots of one player that can be in flight at once: life / cooldown is 2, and one more is born before the oldest dies. */
export const SHOTS_PER_PLAYER = 3;

/** Slots are sent as 16-bit ids, and shots take `SHOTS_PER_PLAYER` ids per player. */
export const MAX_PLAYERS = 20_000;

/** Tick rates at which every speed and every time above is a whole number per tick. */
export const TICK_RATES_HZ = [20, 30, 60] as const;
export type TickRateHz = (typeof TICK_RATES_HZ)[number];

/** The per-second rules expressed in ticks of one tick rate. */
export interface TickRules {
  readonly tickRateHz: number;
  /** Sub-units that a player moves in one tick along an axis. */
  readonly playerStep: number;
  /** The same along each axis of a diagonal: playerStep / √2, rounded down. */
  readonly playerDiagonalStep: number;
  /** Sub-units that a shot moves in one tick. */
  readonly shotStep: number;
  readonly shotLifeTicks: number;
  readonly cooldownTicks: number;
  readonly respawnTicks: number;
}

/** Converts the rules to ticks. Throws a RangeError for a rate that would not divide them evenly. */
export function tickRules(tickRateHz: number): TickRules {
  if (!TICK_RATES_HZ.includes(tickRateHz as TickRateHz)) {
    throw new RangeError(`tick rate ${tickRateHz} Hz: allowed are ${TICK_RATES_HZ.join(', ')}`);
  }
  const playerStep = PLAYER_SPEED_PER_S / tickRateHz;
  return {
    tickRateHz,
    playerStep,
    playerDiagonalStep: Math.floor((playerStep * 46341) / 65536),
    shotStep: SHOT_SPEED_PER_S / tickRateHz,
    shotLifeTicks: Math.round((SHOT_LIFE_MS * tickRateHz) / 1000),
    cooldownTicks: Math.round((COOLDOWN_MS * tickRateHz) / 1000),
    respawnTicks: Math.round((RESPAWN_MS * tickRateHz) / 1000),
  };
}
