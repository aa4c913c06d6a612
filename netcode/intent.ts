/** What the local player wants now, whatever session plays for it. */
import { AIM_STEPS } from '../game/constants.ts';
import { BUTTON_MASK, Button, NO_INPUT, type PlayerInput } from '../game/input.ts';

export class Intent {
  /** The current input, as the world reads it; holds until it is replaced. Changed in place. */
  readonly input: PlayerInput = { ...NO_INPUT };
  #wantsPurchase = false;
  #wasBuying = false;

  set({ buttons, aim }: PlayerInput): void {
    this.input.buttons = buttons & BUTTON_MASK;
    this.input.aim = aim & (AIM_STEPS - 1);
    const isBuying = (buttons & Button.buy) !== 0;
    if (isBuying && !this.#wasBuying) this.#wantsPurchase = true;
    this.#wasBuying = isBuying;
  }

  /** Whether the buy button was pressed since the last call: each press is one purchase, however long it is held. */
  takePurchase(): boolean {
    const wanted = this.#wantsPurchase;
    this.#wantsPurchase = false;
    return wanted;
  }
}
