/** `netbed report`: one page from records. */
import type { Command } from 'commander';
import { readRuns, type StoredRun } from '../../metrics/record-files.ts';
import { writeReport } from '../../metrics/report/report-files.ts';
import { UsageError } from '../exit.ts';
import { makeRoomFor } from '../out-directory.ts';

interface ReportOptions {
  out: string;
  title: string;
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description('make one HTML page from records: runs, or directories of runs')
    .argument('<runs...>', 'directories of runs, single runs, or their run.json')
    .option('--out <file>', 'where the page is written', 'report.html')
    .option('--title <text>', 'heading of the page', 'netbed: what was measured')
    .action(async (paths: string[], { out, title }: ReportOptions) => {
      makeRoomFor('--out', out);
      const runs = await readThem(paths);
      if (runs.length === 0) throw new UsageError(`argument '${paths.join(' ')}': no run.json below it`);
      const records = runs.map(({ record }) => record);
      await writeReport(out, { title, records, madeAt: new Date().toISOString() });
      console.log(`${out}: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`);
    });
}

async function readThem(paths: string[]): Promise<StoredRun[]> {
  try {
    return await readRuns(paths);
  } catch (error) {
    const allowed = 'allowed are runs that `netbed run` has written, and directories of them';
    throw new UsageError(`argument '${paths.join(' ')}': ${(error as Error).message}; ${allowed}`);
  }
}
