/**
 * The floor, the obstacles and the walls. Filling a screen is what costs on weak machines, so the floor itself is the
 * colour that the camera clears with, lines and walls are flat rectangles, and only tiles that show something are
 * textured: one tilemap layer that draws no more than the camera sees, whatever the size of the arena.
 */
import type * as Phaser from 'phaser';
import type { Arena } from '../../game/arena.ts';
import { SUBUNITS, TILE } from '../../game/constants.ts';
import { colorNumber, PALETTE, withAlpha } from '../palette.ts';

const UNITS = TILE / SUBUNITS;
/** Each tile is drawn with its edge repeated around it, so that filtering never shows the neighbour in the sheet. */
const MARGIN = 4;
const COLUMNS = 8;
/** Of an obstacle's tile, what shows as its front when nothing stands below it. */
const FRONT = 14;
/** Every so many lines one is brighter: it helps to see that one moves. */
const BRIGHT_LINE = 4;
/** How far the darkness beyond the walls reaches; farther than half of any screen. */
const BEYOND = 1200;

const Depth = { lines: 0, tiles: 1, beyond: 2 } as const;

/** Tiles of the sheet: what lies on a floor tile (1 shadow, 2 mark), then obstacles by their neighbours. */
const FLOORS = 4;
const Shadow = 1;
const Mark = 2;
const North = 1;
const East = 2;
const South = 4;
const West = 8;

/** Adds the ground of an arena; `scale` is the pixels per unit of its textures. */
export function createGround(scene: Phaser.Scene, arena: Arena, scale: number): void {
  drawLines(scene, arena);
  const size = Math.round(UNITS * scale);
  paintTileset(scene, size, scale);
  const map = scene.make.tilemap({
    data: chooseTiles(arena),
    tileWidth: size,
    tileHeight: size,
  });
  const tileset = map.addTilesetImage('ground', 'ground', size, size, MARGIN, MARGIN * 2);
  const layer = tileset && map.createLayer(0, tileset, 0, 0);
  layer?.setScale(UNITS / size).setDepth(Depth.tiles);
  drawWalls(scene, arena.size / SUBUNITS);
}

function drawLines(scene: Phaser.Scene, arena: Arena): void {
  const side = arena.size / SUBUNITS;
  for (let line = 1; line < arena.tiles; line++) {
    const bright = line % BRIGHT_LINE === 0;
    const color = colorNumber(bright ? PALETTE.floorLineBright : PALETTE.floorLine);
    const width = bright ? 1.5 : 1;
    scene.add.rectangle(line * UNITS, side / 2, width, side, color).setDepth(Depth.lines);
    scene.add.rectangle(side / 2, line * UNITS, side, width, color).setDepth(Depth.lines);
  }
}

function drawWalls(scene: Phaser.Scene, side: number): void {
  const frame = (from: number, to: number, color: number) => {
    const thick = to - from;
    const middle = (from + to) / 2;
    const long = side + 2 * to;
    for (const at of [-middle, side + middle]) {
      scene.add.rectangle(side / 2, at, long, thick, color).setDepth(Depth.beyond);
      scene.add.rectangle(at, side / 2, thick, long, color).setDepth(Depth.beyond);
    }
  };
  frame(0, BEYOND, colorNumber(PALETTE.ink));
  frame(0, 7, colorNumber(PALETTE.blockTop));
  frame(0, 2.5, colorNumber(PALETTE.blockEdge));
}

