/** An input as one number of 18 bits: what lockstep peers exchange, log and replay. */
import { AIM_STEPS } from '../../game/constants.ts';
import { BUTTON_MASK, NO_INPUT, type PlayerInput } from '../../game/input.ts';

/** Asks for a purchase in this tick. The key of the request is the next one of the world that executes it. */
export const BUY = 32;
const AIM_SHIFT = 6;
export const MAX_WORD = (AIM_STEPS << AIM_SHIFT) - 1;

export const NO_WORD = packInput(NO_INPUT, false);

export function packInput({ buttons, aim }: PlayerInput, buys: boolean): number {
  return (buttons & BUTTON_MASK) | (buys ? BUY : 0) | ((aim & (AIM_STEPS - 1)) << AIM_SHIFT);
}

export function buttonsOf(word: number): number {
  return word & BUTTON_MASK;
}

export function aimOf(word: number): number {
  return word >>> AIM_SHIFT;
}

/** What is expected of somebody whose input is not known yet: the same again, but nobody buys twice by accident. */
export function predictedAfter(word: number): number {
  return word & ~BUY;
}
