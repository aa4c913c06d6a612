/** When, where and on what a run was made: the part of a record in which equal simulated runs may differ. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { About } from '../metrics/record.ts';
import { netbedVersion } from './version.ts';

/** Libraries whose version can change a measure. */
const NAMED = ['@colyseus/core', '@colyseus/ws-transport', '@geckos.io/server', 'node-datachannel', 'ws'] as const;

function installedVersion(name: string): string {
  try {
    const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return 'not installed';
  }
}

/** The commit of this checkout, marked when files differ from it; null outside a git checkout. */
function commitHere(): string | null {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit} with changes`;
  } catch {
    return null;
  }
}

export function aboutRun(startedAt: Date, wallS: number): About {
  return {
    startedAt: startedAt.toISOString(),
    wallS: Math.round(wallS * 1000) / 1000,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryMb: Math.round(totalmem() / 2 ** 20),
      os: `${type()} ${release()}`,
    },
    versions: {
      netbed: netbedVersion(),
      node: process.versions.node,
      ...Object.fromEntries(NAMED.map((name) => [name, installedVersion(name)])),
    },
    commit: commitHere(),
  };
}
