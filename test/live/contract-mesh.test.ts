/** The contract in a mesh, over real sockets; a file of its own, so that it runs beside those of the others. */
import { describeContract } from '../contract/contract.ts';
import { liveMesh } from '../contract/live-worlds.ts';

describeContract(liveMesh);
