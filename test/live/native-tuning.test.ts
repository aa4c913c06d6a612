/** How threads of the native library share cores with the event loop, and how it ends. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { cleanupDataChannels } from '../../links/data-channel-node.ts';
import { giveWay } from '../../links/native-tuning.ts';
import { createNodePeerConnection, peerConnectionsOnOnePort } from '../../links/peer-connection-node.ts';
import { until } from './harness.ts';

afterAll(() => cleanupDataChannels());

/** As the kernel numbers them. */
const POLICY = { other: 0, batch: 3, idle: 5 } as const;

/** Name, scheduling policy and niceness of the threads of this process. */
function threads() {
  return readdirSync('/proc/self/task').map((thread) => {
    const [, name, rest] = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').match(/\((.*)\) (.*)/s)!;
    const fields = rest!.split(' ');
    return { thread, name: name!, niceness: Number(fields[16]), policy: Number(fields[38]) };
  });
}

test('where native threads give way they wait for the event loop, and those that poll sockets for all others', async (context) => {
  if (process.platform !== 'linux') context.skip('threads have names on Linux only');
  if (spawnSync('chrt', ['--version']).status !== 0) context.skip('there is no chrt here');
  giveWay();
  // Some threads start with the first connection, and one with each port that connections share.
  const [alone, other] = [createNodePeerConnection(), createNodePeerConnection()];
  const shared = [peerConnectionsOnOnePort()(), peerConnectionsOnOnePort()()] as const;
  for (const [a, b] of [[alone, other] as const, shared]) {
    a.onSignal = (payload) => b.accept(payload);
    b.onSignal = (payload) => a.accept(payload);
    a.offer('1');
  }
  const ends = [alone, other, ...shared];
  await until('they are linked', () => ends.every(({ state }) => state === 'open'));
  const polling = () => threads().filter(({ name }) => name.startsWith('juice'));
  const working = () => threads().filter(({ name }) => /^(RTC|SCTP)/.test(name));
  await until('all threads are lowered', () => {
    return (
      polling().every(({ policy }) => policy === POLICY.idle) && working().every(({ niceness }) => niceness === 15)
    );
  });
  expect(polling().length).toBeGreaterThanOrEqual(3);
  expect(new Set(working().map(({ policy }) => policy))).toEqual(new Set([POLICY.batch]));
  const main = threads().find(({ thread }) => Number(thread) === process.pid)!;
  expect(main.policy).toBe(POLICY.other);
  for (const end of ends) end.close();
});

test('links that ended and were collected do not kill the process when the native library cleans up', () => {
  const entry = fileURLToPath(new URL('./cleanup-main.ts', import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', entry], { encoding: 'utf8' });
  expect({ status, signal, stdout, stderr }).toMatchObject({ status: 0, signal: null, stdout: 'clean\n' });
});
