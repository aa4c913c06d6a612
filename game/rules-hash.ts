/**
 * A hash that changes whenever the rules behave differently: the checksum of a short golden match. Two ends exchange it
 * before they play, so that a version which would desync is refused at the door instead.
 */
import { DEFAULT_MATCH } from './arena.ts';
import { checksum } from './checksum.ts';
import { createInputTable } from './input.ts';
import { Random } from './random.ts';
import { addPlayer, step } from './step.ts';
import { createWorld } from './world.ts';

const PLAYERS = 24;
const TICKS = 200;

let cached: number | undefined;

/** The unsigned 32-bit hash of the rules in this program. Computed once, in a few milliseconds. */
export function rulesHash(): number {
  cached ??= playGoldenMatch();
  return cached;
}

function playGoldenMatch(): number {
  const world = createWorld({
    ...DEFAULT_MATCH,
    seed: 0x6e657462,
    players: PLAYERS,
    scenario: 'everyone',
    historyTicks: 4,
  });
  const inputs = createInputTable(world.arena.capacity);
  const random = new Random(1, 0);
  for (let id = 0; id < PLAYERS; id++) addPlayer(world, id);
  for (let tick = 0; tick < TICKS; tick++) {
    for (let id = 0; id < PLAYERS; id++) {
      if (random.below(4) === 0) inputs.buttons[id] = random.below(32);
      inputs.aim[id] = random.below(4096);
      inputs.rewindTicks[id] = random.below(4);
      inputs.purchase[id] = random.below(8) === 0 ? random.below(3) + 1 : 0;
    }
    step(world, inputs);
  }
  return checksum(world);
}
