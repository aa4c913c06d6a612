/**
 * `npm run bench`: what one step of the world costs, and copying and checksumming it, on one core. Players walk as bots
 * do and three in ten hold the trigger; inputs are drawn outside the measured time. Each size plays for a while before it
 * is measured, so that shots are in flight and the code is compiled. Times are of the quietest of several rounds: what
 * else runs on the machine only adds. `--json` prints the numbers for scripts. Exits 1
 * when a promise of the design is not held here.
 */
import { cpus } from 'node:os';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { checksum } from '../../game/checksum.ts';
import { Button, createInputTable, type InputTable } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { addPlayer, step } from '../../game/step.ts';
import { createWorld, Status, saveWorld, type World } from '../../game/world.ts';

const SIZES = [1_000, 2_000, 5_000, 10_000];
const WARM_UP_TICKS = 300;
const ROUNDS = 5;
const ROUND_TICKS = 100;
const DECISION_TICKS = 4;
const FIRING_PERCENT = 30;

/** What must hold at 10,000 players at the default density. */
const STEP_BUDGET_MS = 3;
const COPY_BUDGET_MS = 1;
const CHECKSUM_BUDGET_MS = 1;
/** Cost per player at the largest size over that at the smallest; what is above 1 is the processor's cache. */
const LINEARITY_LIMIT = 1.6;

interface Row {
  players: number;
  stepMedianMs: number;
  stepP95Ms: number;
  stepPerPlayerNs: number;
  copyMedianMs: number;
  checksumMedianMs: number;
  shotsInFlight: number;
  worldBytes: number;
}

/** Every `DECISION_TICKS` a player walks in one of eight directions or rests; some hold the trigger. */
function drawInputs(inputs: InputTable, players: number, tick: number, random: Random): void {
  for (let id = tick % DECISION_TICKS; id < players; id += DECISION_TICKS) {
    inputs.buttons[id] = random.below(16) | (random.below(100) < FIRING_PERCENT ? Button.fire : 0);
    inputs.aim[id] = random.below(4096);
    inputs.purchase[id] = random.below(20) === 0 ? random.below(3) + 1 : 0;
  }
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Times `action` in several rounds, and returns the sorted milliseconds of the round with the lowest median. */
function quietestRound(prepare: () => void, action: () => void): Float64Array {
  let quietest: Float64Array | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const took = new Float64Array(ROUND_TICKS);
    for (let i = 0; i < ROUND_TICKS; i++) {
      prepare();
      const start = process.hrtime.bigint();
      action();
      took[i] = Number(process.hrtime.bigint() - start) / 1e6;
    }
    took.sort();
    if (quietest === null || percentile(took, 0.5) < percentile(quietest, 0.5)) quietest = took;
  }
  return quietest!;
}

function measureSteps(world: World, players: number): Float64Array {
  const inputs = createInputTable(world.arena.capacity);
  const random = new Random(7);
  const prepare = () => drawInputs(inputs, players, world.match.tick[0]!, random);
  for (let tick = 0; tick < WARM_UP_TICKS; tick++) {
    prepare();
    step(world, inputs);
  }
  return quietestRound(prepare, () => step(world, inputs));
}

const nothing = () => {};

function measure(players: number): Row {
  const world = createWorld({ ...DEFAULT_MATCH, players });
  for (let id = 0; id < players; id++) addPlayer(world, id);
  const steps = measureSteps(world, players);
  const copy = saveWorld(world);
  let sum = 0;
  const copies = quietestRound(nothing, () => saveWorld(world, copy));
  const sums = quietestRound(nothing, () => {
    sum ^= checksum(world);
  });
  if (sum !== 0) throw new Error('an even number of equal checksums must cancel out');
  if (!world.players.status.includes(Status.alive)) throw new Error('nobody is alive: nothing was measured');
  return {
    players,
    stepMedianMs: percentile(steps, 0.5),
    stepP95Ms: percentile(steps, 0.95),
    stepPerPlayerNs: (percentile(steps, 0.5) * 1e6) / players,
    copyMedianMs: percentile(copies, 0.5),
    checksumMedianMs: percentile(sums, 0.5),
    shotsInFlight: world.shots.life.reduce((flying, life) => flying + (life > 0 ? 1 : 0), 0),
    worldBytes: world.bytes.length,
  };
}

function printTable(rows: Row[]): void {
  const line = (cells: (string | number)[]) => console.log(cells.map((cell) => String(cell).padStart(12)).join(''));
  line(['players', 'step p50 ms', 'step p95 ms', 'ns/player', 'copy ms', 'checksum ms', 'shots', 'world kB']);
  for (const row of rows) {
    line([
      row.players,
      row.stepMedianMs.toFixed(3),
      row.stepP95Ms.toFixed(3),
      row.stepPerPlayerNs.toFixed(0),
      row.copyMedianMs.toFixed(3),
      row.checksumMedianMs.toFixed(3),
      row.shotsInFlight,
      (row.worldBytes / 1000).toFixed(0),
    ]);
  }
}

// The first size is measured twice: the first time compiles the code, and would flatter the linearity.
measure(SIZES[0]!);
const rows = SIZES.map(measure);
const largest = rows.at(-1)!;
const linearity = largest.stepPerPlayerNs / rows[0]!.stepPerPlayerNs;
const promises = [
  { name: `step p50 at ${largest.players} players`, value: largest.stepMedianMs, limit: STEP_BUDGET_MS, unit: 'ms' },
  { name: `copy at ${largest.players} players`, value: largest.copyMedianMs, limit: COPY_BUDGET_MS, unit: 'ms' },
  {
    name: `checksum at ${largest.players} players`,
    value: largest.checksumMedianMs,
    limit: CHECKSUM_BUDGET_MS,
    unit: 'ms',
  },
  { name: 'cost per player, largest over smallest', value: linearity, limit: LINEARITY_LIMIT, unit: 'ratio' },
];

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ rows, promises, machine: cpus()[0]?.model, node: process.version }, null, 2));
} else {
  printTable(rows);
  console.log('');
  for (const { name, value, limit, unit } of promises) {
    console.log(`${value <= limit ? 'held  ' : 'BROKEN'}  ${name}: ${value.toFixed(3)} ${unit} (at most ${limit})`);
  }
}
process.exitCode = promises.every(({ value, limit }) => value <= limit) ? 0 : 1;
