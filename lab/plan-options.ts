/**
 * A plan on the command line: one option per field, allowed values and help texts taken from the registries, and a plan
 * from what was given. A value that is not allowed is refused with the option, the value and what is allowed.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { appliesTo, CHEATS, cheatOf, cheatsFor } from '../bots/cheats/index.ts';
import { POLICIES } from '../bots/policies/index.ts';
import { SCENARIOS } from '../game/arena.ts';
import { MAX_PLAYERS, TICK_RATES_HZ } from '../game/constants.ts';
import { INJECTIONS, type Plan, planSchema } from '../metrics/plan.ts';
import { PROFILES } from '../netcode/link/profiles.ts';
import { MESH_DEFENCES, type MeshDefence } from '../netcode/mesh/settings.ts';
import { TOPOLOGIES, topologyOf } from '../netcode/topologies/index.ts';
import { UsageError } from './exit.ts';
import { MOST_PEERS } from './launch/lockstep.ts';

/** Snapshots per second when nothing is asked for: a home uplink carries fewer than a server's. In a mesh: states per second. */
const SNAPSHOT_RATES_HZ: Readonly<Record<string, number>> = { server: 20, host: 15, mesh: 10 };
/** Twin pairs when a cheat is asked for without a number: the least from which a live cell draws an interval. */
const DEFAULT_CHEATERS = 5;

/** More on virtual time is for a simulator that was made for it. */
const MOST_SIMULATED = 400;

type Described = readonly { id: string; title: string }[];

const idsOf = (registry: Described) => registry.map((entry) => entry.id);
const listed = (registry: Described) => registry.map((entry) => `  ${entry.id.padEnd(12)}${entry.title}`).join('\n');

/** A parser of whole numbers or fractions from `low` to `high`. */
export function numberFrom(low: number, high: number, whole = true): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`Allowed are ${whole ? 'whole numbers' : 'numbers'} from ${low} to ${high}.`);
    }
    return value;
  };
}

const SECONDS_PER: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** `30s`, `500ms`, `2m`, `1h`, or plain seconds. */
export function parseSeconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const seconds = match ? Number(match[1]) * SECONDS_PER[match[2] ?? 's']! : 0;
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new InvalidArgumentError('Allowed are durations such as 500ms, 30s or 2m, up to 24h.');
  }
  return seconds;
}

/** `20%`, or `0.2`. */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim());
  const share = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('Allowed are shares such as 20% or 0.2, up to 100%.');
  return share;
}

/** Longest input delay that may be asked for. */
const MOST_DELAY_MS = 2000;

/** `300ms`, `0.3s`: milliseconds. */
function parseDelayMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text.trim());
  const ms = match ? Number(match[1]) * (match[2] === 's' ? 1000 : 1) : Number.NaN;
  if (!(ms >= 0 && ms <= MOST_DELAY_MS)) {
    throw new InvalidArgumentError(`Allowed are delays such as 300ms or 0.3s, up to ${MOST_DELAY_MS} ms.`);
  }
  return ms;
}

/** `hunter`, or a mix with weights: `hunter:2,wander:1`. */
function parsePolicies(text: string): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [id = '', weight = '1', ...more] = part.trim().split(':');
    const isWeight = Number(weight) > 0 && Number.isFinite(Number(weight));
    if (!idsOf(POLICIES).includes(id) || !isWeight || more.length > 0) {
      const allowed = `Allowed are ${idsOf(POLICIES).join(', ')}, or a mix with weights such as hunter:2,wander:1.`;
      throw new InvalidArgumentError(allowed);
    }
    weights[id] = (weights[id] ?? 0) + Number(weight);
  }
  return weights;
}

/** `witnesses`, several separated by commas, or `all`. */
function parseDefences(text: string, before: readonly MeshDefence[] = []): MeshDefence[] {
  const names = text === 'all' ? MESH_DEFENCES : (text.split(',').map((name) => name.trim()) as MeshDefence[]);
  if (!names.every((name) => MESH_DEFENCES.includes(name))) {
    throw new InvalidArgumentError(`Allowed are ${MESH_DEFENCES.join(', ')}, several with commas between, or all.`);
  }
  return [...before, ...names];
}

/** What commander collects; names follow the options. */
interface GivenOptions {
  topology: string;
  players: number;
  duration: number;
  warmup?: number;
  network?: string;
  seed?: number;
  scenario?: string;
  inView?: number;
  tickRate?: string;
  snapshotRate?: number;
  inputRate?: number;
  send?: string;
  policy?: Record<string, number>;
  cheat?: string;
  cheaters?: number;
  timeBucket: boolean;
  visionFilter: boolean;
  commitReveal?: boolean;
  deadline?: boolean;
  signedHeads?: boolean;
  defence?: MeshDefence[];
  lagCompensation?: number;
  dedicated?: boolean;
  rollback?: boolean;
  maxDelay?: number;
  natBlocked?: number;
  sample?: number;
  workers?: number;
  inject?: string;
  simulated?: boolean;
}

