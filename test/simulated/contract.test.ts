import { TOPOLOGIES } from '../../netcode/topologies/index.ts';
import { describeContract } from '../contract/contract.ts';
import { simulatedAuthority, simulatedLockstep } from '../contract/simulated-worlds.ts';

for (const { id, decides } of TOPOLOGIES) {
  describeContract(decides === 'authority' ? simulatedAuthority(id) : simulatedLockstep);
}
