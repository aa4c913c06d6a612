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
import { Button, type InputTable, nextPurchaseKey } from './input.ts';
import { fireShot, firstHit, flyShot } from './shots.ts';
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

/** Writes the place where the next player will appear into `out` = [x, y]: for who must know before it does. */
export function nextSpawnPlace({ arena, random }: World, out: Int32Array): void {
  drawPlace(arena, random.state.slice(), Stream.spawn, out);
}

function respawn(world: World): void {
  for (let id = 0; id < world.match.playerLimit[0]!; id++) respawnPlayer(world, id);
}

/** Brings a dead player back when its time has come. */
export function respawnPlayer(world: World, id: number): void {
  const { status, spawnTick } = world.players;
  if (status[id] !== Status.dead || world.match.tick[0]! < spawnTick[id]!) return;
  spawn(world, id);
  world.events.add(EventKind.spawn, id, 0, 0);
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
      raiseShield(world, id);
    }
    world.events.add(EventKind.purchase, id, key, granted ? SHIELD_PRICE : 0);
  }
}

/** What a purchase buys. */
export function raiseShield({ players }: World, id: number): void {
  players.shield[id]! += SHIELD_ABSORBS;
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
  const { arena, match } = world;
  for (let id = 0; id < match.playerLimit[0]!; id++) {
    if ((inputs.buttons[id]! & Button.fire) === 0) continue;
    const shot = fireShot(world, id);
    if (shot >= 0) rewindShot(world, shot, id, Math.min(inputs.rewindTicks[id]!, arena.config.historyTicks - 1));
  }
}

/**
 * Lag compensation (Bernier 2001, for a projectile): a shot fired by somebody who sees others `ticks` in the past first
 * flies that long through where the others were then.
 */
function rewindShot(world: World, shot: number, owner: number, ticks: number): void {
  for (let ago = ticks; ago > 0 && world.shots.life[shot]! > 0; ago--) hitOrFly(world, shot, owner, ago);
}

function moveShots(world: World): void {
  const life = world.shots.life;
  const limit = world.match.playerLimit[0]! * SHOTS_PER_PLAYER;
  for (let shot = 0; shot < limit; shot++) {
    if (life[shot]! > 0) hitOrFly(world, shot, (shot / SHOTS_PER_PLAYER) | 0, 0);
  }
}

/** Moves a shot one tick among players as they stood `ago` ticks ago, and lets it hit the first that it meets. */
function hitOrFly(world: World, shot: number, owner: number, ago: number): void {
  const victim = firstHit(world, shot, owner, ago);
  if (victim < 0) {
    flyShot(world, shot);
    return;
  }
  world.shots.life[shot] = 0;
  damage(world, victim, owner);
}

function damage(world: World, victim: number, shooter: number): void {
  if (!hurtPlayer(world, victim, shooter)) return;
  if (world.players.status[shooter] !== Status.empty) creditKill(world, shooter);
  dropCoins(world, victim, world.players.coins[victim]! >> 1);
}

/** A shot of `shooter` takes shield and health. True when its victim died of it; what it drops is not dropped here. */
export function hurtPlayer(world: World, victim: number, shooter: number): boolean {
  const { players } = world;
  const absorbed = Math.min(players.shield[victim]!, SHOT_DAMAGE);
  players.shield[victim]! -= absorbed;
  players.health[victim]! -= SHOT_DAMAGE - absorbed;
  world.events.add(EventKind.hit, victim, shooter, SHOT_DAMAGE);
  if (players.health[victim]! > 0) return false;
  players.health[victim] = 0;
  players.status[victim] = Status.dead;
  players.spawnTick[victim] = world.match.tick[0]! + world.arena.rules.respawnTicks;
  players.deaths[victim]!++;
  world.events.add(EventKind.kill, victim, shooter, 0);
  return true;
}

/** Counts a kill to whom it belongs. */
export function creditKill({ players }: World, shooter: number): void {
  players.kills[shooter]!++;
  players.score[shooter]! += KILL_SCORE;
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

const COIN_REACH = PLAYER_RADIUS + COIN_RADIUS;

/** Whether a player at (x, y) picks up a coin that lies at (coinX, coinY). */
export function touchesCoin(x: number, y: number, coinX: number, coinY: number): boolean {
  const dx = x - coinX;
  const dy = y - coinY;
  return dx * dx + dy * dy <= COIN_REACH * COIN_REACH;
}

/** A pile goes whole to whom it touches; of several, to the lowest id. */
function collectCoins(world: World): void {
  const { coins, players, match } = world;
  let left = match.coinSlotsUsed[0]!;
  for (let coin = 0; left > 0; coin++) {
    const amount = coins.amount[coin]!;
    if (amount === 0) continue;
    left--;
    const finder = lowestTouching(world, coins.x[coin]!, coins.y[coin]!);
    if (finder < 0) continue;
    coins.amount[coin] = 0;
    match.coinSlotsUsed[0]!--;
    match.lying[0]! -= amount;
    players.coins[finder]! += amount;
    players.score[finder]! += amount * COIN_SCORE;
    world.events.add(EventKind.pickup, finder, coin, amount);
  }
}

function lowestTouching({ players, grid }: World, x: number, y: number): number {
  const left = grid.cell(x - COIN_REACH);
  const right = grid.cell(x + COIN_REACH);
  const top = grid.cell(y - COIN_REACH);
  const bottom = grid.cell(y + COIN_REACH);
  let lowest = -1;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const cell = row * grid.side + column;
      for (let i = grid.starts[cell]!; i < grid.starts[cell + 1]!; i++) {
        const id = grid.ids[i]!;
        if (lowest >= 0 && id > lowest) break;
        // The grid is of this tick's start; whoever was shot since is no longer there.
        if (players.status[id] !== Status.alive) continue;
        if (touchesCoin(players.x[id]!, players.y[id]!, x, y)) lowest = id;
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
