/**
 * Draws every sprite of the game at start, nothing is downloaded: all on one sheet, so that a crowd is one draw call.
 * Shapes are given in world units and drawn `scale` pixels per unit; a sprite is then shown at 1 / scale.
 */
import type * as Phaser from 'phaser';
import { PALETTE, RIVALS, shade, withAlpha } from '../palette.ts';

type Context = CanvasRenderingContext2D;

/**
 * A player's sprite in units, cut close because a crowd of them fills the screen: the body with its soft shadow, and the
 * barrel to the right. The body's middle lies `PLAYER_MIDDLE` from the left edge.
 */
const PLAYER_WIDTH = 48;
const PLAYER_HEIGHT = 40;
const PLAYER_MIDDLE = 20;

/** Where a player's sprite turns and is placed, as shares of its width and height. */
export const PLAYER_ORIGIN = { x: PLAYER_MIDDLE / PLAYER_WIDTH, y: 0.5 } as const;

/** Of the sprite that lines are stretched from, and of the line in its middle: the rest lets its edges be smooth. */
export const LINE_HEIGHT = 6;
export const LINE_WIDTH = 2;

/** The texture that holds all sprites. */
export const SHEET = 'sprites';
const SHEET_SIDE = 1024;
/** Pixels left free around a sprite, so that filtering never shows its neighbour. */
const GAP = 2;

interface Sprite {
  frame: string;
  width: number;
  height: number;
  /** From its left edge to the origin of its painting; the middle when not given. */
  middle?: number;
  paint: (context: Context) => void;
}

/** The frame of a player's body: one's own, or one of the rivals' colours by id. */
export function playerFrame(id: number, own: boolean): string {
  return own ? 'player-self' : RIVAL_FRAMES[id % RIVAL_FRAMES.length]!;
}

const RIVAL_FRAMES = RIVALS.map((_, index) => `player-${index}`);

/** In units; the tallest first, because they are laid out in rows. */
const SPRITES: readonly Sprite[] = [
  { frame: 'ring', width: 80, height: 80, paint: paintRing },
  {
    frame: 'player-self',
    width: PLAYER_WIDTH,
    height: PLAYER_HEIGHT,
    middle: PLAYER_MIDDLE,
    paint: (context) => paintPlayer(context, PALETTE.self),
  },
  ...RIVALS.map((color, index) => ({
    frame: RIVAL_FRAMES[index]!,
    width: PLAYER_WIDTH,
    height: PLAYER_HEIGHT,
    middle: PLAYER_MIDDLE,
    paint: (context: Context) => paintPlayer(context, color),
  })),
  { frame: 'ghost', width: PLAYER_WIDTH, height: PLAYER_HEIGHT, middle: PLAYER_MIDDLE, paint: paintGhost },
  { frame: 'shield', width: 48, height: 48, paint: paintShield },
  { frame: 'pile', width: 34, height: 30, paint: paintPile },
  {
    frame: 'coin',
    width: 22,
    height: 22,
    paint: (context) => paintCoin(context, 0, 0, 8),
  },
  {
    frame: 'shot-mine',
    width: 44,
    height: 12,
    paint: (context) => paintShot(context, PALETTE.shotMine),
  },
  {
    frame: 'shot-theirs',
    width: 44,
    height: 12,
    paint: (context) => paintShot(context, PALETTE.shotTheirs),
  },
  {
    frame: 'dot',
    width: 12,
    height: 12,
    paint: (context) => paintGlow(context, 6),
  },
  { frame: 'pixel', width: 4, height: 4, paint: paintPixel },
  { frame: 'line', width: 4, height: LINE_HEIGHT, paint: paintLine },
];

/** Makes the sheet. `scale` is pixels per unit: 2 on ordinary screens, 3 on dense ones. */
export function createSheet(scene: Phaser.Scene, scale: number): void {
  const texture = scene.textures.createCanvas(SHEET, SHEET_SIDE, SHEET_SIDE);
  if (!texture) return;
  const context = texture.getContext();
  let x = GAP;
  let y = GAP;
  let rowHeight = 0;
  for (const { frame, width, height, middle = width / 2, paint } of SPRITES) {
    const across = Math.ceil(width * scale);
    const down = Math.ceil(height * scale);
    if (x + across + GAP > SHEET_SIDE) {
      x = GAP;
      y += rowHeight + GAP;
      rowHeight = 0;
    }
    context.setTransform(scale, 0, 0, scale, x + middle * scale, y + down / 2);
    paint(context);
    texture.add(frame, 0, x, y, across, down);
    rowHeight = Math.max(rowHeight, down);
    x += across + GAP;
  }
  texture.refresh();
}

function disc(context: Context, x: number, y: number, radius: number, fill: string | CanvasGradient): void {
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  context.fillStyle = fill;
  context.fill();
}

function paintGlow(context: Context, radius: number): void {
  const glow = context.createRadialGradient(0, 0, 0, 0, 0, radius);
  glow.addColorStop(0, 'rgb(255 255 255 / 1)');
  glow.addColorStop(0.35, 'rgb(255 255 255 / 0.9)');
  glow.addColorStop(1, 'rgb(255 255 255 / 0)');
  disc(context, 0, 0, radius, glow);
}

