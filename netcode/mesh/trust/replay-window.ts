/** Which sequence numbers came already (RFC 4303, 3.4.3): a number is taken once, and never when it is far behind. */

const WIDTH = 256;

export class ReplayWindow {
  #highest = -1;
  /** By number modulo width: the number that was seen there. */
  readonly #seen = new Int32Array(WIDTH).fill(-1);

  get highest(): number {
    return this.#highest;
  }

  /** Whether a number is new; from then on it is not. */
  take(sequence: number): boolean {
    if (sequence < 0 || sequence <= this.#highest - WIDTH || this.#seen[sequence % WIDTH] === sequence) return false;
    this.#seen[sequence % WIDTH] = sequence;
    if (sequence > this.#highest) this.#highest = sequence;
    return true;
  }
}
