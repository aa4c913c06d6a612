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
  /** By slot: where it was drawn last and by which state, and what of the last correction is left. */
  readonly #shownX: Float64Array;
  readonly #shownY: Float64Array;
  readonly #shownBy: Int32Array;
  readonly #errorX: Float64Array;
  readonly #errorY: Float64Array;
  #drawnMs = 0;

  constructor(core: Core) {
    const { world, arena } = core.stage!;
    this.#core = core;
    this.#viewer = new WorldViewer(world);
    this.#drawn = createView(arena);
    this.#shownX = new Float64Array(arena.capacity);
    this.#shownY = new Float64Array(arena.capacity);
    this.#shownBy = new Int32Array(arena.capacity).fill(-1);
    this.#errorX = new Float64Array(arena.capacity);
    this.#errorY = new Float64Array(arena.capacity);
  }

  /** The picture of now; reused by the next call. `share`: of the current tick that has passed. */
  drawn(share: number, nowMs: number): View {
    const { stage, player } = this.#core;
    const drawn = this.#drawn;
    const kept = 1 / (1 + Math.max(0, nowMs - this.#drawnMs) / ERROR_HALF_LIFE_MS);
    this.#drawnMs = nowMs;
    this.#viewer.invalidate();
    this.#viewer.fill(drawn, player);
    this.#between(drawn, share);
    const { players, tick } = drawn;
    for (let row = 0; row < players.count; row++) {
      const slot = players.id[row]!;
      const toldTick = stage!.toldTick[slot]!;
      this.#reckon(row, slot, Math.min(MAX_AHEAD_TICKS, Math.max(0, tick - toldTick)), share);
      const { x, y } = { x: players.x[row]!, y: players.y[row]! };
      this.#errorX[slot]! *= kept;
      this.#errorY[slot]! *= kept;
      if (this.#shownBy[slot] !== toldTick) this.#noteCorrection(slot, x, y);
      this.#shownBy[slot] = toldTick;
      players.x[row] = Math.round(x + this.#errorX[slot]!);
      players.y[row] = Math.round(y + this.#errorY[slot]!);
      this.#shownX[slot] = players.x[row]!;
      this.#shownY[slot] = players.y[row]!;
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

  /** Carries a row on by whole ticks and a share of the next. */
  #reckon(row: number, slot: number, ticks: number, share: number): void {
    const { players, arena } = this.#drawn;
    const buttons = this.#core.stage!.buttons[slot]!;
    const { x, y } = this.#body;
    x[0] = players.x[row]!;
    y[0] = players.y[row]!;
    for (let i = 0; i < ticks; i++) movePlayer(this.#body, 0, buttons, arena);
    const [fromX, fromY] = [x[0], y[0]];
    movePlayer(this.#body, 0, buttons, arena);
    players.x[row] = Math.round(fromX + (x[0]! - fromX) * share);
    players.y[row] = Math.round(fromY + (y[0]! - fromY) * share);
  }

  #noteCorrection(slot: number, x: number, y: number): void {
    const dx = this.#shownX[slot]! - x;
    const dy = this.#shownY[slot]! - y;
    const isJump = this.#shownBy[slot]! < 0 || Math.abs(dx) > TELEPORT || Math.abs(dy) > TELEPORT;
    this.#errorX[slot] = isJump ? 0 : dx;
    this.#errorY[slot] = isJump ? 0 : dy;
  }
}
