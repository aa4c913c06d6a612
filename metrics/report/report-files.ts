import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ReportInput, renderReport } from './report.ts';

/** Writes the report as one file that needs nothing else; makes its directory. */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, renderReport(input));
}
