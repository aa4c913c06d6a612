/**
 * Moves with its neighbours after Reynolds' three rules (Flocks, Herds, and Schools, 1987): keep apart, go where the
 * others go, stay with them. Whoever walks in a flock aims where it walks, so the aims in view are the headings.
 */
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { aimAlong, cosine, SINE_ONE, sine } from '../../game/fixed-point.ts';
import { Button } from '../../game/input.ts';
import type { Policy } from './policy.ts';
import { Alarm, bestCoin, Gunsight, nearestPlayer } from './sight.ts';
import { Rambler, Walker } from './walking.ts';

const NEIGHBOUR = 200 * SUBUNITS;
const TOO_CLOSE = 56 * SUBUNITS;
const COIN_REACH = 60 * SUBUNITS;

export const flock: Policy = {
  id: 'flock',
  title: 'keeps with its neighbours, shoots when shot at',
  create(random) {
    const walker = new Walker(random);
    const rambler = new Rambler(random);
    const gun = new Gunsight(random);
    const alarm = new Alarm();
    return (view) => {
      const isAttacked = alarm.isRinging(view);
      const { self, players, coins } = view;
      if (!self.alive) return { buttons: 0, aim: 0 };
      // Each rule adds to one wish; the rambler's way keeps a flock from standing still.
      let buttons = rambler.buttons(view, walker);
      const way = rambler.aim(view);
      let wishX = cosine(way) / SINE_ONE;
      let wishY = sine(way) / SINE_ONE;
      let count = 0;
      let headingX = 0;
      let headingY = 0;
      let centreX = 0;
      let centreY = 0;
      for (let row = 0; row < players.count; row++) {
        const dx = players.x[row]! - self.x;
        const dy = players.y[row]! - self.y;
        const square = dx * dx + dy * dy;
        if (square > NEIGHBOUR * NEIGHBOUR || square === 0) continue;
        count++;
        headingX += cosine(players.aim[row]!) / SINE_ONE;
        headingY += sine(players.aim[row]!) / SINE_ONE;
        centreX += dx;
        centreY += dy;
        if (square > TOO_CLOSE * TOO_CLOSE) continue;
        wishX -= (2 * dx * TOO_CLOSE) / square;
        wishY -= (2 * dy * TOO_CLOSE) / square;
      }
      if (count > 0) {
        wishX += headingX / count + (1.5 * centreX) / count / NEIGHBOUR;
        wishY += headingY / count + (1.5 * centreY) / count / NEIGHBOUR;
      }
      const coin = bestCoin(view, COIN_REACH);
      if (coin >= 0) buttons = walker.towards(view, coins.x[coin]!, coins.y[coin]!);
      else if (count > 0) buttons = walker.along(view, wishX, wishY);
      const other = isAttacked ? nearestPlayer(view, VISION_RADIUS) : -1;
      if (other >= 0) return { buttons: buttons | Button.fire, aim: gun.aimAt(view, other) };
      return { buttons, aim: aimAlong(wishX, wishY) };
    };
  },
};
