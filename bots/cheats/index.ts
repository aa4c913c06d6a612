/** The registry of cheats: help texts, the page's menu, the contract tests and the report read it. */
import type { Cheat } from './cheat.ts';
import { mapHack } from './map-hack.ts';
import { SPEEDS } from './speed.ts';

export type { Cheat } from './cheat.ts';

export const CHEATS: readonly Cheat[] = [...SPEEDS, mapHack];

/** The cheat of an id. Throws a RangeError that names what is allowed. */
export function cheatOf(id: string): Cheat {
  const found = CHEATS.find((cheat) => cheat.id === id);
  if (!found) throw new RangeError(`cheat '${id}': allowed are ${CHEATS.map((c) => c.id).join(', ')}`);
  return found;
}
