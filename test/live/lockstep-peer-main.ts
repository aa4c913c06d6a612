/** A lockstep peer in a process of its own. It tells its parent of every tick that is final. */
import { Random } from '../../game/random.ts';
import { monotonicMs } from '../../links/timer.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { name, type PeerReport, startPeer, tell } from './peer-main.ts';
import { StallWatch } from './stalls.ts';

/** Told after each final tick. A tick that a change of the members made again is told again. */
export interface LockstepReport extends PeerReport {
  player: number;
  members: number[];
  /** Members that are reached without the rendezvous. */
  direct: number;
  /** Views that it has seen, the first included. */
  viewChanges: number;
  tick: number;
  checksum: number;
}

const stallWatch = new StallWatch();
const random = new Random(name.length);
const driver = startPeer((birth) => new LockstepSession(birth, monotonicMs()), {
  decide: () => ({ buttons: random.below(16), aim: random.below(4096) }),
});
const { session } = driver;
session.onConfirmed = (_world, tick) => {
  const members = session.roster.members.map(({ peer }) => peer);
  const report: LockstepReport = {
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
  tell(report);
};
