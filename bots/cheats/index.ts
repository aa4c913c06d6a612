/** The registry of cheats: help texts, the page's menu, the contract tests and the report read it. */
import { appliesTo, type Cheat } from './cheat.ts';
import { equivocation } from './equivocation.ts';
import { lookAheadCheat } from './look-ahead.ts';
import { mapHack } from './map-hack.ts';
import { blinding } from './mesh/blinding.ts';
import { COIN_CHEATS } from './mesh/coin-mint.ts';
import { collusion } from './mesh/collusion.ts';
import { doublePickup } from './mesh/double-pickup.ts';
import { godMode } from './mesh/god-mode.ts';
import { rapidFire } from './mesh/rapid-fire.ts';
import { spoof } from './mesh/spoof.ts';
import { teleport } from './mesh/teleport.ts';
import { SPEEDS } from './speed.ts';
import { undoCheat } from './undo.ts';
import { UPLINK } from './uplink.ts';

export type { Cheat, CheatNotes, DefenceName, Ring } from './cheat.ts';
export { appliesTo, defenceOf, noNotes, whyOpen, whyPrevented } from './cheat.ts';

export const CHEATS: readonly Cheat[] = [
  ...SPEEDS,
  mapHack,
  lookAheadCheat,
  ...UPLINK,
  equivocation,
  undoCheat,
  teleport,
  rapidFire,
  godMode,
  ...COIN_CHEATS,
  doublePickup,
  spoof,
  blinding,
  collusion,
];

/** The cheat of an id. Throws a RangeError that names what is allowed. */
export function cheatOf(id: string): Cheat {
  const found = CHEATS.find((cheat) => cheat.id === id);
  if (!found) throw new RangeError(`cheat '${id}': allowed are ${CHEATS.map((c) => c.id).join(', ')}`);
  return found;
}

/** The cheats that can be performed in a topology. */
export function cheatsFor(topology: string): Cheat[] {
  return CHEATS.filter((cheat) => appliesTo(cheat, topology));
}
