/**
 * The rules of the arena. `step` advances a world one tick in place; equal worlds and inputs stay equal on every machine,
 * so entities are walked in id order, ties go to the lowest id, and nothing here reads a clock or calls Math.sin.
 * Cost: one pass over players, shots and coins, plus the grid of living players; nothing is allocated.
 */
import { type Arena, drawPlace, isBlocked } from './arena.ts';
import { assert } from './assert.ts';
import {
  COIN_RADIUS,
  COIN_SCORE,
  KILL_SCORE,
  MAX_HEALTH,
  PLAYER_RADIUS,
  SHIELD_ABSORBS,
  SHIELD_PRICE,
  SHOT_DAMAGE,
  SHOTS_PER_PLAYER,
  TILE,
} from './constants.ts';
import { cosine, scaled, sine } from './fixed-point.ts';
import { Button, type InputTable, nextPurchaseKey } from './input.ts';
import { EventKind, Status, Stream, type World } from './world.ts';

/** Advances the world one tick, in place. `inputs` has a row per slot; rows of empty slots are ignored. */
export function step(world: World, inputs: InputTable): void {
  world.match.tick[0]!++;
  world.events.count = 0;
  respawn(world);
  buyShields(world, inputs);
  movePlayers(world, inputs);
  world.grid.build(world.match.playerLimit[0]!, world.players.x, world.players.y, world.players.status);
  keepHistory(world);
  moveShots(world);
  fireShots(world, inputs);
  collectCoins(world);
  mintCoins(world);
}

/** Seats a player in an empty slot between two steps; it is alive from then on. Asserts that the slot is empty. */
export function addPlayer(world: World, slot: number): void {
  const { players, match } = world;
  assert(players.status[slot] === Status.empty, `slot ${slot} is empty before a player is seated there`);
  for (const column of Object.values(players)) column[slot] = 0;
  match.players[0]!++;
  match.playerLimit[0] = Math.max(match.playerLimit[0]!, slot + 1);
  spawn(world, slot);
}

/** Frees a slot between two steps: its shots vanish, all its coins are left where it was. Asserts that it was taken. */
export function removePlayer(world: World, slot: number): void {
  const { players, match } = world;
  assert((players.status[slot] ?? Status.empty) !== Status.empty, `slot ${slot} is taken before it is freed`);
  dropCoins(world, slot, players.coins[slot]!);
  // What found no room on the ground leaves the match with its owner, and the ledger says so.
  match.spent[0]! += players.coins[slot]!;
  for (const column of Object.values(players)) column[slot] = 0;
  for (let k = 0; k < SHOTS_PER_PLAYER; k++) world.shots.life[slot * SHOTS_PER_PLAYER + k] = 0;
  match.players[0]!--;
}

const place = new Int32Array(2);

function spawn(world: World, id: number): void {
  const { players, random, arena } = world;
  drawPlace(arena, random.state, Stream.spawn, place);
  players.status[id] = Status.alive;
  players.x[id] = place[0]!;
  players.y[id] = place[1]!;
  players.health[id] = MAX_HEALTH;
  players.shield[id] = 0;
  players.spawnTick[id] = world.match.tick[0]!;
}

function respawn(world: World): void {
  const { status, spawnTick } = world.players;
  const tick = world.match.tick[0]!;
  for (let id = 0; id < world.match.playerLimit[0]!; id++) {
    if (status[id] !== Status.dead || tick < spawnTick[id]!) continue;
    spawn(world, id);
    world.events.add(EventKind.spawn, id, 0, 0);
  }
}

/** A purchase is granted once per key, in the order of the keys; the dead may not buy. */
function buyShields(world: World, inputs: InputTable): void {
  const { players, match } = world;
  for (let id = 0; id < match.playerLimit[0]!; id++) {
    const key = inputs.purchase[id]!;
    if (key === 0 || players.status[id] === Status.empty || key !== nextPurchaseKey(players.purchaseKey[id]!)) continue;
    players.purchaseKey[id] = key;
    const granted = players.status[id] === Status.alive && players.coins[id]! >= SHIELD_PRICE;
    if (granted) {
      players.coins[id]! -= SHIELD_PRICE;
      match.spent[0]! += SHIELD_PRICE;
      players.shield[id]! += SHIELD_ABSORBS;
    }
    world.events.add(EventKind.purchase, id, key, granted ? SHIELD_PRICE : 0);
  }
}

