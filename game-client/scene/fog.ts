/**
 * What lies beyond vision is dimmed: nothing there may be known. One image with a soft hole follows the player; it is
 * drawn small and shown large, since only its edge has detail, and that is soft.
 */
import type * as Phaser from 'phaser';
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { PALETTE, withAlpha } from '../palette.ts';

const TEXTURE_SIDE = 1024;
/** Half the side that the image covers; wider than half of any screen at the zoom we use. */
const COVERS = 1000;
const RADIUS = VISION_RADIUS / SUBUNITS;
const SOFT = 26;
const DARKNESS = 0.74;

export class Fog {
  readonly #image: Phaser.GameObjects.Image;

  constructor(scene: Phaser.Scene) {
    const texture = scene.textures.createCanvas('fog', TEXTURE_SIDE, TEXTURE_SIDE);
    if (texture) {
      const context = texture.getContext();
      const perUnit = TEXTURE_SIDE / (2 * COVERS);
      const center = TEXTURE_SIDE / 2;
      const hole = context.createRadialGradient(
        center,
        center,
        (RADIUS - SOFT) * perUnit,
        center,
        center,
        RADIUS * perUnit,
      );
      hole.addColorStop(0, withAlpha(PALETTE.ink, 0));
      hole.addColorStop(0.9, withAlpha(PALETTE.ink, DARKNESS * 0.85));
      hole.addColorStop(1, withAlpha(PALETTE.ink, DARKNESS));
      context.fillStyle = hole;
      context.fillRect(0, 0, TEXTURE_SIDE, TEXTURE_SIDE);
      texture.refresh();
    }
    this.#image = scene.add
      .image(0, 0, 'fog')
      .setDepth(50)
      .setScale((2 * COVERS) / TEXTURE_SIDE);
  }

  follow(x: number, y: number): void {
    this.#image.setPosition(x, y);
  }
}
