/**
 * How long neighbours see each other before they hear of each other directly. An encounter begins when the truth has two
 * living players come within vision of each other, and it is over when they are not; its setup ends with the first state
 * that came over a link of their own. A link that was there before takes no time. Judged are measured viewers and whom
 * they should see; one pass over the tape, linear in its pairs.
 */
import { Neighbours } from '../audit/neighbours.ts';
import type { Truth } from '../audit/truth.ts';
import type { ViewerLog } from '../audit/viewers.ts';
import { Distribution } from '../histogram.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';

/** An encounter that ends sooner without a link says nothing: there was no time for one. */
const LEAST_MS = 1000;

export interface EncounterOptions {
  fromMs: number;
  untilMs: number;
  capacity: number;
  arenaSize: number;
}

interface Encounter {
  /** Indexes of ticks on the tape. */
  first: number;
  last: number;
}

/** ms per encounter that began in the window. One that ends without a link counts with all its length. */
export function setupTimes(
  truth: Truth,
  viewers: readonly ViewerLog[],
  swarms: readonly SwarmRecording[],
  { fromMs, untilMs, capacity, arenaSize }: EncounterOptions,
): Distribution {
  const times = new Distribution();
  const direct = directSince(swarms, new Set(viewers.map(({ player }) => player)), capacity);
  const neighbours = new Neighbours(arenaSize, capacity);
  const met = viewers.map(() => new Map<number, Encounter>());
  const judge = (viewer: number, other: number, { first, last }: Encounter): void => {
    const metMs = truth.startMs[first]!;
    // Who was in view when the tape began had met before.
    if (first === 0 || metMs < fromMs || metMs >= untilMs) return;
    const overMs = truth.startMs[Math.min(last + 1, truth.tickCount - 1)]!;
    const heardMs = direct(viewer, other, metMs);
    if (heardMs <= overMs) times.add(heardMs - metMs);
    else if (overMs - metMs >= LEAST_MS) times.add(overMs - metMs);
  };
  for (let k = 0; k < truth.tickCount; k++) {
    neighbours.build(truth, k);
    viewers.forEach(({ player }, i) => {
      const self = truth.rowOf(k, player);
      if (self < 0) return;
      neighbours.around(truth, self);
      for (let n = 0; n < neighbours.count; n++) {
        const other = truth.player[neighbours.row[n]!]!;
        const encounter = met[i]!.get(other);
        if (encounter?.last === k - 1) {
          encounter.last = k;
          continue;
        }
        if (encounter) judge(player, other, encounter);
        met[i]!.set(other, { first: k, last: k });
      }
    });
  }
  viewers.forEach(({ player }, i) => {
    for (const [other, encounter] of met[i]!) judge(player, other, encounter);
  });
  return times;
}

/** When a viewer heard of another one directly, from a moment on: that moment when it did already, Infinity for never. */
function directSince(swarms: readonly SwarmRecording[], viewers: ReadonlySet<number>, capacity: number) {
  const notes = new Map<number, { atMs: number; isDirect: boolean }[]>();
  for (const { direct } of swarms) {
    const { player, other, atMs, direct: isDirect } = direct.columns;
    for (let i = 0; i < direct.count; i++) {
      if (!viewers.has(player[i]!)) continue;
      const pair = player[i]! * capacity + other[i]!;
      const known = notes.get(pair) ?? [];
      known.push({ atMs: atMs[i]!, isDirect: isDirect[i] === 1 });
      notes.set(pair, known);
    }
  }
  for (const known of notes.values()) known.sort((a, b) => a.atMs - b.atMs);
  return (viewer: number, other: number, fromMs: number): number => {
    const known = notes.get(viewer * capacity + other) ?? [];
    if (known.findLast(({ atMs }) => atMs <= fromMs)?.isDirect) return fromMs;
    return known.find(({ atMs, isDirect }) => isDirect && atMs > fromMs)?.atMs ?? Number.POSITIVE_INFINITY;
  };
}