/** What movement needs of a player: columns of a world, or of a client's prediction. */
export interface Bodies {
  readonly x: Int32Array;
  readonly y: Int32Array;
}

/**
 * Moves one player one tick: the same function for an authority's truth and a client's prediction. The axes are tried
 * one after the other, so that a player slides along what it meets, and stops flush against it.
 */
export function movePlayer(bodies: Bodies, id: number, buttons: number, arena: Arena): void {
  const stepX = (buttons & Button.right ? 1 : 0) - (buttons & Button.left ? 1 : 0);
  const stepY = (buttons & Button.down ? 1 : 0) - (buttons & Button.up ? 1 : 0);
  if (stepX === 0 && stepY === 0) return;
  const length = stepX !== 0 && stepY !== 0 ? arena.rules.playerDiagonalStep : arena.rules.playerStep;
  if (stepX !== 0) bodies.x[id] = slide(arena, bodies.x[id]!, bodies.y[id]!, stepX * length, true);
  if (stepY !== 0) bodies.y[id] = slide(arena, bodies.y[id]!, bodies.x[id]!, stepY * length, false);
}

/** The coordinate after moving along one axis; flush with the edge of the tile or wall that is in the way. */
function slide(arena: Arena, from: number, across: number, by: number, alongX: boolean): number {
  const to = from + by;
  if (alongX ? !isBlocked(arena, to, across, PLAYER_RADIUS) : !isBlocked(arena, across, to, PLAYER_RADIUS)) return to;
  const edge = by > 0 ? to + PLAYER_RADIUS : to - PLAYER_RADIUS;
  const tile = Math.floor(edge / TILE);
  const flush = by > 0 ? tile * TILE - PLAYER_RADIUS - 1 : (tile + 1) * TILE + PLAYER_RADIUS;
  // A step is shorter than a tile, so the flush place lies between the two, or we already stand there.
  const better = by > 0 ? flush > from && flush < to : flush < from && flush > to;
  if (!better) return from;
  return (alongX ? isBlocked(arena, flush, across, PLAYER_RADIUS) : isBlocked(arena, across, flush, PLAYER_RADIUS))
    ? from
    : flush;
}

function movePlayers(world: World, inputs: InputTable): void {
  const { players, arena } = world;
  const { status, aim } = players;
  const { buttons, steps } = inputs;
  for (let id = 0; id < world.match.playerLimit[0]!; id++) {
    if (status[id] !== Status.alive) continue;
    aim[id] = inputs.aim[id]!;
    for (let i = 0; i < steps[id]!; i++) movePlayer(players, id, buttons[id]!, arena);
  }
}

function keepHistory(world: World): void {
  const { historyTicks } = world.arena.config;
  if (historyTicks === 0) return;
  const capacity = world.arena.capacity;
  const at = (world.match.tick[0]! % historyTicks) * capacity * 2;
  world.history.set(world.players.x, at);
  world.history.set(world.players.y, at + capacity);
}

function fireShots(world: World, inputs: InputTable): void {
  const { players, match, arena } = world;
  const tick = match.tick[0]!;
  for (let id = 0; id < match.playerLimit[0]!; id++) {
    if ((inputs.buttons[id]! & Button.fire) === 0) continue;
    if (players.status[id] !== Status.alive || tick < players.readyTick[id]!) continue;
    const shot = freeShot(world, id);
    if (shot < 0) continue;
    players.readyTick[id] = tick + arena.rules.cooldownTicks;
    launch(world, id, shot);
    world.events.add(EventKind.fire, id, shot, 0);
    rewindShot(world, shot, id, Math.min(inputs.rewindTicks[id]!, arena.config.historyTicks - 1));
  }
}

function freeShot(world: World, owner: number): number {
  for (let k = 0; k < SHOTS_PER_PLAYER; k++) {
    const shot = owner * SHOTS_PER_PLAYER + k;
    if (world.shots.life[shot] === 0) return shot;
  }
  return -1;
}

function launch(world: World, owner: number, shot: number): void {
  const { players, shots, arena } = world;
  const aim = players.aim[owner]!;
  shots.life[shot] = arena.rules.shotLifeTicks;
  shots.aim[shot] = aim;
  shots.x[shot] = players.x[owner]!;
  shots.y[shot] = players.y[owner]!;
  shots.velocityX[shot] = scaled(arena.rules.shotStep, cosine(aim));
  shots.velocityY[shot] = scaled(arena.rules.shotStep, sine(aim));
}

