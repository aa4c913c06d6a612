/**
 * Checksums of a world, by section, and the naming of the first difference. Four multiplicative lanes run side by side
 * (the shape of xxHash32, Collet 2012), because one lane waits on its own multiplication. Cost: one pass over the words.
 */
import { assert } from './assert.ts';
import { SECTIONS, type Section, type World, worldLayout } from './world.ts';

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;

/** One unsigned 32-bit hash of `words[start..end−1]`. */
export function hashWords(words: Int32Array, start: number, end: number): number {
  let a = PRIME_1;
  let b = PRIME_2;
  let c = PRIME_3;
  let d = 1;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    a = Math.imul(a ^ words[i]!, PRIME_1);
    a ^= a >>> 15;
    b = Math.imul(b ^ words[i + 1]!, PRIME_1);
    b ^= b >>> 15;
    c = Math.imul(c ^ words[i + 2]!, PRIME_1);
    c ^= c >>> 15;
    d = Math.imul(d ^ words[i + 3]!, PRIME_1);
    d ^= d >>> 15;
  }
  for (; i < end; i++) {
    a = Math.imul(a ^ words[i]!, PRIME_1);
    a ^= a >>> 15;
  }
  let hash = Math.imul(a, PRIME_2) ^ b;
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_2) ^ c;
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_2) ^ d;
  hash = Math.imul(hash ^ (hash >>> 16), PRIME_3) ^ (end - start);
  return (hash ^ (hash >>> 15)) >>> 0;
}

export type SectionChecksums = Record<Section, number>;

/** An unsigned 32-bit checksum per section. */
export function checksums(world: World): SectionChecksums {
  const spans = sectionSpans(world);
  const sums = {} as SectionChecksums;
  for (const section of SECTIONS) sums[section] = hashWords(world.words, spans[section].start, spans[section].end);
  return sums;
}

/** One unsigned 32-bit checksum of the whole state. */
export function checksum(world: World): number {
  return hashWords(world.words, 0, world.words.length);
}

const spansByCapacity = new Map<number, Record<Section, { start: number; end: number }>>();

function sectionSpans(world: World): Record<Section, { start: number; end: number }> {
  const capacity = world.arena.capacity;
  let spans = spansByCapacity.get(capacity);
  if (!spans) {
    spans = {} as Record<Section, { start: number; end: number }>;
    for (const { section, start, length } of worldLayout(capacity)) {
      spans[section] ??= { start, end: start };
      spans[section].end = start + length;
    }
    spansByCapacity.set(capacity, spans);
  }
  return spans;
}

/** Where two worlds first part: the section, the entity's id, the field and both values. */
export interface Difference {
  section: Section;
  entity: number;
  field: string;
  left: number;
  right: number;
}

/** The first difference of two worlds with the same config in layout order; null when they are equal. */
export function firstDifference(left: World, right: World): Difference | null {
  assert(left.words.length === right.words.length, 'only worlds of one config can be compared');
  for (const { section, field, start, length } of worldLayout(left.arena.capacity)) {
    for (let i = 0; i < length; i++) {
      const a = left.words[start + i]!;
      const b = right.words[start + i]!;
      if (a !== b) return { section, entity: i, field, left: a, right: b };
    }
  }
  return null;
}
