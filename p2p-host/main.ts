/** A host peer whose own player, if it has one, stands still. */
import { runHostProcess } from './process.ts';

runHostProcess();
