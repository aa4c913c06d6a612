/** Straight lines over the arena, as stretched sprites of the one sheet: their edges stay smooth without multisampling. */
import type * as Phaser from 'phaser';
import { LINE_HEIGHT, LINE_WIDTH, SHEET } from './textures.ts';

export interface Point {
  x: number;
  y: number;
}

/** In units; the colour as a number. */
export interface LineStyle {
  width: number;
  color: number;
  alpha: number;
}

export class Lines {
  readonly #scene: Phaser.Scene;
  readonly #depth: number;
  readonly #images: Phaser.GameObjects.Image[] = [];
  #used = 0;

  constructor(scene: Phaser.Scene, depth: number) {
    this.#scene = scene;
    this.#depth = depth;
  }

  /** Begins a frame; what is not drawn again by `end` is gone. */
  begin(): void {
    this.#used = 0;
  }

  end(): void {
    for (const image of this.#images.slice(this.#used)) image.setVisible(false);
  }

  draw(from: Point, to: Point, { width, color, alpha }: LineStyle): void {
    if (this.#used === this.#images.length) {
      this.#images.push(this.#scene.add.image(0, 0, SHEET, 'line').setOrigin(0, 0.5).setDepth(this.#depth));
    }
    const image = this.#images[this.#used]!;
    this.#used += 1;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    image.setPosition(from.x, from.y).setTint(color).setAlpha(alpha).setVisible(true);
    image.setDisplaySize(length, (width * LINE_HEIGHT) / LINE_WIDTH);
    image.rotation = Math.atan2(to.y - from.y, to.x - from.x);
  }
}
