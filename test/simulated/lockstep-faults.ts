/**
 * A lockstep match in which everything goes wrong, by seed: loss, late joins, crashes, restarts, goodbyes, a network that
 * breaks apart. Then the faults stop, and all who live must find back to one world.
 */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { coinsError } from '../../game/world.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { type LockstepNode, SimulatedLockstep } from '../../simulator/lockstep.ts';

const SCRIPT_STREAM = 900;
const INPUT_STREAM = 901;
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
  const profile = customProfile({
    baseRttMs: 5 + random.below(120),
    jitterScaleMs: random.below(15),
    lossRatio: random.below(10) / 100,
    meanBadMs: 20 + random.below(60),
    duplicationRatio: random.below(3) / 100,
  });
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
  for (const node of match.nodes.slice(2)) at(match, random.below(FAULTS_MS * 0.7), () => joinLate(node, say));
  for (let faults = 2 + random.below(5); faults > 0; faults--) planFault(match, random, say);
  match.run({ ms: FAULTS_MS });
  say('the faults stop');
  match.heal();
  match.network.setProfile(customProfile({ baseRttMs: 20, jitterScaleMs: 1 }));
  for (const node of match.nodes) if (!node.isUp) node.restart();
  match.run({ ms: QUIET_MS });
  return judge(match, log);
}

function at(match: SimulatedLockstep, ms: number, action: () => void): void {
  match.clock.at(match.clock.nowMs + ms, action);
}

function joinLate(node: LockstepNode, say: (text: string) => void): void {
  if (node.isUp) return;
  say(`node ${node.number} joins`);
  if (node.askedMs > 0) node.restart();
  else node.join();
}

function planFault(match: SimulatedLockstep, random: Random, say: (text: string) => void): void {
  const ms = 3000 + random.below(FAULTS_MS - 6000);
  const node = match.nodes[random.below(match.nodes.length)]!;
  switch (random.below(4)) {
    case 0:
      at(match, ms, () => {
        if (!canSpare(match, node)) return;
        say(`node ${node.number} (peer ${node.session.self}) crashes`);
        node.crash();
      });
      at(match, ms + 500 + random.below(8000), () => {
        if (node.isUp) return;
        say(`node ${node.number} starts again`);
        node.restart();
      });
      return;
    case 1:
      at(match, ms, () => {
        if (!canSpare(match, node)) return;
        say(`node ${node.number} (peer ${node.session.self}) leaves`);
        node.leave();
      });
      return;
    default: {
      const cut = random.below(match.nodes.length);
      const lasts = 300 + random.below(8000);
      at(match, ms, () => {
        const far = match.nodes.filter((_, index) => (index + cut) % match.nodes.length < match.nodes.length / 2.5);
        say(`the network splits: ${far.map(({ session }) => session.self).join(', ')} are cut off for ${lasts} ms`);
        match.split([[], far]);
      });
      at(match, ms + lasts, () => {
        say('it is whole again');
        match.heal();
      });
    }
  }
}

/** Crashes alone must not take the majority: that is another story, told by its own test. */
function canSpare(match: SimulatedLockstep, node: LockstepNode): boolean {
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

/** Walks, shoots and buys at random. */
function fidget(seed: number, index: number) {
  const random = new Random((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0, INPUT_STREAM);
  return () => ({ buttons: random.below(64), aim: random.below(4096) });
}
