/** Reads replays from files. */
import { readFileSync } from 'node:fs';
import { decodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import type { Replay } from '../../netcode/lockstep/replay-tape.ts';
import { ProtocolError } from '../../netcode/protocol.ts';
import { UsageError } from '../exit.ts';

/** An hour of a large match is far below this. */
const MOST_BYTES = 64_000_000;

export interface LoadedReplay {
  file: string;
  bytes: Uint8Array;
  replay: Replay;
}

/** Throws a UsageError that says what is wrong with the file. */
export function loadReplay(file: string): LoadedReplay {
  const refuse = (why: string) =>
    new UsageError(`argument '${file}': ${why}; allowed are replays that netbed has written`);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  if (bytes.length > MOST_BYTES) throw refuse(`${bytes.length} bytes are too many`);
  try {
    return { file, bytes, replay: decodeReplay(bytes) };
  } catch (error) {
    if (error instanceof ProtocolError) throw refuse(error.message);
    throw error;
  }
}
