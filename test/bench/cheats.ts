/**
 * `node test/bench/cheats.ts [cheats] [seeds] [seeds off]`: the matrix of cheats in a mesh on virtual time, each with all
 * defences off and on, beside honest twins; rows of a table of Markdown. `cheats` are ids with commas, or `all`; seeds are
 * how many. A row's intervals are 95 % of Student's t over seeds; innocents are counted on `good`, `wifi` and `mobile`.
 */
import { type LinkProfile, profileOf } from '../../netcode/link/profiles.ts';
import type { MeshDefences } from '../../netcode/mesh/settings.ts';
import { type CheatingPlan, type Outcome, playMesh } from '../simulated/cheating-mesh.ts';

const ON: Partial<MeshDefences> = { handshakes: true, macs: true, heads: true, replayWindow: true, witnesses: true };
const SECONDS = 30;
/** On each of the networks with loss; on `good` all seeds. */
const OTHER_SEEDS = 2;

/** What is played where, if not among 24 hunters with three pairs. */
const CELLS: Record<string, Partial<CheatingPlan>> = {
  teleport: {},
  'speed-1.1': {},
  speed: {},
  'speed-3': {},
  'fire-rate': {},
  'god-mode': {},
  'free-shield': {},
  'coin-mint': { policy: 'collector' },
  'double-pickup': {},
  spoof: {},
  equivocation: {},
  blinding: {},
  'collusion 10 %': { cheat: 'collusion', players: 40, pairs: 4 },
  'collusion 30 %': { cheat: 'collusion', players: 40, pairs: 12 },
  'map-hack': { config: { inView: 3 } },
};

interface Tally {
  gains: number[];
  attempts: number;
  accepted: number | null;
  cheaters: number;
  detectMs: number[];
  innocents: number;
}

const newTally = (): Tally => ({ gains: [], attempts: 0, accepted: 0, cheaters: 0, detectMs: [], innocents: 0 });

function play(name: string, seed: number, isOn: boolean, profile?: LinkProfile): Outcome {
  const plan = { cheat: name, players: 24, pairs: 3, seconds: SECONDS, seed, ...CELLS[name] };
  return playMesh({ ...plan, defences: isOn ? ON : {}, ...(profile ? { profile } : {}) });
}

function add(tally: Tally, { notes, events, match, gain, gains, innocentsBlamed }: Outcome): void {
  tally.innocents += innocentsBlamed.length;
  const doers = notes.flatMap((note, index) => (note.isAccomplice ? [] : [index]));
  tally.gains.push(doers.length === notes.length ? gain : gains[doers[0]!]!);
  for (const index of doers) {
    const { attempts, accepted, beganMs } = notes[index]!;
    const { self } = match.nodes[index]!.session;
    tally.cheaters++;
    tally.attempts += attempts ?? 0;
    tally.accepted = accepted === null || tally.accepted === null ? null : tally.accepted + accepted;
    const isNoticed = (type: string) => ['accused', 'banned', 'equivocation'].includes(type);
    const first = events.find(({ event }) => isNoticed(event.type) && 'peer' in event && event.peer === self);
    if (first) tally.detectMs.push(Math.max(0, first.atMs - (beganMs ?? first.atMs)));
  }
}

/** Two-sided 95 % of Student's t for 1 to 10 degrees of freedom; beyond, up to 30, it falls to 2.04. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

function interval(gains: readonly number[]): string {
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const spread = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / Math.max(1, gains.length - 1));
  const margin = ((STUDENT[gains.length - 2] ?? 2.15) * spread) / Math.sqrt(gains.length);
  const text = `${mean >= 0 ? '+' : '−'}${Math.abs(mean).toFixed(0)} ± ${margin.toFixed(0)}`;
  return mean > margin ? `**${text}**` : text;
}

const share = ({ attempts, accepted }: Tally) =>
  accepted === null || attempts === 0 ? '–' : `${Math.round((100 * accepted) / attempts)} %`;

function times({ detectMs, cheaters }: Tally): string {
  if (detectMs.length === 0) return 'nobody';
  const sorted = [...detectMs].sort((a, b) => a - b);
  const at = (part: number) => `${(sorted[Math.ceil(part * sorted.length) - 1]! / 1000).toFixed(1)} s`;
  return `${Math.round((100 * detectMs.length) / cheaters)} %, ${at(0.5)}, ${at(0.95)}`;
}

function row(name: string, seedsOn: number, seedsOff: number): string {
  const [off, on, others] = [newTally(), newTally(), newTally()];
  for (let seed = 1; seed <= seedsOff; seed++) add(off, play(name, seed, false));
  for (let seed = 1; seed <= seedsOn; seed++) add(on, play(name, seed, true));
  for (const id of ['wifi', 'mobile'] as const) {
    for (let seed = 1; seed <= OTHER_SEEDS; seed++) add(others, play(name, seed, true, profileOf(id)));
  }
  const tried = Math.round(on.attempts / on.cheaters);
  const cells = [`\`${name}\``, interval(off.gains), interval(on.gains), String(tried), `${share(off)} → ${share(on)}`];
  return `| ${[...cells, times(on), String(on.innocents), String(others.innocents)].join(' | ')} |`;
}

const [which = 'all', seedsOn = '20', seedsOff = '10'] = process.argv.slice(2);
const names = which === 'all' ? Object.keys(CELLS) : which.split(',');
for (const name of names) console.log(row(name, Number(seedsOn), Number(seedsOff)));
