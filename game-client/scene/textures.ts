/**
 * Draws every texture of the game at start: nothing is downloaded. Shapes are given in world units and drawn `scale`
 * pixels per unit; a sprite is then shown at 1 / scale.
 */
import type * as Phaser from 'phaser';
import { PALETTE, RIVALS, shade, withAlpha } from '../palette.ts';

type Context = CanvasRenderingContext2D;

/** Half the side of a player's texture in units: the body, the barrel before it, and a soft shadow. */
const PLAYER_HALF = 28;

/** The texture of a player's body: `self`, or one of the rivals' colours by id. */
export function playerTexture(id: number, own: boolean): string {
  return own ? 'player-self' : RIVAL_TEXTURES[id % RIVAL_TEXTURES.length]!;
}

const RIVAL_TEXTURES = RIVALS.map((_, index) => `player-${index}`);

/** Makes all textures. `scale` is pixels per unit: 2 on ordinary screens, 3 on dense ones. */
export function createTextures(scene: Phaser.Scene, scale: number): void {
  const draw = (key: string, width: number, height: number, paint: (context: Context) => void) => {
    const texture = scene.textures.createCanvas(key, Math.ceil(width * scale), Math.ceil(height * scale));
    if (!texture) return;
    const context = texture.getContext();
    context.scale(scale, scale);
    context.translate(width / 2, height / 2);
    paint(context);
    texture.refresh();
  };
  const side = PLAYER_HALF * 2;
  draw('player-self', side, side, (context) => paintPlayer(context, PALETTE.self));
  RIVALS.forEach((color, index) => {
    draw(`player-${index}`, side, side, (context) => paintPlayer(context, color));
  });
  draw('ghost', side, side, paintGhost);
  draw('shield', 56, 56, paintShield);
  draw('coin', 22, 22, (context) => paintCoin(context, 0, 0, 8));
  draw('pile', 34, 30, paintPile);
  draw('shot-mine', 44, 12, (context) => paintShot(context, PALETTE.shotMine));
  draw('shot-theirs', 44, 12, (context) => paintShot(context, PALETTE.shotTheirs));
  draw('dot', 12, 12, (context) => paintGlow(context, 6));
  draw('ring', 80, 80, paintRing);
  draw('pixel', 4, 4, (context) => {
    context.fillStyle = '#fff';
    context.fillRect(-2, -2, 4, 4);
  });
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
  const shadow = context.createRadialGradient(0, 0, 12, 0, 0, 25);
  shadow.addColorStop(0, 'rgb(0 0 0 / 0.5)');
  shadow.addColorStop(1, 'rgb(0 0 0 / 0)');
  disc(context, 0, 0, 25, shadow);
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
  const glow = context.createRadialGradient(0, 0, 15, 0, 0, 26);
  glow.addColorStop(0, withAlpha(PALETTE.shield, 0));
  glow.addColorStop(0.55, withAlpha(PALETTE.shield, 0.34));
  glow.addColorStop(1, withAlpha(PALETTE.shield, 0));
  disc(context, 0, 0, 26, glow);
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
