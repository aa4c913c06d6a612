/**
 * A process with a few bots that are peers of a match, for pages to play with. Arguments: the topology, the address of the
 * rendezvous, and the bots' policies (separated by commas). Gives the address back when all play, and ends with its parent.
 * In lockstep it answers a tick with the checksums of its bots after it.
 */
import { randomFillSync } from 'node:crypto';
import { policyOf } from '../../bots/policies/index.ts';
import { Random } from '../../game/random.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';

const [topology = '', url = '', bots = ''] = process.argv.slice(2);
const NAMES = ['Amber', 'Basil', 'Clover', 'Dune', 'Ember', 'Fig', 'Gale', 'Heath', 'Iris', 'Jade', 'Kelp', 'Lark'];

const sessions = bots.split(',').map((policy, bot) => {
  const options = {
    transport: 'datagram' as const,
    name: NAMES[bot % NAMES.length]!,
    room: 'MAIN',
    inputRateHz: 10,
    randomBytes: (into: Uint8Array) => {
      randomFillSync(into);
    },
  };
  const Session = topology === 'mesh' ? MeshSession : LockstepSession;
  const session = new Session(options, monotonicMs());
  const driver = new PeerDriver({
    session,
    end: openNodeDataChannelEnd({ url }),
    createConnection: createNodePeerConnection,
    timer: systemTimer,
    decide: policyOf(policy).create(new Random(7, bot)),
  });
  setInterval(() => driver.pump(), 5);
  return session;
});

const waiting = setInterval(() => {
  if (!sessions.every(({ player }) => player >= 0)) return;
  clearInterval(waiting);
  process.send?.({ url });
}, 50);
process.on('message', (tick: number) => {
  const checksums = sessions.map((session) => (session instanceof LockstepSession ? session.checksumAt(tick) : null));
  process.send?.({ tick, checksums });
});
process.on('disconnect', () => process.exit(0));
