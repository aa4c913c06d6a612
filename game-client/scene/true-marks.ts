/** Crosses where others really are, joined to where they are drawn: the gap is what the netcode does not know. */
import type * as Phaser from 'phaser';
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import type { TruePlace } from '../match/true-places.ts';
import { colorNumber, PALETTE } from '../palette.ts';
import { Lines } from './lines.ts';

const DEPTH = 36;
/** Half the width of a cross, in units. */
const ARM = 7;
const INK = { width: 5, color: colorNumber(PALETTE.ink), alpha: 0.8 };
const MARK = { width: 2.2, color: colorNumber(PALETTE.truth), alpha: 1 };

export class TrueMarks {
  readonly #lines: Lines;

  constructor(scene: Phaser.Scene) {
    this.#lines = new Lines(scene, DEPTH);
  }

  /** Beyond one's vision nothing is shown: the truth would be a map of everybody. */
  update({ self, players }: View, places: readonly TruePlace[]): void {
    this.#lines.begin();
    for (const place of places) {
      if (Math.hypot(place.x - self.x, place.y - self.y) > VISION_RADIUS) continue;
      const x = place.x / SUBUNITS;
      const y = place.y / SUBUNITS;
      const row = players.id.subarray(0, players.count).indexOf(place.player);
      for (const style of [INK, MARK]) {
        if (row >= 0)
          this.#lines.draw({ x, y }, { x: players.x[row]! / SUBUNITS, y: players.y[row]! / SUBUNITS }, style);
        this.#lines.draw({ x: x - ARM, y: y - ARM }, { x: x + ARM, y: y + ARM }, style);
        this.#lines.draw({ x: x - ARM, y: y + ARM }, { x: x + ARM, y: y - ARM }, style);
      }
    }
    this.#lines.end();
  }
}
