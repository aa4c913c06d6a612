/**
 * The floor, the obstacles and the walls: one tilemap layer over a tileset that is drawn at start. The layer draws only
 * the tiles that the camera sees, so an arena for 10,000 players costs no more than a small one.
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

/** Floors: parity of the checker, shaded by an obstacle above, plain or with a mark. Then obstacles by their neighbours. */
const FLOORS = 8;
const North = 1;
const East = 2;
const South = 4;
const West = 8;

export function createGround(scene: Phaser.Scene, arena: Arena, scale: number): void {
  const size = Math.round(UNITS * scale);
  paintTileset(scene, size, scale);
  const map = scene.make.tilemap({ data: chooseTiles(arena), tileWidth: size, tileHeight: size });
  const tileset = map.addTilesetImage('ground', 'ground', size, size, MARGIN, MARGIN * 2);
  if (tileset)
    map
      .createLayer(0, tileset, 0, 0)
      ?.setScale(UNITS / size)
      .setDepth(0);
  const side = arena.size / SUBUNITS;
  scene.add
    .rectangle(side / 2, side / 2, side + 8, side + 8)
    .setStrokeStyle(8, colorNumber(PALETTE.wall))
    .setDepth(1);
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
        const marked = (Math.imul(x + 7, 73856093) ^ Math.imul(y + 3, 19349663)) % 11 === 0;
        row.push(((x + y) & 1) | (at(x, y - 1) ? 2 : 0) | (marked ? 4 : 0));
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
    if (index < FLOORS) paintFloor(context, index);
    else paintBlock(context, index - FLOORS);
    const x = (index % COLUMNS) * pitch + MARGIN;
    const y = Math.floor(index / COLUMNS) * pitch + MARGIN;
    // Stretched by the margin first, then itself: the border repeats the outermost pixels.
    sheet.drawImage(tile, x - MARGIN, y - MARGIN, pitch, pitch);
    sheet.drawImage(tile, x, y);
  }
  texture.refresh();
}

function paintFloor(context: CanvasRenderingContext2D, index: number): void {
  context.fillStyle = index & 1 ? PALETTE.floorAlternate : PALETTE.floor;
  context.fillRect(0, 0, UNITS, UNITS);
  context.fillStyle = PALETTE.floorLine;
  context.fillRect(0, 0, UNITS, 1);
  context.fillRect(0, 0, 1, UNITS);
  if (index & 4) {
    context.strokeStyle = withAlpha(PALETTE.blockTop, 0.5);
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(26, 32);
    context.lineTo(38, 32);
    context.moveTo(32, 26);
    context.lineTo(32, 38);
    context.stroke();
  }
  if (index & 2) {
    const shadow = context.createLinearGradient(0, 0, 0, 18);
    shadow.addColorStop(0, 'rgb(0 0 0 / 0.42)');
    shadow.addColorStop(1, 'rgb(0 0 0 / 0)');
    context.fillStyle = shadow;
    context.fillRect(0, 0, UNITS, 18);
  }
}

/** Corners are rounded where two open sides meet; the front shows where nothing stands below. */
function paintBlock(context: CanvasRenderingContext2D, mask: number): void {
  paintFloor(context, 0);
  const open = (a: number, b: number) => ((mask & a) === 0 && (mask & b) === 0 ? 9 : 0);
  const corners = [open(North, West), open(North, East), open(South, East), open(South, West)];
  const top = (mask & South) === 0 ? UNITS - FRONT : UNITS;
  context.fillStyle = PALETTE.blockFront;
  context.beginPath();
  context.roundRect(0, 0, UNITS, UNITS, corners);
  context.fill();
  context.fillStyle = PALETTE.blockTop;
  context.beginPath();
  context.roundRect(0, 0, UNITS, top, corners);
  context.fill();
  context.fillStyle = PALETTE.blockEdge;
  if ((mask & North) === 0) context.fillRect(corners[0]!, 0, UNITS - corners[0]! - corners[1]!, 2.5);
  context.globalAlpha = 0.35;
  if ((mask & South) === 0) context.fillRect(corners[3]!, top - 1.5, UNITS - corners[2]! - corners[3]!, 1.5);
  if ((mask & West) === 0) context.fillRect(0, corners[0]!, 1.5, top - corners[0]! - corners[3]!);
  if ((mask & East) === 0) context.fillRect(UNITS - 1.5, corners[1]!, 1.5, top - corners[1]! - corners[2]!);
  context.globalAlpha = 0.16;
  context.beginPath();
  context.arc(UNITS / 2, UNITS / 2 - 4, 5, 0, Math.PI * 2);
  context.fill();
  context.globalAlpha = 1;
}
