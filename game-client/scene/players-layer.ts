/** Everybody in view: body, shield, health bar and name, pooled by player. */
import * as Phaser from 'phaser';
import { MAX_HEALTH, SUBUNITS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import { colorNumber, PALETTE, RIVALS } from '../palette.ts';
import { wellInside } from './changes.ts';
import type { Effects } from './effects.ts';
import { EntityPool, type Pooled } from './entity-pool.ts';
import { PLAYER_ORIGIN, playerFrame, SHEET } from './textures.ts';

const Depth = { body: 20, self: 22, bar: 30, name: 31 } as const;
const BAR_WIDTH = 30;
const BAR_Y = -24;
const NAME_Y = 25;
/** Names overlap in a crowd: with more than this many in view they are left out. */
const MOST_NAMES = 36;
const FLASH_MS = 90;
const AIM_TO_RADIANS = (Math.PI * 2) / 4096;

interface PlayerSprite extends Pooled {
  body: Phaser.GameObjects.Image;
  shield: Phaser.GameObjects.Image;
  barBack: Phaser.GameObjects.Image;
  bar: Phaser.GameObjects.Image;
  name: Phaser.GameObjects.Text;
  color: number;
  own: boolean;
  health: number;
  flashUntilMs: number;
  bornMs: number;
}

export interface PlayersLayerOptions {
  scene: Phaser.Scene;
  effects: Effects;
  /** Pixels per unit of the textures. */
  scale: number;
  /** Height of a name in pixels of the canvas. */
  namePixels: number;
  nameOf: (player: number) => string;
}

export class PlayersLayer {
  readonly #options: PlayersLayerOptions;
  readonly #pool: EntityPool<PlayerSprite>;
  #nowMs = 0;
  #zoom = 1;
  #view: View | null = null;
  #own = -1;

  constructor(options: PlayersLayerOptions) {
    this.#options = options;
    this.#pool = new EntityPool(() => this.#make());
  }

  /** Draws all of a view's players; `ownAim` is the mouse's aim, newer than any view. */
  update(view: View, ownAim: number, zoom: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#zoom = zoom;
    this.#view = view;
    const { players, self } = view;
    if (self.player !== this.#own) {
      // Somebody else is oneself now: everybody is dressed anew.
      this.#own = self.player;
      this.#pool.begin();
      this.#pool.end(this.#hide);
    }
    const showNames = players.count <= MOST_NAMES;
    this.#pool.begin();
    if (self.alive && self.player >= 0) {
      const sprite = this.#pool.take(self.player, this.#appeared);
      this.#place(sprite, self.x, self.y, ownAim, self.health, self.shield > 0, false);
    }
    for (let row = 0; row < players.count; row++) {
      const sprite = this.#pool.take(players.id[row]!, this.#appeared);
      const { x, y, aim, health, shielded } = players;
      this.#place(sprite, x[row]!, y[row]!, aim[row]!, health[row]!, shielded[row] === 1, showNames);
    }
    this.#pool.end(this.#gone);
  }

  /** Names arrive with the scoreboard, after their bearers. */
  refreshNames(view: View): void {
    for (let row = 0; row < view.players.count; row++) {
      const id = view.players.id[row]!;
      const sprite = this.#pool.get(id);
      const name = this.#options.nameOf(id);
      if (sprite && sprite.name.text !== name) sprite.name.setText(name);
    }
  }

  #make(): PlayerSprite {
    const { scene, namePixels } = this.#options;
    const style = {
      fontFamily: 'system-ui, sans-serif',
      fontSize: `${namePixels}px`,
      color: PALETTE.text,
    };
    const name = scene.add.text(0, 0, '', style).setOrigin(0.5, 0).setDepth(Depth.name).setAlpha(0.85);
    name.setStroke(PALETTE.ink, Math.max(2, namePixels / 5));
    return {
      seenFrame: 0,
      body: scene.add.image(0, 0, SHEET, 'player-self').setOrigin(PLAYER_ORIGIN.x, PLAYER_ORIGIN.y),
      shield: scene.add.image(0, 0, SHEET, 'shield').setDepth(Depth.body + 1),
      barBack: scene.add
        .image(0, 0, SHEET, 'pixel')
        .setDepth(Depth.bar)
        .setTint(colorNumber(PALETTE.ink))
        .setOrigin(0, 0.5),
      bar: scene.add.image(0, 0, SHEET, 'pixel').setDepth(Depth.bar).setOrigin(0, 0.5),
      name,
      color: 0,
      own: false,
      health: 0,
      flashUntilMs: 0,
      bornMs: 0,
    };
  }

  readonly #appeared = (sprite: PlayerSprite, id: number): void => {
    const own = id === this.#view?.self.player;
    sprite.own = own;
    sprite.color = colorNumber(own ? PALETTE.self : RIVALS[id % RIVALS.length]!);
    sprite.health = -1;
    sprite.flashUntilMs = 0;
    sprite.bornMs = this.#nowMs;
    sprite.body
      .setFrame(playerFrame(id, own))
      .setVisible(true)
      .setDepth(own ? Depth.self : Depth.body);
    sprite.name.setText(own ? '' : this.#options.nameOf(id));
  };

  readonly #gone = (sprite: PlayerSprite, _id: number): void => {
    const { x, y } = sprite.body;
    const view = this.#view!;
    if (sprite.own || wellInside(view.self, x * SUBUNITS, y * SUBUNITS)) {
      this.#options.effects.death(x, y, sprite.color);
    }
    this.#hide(sprite);
  };

  readonly #hide = (sprite: PlayerSprite): void => {
    for (const part of [sprite.body, sprite.shield, sprite.barBack, sprite.bar, sprite.name]) part.setVisible(false);
  };

  #place(
    sprite: PlayerSprite,
    subX: number,
    subY: number,
    aim: number,
    health: number,
    shielded: boolean,
    named: boolean,
  ): void {
    const x = subX / SUBUNITS;
    const y = subY / SUBUNITS;
    const nowMs = this.#nowMs;
    if (sprite.health >= 0 && health < sprite.health) sprite.flashUntilMs = nowMs + FLASH_MS;
    sprite.health = health;
    const flashing = nowMs < sprite.flashUntilMs;
    // A pop on appearing and a nudge on being hit: a few per cent, enough to notice, too little to mislead.
    const grown = Math.min(1, (nowMs - sprite.bornMs) / 160);
    const size = (0.7 + 0.3 * grown * (2 - grown)) * (flashing ? 1.08 : 1);
    const { body, shield, barBack, bar, name } = sprite;
    body.setPosition(x, y).setScale(size / this.#options.scale);
    body.rotation = aim * AIM_TO_RADIANS;
    body.setAlpha(0.3 + 0.7 * grown);
    body.setTintMode(flashing ? Phaser.TintModes.FILL : Phaser.TintModes.MULTIPLY);
    shield.setVisible(shielded);
    if (shielded) {
      shield.setPosition(x, y).setScale((1 + 0.04 * Math.sin(nowMs / 240)) / this.#options.scale);
      shield.rotation = nowMs / 900;
    }
    const hurt = health < MAX_HEALTH;
    barBack.setVisible(hurt);
    bar.setVisible(hurt);
    if (hurt) {
      // The pixel texture is 4 units wide at `scale` pixels per unit.
      const pixel = 1 / (4 * this.#options.scale);
      barBack.setPosition(x - BAR_WIDTH / 2 - 1, y + BAR_Y).setScale((BAR_WIDTH + 2) * pixel, 6 * pixel);
      bar.setPosition(x - BAR_WIDTH / 2, y + BAR_Y).setScale((BAR_WIDTH * health * pixel) / MAX_HEALTH, 4 * pixel);
      bar.setTint(health <= 25 ? colorNumber(PALETTE.danger) : sprite.color);
    }
    name.setVisible(named);
    if (named) name.setPosition(x, y + NAME_Y - 6).setScale(1 / this.#zoom);
  }
}
