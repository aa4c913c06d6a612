/** Walks about, towards hot spots where there are any; takes the coin on its way and now and then a shot. */
import { SUBUNITS } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import type { Policy } from './policy.ts';
import { bestCoin, Gunsight, nearestPlayer } from './sight.ts';
import { Rambler, Walker } from './walking.ts';

const COIN_REACH = 64 * SUBUNITS;
const SHOT_REACH = 160 * SUBUNITS;

export const wander: Policy = {
  id: 'wander',
  title: 'walks about, to where the crowds are; shoots now and then',
  create(random) {
    const walker = new Walker(random);
    const rambler = new Rambler(random);
    const gun = new Gunsight(random);
    return (view) => {
      if (!view.self.alive) return { buttons: 0, aim: 0 };
      const coin = bestCoin(view, COIN_REACH);
      let buttons =
        coin >= 0 ? walker.towards(view, view.coins.x[coin]!, view.coins.y[coin]!) : rambler.buttons(view, walker);
      let aim = rambler.aim(view);
      const other = nearestPlayer(view, SHOT_REACH);
      if (other >= 0) {
        aim = gun.aimAt(view, other);
        if (random.below(8) === 0) buttons |= Button.fire;
      }
      return { buttons, aim };
    };
  },
};
