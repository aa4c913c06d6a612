/** The contract among peers, over real sockets; a file of its own, so that it runs beside that of the authorities. */
import { describeContract } from '../contract/contract.ts';
import { liveLockstep } from '../contract/live-worlds.ts';

describeContract(liveLockstep);