/** A puck that looks where it aims: barrel to the right, two eyes, a rim of its own darker hue. */
function paintPlayer(context: Context, color: string): void {
  const shadow = context.createRadialGradient(0, 0, 13, 0, 0, 20);
  shadow.addColorStop(0, 'rgb(0 0 0 / 0.5)');
  shadow.addColorStop(1, 'rgb(0 0 0 / 0)');
  disc(context, 0, 0, 20, shadow);
  context.fillStyle = PALETTE.ink;
  roundedBar(context, 8, -6, 19, 12, 4);
  context.fillStyle = shade(color, -0.45);
  roundedBar(context, 8, -4.4, 17.4, 8.8, 3);
  context.fillStyle = shade(color, 0.35);
  roundedBar(context, 21.6, -4.4, 3.8, 8.8, 1.6);
  disc(context, 0, 0, 16, PALETTE.ink);
  const body = context.createRadialGradient(-3, 0, 2, 0, 0, 15);
  body.addColorStop(0, shade(color, 0.3));
  body.addColorStop(0.75, color);
  body.addColorStop(1, shade(color, -0.22));
  disc(context, 0, 0, 14.4, body);
  for (const eyeY of [-5.6, 5.6]) {
    disc(context, 5.4, eyeY, 4.3, '#ffffff');
    disc(context, 7, eyeY, 2.2, PALETTE.ink);
  }
}

function roundedBar(context: Context, x: number, y: number, width: number, height: number, radius: number): void {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
}

/** Where the authority last said somebody was: an outline, never mistaken for a player. */
/** A little longer than its sprite, so that stretching does not fade its ends. */
function paintLine(context: Context): void {
  context.fillStyle = '#ffffff';
  context.fillRect(-2.4, -LINE_WIDTH / 2, 4.8, LINE_WIDTH);
}

function paintGhost(context: Context): void {
  context.strokeStyle = '#ffffff';
  context.lineWidth = 1.6;
  context.setLineDash([5, 3.4]);
  context.beginPath();
  context.arc(0, 0, 15, 0, Math.PI * 2);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(9, 0);
  context.lineTo(23, 0);
  context.stroke();
}

function paintShield(context: Context): void {
  const glow = context.createRadialGradient(0, 0, 15, 0, 0, 24);
  glow.addColorStop(0, withAlpha(PALETTE.shield, 0));
  glow.addColorStop(0.55, withAlpha(PALETTE.shield, 0.34));
  glow.addColorStop(1, withAlpha(PALETTE.shield, 0));
  disc(context, 0, 0, 24, glow);
  context.strokeStyle = PALETTE.shield;
  context.lineWidth = 2;
  for (let part = 0; part < 3; part++) {
    context.beginPath();
    context.arc(0, 0, 20.5, (part * Math.PI * 2) / 3, (part * Math.PI * 2) / 3 + 1.7);
    context.stroke();
  }
}

function paintCoin(context: Context, x: number, y: number, radius: number): void {
  disc(context, x, y + 1.4, radius + 1.2, 'rgb(0 0 0 / 0.4)');
  disc(context, x, y, radius, PALETTE.goldDark);
  disc(context, x, y - 0.6, radius - 1.2, PALETTE.gold);
  context.strokeStyle = shade(PALETTE.goldDark, 0.1);
  context.lineWidth = 1.2;
  context.beginPath();
  context.arc(x, y - 0.6, radius - 3.2, 0, Math.PI * 2);
  context.stroke();
  context.fillStyle = shade(PALETTE.gold, 0.65);
  context.beginPath();
  context.ellipse(x - radius * 0.3, y - radius * 0.45, radius * 0.26, radius * 0.16, -0.7, 0, Math.PI * 2);
  context.fill();
}

function paintPile(context: Context): void {
  paintCoin(context, -7, 4, 7.5);
  paintCoin(context, 7, 4, 7.5);
  paintCoin(context, 0, -4, 8);
}

/** The head is at the right end, so that a shot's place is its tip. */
function paintShot(context: Context, color: string): void {
  const trail = context.createLinearGradient(-22, 0, 20, 0);
  trail.addColorStop(0, withAlpha(color, 0));
  trail.addColorStop(0.7, withAlpha(color, 0.55));
  trail.addColorStop(1, color);
  context.fillStyle = trail;
  context.beginPath();
  context.moveTo(-22, 0);
  context.lineTo(16, -3.4);
  context.arc(16, 0, 3.4, -Math.PI / 2, Math.PI / 2);
  context.closePath();
  context.fill();
  disc(context, 16, 0, 2.6, '#ffffff');
}

function paintRing(context: Context): void {
  const ring = context.createRadialGradient(0, 0, 26, 0, 0, 40);
  ring.addColorStop(0, 'rgb(255 255 255 / 0)');
  ring.addColorStop(0.8, 'rgb(255 255 255 / 0.85)');
  ring.addColorStop(1, 'rgb(255 255 255 / 0)');
  disc(context, 0, 0, 40, ring);
}

function paintPixel(context: Context): void {
  context.fillStyle = '#fff';
  context.fillRect(-2, -2, 4, 4);
}
