/**
 * Server ghosts: where the newest snapshot says that everybody is, undecorated. The distance between a ghost and its
 * player is what interpolation delays and what prediction runs ahead.
 */
import type * as Phaser from 'phaser';
import { SUBUNITS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import { colorNumber, PALETTE } from '../palette.ts';
import { PLAYER_ORIGIN, SHEET } from './textures.ts';

const AIM_TO_RADIANS = (Math.PI * 2) / 4096;

export class Ghosts {
  readonly #scene: Phaser.Scene;
  readonly #scale: number;
  readonly #images: Phaser.GameObjects.Image[] = [];
  #used = 0;

  constructor(scene: Phaser.Scene, scale: number) {
    this.#scene = scene;
    this.#scale = scale;
  }

  update(latest: View | null, visible: boolean): void {
    this.#used = 0;
    if (visible && latest && latest.tick >= 0) {
      const { self, players } = latest;
      if (self.alive) this.#show(self.x, self.y, 0, colorNumber(PALETTE.self));
      for (let row = 0; row < players.count; row++) {
        this.#show(players.x[row]!, players.y[row]!, players.aim[row]!, 0xffffff);
      }
    }
    for (let i = this.#used; i < this.#images.length; i++) this.#images[i]!.setVisible(false);
  }

  #show(x: number, y: number, aim: number, color: number): void {
    let image = this.#images[this.#used];
    if (!image) {
      image = this.#scene.add
        .image(0, 0, SHEET, 'ghost')
        .setOrigin(PLAYER_ORIGIN.x, PLAYER_ORIGIN.y)
        .setDepth(35)
        .setScale(1 / this.#scale)
        .setAlpha(0.8);
      this.#images.push(image);
    }
    this.#used += 1;
    image
      .setPosition(x / SUBUNITS, y / SUBUNITS)
      .setTint(color)
      .setVisible(true);
    image.rotation = aim * AIM_TO_RADIANS;
  }
}
