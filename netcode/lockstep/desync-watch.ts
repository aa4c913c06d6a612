/**
 * Finds out that worlds have parted: about once a second every member tells the checksums, by section, of a tick that is
 * final for it. Whoever differs from somebody with the same history sends the words of that section, so that both can
 * name the first entity and field that differ.
 */
import { hashWords } from '../../game/checksum.ts';
import { type FieldPlace, SECTIONS, worldLayout } from '../../game/world.ts';
import type { Desync, PeerId } from '../session.ts';

/** Own checksums and states that are kept to compare with what arrives later. */
const KEPT = 4;
/** Checksums of others that wait until this peer gets there. */
const MAX_WAITING = 256;

export interface Checked {
  tick: number;
  history: number;
  sums: number[];
  /** The state after that tick. */
  state: Int32Array;
}

/** A mismatch, before it is known what differs. */
export interface Mismatch {
  tick: number;
  peer: PeerId;
  section: number;
}

export class DesyncWatch {
  readonly #layout: FieldPlace[];
  readonly #spans: { start: number; end: number }[];
  readonly #mine: Checked[] = [];
  readonly #waiting: { peer: PeerId; tick: number; history: number; sums: readonly number[] }[] = [];
  /** Peers whose difference was told already: a world that has parted stays so. */
  readonly #told = new Set<PeerId>();
  checksCompared = 0;

  constructor(capacity: number) {
    this.#layout = worldLayout(capacity);
    this.#spans = SECTIONS.map((section) => {
      const places = this.#layout.filter((place) => place.section === section);
      const last = places.at(-1)!;
      return { start: places[0]!.start, end: last.start + last.length };
    });
  }

  /** Notes the own state of a final tick; returns its checksums by section. */
  note(tick: number, history: number, state: Uint8Array): number[] {
    const words = new Int32Array(new Uint8Array(state).buffer);
    const sums = this.#spans.map(({ start, end }) => hashWords(words, start, end));
    this.retract(tick);
    this.#mine.push({ tick, history, sums, state: words });
    if (this.#mine.length > KEPT) this.#mine.shift();
    return sums;
  }

  /** A rollback undid this tick and all later ones. */
  retract(tick: number): void {
    while (this.#mine.length > 0 && this.#mine.at(-1)!.tick >= tick) this.#mine.pop();
  }

  /** What a peer says of a tick. */
  receive(peer: PeerId, tick: number, history: number, sums: readonly number[]): void {
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
    this.#waiting.push({ peer, tick, history, sums });
  }

  /** A peer that begins anew may differ anew. */
  forget(peer: PeerId): void {
    this.#told.delete(peer);
  }

  /** Whether a peer's difference is news; it is none from then on. */
  tell(peer: PeerId): boolean {
    if (this.#told.has(peer)) return false;
    this.#told.add(peer);
    return true;
  }

  /** Compares what can be compared by now. Every peer's first mismatch is returned once. */
  compare(): Mismatch[] {
    const found: Mismatch[] = [];
    const oldest = this.#mine[0]?.tick ?? Number.POSITIVE_INFINITY;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const told = this.#waiting[i]!;
      const mine = this.#mine.find(({ tick }) => tick === told.tick);
      if (!mine && told.tick >= oldest) continue;
      this.#waiting.splice(i, 1);
      if (!mine || mine.history !== told.history) continue;
      this.checksCompared++;
      const section = mine.sums.findIndex((sum, at) => sum !== told.sums[at]);
      if (section < 0 || !this.tell(told.peer)) continue;
      found.push({ tick: told.tick, peer: told.peer, section });
    }
    return found;
  }

  /** The own words of a section at a checked tick; null when they are no longer kept. */
  sectionWords(tick: number, section: number): Int32Array | null {
    const { start, end } = this.#spans[section]!;
    return this.#mine.find((checked) => checked.tick === tick)?.state.subarray(start, end) ?? null;
  }

  /** Room for the words of a section. */
  emptySection(section: number): Int32Array {
    const { start, end } = this.#spans[section]!;
    return new Int32Array(end - start);
  }

  /** Names the first difference between the own words of a section and a peer's; null when there is none to name. */
  difference(peer: PeerId, tick: number, section: number, theirs: Int32Array): Desync | null {
    const mine = this.sectionWords(tick, section);
    if (!mine || mine.length !== theirs.length) return null;
    const at = mine.findIndex((word, i) => word !== theirs[i]);
    if (at < 0) return null;
    const word = this.#spans[section]!.start + at;
    const place = this.#layout.find(({ start, length }) => word >= start && word < start + length)!;
    const { section: name, field, start } = place;
    return { tick, peer, section: name, entity: word - start, field, mine: mine[at]!, theirs: theirs[at]! };
  }
}
