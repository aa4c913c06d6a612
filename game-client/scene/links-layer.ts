/**
 * Lines from oneself to those one is linked with; what a neighbour forwards is a dashed line from that neighbour to whom it
 * is about. Lines of those who are not drawn lead to where they are believed to be.
 */
import type * as Phaser from 'phaser';
import { SUBUNITS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import type { DrawnLink } from '../match/participant.ts';
import { colorNumber, LINK_COLORS } from '../palette.ts';
import { Lines, type Point } from './lines.ts';

/** Above the floor and coins, below players. */
const DEPTH = 12;
/** In units. A line ends at the rims of its players. */
const RIM = 20;
const DASH = 9;
const GAP = 7;
const STYLES: Record<DrawnLink['state'], { width: number; alpha: number; isDashed: boolean }> = {
  told: { width: 2.2, alpha: 0.7, isDashed: false },
  linked: { width: 1.6, alpha: 0.6, isDashed: false },
  relayed: { width: 2.2, alpha: 0.8, isDashed: false },
  forwarded: { width: 2.2, alpha: 0.9, isDashed: true },
  dialling: { width: 1.6, alpha: 0.5, isDashed: true },
};

export class LinksLayer {
  readonly #lines: Lines;

  constructor(scene: Phaser.Scene) {
    this.#lines = new Lines(scene, DEPTH);
  }

  update(view: View, links: readonly DrawnLink[]): void {
    this.#lines.begin();
    const places = links.length > 0 ? placesOf(view) : new Map<number, Point>();
    const self = { x: view.self.x / SUBUNITS, y: view.self.y / SUBUNITS };
    for (const { player, state, via, x, y } of links) {
      const to = places.get(player) ?? { x: x / SUBUNITS, y: y / SUBUNITS };
      if (Number.isFinite(to.x)) this.#draw(places.get(via) ?? self, to, state);
    }
    this.#lines.end();
  }

  #draw(from: Point, to: Point, state: DrawnLink['state']): void {
    const { width, alpha, isDashed } = STYLES[state];
    const style = { width, alpha, color: colorNumber(LINK_COLORS[state]) };
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const end = length - RIM;
    const at = (way: number) => ({
      x: from.x + ((to.x - from.x) * way) / length,
      y: from.y + ((to.y - from.y) * way) / length,
    });
    const dash = isDashed ? DASH : length;
    for (let way = RIM; way < end; way += dash + GAP) this.#lines.draw(at(way), at(Math.min(end, way + dash)), style);
  }
}

/** Of all who are drawn, in units. */
function placesOf({ players }: View): Map<number, Point> {
  const places = new Map<number, Point>();
  for (let row = 0; row < players.count; row++) {
    places.set(players.id[row]!, { x: players.x[row]! / SUBUNITS, y: players.y[row]! / SUBUNITS });
  }
  return places;
}
