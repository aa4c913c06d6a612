/** Goes for coins, buys shields with them, and shoots back, or at who comes too close. */
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { Button, type PlayerInput } from '../../game/input.ts';
import type { Random } from '../../game/random.ts';
import type { View } from '../../netcode/view.ts';
import type { Policy } from './policy.ts';
import { Shopper } from './shopper.ts';
import { Alarm, bestCoin, Gunsight, isClear, nearestPlayer } from './sight.ts';
import { Rambler, Walker } from './walking.ts';

const TOO_CLOSE = 130 * SUBUNITS;
/** Pulls the trigger in one of so many decisions while it is shot at, and more rarely while it is not. */
const HESITATION = 5;

/** A collector's brain that looks for coins within `coinSight` sub-units. */
export function collectorBrain(random: Random, coinSight: number): (view: View) => PlayerInput {
  const walker = new Walker(random);
  const rambler = new Rambler(random);
  const gun = new Gunsight(random);
  const alarm = new Alarm();
  const shopper = new Shopper();
  return (view) => {
    const isAttacked = alarm.isRinging(view);
    if (!view.self.alive) return { buttons: 0, aim: 0 };
    const coin = bestCoin(view, coinSight);
    let buttons = shopper.buttons(view);
    let aim = rambler.aim(view);
    if (coin >= 0) buttons |= walker.towards(view, view.coins.x[coin]!, view.coins.y[coin]!);
    else buttons |= rambler.buttons(view, walker);
    const other = nearestPlayer(view, isAttacked ? VISION_RADIUS : TOO_CLOSE);
    if (other >= 0) {
      aim = gun.aimAt(view, other);
      const hesitates = random.below(isAttacked ? HESITATION : 4 * HESITATION) !== 0;
      if (!hesitates && isClear(view, view.players.x[other]!, view.players.y[other]!)) buttons |= Button.fire;
    }
    return { buttons, aim };
  };
}

export const collector: Policy = {
  id: 'collector',
  title: 'goes for coins, buys shields, shoots back',
  create: (random) => collectorBrain(random, VISION_RADIUS),
};
