/** The grid of cells that the rendezvous knows peers by: as wide as one sees. It introduces those in cells side by side. */
import { VISION_RADIUS } from '../../game/constants.ts';
import type { PeerId } from '../session.ts';
import { NO_CELL } from './epoch.ts';

/** The cell of a place in sub-units, as 16 bits: row × 256 + column. */
export function cellOf(x: number, y: number): number {
  return ((y / VISION_RADIUS) | 0) * 256 + ((x / VISION_RADIUS) | 0);
}

/** A cell and those around it, nearest first. */
const AROUND = [
  [0, 0],
  [0, -1],
  [-1, 0],
  [1, 0],
  [0, 1],
  [-1, -1],
  [1, -1],
  [-1, 1],
  [1, 1],
] as const;

export function neighboursOf(cell: number): number[] {
  const row = cell >>> 8;
  const column = cell & 0xff;
  return AROUND.flatMap(([right, down]) => {
    const [x, y] = [column + right, row + down];
    const isCell = x >= 0 && y >= 0 && x <= 0xff && y <= 0xff && y * 256 + x !== NO_CELL;
    return isCell ? [y * 256 + x] : [];
  });
}

/** Who is in which cell. */
export class CellTable {
  readonly #cells = new Map<number, Set<PeerId>>();
  readonly #cellOf = new Map<PeerId, number>();

  /** NO_CELL takes a peer out. */
  put(peer: PeerId, cell: number): void {
    const former = this.cellOf(peer);
    if (former === cell) return;
    const left = this.#cells.get(former);
    left?.delete(peer);
    if (left?.size === 0) this.#cells.delete(former);
    if (cell === NO_CELL) {
      this.#cellOf.delete(peer);
      return;
    }
    this.#cellOf.set(peer, cell);
    const there = this.#cells.get(cell);
    if (there) there.add(peer);
    else this.#cells.set(cell, new Set([peer]));
  }

  cellOf(peer: PeerId): number {
    return this.#cellOf.get(peer) ?? NO_CELL;
  }

  /** Those in the cell of a peer and around it who are here, nearest cells first; `most` at most. */
  around(peer: PeerId, isHere: (peer: PeerId) => boolean, most: number): { peer: PeerId; cell: number }[] {
    const found: { peer: PeerId; cell: number }[] = [];
    const own = this.cellOf(peer);
    if (own === NO_CELL) return found;
    for (const cell of neighboursOf(own)) {
      for (const other of this.#cells.get(cell) ?? []) {
        if (found.length === most) return found;
        if (other !== peer && isHere(other)) found.push({ peer: other, cell });
      }
    }
    return found;
  }
}
