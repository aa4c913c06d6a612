/** `netbed answer`: how many players each topology carries here, as far as minutes tell. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { defenceCosts, describeCost } from '../../metrics/report/defence-costs.ts';
import { cheatCells, groupRuns } from '../../metrics/report/groups.ts';
import { writeReport } from '../../metrics/report/report-files.ts';
import { answerInWords } from '../../metrics/report/words.ts';
import pc from '../colours.ts';
import { BrokenRun, Exit } from '../exit.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { LAUNCHERS } from '../launch/index.ts';
import { makeDirectory, makeRoomFor } from '../out-directory.ts';
import { numberFrom, parseSeconds } from '../plan-options.ts';
import { createProgress } from '../progress.ts';
import { describeCell } from '../summary.ts';
import { type Answered, answer } from '../sweep/answer.ts';

function nothingRan({ ramps, missing, stopped }: Answered, budgetS: number): string {
  if (stopped) return 'nothing could be run: stopped';
  if (ramps.every(({ obstacle }) => obstacle === null))
    return `nothing fits into --budget ${budgetS}s: give it more time`;
  return `nothing could be run: ${missing.join('; ')}`;
}

interface AnswerCommandOptions {
  out: string;
  runs: string;
  budget: number;
  players?: Record<string, number[]>;
  cheats: boolean;
  json?: boolean;
}

const topologies = () => LAUNCHERS.map(({ topology }) => topology);

/** `server:100,500` adds the steps of one topology; may be repeated. */
function parseSizes(text: string, before: Record<string, number[]> = {}): Record<string, number[]> {
  const [topology = '', list = ''] = text.split(':');
  if (!topologies().includes(topology) || list === '') {
    throw new InvalidArgumentError(`Allowed are steps such as server:100,500 for ${topologies().join(' or ')}.`);
  }
  const sizes = list.split(',').map(numberFrom(2, 20_000));
  return { ...before, [topology]: sizes.sort((a, b) => a - b) };
}

export function addAnswer(program: Command): void {
  program
    .command('answer')
    .description('raise the number of players per topology and network until the level is lost, try cheats, report')
    .summary('how many players each topology carries here')
    .addOption(new Option('--budget <time>', 'what it may take').argParser(parseSeconds).default(240, '4m'))
    .option('--players <steps>', 'steps of one topology, as server:100,500; may be repeated', parseSizes)
    .option('--no-cheats', 'leave the cheats out')
    .option('--out <directory>', 'where report.html is written', '.')
    .option('--runs <directory>', 'where runs are kept', 'runs')
    .option('--json', 'print verdicts and records on standard output, and nothing else there')
    .action(async (options: AnswerCommandOptions) => {
      makeDirectory('--out', options.out);
      makeRoomFor('--out', join(options.out, 'report.html'));
      makeDirectory('--runs', options.runs);
      const progress = createProgress();
      const interrupt = listenForInterrupt((line) => progress.say(line));
      const { signal } = interrupt;
      progress.say(`This takes up to ${Math.ceil(options.budget / 60)} min: a ramp ends when its level is lost.`);
      try {
        const found = await answer({
          progress,
          signal,
          out: options.runs,
          budgetS: options.budget,
          cheats: options.cheats,
          ...(options.players ? { sizes: options.players } : {}),
        });
        progress.finish();
        const records = [...found.ramps.flatMap((ramp) => ramp.records), ...found.growth, ...found.cheats];
        if (records.length === 0) throw new BrokenRun(nothingRan(found, options.budget));
        const groups = groupRuns(records);
        const cells = cheatCells(records);
        const costs = defenceCosts(found.costs);
        const words = [...answerInWords(groups, cells), ...costs.map((cost) => `${describeCost(cost)}.`)];
        const report = join(options.out, 'report.html');
        await writeReport(report, {
          title: 'How many players does each topology carry here?',
          records,
          answer: words,
          caveats: found.missing,
          madeAt: new Date().toISOString(),
        });
        if (options.json) {
          const verdicts = groups.map(({ label, topology, network, fast, crowd, isScreening }) => {
            return { label, topology, network, screening: isScreening, fast, crowd };
          });
          const { missing } = found;
          process.stdout.write(
            `${JSON.stringify({ verdicts, cheats: cells, defenceCosts: costs, missing, records, report }, null, 2)}\n`,
          );
        } else {
          const lines = [
            pc.bold('How many players does each topology carry here?'),
            ...words.map((line) => `  ${line}`),
            '',
            ...(cells.length > 0 ? [pc.bold('What do cheats gain? (simulated)')] : []),
            ...cells.map((cell) => `  ${describeCell(cell)}`),
            '',
            ...(found.missing.length > 0
              ? [pc.bold('Not measured'), ...found.missing.map((text) => `  ${text}`), '']
              : []),
            `Report: ${report}`,
          ];
          process.stdout.write(`${lines.join('\n')}\n`);
        }
        if (found.stopped) process.exitCode = Exit.broke;
      } finally {
        progress.finish();
        interrupt.dispose();
      }
    });
}
