/**
 * Where results are kept, made sure of before a run begins: nobody waits for minutes to hear that a record cannot be
 * written. Level by level, because Node's recursive `mkdir` tries for ever where a parent exists and takes no children.
 */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from './exit.ts';

/** Makes the directory that an option names. Throws a UsageError that names the option where it cannot be written to. */
export function makeDirectory(flag: string, path: string): void {
  try {
    makeLevels(resolve(path));
    accessSync(path, constants.W_OK);
  } catch (error) {
    const { code = 'no directory' } = error as NodeJS.ErrnoException;
    throw new UsageError(`option '${flag} ${path}': allowed is a directory that can be written to (${code})`);
  }
}

/** The same for the directory of a file that an option names. */
export function makeRoomFor(flag: string, file: string): void {
  const isTaken = existsSync(file) && !statSync(file).isFile();
  if (isTaken) throw new UsageError(`option '${flag} ${file}': allowed is a file, and this is none`);
  makeDirectory(flag, dirname(file));
}

function makeLevels(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new Error('something else has this name');
    return;
  }
  makeLevels(dirname(path));
  mkdirSync(path);
}
