/**
 * The golden match: 200 bots, 10,000 ticks, all rules at work. What a bot does is a pure function of the tick and its
 * slot, so that any tick can be stepped again. The match is played in Node, in Chromium, and once more from saved
 * worlds; checksums of all must equal those of golden.json. Runs wherever game/ runs: it imports nothing else.
 */
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { checksum, checksums, type Difference, firstDifference, type SectionChecksums } from '../../game/checksum.ts';
import { AIM_STEPS } from '../../game/constants.ts';
import { Button, createInputTable, type InputTable, nextPurchaseKey } from '../../game/input.ts';
import { RANDOM_WORDS, Random, randomBelow, seedRandom } from '../../game/random.ts';
import { addPlayer, removePlayer, step } from '../../game/step.ts';
import { coinsError, createWorld, EventKind, restoreWorld, Status, saveWorld, type World } from '../../game/world.ts';

export const GOLDEN_TICKS = 10_000;
const PLAYERS = 200;
const CHECKPOINT_TICKS = 500;
/** Every so often one bot leaves, and half that time later it is back. */
const LEAVE_TICKS = 40;
/** A bot keeps walking for this long before it decides anew. */
const DECISION_TICKS = 12;

export const GOLDEN_CONFIG: Readonly<MatchConfig> = Object.freeze({
  ...DEFAULT_MATCH,
  seed: 20_261_121,
  players: PLAYERS,
  scenario: 'crowds',
  historyTicks: 6,
});

/** The rules, or something that a test puts in their place. */
export type Step = (world: World, inputs: InputTable) => void;

export interface GoldenMatch {
  /** Checksums by section after every 500th tick. */
  checkpoints: ({ tick: number } & SectionChecksums)[];
  /** All ticks' checksums folded into one: a world that parts and returns is noticed too. */
  allTicks: number;
  /** That something happened at all. */
  happened: { fire: number; hit: number; kill: number; spawn: number; pickup: number; purchase: number };
  /** Ticks after which the coins did not add up. */
  unbalancedTicks: number;
}

const draw = new Int32Array(RANDOM_WORDS);

/** Seats and frees players before the tick is stepped. */
function changeRoster(world: World, tick: number): void {
  if (tick < LEAVE_TICKS) return;
  const at = tick % LEAVE_TICKS;
  const slot = Math.floor(tick / LEAVE_TICKS) % PLAYERS;
  if (at === 0) removePlayer(world, slot);
  if (at === LEAVE_TICKS / 2) addPlayer(world, slot);
}

/** Fills the table for the tick about to be stepped. */
function fillInputs(world: World, inputs: InputTable, tick: number): void {
  const { purchaseKey, status } = world.players;
  for (let id = 0; id < PLAYERS; id++) {
    const decision = Math.floor((tick + id) / DECISION_TICKS);
    seedRandom(draw, 0, GOLDEN_CONFIG.seed ^ decision, id);
    const triggerHeld = randomBelow(draw, 0, 10) < 4;
    inputs.buttons[id] = randomBelow(draw, 0, 16) | (triggerHeld ? Button.fire : 0);
    inputs.aim[id] = (randomBelow(draw, 0, AIM_STEPS) + 16 * (tick % DECISION_TICKS)) % AIM_STEPS;
    inputs.rewindTicks[id] = randomBelow(draw, 0, 8);
    inputs.steps[id] = randomBelow(draw, 0, 16) === 0 ? 2 : 1;
    // Mostly the key that is due, and sometimes one that was answered before or is not due yet.
    const due = nextPurchaseKey(status[id] === Status.empty ? 0 : purchaseKey[id]!);
    inputs.purchase[id] = [0, 0, due, due, due, due - 1, due + 1][randomBelow(draw, 0, 7)]!;
  }
}

/** A match of the golden config before its first tick, with every bot seated. */
export function startGolden(): { world: World; inputs: InputTable } {
  const world = createWorld(GOLDEN_CONFIG);
  for (let id = 0; id < PLAYERS; id++) addPlayer(world, id);
  return { world, inputs: createInputTable(world.arena.capacity) };
}

/** Plays the next tick of the golden match. */
export function playTick(world: World, inputs: InputTable, rules: Step = step): void {
  const tick = world.match.tick[0]! + 1;
  changeRoster(world, tick);
  fillInputs(world, inputs, tick);
  rules(world, inputs);
}

/** Plays the first `ticks` of the golden match and returns what golden.json holds of them. */
export function playGolden(ticks: number = GOLDEN_TICKS, rules: Step = step): GoldenMatch {
  const { world, inputs } = startGolden();
  const counts = new Array<number>(6).fill(0);
  const match: Omit<GoldenMatch, 'happened'> = { checkpoints: [], allTicks: 0, unbalancedTicks: 0 };
  for (let tick = 1; tick <= ticks; tick++) {
    playTick(world, inputs, rules);
    match.allTicks = (Math.imul(match.allTicks, 31) + checksum(world)) >>> 0;
    if (coinsError(world) !== 0) match.unbalancedTicks++;
    for (let i = 0; i < world.events.count; i++) {
      const refused = world.events.kind[i] === EventKind.purchase && world.events.amount[i] === 0;
      if (!refused) counts[world.events.kind[i]!]!++;
    }
    if (tick % CHECKPOINT_TICKS === 0) match.checkpoints.push({ tick, ...checksums(world) });
  }
  const of = (kind: keyof typeof EventKind) => counts[EventKind[kind]]!;
  return {
    ...match,
    happened: {
      fire: of('fire'),
      hit: of('hit'),
      kill: of('kill'),
      spawn: of('spawn'),
      pickup: of('pickup'),
      purchase: of('purchase'),
    },
  };
}

/** Where stepping the same ticks from a saved world first led elsewhere. */
export interface Divergence {
  savedAtTick: number;
  difference: Difference;
}

/**
 * Plays the golden match, and at `restarts` random ticks saves it, gives the copy to a second world that was elsewhere,
 * and plays both on for up to 40 ticks: they must stay equal at each. Returns where they first did not, or null.
 */
export function findDivergence(options: { ticks: number; restarts: number; seed: number; rules?: Step }) {
  const { ticks, restarts, seed, rules } = options;
  const { world, inputs } = startGolden();
  const { world: again, inputs: inputsAgain } = startGolden();
  const random = new Random(seed);
  const saved = saveWorld(world);
  for (let restart = 0; restart < restarts; restart++) {
    const last = Math.floor(((restart + 1) * ticks) / restarts);
    const savedAtTick = Math.max(world.match.tick[0]!, last - 1 - random.below(40));
    while (world.match.tick[0]! < savedAtTick) playTick(world, inputs, rules);
    saveWorld(world, saved);
    restoreWorld(again, saved);
    while (world.match.tick[0]! < last) {
      playTick(world, inputs, rules);
      playTick(again, inputsAgain, rules);
      const difference = firstDifference(world, again);
      if (difference) return { savedAtTick, difference } satisfies Divergence;
    }
  }
  return null;
}
