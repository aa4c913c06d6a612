/**
 * The registry of measures: their names are what thresholds, records and reports say. Every record holds all of them; one
 * that cannot exist for a run carries `null` and why. The exact definitions are in docs/metrics.md.
 */

/** How a number was obtained: real sockets and clock, the same sessions on virtual time, or a formula. */
export const EVIDENCE = ['measured', 'simulated', 'modelled'] as const;
export type Evidence = (typeof EVIDENCE)[number];

export const UNITS = [
  'ms',
  'µs',
  's',
  'Hz',
  'ratio',
  'units',
  'units·s/min',
  'ticks',
  'count',
  'per 1,000',
  '1/min',
  '1/h',
  'kbit/s',
  'bytes',
  'MB',
  '% of core',
  'coins',
  'players',
] as const;
export type Unit = (typeof UNITS)[number];

/** One number of a record, with a word where it needs one, or the reason why there is none. */
export type Measure =
  | { value: number; unit: Unit; evidence: Evidence; why?: string }
  | { value: null; unit: Unit; why: string };

export interface MeasureDescription {
  unit: Unit;
  /** One line for help texts and the report's table. */
  definition: string;
  better: 'low' | 'high';
}

const low = (unit: Unit, definition: string): MeasureDescription => ({ unit, definition, better: 'low' });
const high = (unit: Unit, definition: string): MeasureDescription => ({ unit, definition, better: 'high' });

const TICK =
  'lateness of the start plus duration of one tick of the authority, or of a peer that simulates; receiving, sending ' +
  'and, in lockstep, waiting for inputs included';
const ACTION =
  "from a player's scheduled input to another player in interest holding its effect; 2 s when not held by then";
const OWN_ACTION = "from a player's scheduled input to its confirmation by the authority, in lockstep by all peers";
const ROLLBACK = 'ticks stepped again by one rollback, 0 where none was needed';
const SETUP = 'from two players coming within vision of each other to the first state over a link of their own';
const AGE = 'age of the newest input of an entity that a viewer holds, weighted by time';

