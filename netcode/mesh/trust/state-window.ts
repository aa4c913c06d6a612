/** Which states are too old to be believed. */
import type { MeshSettings } from '../settings.ts';

/** Seconds behind the own tick after which a state is too old, whatever came before. */
const WINDOW_S = 2;
/** Without a replay window: what lies no further back was overtaken, and is not somebody's new beginning. */
const REORDERED_S = 1;

/**
 * Whether a state of `tick` is old news. `newest`: tick of the newest known one of its owner, −1 for none. Without a window
 * a receiver cannot tell a repeated old state from a clock that was set back, and takes it.
 */
export function isOldState({ config, defences }: MeshSettings, newest: number, tick: number, ownTick: number): boolean {
  const rate = config.tickRateHz;
  if (!defences.replayWindow) return tick <= newest && newest - tick < REORDERED_S * rate;
  return tick <= newest || tick < ownTick - WINDOW_S * rate;
}
