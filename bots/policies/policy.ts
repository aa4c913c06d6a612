/** A policy plays for a bot: a function of what its session believes, its own memory and its own random stream. */
import type { PlayerInput } from '../../game/input.ts';
import type { Random } from '../../game/random.ts';
import type { View } from '../../netcode/view.ts';

export interface Policy {
  id: string;
  /** One line for help texts. */
  title: string;
  /**
   * Makes the brain of one bot. It is called at each decision (5 to 10 times a second) with the session's view, and
   * returns what to do until the next one. It obeys the mathematics rules of game/: no Math.sin, no Math.random.
   */
  create(random: Random): (view: View) => PlayerInput;
}
