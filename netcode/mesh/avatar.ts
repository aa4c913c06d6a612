/**
 * The own avatar, by the rules that an authority steps all players by: its owner is the authority for it alone. Shots of
 * others fly here too, and whom they hit here is hit: the victim decides. A shot that was told late is judged by where the
 * avatar was at each tick of its way.
 */
import { SHOTS_PER_PLAYER } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { seedRandom } from '../../game/random.ts';
import { fireShot, firstHit, flyShot, launchShot, shotTouches } from '../../game/shots.ts';
import { addPlayer, hurtPlayer, movePlayer, nextSpawnPlace, respawnPlayer } from '../../game/step.ts';
import { Status, Stream } from '../../game/world.ts';
import { collect, hearLedger, recentNews } from './coins.ts';
import { type Core, isOwnAlive, KEPT_TICKS, NEVER, type Stage } from './core.ts';
import type { AvatarState, ToldShot } from './state-codec.ts';
import { tellKill } from './telling.ts';

/** Gives the own player its avatar, in a place of its own stream. */
export function appear(core: Core, slot: number): void {
  const stage = core.stage!;
  const { world } = stage;
  const { config } = stage.settings;
  clearSlot(stage, slot);
  world.match.tick[0] = core.nextTick - 1;
  seedRandom(world.random.state, Stream.spawn, config.seed ^ Math.imul(slot + 1, 0x9e3779b1), 1 + core.nextTick);
  addPlayer(world, slot);
  stage.placeTick.fill(-1);
  core.player = slot;
  arrive(core);
}

/**
 * Once its death was told: nobody else knows where it will be back, so links to those who are there are made meanwhile, for
 * which others may have to go.
 */
export function prepareReturn(core: Core): void {
  if (core.returnsTo || isOwnAlive(core)) return;
  nextSpawnPlace(core.stage!.world, place);
  core.returnsTo = { x: place[0]!, y: place[1]! };
  core.strangersDueMs = Number.NEGATIVE_INFINITY;
  core.careDueMs = Number.NEGATIVE_INFINITY;
}

const place = new Int32Array(2);

/** The avatar is somewhere else all at once: who is there must hear of it, and be met. */
function arrive(core: Core): void {
  core.returnsTo = null;
  core.hasNews = true;
  core.strangersDueMs = Number.NEGATIVE_INFINITY;
  core.askDueMs = Number.NEGATIVE_INFINITY;
  core.careDueMs = Number.NEGATIVE_INFINITY;
  for (const other of core.others.values()) other.pingDueMs = Number.NEGATIVE_INFINITY;
}

/** Nobody is in a slot, as far as this peer knows. */
export function clearSlot({ world, toldTick, firedTick }: Stage, slot: number): void {
  for (const column of Object.values(world.players)) column[slot] = 0;
  toldTick[slot] = -1;
  for (let shot = slot * SHOTS_PER_PLAYER; shot < (slot + 1) * SHOTS_PER_PLAYER; shot++) {
    world.shots.life[shot] = 0;
    firedTick[shot] = NEVER;
  }
}

/** Steps the own avatar by one tick, and flies all shots that are known of. */
export function stepAvatar(core: Core, tick: number, nowMs: number): void {
  const stage = core.stage!;
  const { world } = stage;
  const { player } = core;
  const { players } = world;
  world.match.tick[0] = tick;
  stage.before.x = players.x[player]!;
  stage.before.y = players.y[player]!;
  const wasDead = players.status[player] === Status.dead;
  respawnPlayer(world, player);
  if (wasDead && players.status[player] === Status.alive) arrive(core);
  hearLedger(core, nowMs);
  if (players.status[player] === Status.alive) {
    players.aim[player] = core.taken.aim;
    movePlayer(players, player, core.taken.buttons, stage.arena);
  }
  keepPlace(stage, player, tick);
  world.grid.build(world.match.playerLimit[0]!, players.x, players.y, players.status);
  flyShots(core, tick, nowMs);
  if ((core.taken.buttons & Button.fire) !== 0) fire(core, tick);
  collect(core, nowMs);
}