/**
 * Lag compensation (Bernier 2001, for a projectile): a shot fired by somebody who sees others `ticks` in the past first
 * flies that long through where the others were then.
 */
function rewindShot(world: World, shot: number, owner: number, ticks: number): void {
  for (let ago = ticks; ago > 0 && world.shots.life[shot]! > 0; ago--) flyShot(world, shot, owner, ago);
}

function moveShots(world: World): void {
  const life = world.shots.life;
  const limit = world.match.playerLimit[0]! * SHOTS_PER_PLAYER;
  for (let shot = 0; shot < limit; shot++) {
    if (life[shot]! > 0) flyShot(world, shot, (shot / SHOTS_PER_PLAYER) | 0, 0);
  }
}

/** Moves a shot one tick among players as they stood `ago` ticks ago, and lets it hit the first that it meets. */
function flyShot(world: World, shot: number, owner: number, ago: number): void {
  const { shots, arena } = world;
  const x = shots.x[shot]!;
  const y = shots.y[shot]!;
  const victim = firstHit(world, x, y, shots.velocityX[shot]!, shots.velocityY[shot]!, owner, ago);
  if (victim >= 0) {
    shots.life[shot] = 0;
    damage(world, victim, owner);
    return;
  }
  const nextX = x + shots.velocityX[shot]!;
  const nextY = y + shots.velocityY[shot]!;
  if (isBlocked(arena, nextX, nextY, 0)) {
    shots.life[shot] = 0;
    return;
  }
  shots.x[shot] = nextX;
  shots.y[shot] = nextY;
  shots.life[shot]!--;
}

/**
 * Of the living players that the path (x, y) → (x + vx, y + vy) touches, the one whose centre comes first along it; of
 * several, the lowest id; −1 for none. All products stay below 2⁵³, so doubles hold them exactly.
 */
function firstHit(world: World, x: number, y: number, vx: number, vy: number, owner: number, ago: number): number {
  const { players, grid, history, arena } = world;
  const tick = world.match.tick[0]!;
  // In `ago` ticks a player has moved at most that many steps from where the grid has it now. (One that an authority
  // lets catch up has moved further, and may be missed on its way; alike on every machine.)
  const reach = PLAYER_RADIUS + ago * arena.rules.playerStep;
  const left = grid.cell(Math.min(x, x + vx) - reach);
  const right = grid.cell(Math.max(x, x + vx) + reach);
  const top = grid.cell(Math.min(y, y + vy) - reach);
  const bottom = grid.cell(Math.max(y, y + vy) + reach);
  const lengthSquared = vx * vx + vy * vy;
  // |cross product| ÷ length is the distance from the path's line.
  const mostAcross = Math.floor(Math.sqrt(RADIUS_SQUARED * lengthSquared));
  const historyAt = ago === 0 ? 0 : ((tick - ago) % arena.config.historyTicks) * arena.capacity * 2;
  let best = -1;
  let bestAlong = Number.POSITIVE_INFINITY;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const cell = row * grid.side + column;
      for (let i = grid.starts[cell]!; i < grid.starts[cell + 1]!; i++) {
        const id = grid.ids[i]!;
        if (id === owner || players.status[id] !== Status.alive) continue;
        // A place is on record from the tick after the player appeared.
        if (ago > 0 && players.spawnTick[id]! >= tick - ago) continue;
        const px = ago === 0 ? players.x[id]! : history[historyAt + id]!;
        const py = ago === 0 ? players.y[id]! : history[historyAt + arena.capacity + id]!;
        const dx = px - x;
        const dy = py - y;
        const along = dx * vx + dy * vy;
        if (!touches(dx, dy, vx, vy, along, lengthSquared, mostAcross)) continue;
        if (along < bestAlong || (along === bestAlong && id < best)) {
          best = id;
          bestAlong = along;
        }
      }
    }
  }
  return best;
}

const RADIUS_SQUARED = PLAYER_RADIUS * PLAYER_RADIUS;

/** Whether the segment from the origin to (vx, vy) comes within a player's radius of (dx, dy). */
function touches(
  dx: number,
  dy: number,
  vx: number,
  vy: number,
  along: number,
  lengthSquared: number,
  mostAcross: number,
): boolean {
  if (along <= 0) return dx * dx + dy * dy <= RADIUS_SQUARED;
  if (along < lengthSquared) return Math.abs(dx * vy - dy * vx) <= mostAcross;
  const ex = dx - vx;
  const ey = dy - vy;
  return ex * ex + ey * ey <= RADIUS_SQUARED;
}

