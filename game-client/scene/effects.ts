/** Short-lived feedback: sparks, sparkles, bursts, rings and floating words. Everything is pooled and made at start. */
import * as Phaser from 'phaser';
import { colorNumber, PALETTE } from '../palette.ts';
import { SHEET } from './textures.ts';

const RINGS = 12;
const WORDS = 10;
const Depth = { ring: 18, particles: 40, words: 60 } as const;

export class Effects {
  readonly #scene: Phaser.Scene;
  readonly #scale: number;
  readonly #sparks: Phaser.GameObjects.Particles.ParticleEmitter;
  readonly #sparkles: Phaser.GameObjects.Particles.ParticleEmitter;
  readonly #debris: Phaser.GameObjects.Particles.ParticleEmitter;
  readonly #rings: Phaser.GameObjects.Image[] = [];
  readonly #words: Phaser.GameObjects.Text[] = [];
  /** Nothing new is shown meanwhile. */
  isQuiet = false;
  #nextRing = 0;
  #nextWord = 0;

  /** `scale` is the pixels per unit of the textures. */
  constructor(scene: Phaser.Scene, scale: number, wordPixels: number) {
    this.#scene = scene;
    this.#scale = scale;
    const emitter = (config: Phaser.Types.GameObjects.Particles.ParticleEmitterConfig) =>
      scene.add
        .particles(0, 0, SHEET, {
          frame: 'dot',
          emitting: false,
          maxAliveParticles: 400,
          ...config,
        })
        .setDepth(Depth.particles);
    const size = (units: number) => units / (12 * scale);
    this.#sparks = emitter({
      speed: { min: 60, max: 190 },
      lifespan: { min: 140, max: 300 },
      scale: { start: size(7), end: 0 },
      blendMode: Phaser.BlendModes.ADD,
      tint: [0xffffff, colorNumber(PALETTE.shotTheirs), colorNumber(PALETTE.gold)],
    });
    this.#sparkles = emitter({
      speed: { min: 20, max: 90 },
      lifespan: { min: 260, max: 520 },
      gravityY: -60,
      scale: { start: size(6), end: 0 },
      blendMode: Phaser.BlendModes.ADD,
      tint: [colorNumber(PALETTE.gold), 0xfff3c4],
    });
    this.#debris = emitter({
      speed: { min: 40, max: 240 },
      lifespan: { min: 350, max: 800 },
      scale: { start: size(13), end: 0 },
      alpha: { start: 1, end: 0.2 },
    });
    for (let i = 0; i < RINGS; i++)
      this.#rings.push(scene.add.image(0, 0, SHEET, 'ring').setVisible(false).setDepth(Depth.ring));
    for (let i = 0; i < WORDS; i++) {
      const style = {
        fontFamily: 'system-ui, sans-serif',
        fontSize: `${wordPixels}px`,
        fontStyle: 'bold',
        color: '#ffffff',
      };
      const word = scene.add.text(0, 0, '', style).setOrigin(0.5).setVisible(false).setDepth(Depth.words);
      word.setStroke(PALETTE.ink, wordPixels / 4);
      this.#words.push(word);
    }
  }

  /** A shot met a player. */
  hit(x: number, y: number): void {
    if (!this.isQuiet) this.#sparks.explode(9, x, y);
  }

  /** A shot met a wall. */
  graze(x: number, y: number): void {
    if (!this.isQuiet) this.#sparks.explode(3, x, y);
  }

  pickup(x: number, y: number): void {
    if (this.isQuiet) return;
    this.#sparkles.explode(10, x, y);
    this.ring(x, y, PALETTE.gold, 22, 280);
  }

  death(x: number, y: number, color: number): void {
    if (this.isQuiet) return;
    this.#debris.setParticleTint(color);
    this.#debris.explode(22, x, y);
    this.#sparks.explode(14, x, y);
    this.#ringOf(x, y, color, 60, 460);
  }

  ring(x: number, y: number, color: string, radius: number, lifeMs: number): void {
    this.#ringOf(x, y, colorNumber(color), radius, lifeMs);
  }

  #ringOf(x: number, y: number, color: number, radius: number, lifeMs: number): void {
    if (this.isQuiet) return;
    const ring = this.#rings[this.#nextRing]!;
    this.#nextRing = (this.#nextRing + 1) % RINGS;
    this.#scene.tweens.killTweensOf(ring);
    const full = radius / (40 * this.#scale);
    ring
      .setPosition(x, y)
      .setTint(color)
      .setAlpha(0.9)
      .setScale(full * 0.25)
      .setVisible(true);
    this.#scene.tweens.add({
      targets: ring,
      scale: full,
      alpha: 0,
      duration: lifeMs,
      ease: 'Cubic.out',
      onComplete: () => ring.setVisible(false),
    });
  }

  /** Words that rise and fade; `zoom` keeps them the same size on every screen. */
  word(text: string, x: number, y: number, color: string, zoom: number): void {
    if (this.isQuiet) return;
    const word = this.#words[this.#nextWord]!;
    this.#nextWord = (this.#nextWord + 1) % WORDS;
    this.#scene.tweens.killTweensOf(word);
    word
      .setText(text)
      .setColor(color)
      .setPosition(x, y)
      .setAlpha(1)
      .setScale(0.6 / zoom)
      .setVisible(true);
    this.#scene.tweens.add({
      targets: word,
      scale: 1 / zoom,
      duration: 140,
      ease: 'Back.out',
    });
    this.#scene.tweens.add({
      targets: word,
      y: y - 30,
      alpha: 0,
      delay: 220,
      duration: 620,
      ease: 'Quad.in',
      onComplete: () => word.setVisible(false),
    });
  }
}
