/**
 * What may go wrong in a match of peers on virtual time, by seed: late joins, crashes, restarts, goodbyes, a network that
 * breaks apart. Which topology is played does not matter here.
 */
import { Random } from '../../game/random.ts';
import { customProfile, type LinkProfile } from '../../netcode/link/profiles.ts';
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import type { PeerMatch } from '../../simulator/peer-match.ts';
import type { PeerNode } from '../../simulator/peer-node.ts';

const INPUT_STREAM = 901;
/** Faults begin after the first of these ms, and the last ones end with the time for faults. */
const MARGIN_MS = 3000;

/** A bad network. */
export function drawProfile(random: Random): LinkProfile {
  return customProfile({
    baseRttMs: 5 + random.below(120),
    jitterScaleMs: random.below(15),
    lossRatio: random.below(10) / 100,
    meanBadMs: 20 + random.below(60),
    duplicationRatio: random.below(3) / 100,
  });
}

export interface FaultScript<S extends PlayingPeer> {
  match: PeerMatch<S>;
  random: Random;
  faultsMs: number;
  say(text: string): void;
  /** Whether a peer may go now: a majority that crashes is another story, told by its own test. */
  canSpare(node: PeerNode<S>): boolean;
}

/** Lets all but the first so many peers join at random times, and plans as many faults as are drawn after that. */
export function planFaults<S extends PlayingPeer>(script: FaultScript<S>, joined: number, faults: () => number): void {
  const { match, random, faultsMs, say } = script;
  for (const node of match.nodes.slice(joined)) at(match, random.below(faultsMs * 0.7), () => joinLate(node, say));
  for (let left = faults(); left > 0; left--) planFault(script);
}

/** The faults stop: the network is whole and good, and everybody is back. */
export function endFaults<S extends PlayingPeer>({ match, say }: FaultScript<S>): void {
  say('the faults stop');
  match.heal();
  match.network.setProfile(customProfile({ baseRttMs: 20, jitterScaleMs: 1 }));
  for (const node of match.nodes) if (!node.isUp) node.restart();
}

function at<S extends PlayingPeer>(match: PeerMatch<S>, ms: number, action: () => void): void {
  match.clock.at(match.clock.nowMs + ms, action);
}

function joinLate<S extends PlayingPeer>(node: PeerNode<S>, say: (text: string) => void): void {
  if (node.isUp) return;
  say(`node ${node.number} joins`);
  if (node.askedMs > 0) node.restart();
  else node.join();
}

function planFault<S extends PlayingPeer>({ match, random, faultsMs, say, canSpare }: FaultScript<S>): void {
  const ms = MARGIN_MS + random.below(faultsMs - 2 * MARGIN_MS);
  const node = match.nodes[random.below(match.nodes.length)]!;
  switch (random.below(4)) {
    case 0:
      at(match, ms, () => {
        if (!canSpare(node)) return;
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
        if (!canSpare(node)) return;
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

/** Walks, shoots and buys at random. */
export function fidget(seed: number, index: number) {
  const random = new Random((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0, INPUT_STREAM);
  return () => ({ buttons: random.below(64), aim: random.below(4096) });
}

/** Seeds by `7`, `1-1000`, or both with commas. */
export function chosenSeeds(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 1, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
