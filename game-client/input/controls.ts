/**
 * What the player wants now, from whatever device spoke last. Presses are latched until they have been sampled, so that
 * a click shorter than an input's interval still fires, and a press of *buy* buys once.
 */
import { Button, type PlayerInput } from '../../game/input.ts';

/** The devices' side: each writes what it knows. */
export class Controls {
  /** Movement buttons held on the keyboard, and those of the touch stick. */
  keyButtons = 0;
  stickButtons = 0;
  firing = false;
  aim = 0;
  #latched = 0;
  readonly #input: PlayerInput = { buttons: 0, aim: 0 };

  pressFire(): void {
    this.firing = true;
    this.#latched |= Button.fire;
  }

  releaseFire(): void {
    this.firing = false;
  }

  pressBuy(): void {
    this.#latched |= Button.buy;
  }

  /** Lets go of everything, as when the window loses the keyboard. */
  release(): void {
    this.keyButtons = 0;
    this.stickButtons = 0;
    this.firing = false;
    this.#latched = 0;
  }

  /** The input to send now; latched presses are taken by it. */
  sample(): PlayerInput {
    const input = this.#input;
    const latched = this.#latched;
    this.#latched = 0;
    input.aim = this.aim;
    input.buttons = this.keyButtons | this.stickButtons | latched | (this.firing ? Button.fire : 0);
    return input;
  }
}
