/** Records on disk: `runs/<time>-<plan>/run.json`, and `series.ndjson` beside it, one second per line. */
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseRecord, type RunRecord, type SeriesRow, seriesRowSchema } from './record.ts';

/** `2026-11-21T01-08-55-server-1000-wifi-seed1`, with `-simulated` and the cheat where there are. */
export function runName({ plan, about }: RunRecord): string {
  const time = about.startedAt.slice(0, 19).replaceAll(':', '-');
  const parts = [time, plan.topology, plan.players, plan.network, `seed${plan.seed}`];
  if (plan.simulated) parts.push('simulated');
  if (plan.cheat) parts.push(plan.cheat);
  return parts.join('-').replace(/[^\w.-]/g, '_');
}

/** Writes one run and returns its directory; a name that is taken gets a number. A reader never sees half a file. */
export async function writeRun(root: string, record: RunRecord, series: readonly SeriesRow[]): Promise<string> {
  await mkdir(root, { recursive: true });
  const directory = await freshDirectory(join(root, runName(record)));
  await writeWhole(join(directory, 'series.ndjson'), series.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeWhole(join(directory, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
  return directory;
}

async function freshDirectory(wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = n === 1 ? wanted : `${wanted}-${n}`;
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.draft`);
  await writeFile(draft, text);
  await rename(draft, path);
}

export interface StoredRun {
  directory: string;
  record: RunRecord;
  series: SeriesRow[];
}

/** Reads one run, given its directory or its run.json. Throws an Error that names the file and what is wrong with it. */
export async function readRun(path: string): Promise<StoredRun> {
  const file = (await stat(path)).isDirectory() ? join(path, 'run.json') : path;
  let record: RunRecord;
  try {
    record = parseRecord(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  return { directory: dirname(file), record, series: await readSeries(join(dirname(file), 'series.ndjson')) };
}

async function readSeries(path: string): Promise<SeriesRow[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return []; // A record without a series is a record.
  }
  const rows = text.split('\n').filter((line) => line !== '');
  return rows.map((line) => seriesRowSchema.parse(JSON.parse(line)));
}

/** All runs below these paths (runs, or directories of runs), oldest first. */
export async function readRuns(paths: readonly string[]): Promise<StoredRun[]> {
  const found: StoredRun[] = [];
  for (const path of paths) {
    const entries = (await stat(path)).isDirectory() ? await readdir(path) : ['run.json'];
    if (entries.includes('run.json')) found.push(await readRun(path));
    else
      for (const entry of entries.sort())
        if (await holdsRun(join(path, entry))) found.push(await readRun(join(path, entry)));
  }
  return found.sort((a, b) => a.record.about.startedAt.localeCompare(b.record.about.startedAt));
}

async function holdsRun(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, 'run.json'))).isFile();
  } catch {
    return false;
  }
}
