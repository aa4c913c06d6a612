/**
 * Where a replay parts from the rules, and where two peers' replays part from each other. A tape has the checksums of
 * every tick, so the tick is found by playing the inputs again, from the first one: a thousand ticks take some
 * milliseconds, and nothing would be won by halving. What a checksum cannot say, which field it was, is found by trying:
 * one flipped bit is looked for until it gives the very checksums of the tape.
 */
import { hashWords } from '../../game/checksum.ts';
import { type FieldPlace, SECTIONS, type Section, worldLayout } from '../../game/world.ts';
import { type Replay, Replayer, sectionSpans } from './replay-tape.ts';
import { encodeSettings } from './settings.ts';

export interface Divergence {
  tick: number;
  sections: Section[];
}

/** One word of a world: what the rules make of it, and what it is here. */
export interface FieldDifference {
  section: Section;
  entity: number;
  field: string;
  rules: number;
  here: number;
}

/** One bit that explains a divergence. */
export interface BitFlip extends FieldDifference {
  bit: number;
  /** It flipped when the tick was done, or already before it began. */
  when: 'after' | 'before';
  /** Ticks from the divergent one on whose checksums it explains. */
  explainedTicks: number;
}

/** Worlds with more words than this are not searched for a flipped bit. */
const MOST_WORDS = 8192;
const MOST_LISTED = 16;
/** Of each section, the field that is 0 where nothing is. */
const PRESENCE: Partial<Record<Section, string>> = { players: 'status', shots: 'life', coins: 'amount' };
/** Flipping a bit of these would make the rules walk where nothing is. */
const NEVER_FLIPPED: readonly string[] = ['playerLimit', 'coinSlotsUsed', 'coinCursor'];

/** The first tick whose checksums differ from what the rules make of the same inputs; null when none does. */
export function firstDivergence(replay: Replay): Divergence | null {
  const replayer = new Replayer(replay);
  while (!replayer.isAtEnd) {
    const sections = replayer.step();
    if (sections.length > 0) return { tick: replayer.tick, sections };
  }
  return null;
}

/** The world after a tick, by the rules. */
export function playTo(replay: Replay, tick: number): Replayer {
  const replayer = new Replayer(replay);
  while (replayer.tick < tick && !replayer.isAtEnd) replayer.step();
  return replayer;
}

/** Names a word of a world's layout. */
function nameOf(layout: readonly FieldPlace[], at: number): { section: Section; entity: number; field: string } {
  const { section, field, start } = layout.find(({ start, length }) => at >= start && at < start + length)!;
  return { section, field, entity: at - start };
}

/**
 * Looks for one bit that, flipped in an otherwise right world, gives the checksums that the tape has of its first
 * divergent tick; null when no single bit does. Cost: a pass over a section for each of its bits, then a step for each
 * bit of the world: below a second for a match of sixteen.
 */
export function explainByOneBit(replay: Replay, { tick, sections }: Divergence): BitFlip | null {
  const replayer = playTo(replay, tick - 1);
  const before = replayer.world.words.slice();
  if (before.length > MOST_WORDS) return null;
  replayer.step();
  const right = replayer.world.words.slice();
  return flippedAfter(replayer, right, { tick, sections }) ?? flippedBefore(replayer, before, right, tick);
}

/** The bit flipped when the tick was done: only one section differs, and no step is needed to try. */
function flippedAfter(replayer: Replayer, right: Int32Array, { tick, sections }: Divergence): BitFlip | null {
  if (sections.length !== 1) return null;
  const { replay, world } = replayer;
  const at = SECTIONS.indexOf(sections[0]!);
  const { start, end } = sectionSpans(world.arena.capacity)[at]!;
  const wanted = replay.ticks[tick - replay.startTick - 1]!.sums[at];
  const words = right.slice();
  for (let word = start; word < end; word++) {
    for (let bit = 0; bit < 32; bit++) {
      words[word] = right[word]! ^ (1 << bit);
      if (hashWords(words, start, end) !== wanted) continue;
      const found = { ...nameOf(worldLayout(world.arena.capacity), word), rules: right[word]!, here: words[word]! };
      // As a prefix of the tape's story: what followed must follow from it. Such a field may not be stepped from.
      const isSafe = !NEVER_FLIPPED.includes(found.field);
      return { ...found, bit, when: 'after', explainedTicks: isSafe ? explained(replayer, tick, words) : 1 };
    }
    words[word] = right[word]!;
  }
  return null;
}

