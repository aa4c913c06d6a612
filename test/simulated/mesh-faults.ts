/**
 * A mesh in which everything goes wrong, by seed: loss, late joins, crashes, restarts, goodbyes, a network that breaks
 * apart, pairs that cannot connect, a rendezvous that dies and comes back. Then the faults stop: all who live must agree on
 * who takes part, see each other where they are, and no coin may be lost or doubled.
 */

import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Button, NO_INPUT, type PlayerInput } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { isVisible } from '../../game/vision.ts';
import { Status } from '../../game/world.ts';
import { meshSettings } from '../../netcode/mesh/settings.ts';
import type { View } from '../../netcode/view.ts';
import { type MeshNode, SimulatedMesh } from '../../simulator/mesh.ts';
import { drawProfile, endFaults, planFaults } from './fault-script.ts';

const SCRIPT_STREAM = 910;
const INPUT_STREAM = 911;
/** Longer than peers need to find out that a rendezvous died, and to be back. */
const RECOVER_MS = 6000;
const FAULTS_MS = 25_000;
const QUIET_MS = 25_000;
/** Nobody moves at the end, so that all that is owed can be paid. */
const STILL_MS = 6000;

export interface Outcome {
  /** What is wrong; empty when all is well. */
  complaints: string[];
  /** What happened, for people who look into a seed. */
  log: string[];
  peers: number;
  epoch: number;
  coins: { minted: number; held: number; spent: number };
}

/** Plays the match of a seed. The same seed does the same on every machine. */
export function playMeshFaults(seed: number): Outcome {
  const random = new Random(seed, SCRIPT_STREAM);
  const peers = 3 + random.below(8);
  const profile = drawProfile(random);
  const log: string[] = [];
  let isStill = false;
  const match = new SimulatedMesh({
    settings: meshSettings({ ...DEFAULT_MATCH, players: peers + 6, inView: 3 + random.below(12), seed }),
    seed,
    profile,
    inputRateHz: 10,
    natBlockedRatio: random.below(3) === 0 ? 0.25 : 0,
    joining: 2,
    peers: Array.from({ length: peers }, (_, index) => {
      const play = player(seed, index);
      return { name: `peer ${index + 1}`, decide: (view) => (isStill ? NO_INPUT : play(view)) };
    }),
    onEvent: (node, event, nowMs) => {
      if (['joined', 'left', 'epoch', 'refused', 'accused', 'banned'].includes(event.type)) {
        log.push(`${nowMs.toFixed(0)} peer ${node.session.self} ${JSON.stringify(event)}`);
      }
    },
  });
  const say = (text: string) => log.push(`${match.clock.nowMs.toFixed(0)} ${text}`);
  say(`${peers} peers, ${JSON.stringify(profile)}`);
  const canSpare = (node: MeshNode) => canSpareOne(match, node);
  const script = { match, random, faultsMs: FAULTS_MS, say, canSpare };
  planFaults(script, 2, () => 2 + random.below(5));
  planRendezvousDeath(match, random, say);
  match.run({ ms: FAULTS_MS });
  endFaults(script);
  match.run({ ms: QUIET_MS });
  isStill = true;
  match.run({ ms: STILL_MS });
  return judge(match, log);
}

/** Most go after coins, and buy shields and shoot now and then; one of three hunts the others. */
function player(seed: number, index: number): (view: View) => PlayerInput {
  const random = new Random((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0, INPUT_STREAM);
  const policy = policyOf(index % 3 === 2 ? 'hunter' : 'collector').create(random);
  return (view) => {
    const { buttons, aim } = policy(view);
    const extra = (random.below(8) === 0 ? Button.buy : 0) | (random.below(4) === 0 ? Button.fire : 0);
    return { buttons: buttons | extra, aim };
  };
}

/** In one of three matches the rendezvous dies, and knows nothing when it is back. */
function planRendezvousDeath(match: SimulatedMesh, random: Random, say: (text: string) => void): void {
  const ms = 4000 + random.below(FAULTS_MS - 10_000);
  const lasts = 200 + random.below(5000);
  if (random.below(3) !== 0) return;
  match.clock.at(ms, () => {
    say('the rendezvous dies');
    match.killRendezvous();
  });
  match.clock.at(ms + lasts, () => {
    say('it is started anew');
    match.restartRendezvous({ recoverMs: RECOVER_MS });
  });
}

/** Crashes alone must not take the majority of an epoch: nobody could count the coins of those who are gone. */
function canSpareOne(match: SimulatedMesh, node: MeshNode): boolean {
  const { members } = match;
  if (!node.isUp || members.length < 4) return false;
  const epochs = new Set(members.map(({ session }) => session.epoch?.number));
  const seats = members[0]!.session.epoch?.seats ?? [];
  const present = seats.filter(({ isAway }) => !isAway).length;
  return epochs.size === 1 && present === members.length;
}

function describeNodes(match: SimulatedMesh): string[] {
  return match.nodes.map(({ number, isUp, session }) => {
    const { self, state, player, epoch, rendezvous, ledger, peers } = session;
    const links = [...peers.values()].map((peer) => `${peer.id} ${peer.link}`).join(', ');
    const coins = ledger ? `${ledger.held} coins, ${ledger.pending} claims` : 'no ledger';
    return `node ${number} up ${isUp} peer ${self} ${state} slot ${player} epoch ${epoch?.number} ${coins}; room: ${rendezvous.state}; links: ${links}`;
  });
}

function judge(match: SimulatedMesh, log: string[]): Outcome {
  log.push(...describeNodes(match));
  const complaints: string[] = [];
  for (const { session, number, isUp } of match.nodes) {
    if (!isUp) continue;
    const who = `node ${number} (peer ${session.self})`;
    if (session.state !== 'playing') complaints.push(`${who} is ${session.state}: ${session.refusal}`);
    if (session.counters.malformed > 0) {
      complaints.push(`${who} took ${session.counters.malformed} messages for malformed`);
    }
  }
  const { members } = match;
  const epochs = new Set(members.map(({ session }) => `${session.epoch?.line}/${session.epoch?.number}`));
  if (epochs.size > 1) complaints.push(`peers live in epochs ${[...epochs].join(', ')}`);
  const audit = match.auditCoins();
  if (audit && audit.error !== 0) complaints.push(...audit.complaints);
  complaints.push(...viewErrors(members));
  const { minted = 0, held = 0, spent = 0 } = audit ?? {};
  const epoch = Math.max(0, ...members.map(({ session }) => session.epoch?.number ?? 0));
  return { complaints, log, peers: match.nodes.length, epoch, coins: { minted, held, spent } };
}

/** All stand still: whoever is in sight must be seen, exactly where it is. */
function viewErrors(members: readonly MeshNode[]): string[] {
  const errors: string[] = [];
  for (const { session: viewer } of members) {
    const { self, players: seen } = viewer.view!;
    if (!self.alive) continue;
    for (const { session: other } of members) {
      const { players } = other.world!;
      const slot = other.player;
      if (other === viewer || players.status[slot] !== Status.alive) continue;
      const [x, y] = [players.x[slot]!, players.y[slot]!];
      const row = seen.id.subarray(0, seen.count).indexOf(slot);
      if (!isVisible(self.x, self.y, x, y)) continue;
      if (row < 0) errors.push(`peer ${viewer.self} does not see peer ${other.self}`);
      else if (seen.x[row] !== x || seen.y[row] !== y) errors.push(`peer ${viewer.self} sees ${other.self} elsewhere`);
    }
  }
  return errors;
}
