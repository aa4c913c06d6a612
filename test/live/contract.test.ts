import { expect, test } from 'vitest';
import { TOPOLOGIES } from '../../netcode/topologies/index.ts';
import { describeContract } from '../contract/contract.ts';
import { liveAuthority, liveLockstep } from '../contract/live-worlds.ts';
import { LIVE_TOPOLOGIES } from './harness.ts';

test('the contract is kept by every topology of the registry', () => {
  const kept = [...LIVE_TOPOLOGIES.map(({ id }) => id), 'lockstep'];
  expect(TOPOLOGIES.map(({ id }) => id)).toEqual(kept);
});

for (const topology of LIVE_TOPOLOGIES) describeContract(liveAuthority(topology));
describeContract(liveLockstep);