function keepPlace(stage: Stage, player: number, tick: number): void {
  const at = tick % KEPT_TICKS;
  const { players } = stage.world;
  stage.placeTick[at] = players.status[player] === Status.alive ? tick : -1;
  stage.placeX[at] = players.x[player]!;
  stage.placeY[at] = players.y[player]!;
}

function fire(core: Core, tick: number): void {
  const stage = core.stage!;
  const shot = fireShot(stage.world, core.player);
  if (shot < 0) return;
  const { x, y, aim } = stage.world.shots;
  stage.firedTick[shot] = tick;
  stage.launched[shot % SHOTS_PER_PLAYER] = { x: x[shot]!, y: y[shot]!, aim: aim[shot]! };
  core.foughtTick = tick;
}

/** Of others than ourselves a shot only seems to hit somebody: it ends there on our screen, and they decide. */
function flyShots(core: Core, tick: number, nowMs: number): void {
  const { world } = core.stage!;
  const { life } = world.shots;
  const limit = world.match.playerLimit[0]! * SHOTS_PER_PLAYER;
  for (let shot = 0; shot < limit; shot++) {
    // Who is a part of a tick ahead may have told what was not fired yet.
    if (life[shot]! <= 0 || core.stage!.firedTick[shot]! >= tick) continue;
    const owner = (shot / SHOTS_PER_PLAYER) | 0;
    const victim = firstHit(world, shot, owner, 0);
    if (victim < 0) {
      flyShot(world, shot);
      continue;
    }
    life[shot] = 0;
    if (victim === core.player) beHit(core, shot, owner, nowMs);
  }
}

function beHit(core: Core, shot: number, shooter: number, nowMs: number): void {
  const stage = core.stage!;
  const { world } = stage;
  core.foughtTick = world.match.tick[0]!;
  if (!hurtPlayer(world, core.player, shooter)) return;
  core.hasNews = true;
  const { x, y } = world.players;
  stage.ledger.dropHalf(x[core.player]!, y[core.player]!, nowMs);
  const killer = core.epoch?.seatAt(shooter)?.peer;
  if (killer !== undefined) tellKill(core, killer, world.players.deaths[core.player]!, stage.firedTick[shot]!, nowMs);
}

/** A shot that an owner told of: launched if it is new, and flown to where it is by now. */
export function hearShot(core: Core, owner: number, told: ToldShot, stateTick: number, nowMs: number): void {
  const stage = core.stage!;
  const { world, firedTick } = stage;
  const shot = owner * SHOTS_PER_PLAYER + told.k;
  const fired = stateTick - told.ageTicks;
  if (fired <= firedTick[shot]!) return;
  firedTick[shot] = fired;
  launchShot(world, shot, told.x, told.y, told.aim);
  const now = world.match.tick[0]!;
  for (let tick = fired + 1; tick <= now && world.shots.life[shot]! > 0; tick++) {
    const at = tick % KEPT_TICKS;
    const wasThere = stage.placeTick[at] === tick && isOwnAlive(core);
    if (wasThere && shotTouches(world, shot, stage.placeX[at]!, stage.placeY[at]!)) {
      world.shots.life[shot] = 0;
      beHit(core, shot, owner, nowMs);
    } else {
      flyShot(world, shot);
    }
  }
}

/** What is told of the own avatar now. Its shots are told as they were fired, and flown by who hears of them. */
export function ownState(core: Core): AvatarState {
  const { world, firedTick, launched, settings } = core.stage!;
  const { players, match } = world;
  const { player } = core;
  const tick = match.tick[0]!;
  const isAlive = players.status[player] === Status.alive;
  const shots: ToldShot[] = [];
  launched.forEach(({ x, y, aim }, k) => {
    const ageTicks = tick - firedTick[player * SHOTS_PER_PLAYER + k]!;
    if (ageTicks < world.arena.rules.shotLifeTicks) shots.push({ k, ageTicks, x, y, aim });
  });
  return {
    tick,
    isAlive,
    isShielded: players.shield[player]! > 0,
    isFighting: tick - core.foughtTick < settings.config.tickRateHz,
    x: players.x[player]!,
    y: players.y[player]!,
    aim: players.aim[player]!,
    buttons: isAlive ? core.taken.buttons : 0,
    health: players.health[player]!,
    deaths: players.deaths[player]! & 0xffff,
    shots,
    news: recentNews(core, tick),
  };
}
