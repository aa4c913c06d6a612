/**
 * Prediction and reconciliation of one's own player (Bernier 2001; Fiedler 2004). Each own input moves the predicted
 * player at once, by the rules' own function. When the authority's truth arrives, the player starts again from it and
 * replays the inputs that were not yet executed; had both been right, nothing changes.
 */
import type { Arena } from '../game/arena.ts';
import type { PlayerInput } from '../game/input.ts';
import { type Bodies, movePlayer } from '../game/step.ts';

/** Own inputs kept for replay: two seconds at 60 Hz. */
const RING = 128;

export class Prediction {
  readonly #arena: Arena;
  readonly #body: Bodies = { x: new Int32Array(1), y: new Int32Array(1) };
  readonly #buttons = new Uint8Array(RING);
  /** Where the player was one tick before, for drawing between ticks. */
  fromX = 0;
  fromY = 0;
  #tick = -1;
  /** Inputs before this tick belong to an earlier link, and are not replayed. */
  #sinceTick = 0;
  #isAlive = false;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  get x(): number {
    return this.#body.x[0]!;
  }

  get y(): number {
    return this.#body.y[0]!;
  }

  /** The link is new: what was sent over the last one is gone. */
  restart(): void {
    this.#sinceTick = this.#tick + 1;
    this.#isAlive = false;
  }

  /** Steps ahead by one tick of the own timeline with the input that was sent for it. */
  advance(tick: number, input: PlayerInput): void {
    this.#buttons[tick & (RING - 1)] = input.buttons;
    this.#tick = tick;
    this.fromX = this.x;
    this.fromY = this.y;
    if (this.#isAlive) movePlayer(this.#body, 0, input.buttons, this.#arena);
  }

  /** Starts again from the truth that includes `ackedTick`; returns how far off the prediction was, in sub-units. */
  reconcile(x: number, y: number, isAlive: boolean, ackedTick: number): number {
    const wasX = this.x;
    const wasY = this.y;
    const wasAlive = this.#isAlive;
    this.#isAlive = isAlive;
    this.#body.x[0] = x;
    this.#body.y[0] = y;
    this.fromX = x;
    this.fromY = y;
    if (isAlive) {
      const first = Math.max(ackedTick + 1, this.#sinceTick, this.#tick - RING + 1);
      for (let tick = first; tick <= this.#tick; tick++) {
        this.fromX = this.x;
        this.fromY = this.y;
        movePlayer(this.#body, 0, this.#buttons[tick & (RING - 1)]!, this.#arena);
      }
    }
    // Dying, returning and the first truth of all are news, not errors.
    if (!wasAlive || !isAlive) return 0;
    const dx = this.x - wasX;
    const dy = this.y - wasY;
    return Math.sqrt(dx * dx + dy * dy);
  }
}
