/**
 * What a brain picks out of a view. Everybody looks no farther than its own sight radius, which is the vision radius for
 * honest policies: should an authority send more than it may, they do not use it. Distances are compared as squares,
 * which are exact in doubles. Cost: one pass over a column each; nothing is allocated.
 */
import { isBlocked } from '../../game/arena.ts';
import { AIM_STEPS, SUBUNITS } from '../../game/constants.ts';
import { aimAlong } from '../../game/fixed-point.ts';
import type { Random } from '../../game/random.ts';
import type { View } from '../../netcode/view.ts';

/** Row of the nearest other player within `radius` sub-units, the weak taken for nearer; −1 for none. */
export function nearestPlayer(view: View, radius: number): number {
  const { players, self } = view;
  let best = -1;
  let bestCost = radius * radius;
  for (let row = 0; row < players.count; row++) {
    const dx = players.x[row]! - self.x;
    const dy = players.y[row]! - self.y;
    const square = dx * dx + dy * dy;
    if (square > radius * radius) continue;
    // One with a quarter of its health left is worth going twice as far.
    const cost = square * (0.2 + players.health[row]! / 125);
    if (cost < bestCost) {
      best = row;
      bestCost = cost;
    }
  }
  return best;
}

/** Row of the pile within `radius` sub-units that pays most for the way to it; −1 for none. */
export function bestCoin(view: View, radius: number): number {
  const { coins, self } = view;
  let best = -1;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let row = 0; row < coins.count; row++) {
    const dx = coins.x[row]! - self.x;
    const dy = coins.y[row]! - self.y;
    const square = dx * dx + dy * dy;
    if (square > radius * radius) continue;
    const amount = coins.amount[row]!;
    const cost = square / (amount * amount);
    if (cost < bestCost) {
      best = row;
      bestCost = cost;
    }
  }
  return best;
}

/** True when no obstacle stands between this player and a place. */
export function isClear(view: View, x: number, y: number): boolean {
  const { self, arena } = view;
  const dx = x - self.x;
  const dy = y - self.y;
  const steps = Math.ceil(Math.sqrt(dx * dx + dy * dy) / (32 * SUBUNITS));
  for (let i = 1; i < steps; i++) {
    if (isBlocked(arena, Math.round(self.x + (dx * i) / steps), Math.round(self.y + (dy * i) / steps), 0)) return false;
  }
  return true;
}

/** Aims of bots are off by up to this many of 4,096 steps, some 14 degrees: they are meant to be lively, not deadly. */
const UNSTEADY = 160;

/** Follows one player from decision to decision, so that a shot can be aimed at where it will be; with an unsteady hand. */
export class Gunsight {
  readonly #random: Random;
  #id = -1;
  #tick = -1;
  #x = 0;
  #y = 0;
  #velocityX = 0;
  #velocityY = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The aim that lets a shot meet the player of this row, should it go on as it went since the last call. */
  aimAt(view: View, row: number): number {
    const { players, self, arena } = view;
    const x = players.x[row]!;
    const y = players.y[row]!;
    const ticks = view.tick - this.#tick;
    const isSame = players.id[row] === this.#id;
    if (isSame && ticks > 0 && ticks <= 10) {
      this.#velocityX = (x - this.#x) / ticks;
      this.#velocityY = (y - this.#y) / ticks;
    } else if (!isSame || ticks > 10) {
      this.#velocityX = 0;
      this.#velocityY = 0;
    }
    this.#id = players.id[row]!;
    this.#tick = view.tick;
    this.#x = x;
    this.#y = y;
    let dx = x - self.x;
    let dy = y - self.y;
    // Two rounds: the time of flight to where it is, then to where it will be.
    for (let round = 0; round < 2; round++) {
      const flightTicks = Math.sqrt(dx * dx + dy * dy) / arena.rules.shotStep;
      dx = x + this.#velocityX * flightTicks - self.x;
      dy = y + this.#velocityY * flightTicks - self.y;
    }
    return (aimAlong(dx, dy) + this.#random.below(2 * UNSTEADY + 1) - UNSTEADY) & (AIM_STEPS - 1);
  }
}

/** Notices from the own health and shield that somebody hits us. */
export class Alarm {
  #strength = 0;
  #hurtTick = -1000;

  /** True for two seconds after the last hit. */
  isRinging(view: View): boolean {
    const strength = view.self.health + view.self.shield;
    if (strength < this.#strength && view.self.alive) this.#hurtTick = view.tick;
    this.#strength = strength;
    return view.tick - this.#hurtTick < 2 * view.arena.rules.tickRateHz;
  }
}
