/**
 * A lockstep peer in a process of its own, for tests that kill it. It plays by itself, tells its parent of every tick that
 * is final, and ends with it. Settings: the first argument as JSON.
 */
import { randomFillSync } from 'node:crypto';
import { Random } from '../../game/random.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { type Span, StallWatch } from './stalls.ts';

export interface PeerSettings {
  url: string;
  name: string;
}

/** Told after each final tick. A tick that a change of the members made again is told again. */
export interface PeerReport {
  self: number;
  player: number;
  members: number[];
  /** Members that are reached without the rendezvous. */
  direct: number;
  /** Views that it has seen, the first included. */
  viewChanges: number;
  tick: number;
  checksum: number;
  atMs: number;
  /** When the machine kept this process from running, since the last report. */
  stalls: Span[];
}

const { url, name } = JSON.parse(process.argv[2]!) as PeerSettings;
const session = new LockstepSession(
  {
    transport: 'datagram',
    name,
    room: 'MAIN',
    inputRateHz: 20,
    randomBytes: (into) => {
      randomFillSync(into);
    },
  },
  monotonicMs(),
);
const stallWatch = new StallWatch();
const random = new Random(name.length);
const driver = new PeerDriver({
  session,
  end: openNodeDataChannelEnd({ url }),
  createConnection: createNodePeerConnection,
  timer: systemTimer,
  decide: () => ({ buttons: random.below(16), aim: random.below(4096) }),
});
session.onConfirmed = (_world, tick) => {
  const members = session.roster.members.map(({ peer }) => peer);
  const report: PeerReport = {
    self: session.self,
    player: session.player,
    members,
    direct: members.filter((peer) => driver.linkOf(peer) === 'direct').length,
    viewChanges: session.counters.viewChanges,
    tick,
    checksum: session.checksumAt(tick) ?? -1,
    atMs: monotonicMs(),
    stalls: stallWatch.take(),
  };
  if (process.connected) process.send!(report, () => {});
};
setInterval(() => driver.pump(), 5);
process.on('disconnect', () => process.exit(0));
