/**
 * What a peer sees of the world that it simulates: its vision as a view, and what a page draws between two ticks. After
 * a rollback everybody whose place was corrected glides there instead of jumping.
 */
import { Status, type World } from '../../game/world.ts';
import { createView, type View } from '../view.ts';
import { WorldViewer } from '../world-view.ts';

/** A visible correction fades by half in this time. */
const ERROR_HALF_LIFE_MS = 60;
/** Whoever moved farther within a tick was put somewhere else: it is not drawn in between. */
const TELEPORT = 96 * 256;

export class PeerScene {
  readonly #world: World;
  readonly #viewer: WorldViewer;
  readonly #confirmedViewer: WorldViewer;
  readonly #view: View;
  readonly #confirmed: View;
  readonly #drawn: View;
  #isFresh = false;
  #isConfirmedFresh = false;
  /** Places at the end of the tick before, and as they were before a correction. */
  readonly #before: { x: Int32Array; y: Int32Array; shotX: Int32Array; shotY: Int32Array };
  readonly #wrong: { x: Int32Array; y: Int32Array; status: Int32Array };
  /** What is drawn beside the truth, by slot, and when it was last faded. */
  readonly #errorX: Float64Array;
  readonly #errorY: Float64Array;
  #errorMs = 0;

  /** `world`: the newest one, which is drawn; `truth`: the final one, the same without rollback. */
  constructor(world: World, truth: World) {
    const { capacity } = world.arena;
    const shots = world.shots.x.length;
    this.#world = world;
    this.#viewer = new WorldViewer(world);
    this.#confirmedViewer = world === truth ? this.#viewer : new WorldViewer(truth);
    this.#view = createView(world.arena);
    this.#confirmed = world === truth ? this.#view : createView(world.arena);
    this.#drawn = createView(world.arena);
    const columns = (length: number) => new Int32Array(length);
    this.#before = { x: columns(capacity), y: columns(capacity), shotX: columns(shots), shotY: columns(shots) };
    this.#wrong = { x: columns(capacity), y: columns(capacity), status: columns(capacity) };
    this.#errorX = new Float64Array(capacity);
    this.#errorY = new Float64Array(capacity);
  }

  /** A world was stepped, or set back: views of it are out of date. */
  changed(): void {
    this.#isFresh = false;
    this.#isConfirmedFresh = false;
    this.#viewer.invalidate();
    this.#confirmedViewer.invalidate();
  }

  view(slot: number): View {
    if (!this.#isFresh) this.#viewer.fill(this.#view, slot);
    this.#isFresh = true;
    return this.#view;
  }

  confirmedView(slot: number): View {
    if (this.#confirmed === this.#view) return this.view(slot);
    if (!this.#isConfirmedFresh) this.#confirmedViewer.fill(this.#confirmed, slot);
    this.#isConfirmedFresh = true;
    return this.#confirmed;
  }

  /** The newest world is about to be stepped. */
  beforeStep(): void {
    const { players, shots } = this.#world;
    this.#before.x.set(players.x);
    this.#before.y.set(players.y);
    this.#before.shotX.set(shots.x);
    this.#before.shotY.set(shots.y);
  }

  /** The newest world is about to be corrected. */
  beforeCorrection(): void {
    const { players } = this.#world;
    this.#wrong.x.set(players.x);
    this.#wrong.y.set(players.y);
    this.#wrong.status.set(players.status);
  }

  /** It was corrected: whoever is elsewhere now glides there. Returns by how far `slot` was moved, in sub-units. */
  corrected(slot: number, nowMs: number): number {
    const { players } = this.#world;
    const wrong = this.#wrong;
    this.#fade(nowMs);
    for (let id = 0; id < players.x.length; id++) {
      const isThroughout = wrong.status[id] === Status.alive && players.status[id] === Status.alive;
      const dx = isThroughout ? wrong.x[id]! - players.x[id]! : 0;
      const dy = isThroughout ? wrong.y[id]! - players.y[id]! : 0;
      if (Math.abs(dx) > TELEPORT || Math.abs(dy) > TELEPORT) continue;
      this.#errorX[id]! += dx;
      this.#errorY[id]! += dy;
    }
    if (slot < 0) return 0;
    const dx = wrong.x[slot]! - players.x[slot]!;
    const dy = wrong.y[slot]! - players.y[slot]!;
    return Math.sqrt(dx * dx + dy * dy);
  }

  #fade(nowMs: number): void {
    // 1 / (1 + t) falls by half in one half-life, and needs no exponential.
    const kept = 1 / (1 + Math.max(0, nowMs - this.#errorMs) / ERROR_HALF_LIFE_MS);
    this.#errorMs = nowMs;
    for (let id = 0; id < this.#errorX.length; id++) {
      this.#errorX[id]! *= kept;
      this.#errorY[id]! *= kept;
    }
  }

  /** The view with everybody `share` of the way from the tick before to the newest. Reused by the next call. */
  drawn(slot: number, share: number, nowMs: number): View {
    const drawn = this.#drawn;
    const { x, y, shotX, shotY } = this.#before;
    this.#viewer.fill(drawn, slot);
    this.#fade(nowMs);
    const { players, shots, self } = drawn;
    for (let row = 0; row < players.count; row++) {
      const id = players.id[row]!;
      players.x[row] = Math.round(between(x[id]!, players.x[row]!, share) + this.#errorX[id]!);
      players.y[row] = Math.round(between(y[id]!, players.y[row]!, share) + this.#errorY[id]!);
    }
    for (let row = 0; row < shots.count; row++) {
      const id = shots.id[row]!;
      shots.x[row] = Math.round(between(shotX[id]!, shots.x[row]!, share));
      shots.y[row] = Math.round(between(shotY[id]!, shots.y[row]!, share));
    }
    self.x = Math.round(between(x[slot]!, self.x, share) + this.#errorX[slot]!);
    self.y = Math.round(between(y[slot]!, self.y, share) + this.#errorY[slot]!);
    return drawn;
  }
}

function between(from: number, to: number, share: number): number {
  return Math.abs(to - from) > TELEPORT ? to : from + (to - from) * share;
}
