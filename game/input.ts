/** A player's intent for one tick. It holds until it is replaced. */
export interface PlayerInput {
  /** Bits of `Button`. */
  buttons: number;
  /** Direction of the aim, 0..4095. */
  aim: number;
}

/** `buy` never reaches the world as a button: a session turns each press into one purchase with a key of its own. */
export const Button = { up: 1, down: 2, left: 4, right: 8, fire: 16, buy: 32 } as const;

/** The bits that the world reads. */
export const BUTTON_MASK = 31;

export const NO_INPUT: Readonly<PlayerInput> = Object.freeze({ buttons: 0, aim: 0 });

/**
 * What all players do in one tick, by slot. Whoever steps the world fills it: an authority from its input queues, a
 * lockstep peer from the exchanged inputs.
 */
export interface InputTable {
  readonly buttons: Uint8Array;
  readonly aim: Uint16Array;
  /**
   * Key of the purchase asked for in this tick, 0 for none. Keys of one player count 1, 2, 3 … (modulo 65,535, skipping 0);
   * the world grants only the key after its last one, so a repeated or late copy of a request can never debit twice.
   */
  readonly purchase: Uint16Array;
  /** Ticks by which this player's view lay in the past when it fired; 0 without lag compensation. */
  readonly rewindTicks: Uint8Array;
  /** Movement steps in this tick: 1, except where an authority lets a late player catch up, or trusts a cheat. */
  readonly steps: Uint8Array;
}

export function createInputTable(capacity: number): InputTable {
  return {
    buttons: new Uint8Array(capacity),
    aim: new Uint16Array(capacity),
    purchase: new Uint16Array(capacity),
    rewindTicks: new Uint8Array(capacity),
    steps: new Uint8Array(capacity).fill(1),
  };
}

/** The purchase key that follows `key`. */
export function nextPurchaseKey(key: number): number {
  return key >= 0xffff ? 1 : key + 1;
}

/** The movement buttons that lead most nearly along (dx, dy), in one of eight directions; 0 for the zero vector. */
export function buttonsTowards(dx: number, dy: number): number {
  const ax = Math.abs(dx);
  const ay = Math.abs(dy);
  let buttons = 0;
  // An axis counts when it holds more than tan(22.5°) ≈ 0.414 of the other.
  if (ax * 1000 > ay * 414) buttons |= dx > 0 ? Button.right : dx < 0 ? Button.left : 0;
  if (ay * 1000 > ax * 414) buttons |= dy > 0 ? Button.down : dy < 0 ? Button.up : 0;
  return buttons;
}
