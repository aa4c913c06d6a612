/** Small worlds for tests of the rules: an arena to lay out by hand, and players put where the story needs them. */
import { type Arena, createArena, DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { SUBUNITS, TILE } from '../../game/constants.ts';
import { createInputTable, type InputTable } from '../../game/input.ts';
import type { Random } from '../../game/random.ts';
import { addPlayer, step } from '../../game/step.ts';
import { createWorld, type World } from '../../game/world.ts';

export interface Scene {
  world: World;
  inputs: InputTable;
}

/** An arena of the config with obstacles only on the given tiles. */
function arenaWith(config: Partial<MatchConfig>, obstacles: [column: number, row: number][] = []): Arena {
  const arena = createArena({ ...DEFAULT_MATCH, ...config });
  const blocked = new Uint8Array(arena.blocked.length);
  for (const [column, row] of obstacles) blocked[row * arena.tiles + column] = 1;
  return { ...arena, blocked };
}

/** Players at given places, in units, in an arena without obstacles but the given ones; no coins lie there yet. */
export function scene(
  places: [x: number, y: number][],
  config: Partial<MatchConfig> = {},
  obstacles: [column: number, row: number][] = [],
): Scene {
  const arena = arenaWith({ players: Math.max(1, places.length), inView: 1, ...config }, obstacles);
  const world = createWorld(arena.config, arena);
  places.forEach(([x, y], id) => {
    addPlayer(world, id);
    put(world, id, x, y);
  });
  return { world, inputs: createInputTable(arena.capacity) };
}

/** A world of the config with every seat taken by somebody where the scenario puts it. */
export function crowd(config: Partial<MatchConfig>): Scene {
  const world = createWorld({ ...DEFAULT_MATCH, ...config });
  for (let id = 0; id < world.arena.config.players; id++) addPlayer(world, id);
  return { world, inputs: createInputTable(world.arena.capacity) };
}

/** Moves a player to (x, y), in units. */
export function put(world: World, id: number, x: number, y: number): void {
  world.players.x[id] = x * SUBUNITS;
  world.players.y[id] = y * SUBUNITS;
}

/** Steps `ticks` times, calling back before each with the number of the tick about to be stepped. */
export function run({ world, inputs }: Scene, ticks: number, before?: (tick: number) => void): void {
  for (let i = 0; i < ticks; i++) {
    before?.(world.match.tick[0]! + 1);
    step(world, inputs);
  }
}

/** The last step's events of one kind. */
export function eventsOf(world: World, kind: number): { a: number; b: number; amount: number }[] {
  const { events } = world;
  return [...events.kind.subarray(0, events.count).keys()]
    .filter((i) => events.kind[i] === kind)
    .map((i) => ({ a: events.a[i]!, b: events.b[i]!, amount: events.amount[i]! }));
}

/** Gives coins out of thin air, entered in the ledger as minted. */
export function giveCoins(world: World, id: number, amount: number): void {
  world.players.coins[id]! += amount;
  world.match.minted[0]! += amount;
}

/** All players do something else every few ticks. */
export function randomInputs(inputs: InputTable, players: number, random: Random): void {
  for (let id = 0; id < players; id++) {
    if (random.below(5) === 0) inputs.buttons[id] = random.below(32);
    inputs.aim[id] = random.below(4096);
    inputs.purchase[id] = random.below(6);
    inputs.rewindTicks[id] = random.below(6);
  }
}

/** Side of a tile, in units. */
export const TILE_UNITS = TILE / SUBUNITS;
