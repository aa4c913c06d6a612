/** The whole arena, small: obstacles and walls, which everybody knows, and only those players whom one sees anyway. */
import type { Arena } from '../../game/arena.ts';
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import type { View } from '../../netcode/view.ts';
import { PALETTE, RIVALS, withAlpha } from '../palette.ts';

const SIDE = 132;
const EVERY_MS = 100;

export class Minimap {
  readonly element = document.createElement('canvas');
  readonly #context: CanvasRenderingContext2D;
  readonly #ground = document.createElement('canvas');
  #arena: Arena | null = null;
  #dueMs = 0;

  constructor() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.element.className = 'minimap card';
    this.element.width = SIDE * ratio;
    this.element.height = SIDE * ratio;
    this.element.setAttribute('aria-label', 'Map of the arena');
    this.#context = this.element.getContext('2d')!;
    this.#context.scale(ratio, ratio);
  }

  update(view: View, nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + EVERY_MS;
    if (this.#arena !== view.arena) this.#paintGround(view.arena);
    const { self, players, coins, arena } = view;
    const context = this.#context;
    const scale = SIDE / arena.size;
    context.clearRect(0, 0, SIDE, SIDE);
    context.drawImage(this.#ground, 0, 0, SIDE, SIDE);
    context.fillStyle = withAlpha(PALETTE.text, 0.1);
    context.beginPath();
    context.arc(self.x * scale, self.y * scale, VISION_RADIUS * scale, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = withAlpha(PALETTE.gold, 0.8);
    for (let row = 0; row < coins.count; row++) {
      context.fillRect(coins.x[row]! * scale - 0.75, coins.y[row]! * scale - 0.75, 1.5, 1.5);
    }
    context.fillStyle = RIVALS[0];
    for (let row = 0; row < players.count; row++) {
      context.fillRect(players.x[row]! * scale - 1.5, players.y[row]! * scale - 1.5, 3, 3);
    }
    context.fillStyle = PALETTE.self;
    context.beginPath();
    context.arc(self.x * scale, self.y * scale, 3, 0, Math.PI * 2);
    context.fill();
  }

  #paintGround(arena: Arena): void {
    this.#arena = arena;
    this.#ground.width = arena.tiles;
    this.#ground.height = arena.tiles;
    const context = this.#ground.getContext('2d')!;
    context.fillStyle = PALETTE.blockTop;
    for (let tile = 0; tile < arena.blocked.length; tile++) {
      if (arena.blocked[tile] === 1) context.fillRect(tile % arena.tiles, Math.floor(tile / arena.tiles), 1, 1);
    }
    this.#context.imageSmoothingEnabled = arena.tiles > SIDE;
    this.element.title = `${Math.round(arena.size / SUBUNITS)} units across`;
  }
}
