/** The command line: one program, one file per command in commands/. Nothing here knows how a run is made. */
import { Command, CommanderError } from 'commander';
import { addAnswer } from './commands/answer.ts';
import { addDoctor } from './commands/doctor.ts';
import { addPlay } from './commands/play.ts';
import { addReport } from './commands/report.ts';
import { addRun } from './commands/run.ts';
import { BrokenRun, Exit, UsageError } from './exit.ts';
import { netbedVersion } from './version.ts';

const program = new Command('netbed')
  .description('A multiplayer-game netcode testbed: one arena game, several topologies, bots, and what was measured.')
  .version(netbedVersion())
  .exitOverride()
  .showHelpAfterError('(add --help for all options)')
  .addHelpText(
    'after',
    '\nExit codes: 0 held; 1 a threshold or a self-check failed; 2 bad usage; 3 the run itself broke.',
  );

for (const add of [addPlay, addRun, addAnswer, addReport, addDoctor]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Prints what an error means for whoever typed the command, and returns the exit code for it. */
function explain(error: unknown): number {
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.held : Exit.usage;
  if (error instanceof UsageError) {
    console.error(`error: ${error.message}`);
    return Exit.usage;
  }
  if (error instanceof BrokenRun) {
    console.error(`netbed: ${error.message}`);
    return Exit.broke;
  }
  console.error('netbed stopped on a mistake of its own; please report it with these lines:');
  console.error(error);
  return Exit.broke;
}