function chooseTiles(arena: Arena): number[][] {
  const { tiles, blocked } = arena;
  const at = (x: number, y: number) => x >= 0 && y >= 0 && x < tiles && y < tiles && blocked[y * tiles + x] === 1;
  const rows: number[][] = [];
  for (let y = 0; y < tiles; y++) {
    const row: number[] = [];
    for (let x = 0; x < tiles; x++) {
      if (at(x, y)) {
        const mask =
          (at(x, y - 1) ? North : 0) |
          (at(x + 1, y) ? East : 0) |
          (at(x, y + 1) ? South : 0) |
          (at(x - 1, y) ? West : 0);
        row.push(FLOORS + mask);
      } else {
        const marked = (Math.imul(x + 7, 73856093) ^ Math.imul(y + 3, 19349663)) % 17 === 0;
        row.push((at(x, y - 1) ? Shadow : 0) | (marked ? Mark : 0) || -1);
      }
    }
    rows.push(row);
  }
  return rows;
}

function paintTileset(scene: Phaser.Scene, size: number, scale: number): void {
  const count = FLOORS + 16;
  const pitch = size + MARGIN * 2;
  const rows = Math.ceil(count / COLUMNS);
  const texture = scene.textures.createCanvas('ground', COLUMNS * pitch, rows * pitch);
  if (!texture) return;
  const sheet = texture.getContext();
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const context = tile.getContext('2d')!;
  for (let index = 0; index < count; index++) {
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, UNITS, UNITS);
    if (index < FLOORS) paintFloor(context, index);
    else paintBlock(context, index - FLOORS);
    const x = (index % COLUMNS) * pitch + MARGIN;
    const y = Math.floor(index / COLUMNS) * pitch + MARGIN;
    // Stretched by the margin first, then itself: the border repeats the outermost pixels.
    sheet.drawImage(tile, x - MARGIN, y - MARGIN, pitch, pitch);
    sheet.clearRect(x, y, size, size);
    sheet.drawImage(tile, x, y);
  }
  texture.refresh();
}

function paintFloor(context: CanvasRenderingContext2D, what: number): void {
  if (what & Mark) {
    context.strokeStyle = withAlpha(PALETTE.blockTop, 0.6);
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(26, 32);
    context.lineTo(38, 32);
    context.moveTo(32, 26);
    context.lineTo(32, 38);
    context.stroke();
  }
  if (what & Shadow) {
    const shadow = context.createLinearGradient(0, 0, 0, 18);
    shadow.addColorStop(0, 'rgb(0 0 0 / 0.42)');
    shadow.addColorStop(1, 'rgb(0 0 0 / 0)');
    context.fillStyle = shadow;
    context.fillRect(0, 0, UNITS, 18);
  }
}

/** Corners are rounded where two open sides meet; the front shows where nothing stands below. */
function paintBlock(context: CanvasRenderingContext2D, mask: number): void {
  const open = (a: number, b: number) => ((mask & a) === 0 && (mask & b) === 0 ? 9 : 0);
  const corners = [open(North, West), open(North, East), open(South, East), open(South, West)] as const;
  const [northWest, northEast, southEast, southWest] = corners;
  const top = (mask & South) === 0 ? UNITS - FRONT : UNITS;
  context.fillStyle = PALETTE.blockFront;
  context.beginPath();
  context.roundRect(0, 0, UNITS, UNITS, [...corners]);
  context.fill();
  context.fillStyle = PALETTE.blockTop;
  context.beginPath();
  context.roundRect(0, 0, UNITS, top, [...corners]);
  context.fill();
  context.fillStyle = PALETTE.blockEdge;
  if ((mask & North) === 0) context.fillRect(northWest, 0, UNITS - northWest - northEast, 2.5);
  context.globalAlpha = 0.35;
  if ((mask & South) === 0) context.fillRect(southWest, top - 1.5, UNITS - southEast - southWest, 1.5);
  if ((mask & West) === 0) context.fillRect(0, northWest, 1.5, top - northWest - southWest);
  if ((mask & East) === 0) context.fillRect(UNITS - 1.5, northEast, 1.5, top - northEast - southEast);
  context.globalAlpha = 0.16;
  context.beginPath();
  context.arc(UNITS / 2, UNITS / 2 - 4, 5, 0, Math.PI * 2);
  context.fill();
  context.globalAlpha = 1;
}
