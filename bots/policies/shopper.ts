/** Buys a shield when there is money and none is up: one press of the button, then patience until it was answered. */
import { SHIELD_PRICE } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import type { View } from '../../netcode/view.ts';

export class Shopper {
  #pressedTick = -1000;
  #keyThen = -1;

  /** `Button.buy` in the one decision in which to press it, else 0. */
  buttons(view: View): number {
    const { self, tick } = view;
    if (!self.alive || self.coins < SHIELD_PRICE || self.shield > 0) return 0;
    const sinceTicks = tick - this.#pressedTick;
    // Released for a while, so that it is a press again; without an answer for two seconds it is tried anew.
    const isAnswered = self.purchaseKey !== this.#keyThen && sinceTicks > view.arena.rules.tickRateHz / 2;
    if (!isAnswered && sinceTicks < 2 * view.arena.rules.tickRateHz) return 0;
    this.#pressedTick = tick;
    this.#keyThen = self.purchaseKey;
    return Button.buy;
  }
}
