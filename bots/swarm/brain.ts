/** What decides for a bot. */
import type { PlayerInput } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import type { View } from '../../netcode/view.ts';
import { cheatOf } from '../cheats/index.ts';
import { policyOf } from '../policies/index.ts';
import type { BotRole } from './assign.ts';

/** The policy of a role, or its cheat's own, on the role's own random stream. */
export function brainOf(role: BotRole): (view: View) => PlayerInput {
  const cheat = role.cheat === null ? null : cheatOf(role.cheat);
  return (cheat?.policy ?? policyOf(role.policy)).create(new Random(role.seed));
}