function damage(world: World, victim: number, shooter: number): void {
  const { players } = world;
  const absorbed = Math.min(players.shield[victim]!, SHOT_DAMAGE);
  players.shield[victim]! -= absorbed;
  players.health[victim]! -= SHOT_DAMAGE - absorbed;
  world.events.add(EventKind.hit, victim, shooter, SHOT_DAMAGE);
  if (players.health[victim]! > 0) return;
  players.health[victim] = 0;
  players.status[victim] = Status.dead;
  players.spawnTick[victim] = world.match.tick[0]! + world.arena.rules.respawnTicks;
  players.deaths[victim]!++;
  if (players.status[shooter] !== Status.empty) {
    players.kills[shooter]!++;
    players.score[shooter]! += KILL_SCORE;
  }
  dropCoins(world, victim, players.coins[victim]! >> 1);
  world.events.add(EventKind.kill, victim, shooter, 0);
}

/** Lays `amount` of a player's coins down as one pile where it is; it keeps them when the ground has no room left. */
function dropCoins(world: World, id: number, amount: number): void {
  if (amount === 0) return;
  if (layCoins(world, amount, world.players.x[id]!, world.players.y[id]!)) world.players.coins[id]! -= amount;
}

/** Puts a pile into the next free coin slot; false when there is none. */
function layCoins(world: World, amount: number, x: number, y: number): boolean {
  const { coins, match } = world;
  const slots = coins.amount.length;
  if (match.coinSlotsUsed[0]! >= slots) return false;
  let slot = match.coinCursor[0]!;
  while (coins.amount[slot] !== 0) slot = slot + 1 === slots ? 0 : slot + 1;
  match.coinCursor[0] = slot + 1 === slots ? 0 : slot + 1;
  match.coinSlotsUsed[0]!++;
  match.lying[0]! += amount;
  coins.amount[slot] = amount;
  coins.x[slot] = x;
  coins.y[slot] = y;
  return true;
}

/** A pile goes whole to whom it touches; of several, to the lowest id. */
function collectCoins(world: World): void {
  const { coins, players, match, grid } = world;
  const reach = PLAYER_RADIUS + COIN_RADIUS;
  const reachSquared = reach * reach;
  let left = match.coinSlotsUsed[0]!;
  for (let coin = 0; left > 0; coin++) {
    const amount = coins.amount[coin]!;
    if (amount === 0) continue;
    left--;
    const finder = lowestTouching(world, coins.x[coin]!, coins.y[coin]!, reach, reachSquared, grid);
    if (finder < 0) continue;
    coins.amount[coin] = 0;
    match.coinSlotsUsed[0]!--;
    match.lying[0]! -= amount;
    players.coins[finder]! += amount;
    players.score[finder]! += amount * COIN_SCORE;
    world.events.add(EventKind.pickup, finder, coin, amount);
  }
}

function lowestTouching(world: World, x: number, y: number, reach: number, reachSquared: number, grid: World['grid']) {
  const { players } = world;
  const left = grid.cell(x - reach);
  const right = grid.cell(x + reach);
  const top = grid.cell(y - reach);
  const bottom = grid.cell(y + reach);
  let lowest = -1;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const cell = row * grid.side + column;
      for (let i = grid.starts[cell]!; i < grid.starts[cell + 1]!; i++) {
        const id = grid.ids[i]!;
        if (lowest >= 0 && id > lowest) break;
        // The grid is of this tick's start; whoever was shot since is no longer there.
        if (players.status[id] !== Status.alive) continue;
        const dx = players.x[id]! - x;
        const dy = players.y[id]! - y;
        if (dx * dx + dy * dy <= reachSquared) lowest = id;
      }
    }
  }
  return lowest;
}

/** Keeps one pile per player on the ground; at most a 1/16 of the players' number appears per tick, and at least one. */
function mintCoins(world: World): void {
  const { match, random, arena } = world;
  const wanted = match.players[0]! - match.coinSlotsUsed[0]!;
  const most = 1 + (match.players[0]! >> 4);
  for (let i = 0; i < wanted && i < most; i++) {
    drawPlace(arena, random.state, Stream.coins, place);
    if (!layCoins(world, 1, place[0]!, place[1]!)) return;
    match.minted[0]!++;
  }
}
