/** The process of a rendezvous. */
import { runRendezvousProcess } from './rendezvous-process.ts';

runRendezvousProcess();
