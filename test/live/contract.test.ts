/** The contract under every topology with an authority, over real sockets. */
import { expect, test } from 'vitest';
import { TOPOLOGIES } from '../../netcode/topologies/index.ts';
import { describeContract } from '../contract/contract.ts';
import { liveAuthority } from '../contract/live-worlds.ts';
import { LIVE_TOPOLOGIES } from './harness.ts';

test('the contract is kept by every topology of the registry, here and in contract-peers.test.ts', () => {
  const kept = [...LIVE_TOPOLOGIES.map(({ id }) => id), 'lockstep', 'mesh'];
  expect(TOPOLOGIES.map(({ id }) => id)).toEqual(kept);
});

for (const topology of LIVE_TOPOLOGIES) describeContract(liveAuthority(topology));
