/** Chases the nearest or weakest player, leads its shots, keeps a little distance and steps out of the way of shots. */
import { SHOTS_PER_PLAYER, SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { cosine, SINE_ONE, sine } from '../../game/fixed-point.ts';
import { Button, type PlayerInput } from '../../game/input.ts';
import type { Random } from '../../game/random.ts';
import type { View } from '../../netcode/view.ts';
import type { Policy } from './policy.ts';
import { Shopper } from './shopper.ts';
import { bestCoin, Gunsight, isClear, nearestPlayer } from './sight.ts';
import { Rambler, Walker } from './walking.ts';

const KEEP_DISTANCE = 110 * SUBUNITS;
/** A shot flies 384 units; beyond this a moving target is rarely met. */
const FIRE_REACH = 300 * SUBUNITS;
/** Pulls the trigger in one of so many decisions, so that those it hunts live for a while. */
const HESITATION = 5;
const COIN_REACH = 70 * SUBUNITS;
const DODGE_REACH = 140 * SUBUNITS;
const SHOT_CORRIDOR = 26 * SUBUNITS;

/** A hunter's brain that looks for prey within `preySight` sub-units. */
export function hunterBrain(random: Random, preySight: number): (view: View) => PlayerInput {
  const walker = new Walker(random);
  const rambler = new Rambler(random);
  const gun = new Gunsight(random);
  const shopper = new Shopper();
  let strafe = 1;
  return (view) => {
    const { self, players, coins } = view;
    if (!self.alive) return { buttons: 0, aim: 0 };
    let buttons = shopper.buttons(view);
    const coin = bestCoin(view, COIN_REACH);
    const prey = nearestPlayer(view, preySight);
    if (prey < 0) {
      buttons |= coin >= 0 ? walker.towards(view, coins.x[coin]!, coins.y[coin]!) : rambler.buttons(view, walker);
      return { buttons, aim: rambler.aim(view) };
    }
    const dx = players.x[prey]! - self.x;
    const dy = players.y[prey]! - self.y;
    const square = dx * dx + dy * dy;
    if (random.below(12) === 0) strafe = -strafe;
    const dodge = dodgeSide(view);
    const isClose = square < KEEP_DISTANCE * KEEP_DISTANCE;
    if (dodge !== 0) buttons |= walker.along(view, -dy * dodge, dx * dodge);
    else if (coin >= 0) buttons |= walker.towards(view, coins.x[coin]!, coins.y[coin]!);
    else if (isClose) buttons |= walker.along(view, -dy * strafe, dx * strafe);
    else buttons |= walker.along(view, dx, dy);
    const aim = gun.aimAt(view, prey);
    const inReach = square < FIRE_REACH * FIRE_REACH && isClear(view, players.x[prey]!, players.y[prey]!);
    if (inReach && random.below(HESITATION) === 0) buttons |= Button.fire;
    return { buttons, aim };
  };
}

/** +1 or −1: the side to step to, seen along the nearest shot's flight, so that it passes; 0 when none comes at us. */
function dodgeSide(view: View): number {
  const { shots, self } = view;
  for (let row = 0; row < shots.count; row++) {
    if (((shots.id[row]! / SHOTS_PER_PLAYER) | 0) === self.player) continue;
    const dx = self.x - shots.x[row]!;
    const dy = self.y - shots.y[row]!;
    const alongX = cosine(shots.aim[row]!) / SINE_ONE;
    const alongY = sine(shots.aim[row]!) / SINE_ONE;
    const along = dx * alongX + dy * alongY;
    const across = dx * alongY - dy * alongX;
    if (along <= 0 || along > DODGE_REACH || Math.abs(across) > SHOT_CORRIDOR) continue;
    return across > 0 ? 1 : -1;
  }
  return 0;
}

export const hunter: Policy = {
  id: 'hunter',
  title: 'chases players, leads its shots, dodges a little',
  create: (random) => hunterBrain(random, VISION_RADIUS),
};
