/**
 * Draws the match: each frame it asks for the view to draw, and shows exactly that. It knows nothing of sessions or
 * links, and changes nothing; feedback is read off the differences between views.
 */
import * as Phaser from 'phaser';
import { SUBUNITS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import type { DrawnLink } from '../match/participant.ts';
import type { TruePlace } from '../match/true-places.ts';
import { PALETTE } from '../palette.ts';
import { type SelfChanges, SelfWatch } from './changes.ts';
import { Effects } from './effects.ts';
import { Ghosts } from './ghosts.ts';
import { createGround } from './ground.ts';
import { LinksLayer } from './links-layer.ts';
import { PlayersLayer } from './players-layer.ts';
import { createSheet } from './textures.ts';
import { CoinsLayer, ShotsLayer } from './things-layer.ts';
import { TrueMarks } from './true-marks.ts';

/** Where the scene gets what it draws. */
export interface SceneSource {
  /** What to draw now; null before the first snapshot. */
  drawn(nowMs: number): View | null;
  /** The newest snapshot as it came, for ghosts. */
  latest(): View | null;
  aim(): number;
  showsGhosts(): boolean;
  nameOf(player: number): string;
  /** Links to draw, and true places to mark; without, or empty, there are none. */
  links?(nowMs: number): readonly DrawnLink[];
  truePlaces?(nowMs: number): readonly TruePlace[];
  /** Side of the square in units that must fit into the window; null, and without it, one's own surroundings do. */
  unitsInSight?(): number | null;
  /** Time or point of view have jumped since the last frame: what is gone or new has no story. */
  jumped?(): boolean;
  /** Called after each frame with what was drawn, what changed about oneself, and the zoom in CSS pixels per unit. */
  onFrame(view: View, changes: SelfChanges, nowMs: number, pixelsPerUnit: number): void;
}

/** Screens denser than this gain nothing that an eye would see, and cost fill rate. */
const MOST_PIXEL_RATIO = 2;
/** A square window of this side in CSS pixels shows the world at one pixel per unit; others scale by the mean of their sides. */
const UNITS_ACROSS = 760;
const NAMES_EVERY_MS = 500;
/**
 * Machines that draw without a GPU are limited by the pixels they fill. Where frames stay slower than SLOW_FPS for a
 * while, the canvas gets coarser by a step, down to LEAST_QUALITY: fluid and a little soft plays better than sharp and
 * slow. Text and pointers keep their size, because they are measured in CSS pixels.
 */
const SLOW_FPS = 57;
const JUDGED_EVERY_MS = 1500;
const QUALITY_STEP = 0.8;
const LEAST_QUALITY = 0.5;

export function pixelRatio(): number {
  return Math.min(MOST_PIXEL_RATIO, window.devicePixelRatio || 1);
}

export class ArenaScene extends Phaser.Scene {
  readonly #source: SceneSource;
  readonly #watch = new SelfWatch();
  #effects!: Effects;
  #players!: PlayersLayer;
  #coins!: CoinsLayer;
  #shots!: ShotsLayer;
  #ghosts!: Ghosts;
  #links!: LinksLayer;
  #trueMarks!: TrueMarks;
  #grounded = false;
  #namesDueMs = 0;
  #judgedMs = 0;
  /** Canvas pixels per screen pixel and side. */
  quality = 1;
  readonly #stillMotion = window.matchMedia('(prefers-reduced-motion: reduce)').matches;

  constructor(source: SceneSource) {
    super('arena');
    this.#source = source;
  }

  create(): void {
    const ratio = pixelRatio();
    const scale = ratio > 1.5 ? 3 : 2;
    createSheet(this, scale);
    this.#effects = new Effects(this, scale, Math.round(18 * ratio));
    this.#coins = new CoinsLayer(this, this.#effects, scale);
    this.#shots = new ShotsLayer(this, this.#effects, scale);
    this.#players = new PlayersLayer({
      scene: this,
      effects: this.#effects,
      scale,
      namePixels: Math.round(13 * ratio),
      nameOf: (player) => this.#source.nameOf(player),
    });
    this.#ghosts = new Ghosts(this, scale, Math.round(12 * ratio));
    this.#links = new LinksLayer(this);
    this.#trueMarks = new TrueMarks(this);
    this.cameras.main.setBackgroundColor(PALETTE.floor);
  }

  override update(): void {
    const nowMs = performance.now();
    const view = this.#source.drawn(nowMs);
    if (!view || view.self.player < 0) return;
    if (!this.#grounded) {
      this.#grounded = true;
      createGround(this, view.arena, pixelRatio() > 1.5 ? 3 : 2);
    }
    const camera = this.cameras.main;
    const inSight = this.#source.unitsInSight?.() ?? null;
    const zoom = inSight
      ? Math.min(camera.width, camera.height) / inSight
      : Math.sqrt(camera.width * camera.height) / UNITS_ACROSS;
    const x = view.self.x / SUBUNITS;
    const y = view.self.y / SUBUNITS;
    camera.setZoom(zoom);
    camera.centerOn(x, y);
    this.#effects.isQuiet = this.#source.jumped?.() ?? false;
    if (this.#effects.isQuiet) this.#watch.forget();
    const changes = this.#watch.compare(view.self);
    this.#coins.update(view, nowMs);
    this.#shots.update(view);
    const textZoom = zoom / this.quality;
    this.#players.update(view, this.#source.aim(), textZoom, nowMs);
    this.#ghosts.update(this.#source.latest(), this.#source.showsGhosts(), textZoom);
    this.#links.update(view, this.#source.links?.(nowMs) ?? []);
    this.#trueMarks.update(view, this.#source.truePlaces?.(nowMs) ?? []);
    if (nowMs >= this.#namesDueMs) {
      this.#namesDueMs = nowMs + NAMES_EVERY_MS;
      this.#players.refreshNames(view);
    }
    this.#celebrate(changes, x, y, textZoom);
    this.#source.onFrame(view, changes, nowMs, zoom / (pixelRatio() * this.quality));
    this.#judgeSpeed(nowMs);
  }

  #judgeSpeed(nowMs: number): void {
    if (this.#judgedMs === 0) this.#judgedMs = nowMs;
    if (nowMs - this.#judgedMs < JUDGED_EVERY_MS) return;
    this.#judgedMs = nowMs;
    // A hidden tab draws next to nothing, which says nothing about the machine.
    if (document.hidden || this.game.loop.actualFps >= SLOW_FPS || this.quality <= LEAST_QUALITY) return;
    this.quality = Math.max(LEAST_QUALITY, this.quality * QUALITY_STEP);
    fitCanvas(this.game, this.quality);
  }

  #celebrate(changes: SelfChanges, x: number, y: number, zoom: number): void {
    if (changes.damage > 0 && !this.#stillMotion) this.cameras.main.shake(110, 0.0035);
    if (changes.died && !this.#stillMotion) this.cameras.main.shake(260, 0.008);
    if (changes.returned) this.#effects.ring(x, y, PALETTE.self, 70, 600);
    if (changes.shieldGained) this.#effects.ring(x, y, PALETTE.shield, 46, 420);
    if (changes.coins > 0) this.#effects.word(`+${changes.coins}`, x, y - 30, PALETTE.gold, zoom);
    if (changes.kills > 0) this.#effects.word('knockout', x, y - 52, PALETTE.self, zoom);
  }
}

/** Gives the canvas as many pixels as its parent has on the screen, less where the machine is too slow for them. */
function fitCanvas(game: Phaser.Game, quality: number): void {
  const parent = game.canvas.parentElement;
  if (!parent || parent.clientWidth === 0) return;
  const ratio = pixelRatio() * quality;
  game.scale.setZoom(1 / ratio);
  game.scale.resize(Math.round(parent.clientWidth * ratio), Math.round(parent.clientHeight * ratio));
}

/** Starts Phaser in `parent`, filling it at the screen's own resolution. */
export function startScene(parent: HTMLElement, source: SceneSource): Phaser.Game {
  const ratio = pixelRatio();
  const scene = new ArenaScene(source);
  const game = new Phaser.Game({
    type: Phaser.WEBGL,
    parent,
    backgroundColor: PALETTE.floor,
    banner: false,
    audio: { noAudio: true },
    disableContextMenu: true,
    // The page listens itself: an overlay must be able to take a press away from the game.
    input: { keyboard: false, mouse: false, touch: false, gamepad: false },
    // Edges are smooth in the textures themselves, so multisampling would only cost fill rate. All sprites share one
    // texture; choosing among several in the shader compares floats, and some drivers then drop parts of a sprite.
    render: {
      antialias: true,
      antialiasGL: false,
      maxTextures: 1,
      powerPreference: 'high-performance',
    },
    scale: {
      mode: Phaser.Scale.NONE,
      width: Math.round(parent.clientWidth * ratio),
      height: Math.round(parent.clientHeight * ratio),
      zoom: 1 / ratio,
    },
    scene: [scene],
  });
  const fit = new ResizeObserver(() => fitCanvas(game, scene.quality));
  fit.observe(parent);
  game.events.once(Phaser.Core.Events.DESTROY, () => fit.disconnect());
  return game;
}
