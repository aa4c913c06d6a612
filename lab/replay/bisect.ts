/** Where a replay goes wrong, and in what, as data: what `netbed replay --bisect` prints. */
import {
  type BitFlip,
  type Comparison,
  compareKept,
  compareReplays,
  type Divergence,
  explainByOneBit,
  type FieldDifference,
  firstDivergence,
  isSameMatch,
} from '../../netcode/lockstep/replay-bisect.ts';
import type { Replay } from '../../netcode/lockstep/replay-tape.ts';
import { UsageError } from '../exit.ts';
import type { LoadedReplay } from './load.ts';

/** One replay against the rules. */
export interface AgainstRules {
  file: string;
  divergence: Divergence | null;
  /** The one bit that explains the divergence; null when none does, or there is none. */
  flip: BitFlip | null;
  /** What differed by the time a desync was reported, when the tape kept that state. */
  kept: { tick: number; words: number; first: FieldDifference[] } | null;
}

export interface Bisection {
  held: boolean;
  files: AgainstRules[];
  /** With a second file: the two against each other. */
  between: Comparison | null;
}

/** Throws a UsageError when the two are not of one match. */
export function bisect(loaded: LoadedReplay, other: LoadedReplay | null): Bisection {
  if (other && !isSameMatch(loaded.replay, other.replay)) {
    const seeds = `seed ${loaded.replay.settings.config.seed} and seed ${other.replay.settings.config.seed}`;
    throw new UsageError(
      `option '--bisect ${other.file}': of another match than ${loaded.file} (${seeds}, or other settings)`,
    );
  }
  const files = [loaded, ...(other ? [other] : [])].map(({ file, replay }) => againstRules(file, replay));
  const between = other ? compareReplays(loaded.replay, other.replay) : null;
  const agree = between === null || (!between.inputs && !between.worlds && !between.start);
  return { held: agree && files.every(({ divergence }) => divergence === null), files, between };
}

function againstRules(file: string, replay: Replay): AgainstRules {
  const divergence = firstDivergence(replay);
  if (!divergence) return { file, divergence, flip: null, kept: null };
  return { file, divergence, flip: explainByOneBit(replay, divergence), kept: compareKept(replay) };
}
