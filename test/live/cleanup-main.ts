/**
 * Makes links, ends them, and lets everything be collected before the native library cleans up: run by
 * native-tuning.test.ts in a process of its own (`node --expose-gc`), which lives to say `clean`, or dies of a signal.
 */
import { cleanupDataChannels } from '../../links/data-channel-node.ts';
import { peerConnectionsOnOnePort } from '../../links/peer-connection-node.ts';
import { until } from './harness.ts';

async function linkAndEnd(): Promise<void> {
  const pairs = Array.from({ length: 4 }, () => [peerConnectionsOnOnePort()(), peerConnectionsOnOnePort()()] as const);
  for (const [a, b] of pairs) {
    a.onSignal = (payload) => b.accept(payload);
    b.onSignal = (payload) => a.accept(payload);
    a.offer('1');
  }
  const ends = pairs.flat();
  await until('all are linked', () => ends.every(({ state }) => state === 'open'));
  for (const end of ends) end.close();
  await until('all are closed', () => ends.every(({ state }) => state === 'closed'));
}

for (let round = 0; round < 3; round++) {
  await linkAndEnd();
  // Finalizers of the native side run in turns of the loop that follow a collection.
  for (let turn = 0; turn < 50; turn++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
cleanupDataChannels();
console.log('clean');