/** Adds every option that shapes a plan. */
export function addPlanOptions(command: Command): Command {
  const option = (flags: string, text: string) => new Option(flags, text);
  return command
    .addOption(option('--topology <id>', 'who decides').choices(idsOf(TOPOLOGIES)).default('server'))
    .option('--players <n>', 'bots that play', numberFrom(1, MAX_PLAYERS), 50)
    .addOption(
      option('--duration <time>', 'how long to measure, after everybody has joined')
        .argParser(parseSeconds)
        .default(10, '10s'),
    )
    .option('--warmup <time>', 'played before measuring starts (default 2s)', parseSeconds)
    .addOption(option('--network <id>', 'link profile of every player (default lan)').choices(idsOf(PROFILES)))
    .option('--seed <n>', 'seed of everything random (default 1)', numberFrom(0, 0xffffffff))
    .addOption(option('--scenario <name>', 'where players gather (default uniform)').choices([...SCENARIOS]))
    .option('--in-view <n>', 'players that one sees on average (default 30)', numberFrom(1, 1000))
    .addOption(option('--tick-rate <hz>', 'steps per second (default 20)').choices(TICK_RATES_HZ.map(String)))
    .option(
      '--snapshot-rate <hz>',
      'snapshots per client (default 20 on server, 15 on host), or in a mesh states for each who sees one (default 10)',
      numberFrom(1, 60, false),
    )
    .option('--input-rate <hz>', 'inputs per player (default 10)', numberFrom(1, 60, false))
    .addOption(
      option('--send <how>', 'flat: all alike; need: those in combat or near more often').choices(['flat', 'need']),
    )
    .option('--policy <mix>', 'what bots do, by weight (default wander:1,collector:2,hunter:2,flock:1)', parsePolicies)
    .addOption(
      option('--cheat <id>', 'cheat that some bots perform, each beside an honest twin').choices(idsOf(CHEATS)),
    )
    .option('--cheaters <n>', `bots that cheat (default ${DEFAULT_CHEATERS} with --cheat)`, numberFrom(1, 10_000))
    .option('--no-time-bucket', 'let the authority execute every input that arrives')
    .option('--no-vision-filter', 'let the authority send what lies beyond vision')
    .option('--commit-reveal', 'lockstep: nobody sees the inputs of a tick before its own is fixed')
    .option('--deadline', 'lockstep: who keeps the others waiting is dropped soon')
    .option('--signed-heads', 'lockstep: peers compare signed heads of the hash chains of inputs')
    .option('--defence <names>', `mesh: ${MESH_DEFENCES.join(', ')}, or all`, parseDefences)
    .option('--lag-compensation <ms>', 'rewind shots by up to this much (default 0)', numberFrom(0, 200, false))
    .option('--dedicated', 'the host only hosts, and does not play')
    .option('--rollback', 'lockstep: step ahead on predicted inputs instead of waiting for them')
    .option('--max-delay <time>', 'lockstep: longest input delay that is adapted to (default 300ms)', parseDelayMs)
    .option(
      '--nat-blocked <share>',
      'lockstep, mesh: share of pairs that cannot connect directly (default 0%)',
      parseShare,
    )
    .option(
      '--sample <ratio>',
      'share of bots that are full clients, measured in full (default 0.05; in lockstep 1)',
      numberFrom(0, 1, false),
    )
    .option(
      '--workers <n>',
      'bot processes (default: one less than the cores; of peers, one per core)',
      numberFrom(1, 64),
    )
    .addOption(
      option('--inject <fault>', 'a planted fault: the first two void a run, the others move measures').choices([
        ...INJECTIONS,
      ]),
    )
    .option('--simulated', 'play on virtual time in one process, for up to some hundred players')
    .addHelpText(
      'after',
      `\nTopologies:\n${listed(TOPOLOGIES)}\n\nNetworks:\n${listed(PROFILES)}\n\nPolicies:\n${listed(POLICIES)}\n\nCheats:\n${listed(CHEATS)}`,
    );
}

/** Options that mean something in some topologies only; everywhere else they are refused. */
const ONLY_IN: readonly { flag: string; name: keyof GivenOptions; topologies: readonly string[] }[] = [
  { flag: '--dedicated', name: 'dedicated', topologies: ['host'] },
  { flag: '--lag-compensation', name: 'lagCompensation', topologies: ['server', 'host'] },
  { flag: '--commit-reveal', name: 'commitReveal', topologies: ['lockstep'] },
  { flag: '--deadline', name: 'deadline', topologies: ['lockstep'] },
  { flag: '--signed-heads', name: 'signedHeads', topologies: ['lockstep'] },
  { flag: '--defence', name: 'defence', topologies: ['mesh'] },
  { flag: '--rollback', name: 'rollback', topologies: ['lockstep'] },
  { flag: '--max-delay', name: 'maxDelay', topologies: ['lockstep'] },
  { flag: '--nat-blocked', name: 'natBlocked', topologies: ['lockstep', 'mesh'] },
];

