/**
 * Which homes a spot had in which epochs, as far as somebody knows: runs of epochs in which they stayed the same, in the
 * same order and lives. Homes keep the runs since their record was put and tell them to whoever takes charge, so that
 * nobody needs to have been there.
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { ProtocolError } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { type Epoch, HOMES } from '../epoch.ts';

export interface Home {
  readonly peer: PeerId;
  readonly life: number;
}

/** The first of the homes is in charge. */
export interface Run {
  readonly from: number;
  readonly through: number;
  readonly homes: readonly Home[];
}

/** Runs that are kept of a spot; the oldest are forgotten first. */
export const MAX_RUNS = 40;

function areSame(a: readonly Home[], b: readonly Home[]): boolean {
  return a.length === b.length && a.every(({ peer, life }, i) => peer === b[i]!.peer && life === b[i]!.life);
}

/** The runs with all that is known of later epochs, up to and including `until`. */
export function followed(
  runs: readonly Run[],
  spot: number,
  epochOf: (number: number) => Epoch | undefined,
  until: number,
  oldest: number,
): Run[] {
  const longer = [...runs];
  for (let number = Math.max(oldest, (runs.at(-1)?.through ?? 0) + 1); number <= until; number++) {
    const homes = epochOf(number)?.homesOf(spot);
    if (!homes) continue;
    const last = longer.at(-1);
    if (last && last.through === number - 1 && areSame(last.homes, homes)) {
      longer[longer.length - 1] = { ...last, through: number };
    } else longer.push({ from: number, through: number, homes });
  }
  return longer.slice(-MAX_RUNS);
}

/** The longest run known to begin before `number` and to include it. */
export function runAt(number: number, sources: Iterable<readonly Run[]>): Run | null {
  let best: Run | null = null;
  for (const runs of sources) {
    const run = runs.find(({ from, through }) => from <= number && number <= through);
    if (run && (!best || run.from < best.from)) best = run;
  }
  return best;
}

/** Whether the homes stayed the same from one epoch to another. */
export function coversAll(runs: readonly Run[], from: number, through: number): boolean {
  return runs.some((run) => run.from <= from && through <= run.through);
}

export function writeRuns(writer: ByteWriter, runs: readonly Run[]): void {
  writer.u8(runs.length);
  for (const { from, through, homes } of runs) {
    writer.u32(from).u32(through).u8(homes.length);
    for (const { peer, life } of homes) writer.u16(peer).u16(life);
  }
}

/** Throws a ProtocolError on runs that are none, or out of order. */
export function readRuns(reader: ByteReader): Run[] {
  const count = reader.u8();
  if (count > MAX_RUNS) throw new ProtocolError(`${count} runs of homes`);
  const runs: Run[] = [];
  for (let i = 0; i < count; i++) {
    const from = reader.u32();
    const through = reader.u32();
    const homes = reader.u8();
    if (homes > HOMES) throw new ProtocolError(`${homes} homes of a coin`);
    if (through < from || from <= (runs.at(-1)?.through ?? 0)) throw new ProtocolError('runs of homes out of order');
    runs.push({
      from,
      through,
      homes: Array.from({ length: homes }, () => ({ peer: reader.u16(), life: reader.u16() })),
    });
  }
  return runs;
}
