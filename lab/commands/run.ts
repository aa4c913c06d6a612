/** `netbed run`: one match of one plan, measured, judged and written down. */
import { type Command, Option } from 'commander';
import { MEASURE_NAMES, MEASURES } from '../../metrics/measures.ts';
import { checkThreshold, parseThreshold, type Threshold, type ThresholdResult } from '../../metrics/threshold.ts';
import pc from '../colours.ts';
import { Exit, type ExitCode, UsageError } from '../exit.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { makeDirectory } from '../out-directory.ts';
import { type Performed, perform } from '../perform.ts';
import { addPlanOptions, numberFrom, planFrom } from '../plan-options.ts';
import { createProgress } from '../progress.ts';
import { summaryOf } from '../summary.ts';

interface RunOptions {
  threshold: Threshold[];
  json?: boolean;
  out: string;
  port: number;
}

function collectThreshold(text: string, before: Threshold[]): Threshold[] {
  try {
    return [...before, parseThreshold(text)];
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`option ${error.message}`);
    throw error;
  }
}

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('play one match with bots, measure it, and write its record to runs/')
    .summary('play one match with bots and measure it');
  addPlanOptions(command)
    .addOption(
      new Option('--threshold <limit>', "a limit that must hold, as 'tick.p99<50ms'; may be repeated")
        .argParser(collectThreshold)
        .default([], 'none'),
    )
    .addOption(
      new Option('--port <n>', 'port that the match is joined at')
        .argParser(numberFrom(0, 65_535))
        .default(0, 'any that is free'),
    )
    .option('--out <directory>', 'where runs are kept', 'runs')
    .option('--json', 'print the record on standard output, and nothing else there')
    .addHelpText('after', () => {
      const width = Math.max(...MEASURE_NAMES.map((name) => name.length)) + 2;
      const lines = MEASURE_NAMES.map((name) => `  ${name.padEnd(width)}${MEASURES[name].unit}`);
      return `\nMeasures for --threshold:\n${lines.join('\n')}`;
    })
    .action(async (options: RunOptions & Parameters<typeof planFrom>[0]) => {
      const plan = planFrom(options);
      if (plan.simulated && options.port !== 0) {
        throw new UsageError(`option '--port ${options.port}': not with --simulated, which opens no port`);
      }
      makeDirectory('--out', options.out);
      const progress = createProgress();
      const interrupt = listenForInterrupt((line) => progress.say(line));
      try {
        const { out, port } = options;
        const performed = await perform(plan, { progress, signal: interrupt.signal, out, port });
        const results = options.threshold.map((threshold) => checkThreshold(threshold, performed.record.measures));
        if (options.json) process.stdout.write(`${JSON.stringify(performed.record, null, 2)}\n`);
        else process.stdout.write(`${summaryOf(performed.record)}\n`);
        for (const { held, sentence } of results) console.error(`${held ? pc.green('✔') : pc.red('✖')} ${sentence}`);
        for (const replay of performed.replays) console.error(`Replay: ${replay}`);
        console.error(`Record: ${performed.directory}`);
        process.exitCode = exitCodeOf(performed, results);
      } finally {
        progress.finish();
        interrupt.dispose();
      }
    });
}

function exitCodeOf({ record, ended }: Performed, results: ThresholdResult[]): ExitCode {
  if (ended !== 'whole') return Exit.broke;
  if (record.status !== 'ok' || results.some(({ held }) => !held)) return Exit.failed;
  return Exit.held;
}
