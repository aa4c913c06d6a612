/**
 * What a page draws of a mesh: everybody where they should be by now. An input holds until it is replaced, so the rules'
 * own function carries each avatar on from where its owner last told it was (dead reckoning: IEEE 1278, DIS, did the
 * same with velocities); when its owner tells otherwise, it glides there instead of jumping.
 */
import { type Bodies, movePlayer } from '../../game/step.ts';
import { createView, type View } from '../view.ts';
import { WorldViewer } from '../world-view.ts';
import type { Core } from './core.ts';

/** Nobody is carried on for longer than this. */
const MAX_AHEAD_TICKS = 8;
/** A visible correction fades by half in this time. */
const ERROR_HALF_LIFE_MS = 80;
/** Whoever is farther off than this was put somewhere else: it does not glide. */
const TELEPORT = 96 * 256;

export class MeshScene {
  readonly #core: Core;
  readonly #viewer: WorldViewer;
  readonly #drawn: View;
  readonly #body: Bodies = { x: new Int32Array(1), y: new Int32Array(1) };
  /** By slot: from what it was carried on in the last picture, and what of the last correction is left. */
  readonly #from: { x: Int32Array; y: Int32Array; tick: Int32Array; buttons: Uint8Array };
  readonly #errorX: Float64Array;
  readonly #errorY: Float64Array;
  #drawnMs = 0;

  constructor(core: Core) {
    const { world, arena } = core.stage!;
    this.#core = core;
    this.#viewer = new WorldViewer(world);
    this.#drawn = createView(arena);
    const { capacity } = arena;
    const column = () => new Int32Array(capacity);
    this.#from = { x: column(), y: column(), tick: column().fill(-1), buttons: new Uint8Array(capacity) };
    this.#errorX = new Float64Array(arena.capacity);
    this.#errorY = new Float64Array(arena.capacity);
  }

  /** The picture of now; reused by the next call. `share`: of the current tick that has passed. */
  drawn(share: number, nowMs: number): View {
    const { player } = this.#core;
    const drawn = this.#drawn;
    const kept = 1 / (1 + Math.max(0, nowMs - this.#drawnMs) / ERROR_HALF_LIFE_MS);
    this.#drawnMs = nowMs;
    this.#viewer.invalidate();
    this.#viewer.fill(drawn, player);
    this.#between(drawn, share);
    const { players, tick } = drawn;
    for (let row = 0; row < players.count; row++) {
      const slot = players.id[row]!;
      this.#errorX[slot]! *= kept;
      this.#errorY[slot]! *= kept;
      this.#glide(slot, players.x[row]!, players.y[row]!, tick, share);
      const { x, y } = this.#reckon(slot, tick, share);
      players.x[row] = Math.round(x + this.#errorX[slot]!);
      players.y[row] = Math.round(y + this.#errorY[slot]!);
    }
    return drawn;
  }

  /** The own avatar, and shots, between the tick before and the newest. */
  #between({ self, shots }: View, share: number): void {
    const { world, before } = this.#core.stage!;
    const back = 1 - share;
    if (self.alive && Math.abs(before.x - self.x) < TELEPORT && Math.abs(before.y - self.y) < TELEPORT) {
      self.x = Math.round(self.x + (before.x - self.x) * back);
      self.y = Math.round(self.y + (before.y - self.y) * back);
    }
    for (let row = 0; row < shots.count; row++) {
      const shot = shots.id[row]!;
      shots.x[row] = Math.round(shots.x[row]! - world.shots.velocityX[shot]! * back);
      shots.y[row] = Math.round(shots.y[row]! - world.shots.velocityY[shot]! * back);
    }
  }

  /** Where a slot is by now: carried on by whole ticks and a share of the next, from what its owner told. */
  #reckon(slot: number, tick: number, share: number): { x: number; y: number } {
    const from = this.#from;
    const { arena } = this.#drawn;
    const ticks = Math.min(MAX_AHEAD_TICKS, Math.max(0, tick - from.tick[slot]!));
    const buttons = from.buttons[slot]!;
    const { x, y } = this.#body;
    x[0] = from.x[slot]!;
    y[0] = from.y[slot]!;
    for (let i = 0; i < ticks; i++) movePlayer(this.#body, 0, buttons, arena);
    const [fromX, fromY] = [x[0], y[0]];
    movePlayer(this.#body, 0, buttons, arena);
    return { x: fromX + (x[0]! - fromX) * share, y: fromY + (y[0]! - fromY) * share };
  }

  /** Takes what was told last; what that moves somebody by now, against what was told before, is glided over. */
  #glide(slot: number, toldX: number, toldY: number, tick: number, share: number): void {
    const from = this.#from;
    const { toldTick, buttons } = this.#core.stage!;
    if (from.tick[slot] === toldTick[slot]) return;
    const isNew = from.tick[slot]! < 0 || toldTick[slot]! - from.tick[slot]! > MAX_AHEAD_TICKS;
    const before = this.#reckon(slot, tick, share);
    from.x[slot] = toldX;
    from.y[slot] = toldY;
    from.tick[slot] = toldTick[slot]!;
    from.buttons[slot] = buttons[slot]!;
    const now = this.#reckon(slot, tick, share);
    const errorX = this.#errorX[slot]! + before.x - now.x;
    const errorY = this.#errorY[slot]! + before.y - now.y;
    const isJump = isNew || Math.abs(errorX) > TELEPORT || Math.abs(errorY) > TELEPORT;
    this.#errorX[slot] = isJump ? 0 : errorX;
    this.#errorY[slot] = isJump ? 0 : errorY;
  }
}
