/** Coins and shots: pooled by id, with the feedback of their vanishing. */
import * as Phaser from 'phaser';
import { isBlocked } from '../../game/arena.ts';
import { SHOTS_PER_PLAYER, SUBUNITS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import { hasMetPlayer, wasPickedUp, wellInside } from './changes.ts';
import type { Effects } from './effects.ts';
import { EntityPool, type Pooled } from './entity-pool.ts';
import { SHEET } from './textures.ts';

const Depth = { coin: 10, shot: 25 } as const;
const AIM_TO_RADIANS = (Math.PI * 2) / 4096;
/** The texture's head lies this share of its width from the left: the shot's own place. */
const HEAD = 38 / 44;

/** A shot that is gone this near an obstacle has met it; elsewhere it has just ended. */
const WALL_REACH = 26 * SUBUNITS;

interface ThingSprite extends Pooled {
  image: Phaser.GameObjects.Image;
  x: number;
  y: number;
  bornMs: number;
}

export class CoinsLayer {
  readonly #pool: EntityPool<ThingSprite>;
  readonly #effects: Effects;
  readonly #scale: number;
  #view: View | null = null;
  #nowMs = 0;

  constructor(scene: Phaser.Scene, effects: Effects, scale: number) {
    this.#effects = effects;
    this.#scale = scale;
    this.#pool = new EntityPool(() => makeThing(scene, 'coin', Depth.coin));
  }

  update(view: View, nowMs: number): void {
    const { coins } = view;
    this.#view = view;
    this.#nowMs = nowMs;
    this.#pool.begin();
    for (let row = 0; row < coins.count; row++) {
      const id = coins.id[row]!;
      const thing = this.#pool.take(id, this.#appeared);
      const { image } = thing;
      thing.x = coins.x[row]!;
      thing.y = coins.y[row]!;
      const many = coins.amount[row]! > 1;
      image.setFrame(many ? 'pile' : 'coin');
      const grown = Math.min(1, (nowMs - thing.bornMs) / 200);
      const size = (many ? Math.min(1.5, 1 + coins.amount[row]! / 40) : 1) * (0.4 + 0.6 * grown);
      // Each coin turns at its own moment, and only now and then, so that a field of them twinkles.
      const phase = (nowMs / 1000 + id * 0.37) % 2.6;
      const turn = many || phase > 0.5 ? 1 : Math.abs(Math.cos(phase * 2 * Math.PI));
      image.setPosition(thing.x / SUBUNITS, thing.y / SUBUNITS + Math.sin(nowMs / 420 + id) * 1.2);
      image.setScale((size * Math.max(0.12, turn)) / this.#scale, size / this.#scale).setVisible(true);
    }
    this.#pool.end(this.#gone);
  }

  readonly #appeared = (thing: ThingSprite): void => {
    thing.bornMs = this.#nowMs;
  };

  readonly #gone = (thing: ThingSprite): void => {
    thing.image.setVisible(false);
    const view = this.#view!;
    if (wellInside(view.self, thing.x, thing.y) && wasPickedUp(view, thing.x, thing.y)) {
      this.#effects.pickup(thing.x / SUBUNITS, thing.y / SUBUNITS);
    }
  };
}

export class ShotsLayer {
  readonly #pool: EntityPool<ThingSprite>;
  readonly #effects: Effects;
  readonly #scale: number;
  #view: View | null = null;

  constructor(scene: Phaser.Scene, effects: Effects, scale: number) {
    this.#effects = effects;
    this.#scale = scale;
    this.#pool = new EntityPool(() => {
      const thing = makeThing(scene, 'shot-theirs', Depth.shot);
      thing.image.setOrigin(HEAD, 0.5).setBlendMode(Phaser.BlendModes.ADD);
      return thing;
    });
  }

  update(view: View): void {
    const { shots, self } = view;
    this.#view = view;
    this.#pool.begin();
    for (let row = 0; row < shots.count; row++) {
      const id = shots.id[row]!;
      const thing = this.#pool.take(id, nothing);
      thing.x = shots.x[row]!;
      thing.y = shots.y[row]!;
      const own = Math.floor(id / SHOTS_PER_PLAYER) === self.player;
      thing.image
        .setFrame(own ? 'shot-mine' : 'shot-theirs')
        .setPosition(thing.x / SUBUNITS, thing.y / SUBUNITS)
        .setScale(1 / this.#scale)
        .setVisible(true);
      thing.image.rotation = shots.aim[row]! * AIM_TO_RADIANS;
    }
    this.#pool.end(this.#gone);
  }

  readonly #gone = (thing: ThingSprite): void => {
    thing.image.setVisible(false);
    const view = this.#view!;
    if (!wellInside(view.self, thing.x, thing.y)) return;
    const x = thing.x / SUBUNITS;
    const y = thing.y / SUBUNITS;
    if (hasMetPlayer(view, thing.x, thing.y)) this.#effects.hit(x, y);
    else if (isBlocked(view.arena, thing.x, thing.y, WALL_REACH)) this.#effects.graze(x, y);
  };
}

function makeThing(scene: Phaser.Scene, frame: string, depth: number): ThingSprite {
  return {
    seenFrame: 0,
    image: scene.add.image(0, 0, SHEET, frame).setDepth(depth).setVisible(false),
    x: 0,
    y: 0,
    bornMs: 0,
  };
}

function nothing(): void {}
