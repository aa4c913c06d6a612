/**
 * A lockstep match in which everything goes wrong, by seed: loss, late joins, crashes, restarts, goodbyes, a network that
 * breaks apart. Then the faults stop, and all who live must find back to one world.
 */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { coinsError } from '../../game/world.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { type LockstepNode, SimulatedLockstep } from '../../simulator/lockstep.ts';
import { drawProfile, endFaults, fidget, planFaults } from './fault-script.ts';

const SCRIPT_STREAM = 900;
const FAULTS_MS = 30_000;
const QUIET_MS = 30_000;

export interface Outcome {
  /** What is wrong; empty when all is well. */
  complaints: string[];
  /** What happened, for people who look into a seed. */
  log: string[];
  peers: number;
  views: number;
  tick: number;
}

/** Plays the match of a seed. The same seed does the same on every machine. */
export function playFaults(seed: number): Outcome {
  const random = new Random(seed, SCRIPT_STREAM);
  const peers = 3 + random.below(6);
  const rollback = random.below(2) === 0;
  const profile = drawProfile(random);
  const log: string[] = [];
  const settings = lockstepSettings({ ...DEFAULT_MATCH, players: peers + 2, seed }, { rollback });
  const match: SimulatedLockstep = new SimulatedLockstep({
    settings,
    seed,
    profile,
    inputRateHz: 10,
    natBlockedRatio: random.below(3) === 0 ? 0.25 : 0,
    joining: 2,
    peers: Array.from({ length: peers }, (_, index) => ({ name: `peer ${index + 1}`, decide: fidget(seed, index) })),
    onEvent: (node, event, nowMs) => {
      if (['joined', 'left', 'viewChanged', 'halted', 'resumed', 'desync', 'founding'].includes(event.type)) {
        log.push(`${nowMs.toFixed(0)} peer ${node.session.self} ${JSON.stringify(event)}`);
      }
    },
  });
  const say = (text: string) => log.push(`${match.clock.nowMs.toFixed(0)} ${text}`);
  say(`${peers} peers, rollback ${rollback}, ${JSON.stringify(profile)}`);
  const canSpare = (node: LockstepNode) => canSpareOne(match, node);
  const script = { match, random, faultsMs: FAULTS_MS, say, canSpare };
  planFaults(script, 2, () => 2 + random.below(5));
  match.run({ ms: FAULTS_MS });
  endFaults(script);
  match.run({ ms: QUIET_MS });
  return judge(match, log);
}

/** Crashes alone must not take the majority: that is another story, told by its own test. */
function canSpareOne(match: SimulatedLockstep, node: LockstepNode): boolean {
  const { members } = match;
  if (!node.isUp || members.some(({ session }) => session.halted !== '')) return false;
  const views = new Set(members.map(({ session }) => session.roster.view));
  const live = members.filter((other) => other !== node);
  return views.size === 1 && members.length >= 3 && live.length >= members[0]!.session.roster.members.length - 1;
}

/** Where everybody stands, a line each. */
function describeNodes(match: SimulatedLockstep): string[] {
  return match.nodes.map(({ number, isUp, session }) => {
    const { self, role, state, roster, rendezvous, peers, confirmedTick } = session;
    const links = [...peers.values()].map((peer) => `${peer.id} ${peer.link}${peer.welcome ? ' welcomes' : ''}`);
    const room = `${rendezvous.state} with ${[...rendezvous.peers].join(' ')}`;
    return `node ${number} up ${isUp} peer ${self} ${role} ${state} view ${roster.view} tick ${confirmedTick}; room: ${room}; links: ${links.join(', ')}`;
  });
}

function judge(match: SimulatedLockstep, log: string[]): Outcome {
  log.push(...describeNodes(match));
  const complaints: string[] = [];
  const up = match.nodes.filter(({ isUp }) => isUp);
  for (const { session, number } of up) {
    const who = `node ${number} (peer ${session.self})`;
    if (session.role !== 'member' || session.state !== 'playing') {
      complaints.push(`${who} is ${session.role}, ${session.state}: ${session.refusal || session.halted}`);
    }
    if (session.counters.desyncs > 0) complaints.push(`${who} met ${session.counters.desyncs} desyncs`);
    if (session.counters.malformed > 0)
      complaints.push(`${who} took ${session.counters.malformed} messages for malformed`);
    if (session.counters.conflicts > 0) complaints.push(`${who} met ${session.counters.conflicts} conflicting inputs`);
    if (session.confirmedWorld && coinsError(session.confirmedWorld) !== 0) {
      complaints.push(`${who} lost or doubled ${coinsError(session.confirmedWorld)} coins`);
    }
  }
  const members = match.members;
  const views = new Set(members.map(({ session }) => session.roster.view));
  if (views.size > 1) complaints.push(`members are in views ${[...views].join(', ')}`);
  if (members.length > 0 && !match.agree()) complaints.push(`checksums differ: ${match.checksums().join(', ')}`);
  const ticks = members.map(({ session }) => session.confirmedTick);
  match.run({ ms: 2000 });
  for (const [i, { session }] of members.entries()) {
    if (session.confirmedTick - ticks[i]! < 30) complaints.push(`peer ${session.self} stands still at ${ticks[i]}`);
  }
  return { complaints, log, peers: match.nodes.length, views: Math.max(0, ...views), tick: Math.max(0, ...ticks) };
}
