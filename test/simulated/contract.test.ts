import { TOPOLOGIES } from '../../netcode/topologies/index.ts';
import { describeContract } from '../contract/contract.ts';
import { simulatedAuthority, simulatedLockstep, simulatedMesh } from '../contract/simulated-worlds.ts';

const AMONG_PEERS = { nobody: simulatedLockstep, owners: simulatedMesh };

for (const { id, decides } of TOPOLOGIES) {
  describeContract(decides === 'authority' ? simulatedAuthority(id) : AMONG_PEERS[decides]);
}