export const MEASURES = {
  'tick.p50': low('ms', `${TICK}: median`),
  'tick.p95': low('ms', `${TICK}: 95th percentile`),
  'tick.p99': low('ms', `${TICK}: 99th percentile`),
  'tick.p999': low('ms', `${TICK}: 99.9th percentile`),
  'tick.max': low('ms', `${TICK}: the worst one`),
  'tick.rate': high('Hz', 'ticks done ÷ wall time'),
  'tick.isr': low('ratio', 'instability ratio of the ticks: 0 is even, 1 is as uneven as can be'),
  'timeline.spread.p99': low(
    'ms',
    'how far apart the owners of a mesh mean one tick to be due: 99th percentile over ticks',
  ),
  'stalls.count': low('count', 'ticks that took over 250 ms, lateness included'),
  'stalls.rate': low('1/min', "ticks that had to wait for somebody's input, per peer that simulates"),
  'stalls.time.ratio': low('ratio', "time that a peer spent waiting for somebody's input ÷ time measured"),
  'delay.mean': low('ms', 'input delay of lockstep, from taking an input to its tick: mean over peers and time'),
  'delay.worst': low('ms', 'the longest input delay that any peer had'),
  'action.p50': low('ms', `${ACTION}: median`),
  'action.p95': low('ms', `${ACTION}: 95th percentile`),
  'action.p99': low('ms', `${ACTION}: 99th percentile`),
  'ownAction.p50': low('ms', `${OWN_ACTION}: median`),
  'ownAction.p95': low('ms', `${OWN_ACTION}: 95th percentile`),
  'echo.p95': low('ms', "from an input to its effect in the player's own view, prediction included: 95th percentile"),
  'age.near.p95': low('ms', `${AGE}, within 160 units: 95th percentile`),
  'age.near.p99': low('ms', `${AGE}, within 160 units: 99th percentile`),
  'age.all.p95': low('ms', `${AGE}, all within vision: 95th percentile`),
  'age.all.p99': low('ms', `${AGE}, all within vision: 99th percentile`),
  'age.worstPair.p99': low(
    'ms',
    'the 99th percentile of age of the worst (viewer, actor) pair that met for 2 s or longer',
  ),
  'positionError.p95': low('units', 'held position against the truth at the same wall time: 95th percentile over time'),
  'positionError.sameTick.p95': low('units', 'held position against the truth at the same tick: 95th percentile'),
  'positionError.drawn.p95': low('units', 'position as drawn (interpolated) against the truth at the same wall time'),
  'inconsistency.mean': low(
    'units·s/min',
    'time-space inconsistency: position error above half a radius, integrated, per pair-minute',
  ),
  'viewError.ratio': low('ratio', '(missing + phantom) ÷ players truly in view, at 2 Hz, 320 ± 64 units not judged'),
  'desync.count': low(
    'count',
    'snapshots that contradict the truth of their own tick by more than quantisation, and checksum mismatches that peers reported',
  ),
  'divergence.ratio': low(
    'ratio',
    "rows of views that differ from their owner's truth of that very tick ÷ rows compared",
  ),
  'divergence.count': low('count', "rows of views that differ from their owner's truth of that very tick"),
  'conflicts.per1000': low(
    'per 1,000',
    'kills, pickups and purchases on which a viewer and the truth, or in a mesh two participants, disagree 5 s later',
  ),
  'prediction.error.p95': low('units', 'predicted against authoritative own position at the same tick, when corrected'),
  'corrections.rate': low('1/min', 'corrections of the own prediction per full client'),
  'rollback.depth.p50': low('ticks', `${ROLLBACK}: median`),
  'rollback.depth.p95': low('ticks', `${ROLLBACK}: 95th percentile`),
  'rollback.depth.max': low('ticks', `${ROLLBACK}: the deepest one`),
  'rollback.rate': low('1/min', 'rollbacks per peer'),
  'down.mean': low('kbit/s', 'received payload per participant: mean'),
  'down.p99': low('kbit/s', 'received payload per participant: 99th percentile of participants'),
  'down.worst': low('kbit/s', 'received payload of the participant that receives most'),
  'down.wire.mean': low('kbit/s', 'received per participant with transport headers: mean'),
  'down.wire.worst': low('kbit/s', 'received with transport headers by the participant that receives most'),
  'up.mean': low('kbit/s', 'sent payload per participant: mean'),
  'up.p99': low('kbit/s', 'sent payload per participant: 99th percentile of participants'),
  'up.worst': low('kbit/s', 'sent payload of the participant that sends most; a playing host is a participant'),
  'up.wire.mean': low('kbit/s', 'sent per participant with transport headers: mean'),
  'up.wire.worst': low('kbit/s', 'sent with transport headers by the participant that sends most'),
  'up.formula': low(
    'kbit/s',
    "upload in closed form with the run's own message rate, payload and headers: of every peer of a mesh, of a host, of a server",
  ),
  'messages.rate': low('Hz', 'messages sent per participant, to all others together'),
  'messages.bytes': low('bytes', 'mean payload of a message that a participant sends'),
  'authority.up': low('kbit/s', 'payload that the authority sends in all'),
  'authority.up.wire': low('kbit/s', 'all that the authority sends, with transport headers'),
  'authority.down': low('kbit/s', 'payload that the authority receives in all'),
  'rendezvous.up': low('kbit/s', 'payload that the rendezvous sends in all: introductions, and what it relays'),
  'rendezvous.down': low('kbit/s', 'payload that the rendezvous receives in all'),
  'rendezvous.messages.rate': low('Hz', 'messages that the rendezvous sends and receives, per peer'),
  'rendezvous.introductions.rate': low('1/min', 'peers that the rendezvous names to a peer that asks for strangers'),
  'rendezvous.epochs.rate': low('1/min', 'epochs that the rendezvous had the peers agree on'),
  'links.mean': low('count', 'links per peer, direct and relayed: mean over peers and time'),
  'links.worst': low('count', 'most links that any peer had'),
  'links.opened.rate': low('Hz', 'links that came up per peer'),
  'links.setup': low(
    'kbit/s',
    'what opening links costs a peer below its messages: links opened × the measured cost of one',
  ),
  'neighbour.setup.p50': low('ms', `${SETUP}: median`),
  'neighbour.setup.p99': low('ms', `${SETUP}: 99th percentile`),
  'up.states': low('kbit/s', 'states that a peer of a mesh tells, with transport headers: what up.formula is about'),
  'up.links': low('kbit/s', 'pings of a peer of a mesh, and signals for its new links, with transport headers'),
  'up.links.formula': low('kbit/s', 'the same in closed form, from how many links a peer has, tells and opens'),
  'recipients.mean': low('count', 'others that a peer of a mesh tells its state: mean over peers and time'),
  'forwarded.ratio': low('ratio', 'bytes of states that a neighbour forwarded ÷ bytes of all states sent'),
  'relayed.ratio': low('ratio', 'bytes that crossed a relay ÷ all bytes'),
  'exposure.mean': low('players', 'players beyond its vision that a client holds data about, over viewers and time'),
  'snapshots.rate': high('Hz', 'snapshots received per measured viewer'),
  'inputs.rate': high('Hz', 'inputs sent per player'),
  'inputs.late.p99': low('ms', 'lateness of sending an input after its scheduled time'),
  'joins.ok': high('ratio', 'players that got their first snapshot ÷ players that should have'),
  'joins.p50': low('ms', 'from asking to the first snapshot: median'),
  'joins.p99': low('ms', 'from asking to the first snapshot: 99th percentile'),
  'accusations.rate': low('1/h', 'accusations of other peers, per player-hour'),
  disconnects: low('count', 'players that lost their link while measured'),
  'recovery.p99': low(
    'ms',
    'from killing an authority to 99 % of survivors accepting a new one; in lockstep from the death of a peer to survivors stepping again',
  ),
  'viewChanges.count': low(
    'count',
    'changes of the set of peers (drops and joins) that a peer carried out: mean over peers',
  ),
  'cpu.authority': low('% of core', "the authority process's CPU, user and system"),
  'cpu.rendezvous': low('% of core', "the rendezvous process's CPU, user and system"),
  'cpu.peer': low('% of core', "bots' CPU ÷ participants: in lockstep a bot simulates everybody"),
  'cpu.perMessage': low('µs', "bots' CPU ÷ messages that they sent or received"),
  'cpu.bots': low('% of core', 'CPU of all bot processes together, user and system'),
  'memory.authority': low('MB', "the authority process's largest resident memory while measured"),
  'memory.peer': low('MB', 'largest resident memory of the bot processes ÷ participants'),
  'memory.bots': low('MB', 'largest resident memory of all bot processes together'),
  'coins.error': low('coins', 'largest |minted − held − lying − spent| seen'),
  'bots.lag.p99': low('ms', 'event-loop lag of the worst bot process: 99th percentile'),
} as const satisfies Record<string, MeasureDescription>;

export type MeasureName = keyof typeof MEASURES;
export type Measures = Record<MeasureName, Measure>;

export const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[];

export function describeMeasure(name: MeasureName): MeasureDescription {
  return MEASURES[name];
}

/** The value of a measure, or null when the run has none. */
export function numberOf(measures: Partial<Measures>, name: MeasureName): number | null {
  return measures[name]?.value ?? null;
}
