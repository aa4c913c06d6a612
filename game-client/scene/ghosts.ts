/**
 * Ghosts: where everybody is by the newest truth that is held here, undecorated. The distance between a ghost and its player
 * is what interpolation delays, what prediction runs ahead, or in a mesh how far a player was carried on since its owner
 * told where it is; so many ticks ago says the small number then.
 */
import type * as Phaser from 'phaser';
import { SUBUNITS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import { colorNumber, PALETTE } from '../palette.ts';
import { PLAYER_ORIGIN, SHEET } from './textures.ts';

interface Ghost {
  image: Phaser.GameObjects.Image;
  age: Phaser.GameObjects.Text;
}

const DEPTH = 35;
/** Of an age, to the right of its ghost and up, in units: neither bar nor name is there. */
const AGE_X = 20;
const AGE_Y = -15;
const AIM_TO_RADIANS = (Math.PI * 2) / 4096;

export class Ghosts {
  readonly #scene: Phaser.Scene;
  readonly #scale: number;
  readonly #agePixels: number;
  readonly #ghosts: Ghost[] = [];
  #used = 0;

  /** `scale`: pixels per unit of the textures. `agePixels`: height of an age in pixels of the canvas. */
  constructor(scene: Phaser.Scene, scale: number, agePixels: number) {
    this.#scene = scene;
    this.#scale = scale;
    this.#agePixels = agePixels;
  }

  update(latest: View | null, visible: boolean, zoom: number): void {
    this.#used = 0;
    if (visible && latest && latest.tick >= 0) {
      const { self, players } = latest;
      if (self.alive) this.#show(self.x, self.y, 0, colorNumber(PALETTE.self), 0, zoom);
      for (let row = 0; row < players.count; row++) {
        this.#show(players.x[row]!, players.y[row]!, players.aim[row]!, 0xffffff, players.ageTicks[row]!, zoom);
      }
    }
    for (const { image, age } of this.#ghosts.slice(this.#used)) {
      image.setVisible(false);
      age.setVisible(false);
    }
  }

  #show(x: number, y: number, aim: number, color: number, ageTicks: number, zoom: number): void {
    if (this.#used === this.#ghosts.length) this.#ghosts.push(this.#make());
    const { image, age } = this.#ghosts[this.#used]!;
    this.#used += 1;
    image
      .setPosition(x / SUBUNITS, y / SUBUNITS)
      .setTint(color)
      .setVisible(true);
    image.rotation = aim * AIM_TO_RADIANS;
    age.setVisible(ageTicks > 0);
    if (ageTicks === 0) return;
    const text = `${ageTicks}`;
    if (age.text !== text) age.setText(text);
    age.setPosition(x / SUBUNITS + AGE_X, y / SUBUNITS + AGE_Y).setScale(1 / zoom);
  }

  #make(): Ghost {
    const scene = this.#scene;
    const image = scene.add
      .image(0, 0, SHEET, 'ghost')
      .setOrigin(PLAYER_ORIGIN.x, PLAYER_ORIGIN.y)
      .setDepth(DEPTH)
      .setScale(1 / this.#scale)
      .setAlpha(0.8);
    const style = { fontFamily: 'system-ui, sans-serif', fontSize: `${this.#agePixels}px`, color: PALETTE.text };
    const age = scene.add.text(0, 0, '', style).setOrigin(0.5, 0.5).setDepth(DEPTH);
    age.setStroke(PALETTE.ink, Math.max(2, this.#agePixels / 4));
    return { image, age };
  }
}
