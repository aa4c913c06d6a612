/**
 * Interpolation: others are drawn between two past snapshots, so that jitter and single losses stay invisible. The last
 * few views are kept in a ring; drawing picks the pair around `now − delay` and moves everybody along the line between.
 */

import type { Arena } from '../game/arena.ts';
import { createView, reserveRows, type View } from './view.ts';

/** Views kept: more than the delay spans at any allowed rate. */
const KEPT = 12;
/** An entity that moved farther than this between two snapshots was put somewhere else: it is not drawn in between. */
const TELEPORT = 96 * 256;

export class ViewRing {
  readonly #views: View[] = [];
  #newest = 0;
  readonly #drawn: View;
  readonly #rowOf: Int32Array;

  constructor(arena: Arena, keeps: boolean) {
    for (let i = 0; i < (keeps ? KEPT : 2); i++) this.#views.push(createView(arena));
    this.#drawn = createView(arena);
    this.#rowOf = new Int32Array(keeps ? 65_536 : 0);
  }

  get newest(): View {
    return this.#views[this.#newest]!;
  }

  /** The oldest view, to decode the next snapshot into; it becomes the newest by `commit`. */
  get spare(): View {
    return this.#views[(this.#newest + 1) % this.#views.length]!;
  }

  commit(): void {
    this.#newest = (this.#newest + 1) % this.#views.length;
  }

  /** Everybody as they were at `tick` (a fraction between two snapshots' ticks). The result is reused by the next call. */
  at(tick: number): View {
    const newest = this.newest;
    let later = newest;
    let earlier = newest;
    for (let i = 0; i < this.#views.length; i++) {
      const view = this.#views[(this.#newest - i + this.#views.length) % this.#views.length]!;
      if (view.tick < 0) break;
      earlier = view;
      if (view.tick <= tick) break;
      later = view;
    }
    if (earlier.tick > tick) later = earlier;
    const span = later.tick - earlier.tick;
    const share = span > 0 ? Math.max(0, Math.min(1, (tick - earlier.tick) / span)) : 1;
    const drawn = this.#drawn;
    drawn.tick = earlier.tick + Math.floor(share * span);
    Object.assign(drawn.self, newest.self);
    this.#blend(drawn.players, earlier.players, later.players, share);
    this.#blend(drawn.shots, earlier.shots, later.shots, share);
    copyRows(drawn.coins, (share < 1 ? earlier : later).coins);
    return drawn;
  }

  /** Rows of `later`, each moved back towards where `earlier` has it. Whoever is only in one of them stands still. */
  #blend<T extends View['players'] | View['shots']>(out: T, earlier: T, later: T, share: number): void {
    copyRows(out, later);
    if (share >= 1) return;
    const rowOf = this.#rowOf;
    for (let row = 0; row < earlier.count; row++) rowOf[earlier.id[row]!] = row + 1;
    for (let row = 0; row < out.count; row++) {
      const before = rowOf[out.id[row]!]! - 1;
      if (before < 0) continue;
      const dx = out.x[row]! - earlier.x[before]!;
      const dy = out.y[row]! - earlier.y[before]!;
      if (Math.abs(dx) > TELEPORT || Math.abs(dy) > TELEPORT) continue;
      out.x[row] = earlier.x[before]! + Math.round(dx * share);
      out.y[row] = earlier.y[before]! + Math.round(dy * share);
    }
    for (let row = 0; row < earlier.count; row++) rowOf[earlier.id[row]!] = 0;
  }
}

function copyRows<T extends { count: number; id: Int32Array }>(out: T, from: T): void {
  reserveRows(out, from.count);
  const source = from as unknown as Record<string, Int32Array | number>;
  const target = out as unknown as Record<string, Int32Array | number>;
  for (const name in source) {
    const column = source[name]!;
    if (typeof column !== 'number') (target[name] as Int32Array).set(column.subarray(0, from.count));
  }
  out.count = from.count;
}
