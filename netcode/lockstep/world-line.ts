/**
 * A world that can go back: it steps by the inputs of the roster's seats, keeps its states of the last ticks, and notes
 * which inputs it took, so that a rollback knows the first tick that was wrong. One line steps by known inputs only and
 * is the truth as far as it goes; with rollback a second one runs ahead of it on predictions.
 */

import type { Arena } from '../../game/arena.ts';
import { assert } from '../../game/assert.ts';
import { createInputTable, type InputTable, nextPurchaseKey } from '../../game/input.ts';
import { step } from '../../game/step.ts';
import { createWorld, restoreWorld, saveWorld, type World } from '../../game/world.ts';
import { aimOf, BUY, buttonsOf, NO_WORD } from './input-word.ts';
import type { Roster } from './roster.ts';

export class WorldLine {
  readonly world: World;
  readonly #inputs: InputTable;
  readonly #states: Uint8Array[];
  /** Tick of each kept state; −1 for none. */
  readonly #tickOf: Int32Array;
  /** By kept tick and slot: the input that was taken. */
  readonly #taken: Int32Array[];

  constructor(arena: Arena, keptTicks: number) {
    this.world = createWorld(arena.config, arena);
    this.#inputs = createInputTable(arena.capacity);
    const bytes = this.world.bytes.length;
    this.#states = Array.from({ length: keptTicks }, () => new Uint8Array(bytes));
    this.#taken = Array.from({ length: keptTicks }, () => new Int32Array(arena.capacity));
    this.#tickOf = new Int32Array(keptTicks).fill(-1);
    this.#keep();
  }

  get tick(): number {
    return this.world.match.tick[0]!;
  }

  #keep(): void {
    const at = this.tick % this.#tickOf.length;
    saveWorld(this.world, this.#states[at]!);
    this.#tickOf[at] = this.tick;
  }

  /** The state after a tick; null when it is no longer kept, or not yet reached. */
  state(tick: number): Uint8Array | null {
    const at = tick % this.#tickOf.length;
    return tick >= 0 && this.#tickOf[at] === tick ? this.#states[at]! : null;
  }

  /** By slot, the inputs that the last step took. */
  get lastTaken(): Int32Array {
    return this.#taken[this.tick % this.#taken.length]!;
  }

  /** Steps once. Seats whose input is not known are predicted. */
  step(roster: Roster): void {
    const tick = this.tick + 1;
    const { world } = this;
    const { buttons, aim, purchase } = this.#inputs;
    const taken = this.#taken[tick % this.#taken.length]!;
    roster.enterTick(world, tick);
    for (let slot = 0; slot < world.match.playerLimit[0]!; slot++) {
      const word = inputAt(roster, slot, tick);
      taken[slot] = word;
      buttons[slot] = buttonsOf(word);
      aim[slot] = aimOf(word);
      purchase[slot] = (word & BUY) === 0 ? 0 : nextPurchaseKey(world.players.purchaseKey[slot]!);
    }
    step(world, this.#inputs);
    this.#keep();
  }

  /** Whether a tick that was stepped took other inputs than are known now. */
  tookWrong(roster: Roster, tick: number): boolean {
    const taken = this.#taken[tick % this.#taken.length]!;
    for (let slot = 0; slot < this.world.match.playerLimit[0]!; slot++) {
      const log = roster.seatAt(slot, tick)?.log;
      if (log?.has(tick) && log.word(tick) !== taken[slot]) return true;
    }
    return false;
  }

  /** Goes back to the end of a tick that is kept; false when it is not. */
  goBack(tick: number): boolean {
    const state = this.state(tick);
    if (!state) return false;
    this.load(state);
    return true;
  }

  /** Takes over a state, whatever was before. */
  load(state: Uint8Array): void {
    restoreWorld(this.world, state);
    // What was stepped after it never happened.
    for (let i = 0; i < this.#tickOf.length; i++) if (this.#tickOf[i]! > this.tick) this.#tickOf[i] = -1;
    if (this.#tickOf[this.tick % this.#tickOf.length] !== this.tick) this.#keep();
  }

  /** As `load`, and nothing before it is kept: the state of another match, or of one long ago. */
  startAt(state: Uint8Array): void {
    assert(state.length === this.world.bytes.length, 'a state of a world with the same config');
    this.#tickOf.fill(-1);
    restoreWorld(this.world, state);
    this.#keep();
  }
}

function inputAt(roster: Roster, slot: number, tick: number): number {
  const seat = roster.seatAt(slot, tick);
  if (!seat || tick > seat.lastTick) return NO_WORD;
  return seat.log.wordOrPrediction(tick);
}
