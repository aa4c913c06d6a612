/** The command line: one program, one file per command in commands/. Nothing here knows how a run is made. */
import { Command, CommanderError } from 'commander';
import { addAnswer } from './commands/answer.ts';
import { addDoctor } from './commands/doctor.ts';
import { addPlay } from './commands/play.ts';
import { addReplay } from './commands/replay.ts';
import { addReport } from './commands/report.ts';
import { addRun } from './commands/run.ts';
import { BrokenRun, Exit, type ExitCode, UsageError } from './exit.ts';
import { netbedVersion } from './version.ts';

export interface Output {
  writeOut(text: string): void;
  writeErr(text: string): void;
}

const STREAMS: Output = {
  writeOut: (text) => process.stdout.write(text),
  writeErr: (text) => process.stderr.write(text),
};

function createProgram(output: Output): Command {
  const program = new Command('netbed')
    .description('A multiplayer-game netcode testbed: one arena game, several topologies, bots, and what was measured.')
    .version(netbedVersion())
    .exitOverride()
    .configureOutput(output)
    .showHelpAfterError('(add --help for all options)')
    .addHelpText(
      'after',
      '\nExit codes: 0 held; 1 a threshold or a self-check failed; 2 bad usage; 3 the run itself broke or was stopped.',
    );
  for (const add of [addPlay, addRun, addAnswer, addReport, addReplay, addDoctor]) add(program);
  return program;
}

/** Does what the arguments (without program and file) say; returns the exit code. */
export async function netbed(args: readonly string[], output: Output = STREAMS): Promise<ExitCode> {
  try {
    await createProgram(output).parseAsync(args, { from: 'user' });
    return (process.exitCode as ExitCode | undefined) ?? Exit.held;
  } catch (error) {
    return explain(error, output);
  }
}

/** Prints what an error means for whoever typed the command. */
function explain(error: unknown, { writeErr }: Output): ExitCode {
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.held : Exit.usage;
  if (error instanceof UsageError) {
    writeErr(`error: ${error.message}\n`);
    return Exit.usage;
  }
  if (error instanceof BrokenRun) {
    writeErr(`netbed: ${error.message}\n`);
    return Exit.broke;
  }
  writeErr('netbed stopped on a mistake of its own; please report it with these lines:\n');
  writeErr(`${error instanceof Error ? error.stack : String(error)}\n`);
  return Exit.broke;
}