/** Throws a UsageError for an option that says nothing in the topology. */
function refuseStrangers(given: GivenOptions): void {
  for (const { flag, name, topologies } of ONLY_IN) {
    const value = given[name];
    if (value === undefined || value === false || topologies.includes(given.topology)) continue;
    const option = value === true ? flag : `${flag} ${value}`;
    throw new UsageError(
      `option '${option}': allowed only with --topology ${topologies.join(' or ')}, not '${given.topology}'`,
    );
  }
}

/** What a topology as such has no room for. Throws a UsageError. */
function refuseBeyond({ topology, players, cheat }: GivenOptions): void {
  if (cheat !== undefined && !appliesTo(cheatOf(cheat), topology)) {
    const allowed = idsOf(cheatsFor(topology)).join(', ');
    throw new UsageError(`option '--cheat ${cheat}': with --topology ${topology} allowed are ${allowed}`);
  }
  if (topology === 'lockstep' && players > MOST_PEERS) {
    throw new UsageError(
      `option '--players ${players}': with --topology lockstep allowed are up to ${MOST_PEERS}, since everybody links to everybody`,
    );
  }
}

/** The plan that the options say. Throws a UsageError where options contradict each other. */
export function planFrom(given: GivenOptions): Plan {
  if (given.cheaters !== undefined && given.cheat === undefined) {
    throw new UsageError(`option '--cheaters ${given.cheaters}': it needs --cheat, one of ${idsOf(CHEATS).join(', ')}`);
  }
  const cheaters = given.cheat === undefined ? 0 : (given.cheaters ?? DEFAULT_CHEATERS);
  if (cheaters * 2 > given.players) {
    throw new UsageError(
      `option '--cheaters ${cheaters}': each has an honest twin, so --players ${given.players} allows at most ${given.players >> 1}`,
    );
  }
  refuseStrangers(given);
  refuseBeyond(given);
  if (given.simulated && given.players > MOST_SIMULATED) {
    throw new UsageError(`option '--players ${given.players}': with --simulated allowed are up to ${MOST_SIMULATED}`);
  }
  if (given.simulated && given.inject === 'overload') {
    throw new UsageError(`option '--inject overload': not with --simulated, where no process can be overloaded`);
  }
  const parsed = planSchema.safeParse({
    topology: given.topology,
    players: given.players,
    durationS: given.duration,
    warmupS: given.warmup,
    seed: given.seed,
    scenario: given.scenario,
    inView: given.inView,
    tickRateHz: given.tickRate === undefined ? undefined : Number(given.tickRate),
    snapshotRateHz: given.snapshotRate ?? SNAPSHOT_RATES_HZ[given.topology],
    inputRateHz: given.inputRate,
    send: given.send,
    lagCompensationMs: given.lagCompensation,
    network: given.network,
    dedicated: given.dedicated,
    policies: given.policy,
    rollback: given.rollback,
    maxDelayMs: given.maxDelay,
    natBlockedRatio: given.natBlocked,
    sampleRatio: given.sample ?? sampleRatioOf(given.topology),
    cheat: given.cheat,
    cheaters,
    defences: {
      timeBucket: given.timeBucket,
      visionFilter: given.visionFilter,
      commitReveal: given.commitReveal,
      deadline: given.deadline,
      signedHeads: given.signedHeads,
      ...Object.fromEntries((given.defence ?? []).map((name) => [name, true])),
    },
    workers: given.workers,
    simulated: given.simulated,
    inject: given.inject,
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UsageError(`plan field '${issue.path.join('.')}': ${issue.message}`);
  }
  const { snapshotRateHz, inputRateHz, tickRateHz } = parsed.data;
  if (snapshotRateHz > tickRateHz) {
    throw new UsageError(`option '--snapshot-rate ${snapshotRateHz}': allowed up to the tick rate, ${tickRateHz}`);
  }
  if (inputRateHz > tickRateHz) {
    throw new UsageError(`option '--input-rate ${inputRateHz}': allowed up to the tick rate, ${tickRateHz}`);
  }
  return parsed.data;
}

/** A peer that simulates is a full client whether or not anybody looks. */
function sampleRatioOf(topology: string): number | undefined {
  return topologyOf(topology).decides === 'nobody' ? 1 : undefined;
}

/** A plan made by code, with the same defaults as on the command line. */
export function planOf(fields: Partial<Plan> & Pick<Plan, 'topology' | 'players' | 'durationS'>): Plan {
  const { topology } = fields;
  const sampleRatio = sampleRatioOf(topology);
  return planSchema.parse({ snapshotRateHz: SNAPSHOT_RATES_HZ[topology], sampleRatio, ...fields });
}