/** The bit flipped before the tick, which then made something else of it. */
function flippedBefore(replayer: Replayer, before: Int32Array, right: Int32Array, tick: number): BitFlip | null {
  const layout = worldLayout(replayer.world.arena.capacity);
  const words = before.slice();
  for (const { section, field, start, length } of layout) {
    if (NEVER_FLIPPED.includes(field)) continue;
    const presence = layout.find((one) => one.section === section && one.field === PRESENCE[section]);
    for (let entity = 0; entity < length; entity++) {
      const word = start + entity;
      // What is not there is not stepped: it would have been found after the tick.
      if (presence && presence.field !== field && before[presence.start + entity] === 0) continue;
      for (let bit = 0; bit < 32; bit++) {
        words[word] = before[word]! ^ (1 << bit);
        replayer.load(tick - 1, words);
        if (replayer.step().length > 0) continue;
        const here = replayer.world.words.slice();
        const found = { section, entity, field, rules: before[word]!, here: words[word]!, bit };
        // A bit that the step writes over cannot be the one: then nothing would differ.
        if (here.every((value, i) => value === right[i])) continue;
        return { ...found, when: 'before', explainedTicks: explained(replayer, tick, here) };
      }
      words[word] = before[word]!;
    }
  }
  return null;
}

/** How many ticks, from this one on, have the tape's checksums when the world after it was as given. */
function explained(replayer: Replayer, tick: number, words: Int32Array): number {
  replayer.load(tick, words);
  let count = 1;
  while (!replayer.isAtEnd && replayer.step().length === 0) count++;
  return count;
}

/** What differs between the state that was kept when a desync was found and the rules; null without such a state. */
export function compareKept(replay: Replay): { tick: number; words: number; first: FieldDifference[] } | null {
  const { kept, startTick, ticks } = replay;
  if (!kept || kept.tick < startTick || kept.tick > startTick + ticks.length) return null;
  const { world } = playTo(replay, kept.tick);
  const layout = worldLayout(world.arena.capacity);
  const first: FieldDifference[] = [];
  let words = 0;
  kept.words.forEach((here, at) => {
    const rules = world.words[at]!;
    if (rules === here) return;
    words++;
    if (first.length < MOST_LISTED) first.push({ ...nameOf(layout, at), rules, here });
  });
  return { tick: kept.tick, words, first };
}

/** For one slot and tick, two inputs where there must be one; −1 says that nobody had the slot. */
export interface InputDifference {
  tick: number;
  slot: number;
  left: number;
  right: number;
}

export interface Comparison {
  /** First and last tick that both have; `from` is after `to` when there is none. */
  from: number;
  to: number;
  /** The first inputs that differ: somebody told the two peers different stories, or they knew of different members. */
  inputs: InputDifference | null;
  /** The first tick after which their worlds differ. */
  worlds: Divergence | null;
  /** What the later one began with, where that is not what the earlier one had then. */
  start: FieldDifference | null;
}

/** Whether two replays can be of one match. */
export function isSameMatch(left: Replay, right: Replay): boolean {
  const settings = encodeSettings(right.settings);
  return encodeSettings(left.settings).every((byte, at) => byte === settings[at]);
}

/** Compares two peers' replays of one match where both have ticks. */
export function compareReplays(left: Replay, right: Replay): Comparison {
  const from = Math.max(left.startTick, right.startTick) + 1;
  const to = Math.min(left.startTick + left.ticks.length, right.startTick + right.ticks.length);
  const found: Comparison = { from, to, inputs: null, worlds: null, start: compareStarts(left, right) };
  for (let tick = from; tick <= to && !(found.inputs && found.worlds); tick++) {
    const a = left.ticks[tick - left.startTick - 1]!;
    const b = right.ticks[tick - right.startTick - 1]!;
    found.inputs ??= compareInputs(tick, a.words, b.words);
    const sections = SECTIONS.filter((_, at) => a.sums[at] !== b.sums[at]);
    if (sections.length > 0) found.worlds ??= { tick, sections };
  }
  return found;
}

function compareInputs(tick: number, left: Int32Array, right: Int32Array): InputDifference | null {
  for (let slot = 0; slot < Math.max(left.length, right.length); slot++) {
    const a = left[slot] ?? -1;
    const b = right[slot] ?? -1;
    if (a !== b) return { tick, slot, left: a, right: b };
  }
  return null;
}

/** The state that a newcomer was given, against what whoever was there before had by the rules: `here` is the newcomer's. */
function compareStarts(left: Replay, right: Replay): FieldDifference | null {
  const [earlier, later] = left.startTick <= right.startTick ? [left, right] : [right, left];
  if (later.startTick > earlier.startTick + earlier.ticks.length) return null;
  const replayer = new Replayer(earlier);
  // Where the earlier one has already gone its own way, the rules no longer say what it had.
  while (replayer.tick < later.startTick) if (replayer.step().length > 0) return null;
  const { words, arena } = replayer.world;
  const at = words.findIndex((word, i) => word !== later.start[i]);
  if (at < 0) return null;
  return { ...nameOf(worldLayout(arena.capacity), at), rules: words[at]!, here: later.start[at]! };
}
