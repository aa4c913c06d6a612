/**
 * What happened in a match as one peer saw it: where it began, every input that was executed, who came and went, and the
 * checksums of every tick. Enough to play it again anywhere and to find the first tick at which a world went its own way.
 */
import { hashWords } from '../../game/checksum.ts';
import { createInputTable, nextPurchaseKey } from '../../game/input.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { addPlayer, removePlayer, step } from '../../game/step.ts';
import {
  createWorld,
  restoreWorld,
  SECTIONS,
  type Section,
  Status,
  type World,
  worldLayout,
} from '../../game/world.ts';
import type { Desync, PeerId } from '../session.ts';
import { aimOf, BUY, buttonsOf, NO_WORD } from './input-word.ts';
import type { Roster } from './roster.ts';
import type { LockstepSettings } from './settings.ts';

/** An hour at 20 Hz; a tape that is full says so. */
export const MAX_TAPE_TICKS = 72_000;
/** Views, and seats in them, that a tape remembers; the oldest go first. */
export const MAX_TAPE_VIEWS = 4096;
/** Reported desyncs that are kept: every other peer may report one of each of its lives. */
export const MAX_TAPE_DESYNCS = 64;

/** One executed tick. */
export interface TapeTick {
  /** By slot: the input word, or −1 for a slot that nobody has. */
  words: Int32Array;
  /** By section. */
  sums: number[];
}

/** Who sat where, as the views had it in the end. */
export interface TapeSeat {
  peer: PeerId;
  slot: number;
  name: string;
  firstTick: number;
  /** NEVER while it is still open. */
  lastTick: number;
  removeTick: number;
  resumes: boolean;
}

/** From which final tick on who was a member, as far as this peer knew. */
export interface TapeView {
  view: number;
  tick: number;
  members: PeerId[];
}

/** A whole replay: decoded from a file, or as it is recorded. */
export interface Replay {
  /** Of the rules that recorded it. */
  rulesHash: number;
  /** Whose tape it is; 0 when nobody said. */
  peer: PeerId;
  settings: LockstepSettings;
  /** The tick after which it begins, and the state then. */
  startTick: number;
  start: Int32Array;
  /** The tick of `ticks[0]` is `startTick + 1`. */
  ticks: TapeTick[];
  isTruncated: boolean;
  views: TapeView[];
  seats: TapeSeat[];
  /** What this peer reported: its own value is `mine`. */
  desyncs: Desync[];
  /** The own state after the first tick of which a desync was reported: what bisection compares with. */
  kept: { tick: number; words: Int32Array } | null;
}

export interface Span {
  start: number;
  end: number;
}

/** Where in a world's words each section lies. */
export function sectionSpans(capacity: number): Span[] {
  const layout = worldLayout(capacity);
  return SECTIONS.map((section) => {
    const places = layout.filter((place) => place.section === section);
    const last = places.at(-1)!;
    return { start: places[0]!.start, end: last.start + last.length };
  });
}

/** Who had a slot at a tick; undefined when the tape does not know. */
export function tapeSeatAt({ seats }: Replay, slot: number, tick: number): TapeSeat | undefined {
  return seats.findLast((seat) => seat.slot === slot && seat.firstTick <= tick && tick < seat.removeTick);
}

const sumsOf = (spans: readonly Span[], words: Int32Array) =>
  spans.map(({ start, end }) => hashWords(words, start, end));

export class ReplayTape {
  readonly replay: Replay;
  readonly #spans: Span[];

  /** Begins with the world as it is. */
  constructor(settings: LockstepSettings, world: World) {
    this.#spans = sectionSpans(world.arena.capacity);
    this.replay = {
      rulesHash: rulesHash(),
      peer: 0,
      settings,
      startTick: world.match.tick[0]!,
      start: world.words.slice(),
      ticks: [],
      isTruncated: false,
      views: [],
      seats: [],
      desyncs: [],
      kept: null,
    };
  }

  /** Notes the tick that `world` has just stepped, with the inputs that it took, by slot. */
  note(world: World, taken: Int32Array): void {
    const { replay } = this;
    const tick = world.match.tick[0]!;
    this.retract(tick);
    if (replay.ticks.length >= MAX_TAPE_TICKS || tick !== replay.startTick + replay.ticks.length + 1) {
      replay.isTruncated = true;
      return;
    }
    const limit = world.match.playerLimit[0]!;
    const words = new Int32Array(limit);
    for (let slot = 0; slot < limit; slot++) {
      words[slot] = world.players.status[slot] === Status.empty ? -1 : taken[slot]!;
    }
    replay.ticks.push({ words, sums: sumsOf(this.#spans, world.words) });
  }

  /** A rollback undid this tick and all later ones. */
  retract(tick: number): void {
    const { replay } = this;
    replay.ticks.length = Math.max(0, Math.min(replay.ticks.length, tick - replay.startTick - 1));
  }

  /** Notes who plays in the roster's current view. Called when the tape begins, and after each change. */
  noteView(roster: Roster, self: PeerId): void {
    const { replay } = this;
    replay.peer = self;
    const tick = replay.startTick + replay.ticks.length;
    if (replay.views.at(-1)?.view === roster.view) replay.views.pop();
    replay.views.push({ view: roster.view, tick, members: roster.members.map(({ peer }) => peer) });
    if (replay.views.length > MAX_TAPE_VIEWS) replay.views.shift();
    for (const { peer, slot, name, firstTick, lastTick, removeTick, resumes } of roster.seats) {
      const known = replay.seats.find(
        (seat) => seat.peer === peer && seat.slot === slot && seat.firstTick === firstTick,
      );
      if (known) Object.assign(known, { lastTick, removeTick });
      else replay.seats.push({ peer, slot, name, firstTick, lastTick, removeTick, resumes });
    }
    if (replay.seats.length > MAX_TAPE_VIEWS) replay.seats.shift();
  }

  /** Notes a desync that this peer reports, and its own state after that tick while it still has it. */
  noteDesync({ tick, peer, section, entity, field, mine, theirs }: Desync, state: Uint8Array | null): void {
    const { replay } = this;
    if (replay.desyncs.length < MAX_TAPE_DESYNCS) {
      replay.desyncs.push({ tick, peer, section, entity, field, mine, theirs });
    }
    if (state && replay.kept === null) replay.kept = { tick, words: new Int32Array(new Uint8Array(state).buffer) };
  }
}

/** Plays a replay again by the rules of this program, tick by tick. */
export class Replayer {
  readonly replay: Replay;
  readonly world: World;
  /** The newest tick that the world has reached. */
  tick: number;
  readonly #inputs: ReturnType<typeof createInputTable>;
  readonly #spans: Span[];

  constructor(replay: Replay) {
    this.replay = replay;
    this.world = createWorld(replay.settings.config);
    this.#inputs = createInputTable(this.world.arena.capacity);
    this.#spans = sectionSpans(this.world.arena.capacity);
    this.tick = replay.startTick;
    this.load(replay.startTick, replay.start);
  }

  /** Takes a state for that after a tick. */
  load(tick: number, words: Int32Array): void {
    restoreWorld(this.world, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    this.world.events.count = 0;
    this.tick = tick;
  }

  get endTick(): number {
    return this.replay.startTick + this.replay.ticks.length;
  }

  get isAtEnd(): boolean {
    return this.tick >= this.endTick;
  }

  /** Steps once. Returns the sections whose checksums differ from those on the tape. */
  step(): Section[] {
    const { world } = this;
    const { words } = this.replay.ticks[this.tick - this.replay.startTick]!;
    const { status, purchaseKey } = world.players;
    const { buttons, aim, purchase } = this.#inputs;
    for (let slot = 0; slot < words.length; slot++) {
      if (words[slot] === -1 && status[slot] !== Status.empty) removePlayer(world, slot);
    }
    for (let slot = 0; slot < words.length; slot++) {
      if (words[slot] !== -1 && status[slot] === Status.empty) addPlayer(world, slot);
      const word = words[slot] === -1 ? NO_WORD : words[slot]!;
      buttons[slot] = buttonsOf(word);
      aim[slot] = aimOf(word);
      purchase[slot] = (word & BUY) === 0 ? 0 : nextPurchaseKey(purchaseKey[slot]!);
    }
    step(world, this.#inputs);
    this.tick++;
    return this.differing();
  }

  /** The sections whose checksums differ, now, from those on the tape. */
  differing(): Section[] {
    const tape = this.replay.ticks[this.tick - this.replay.startTick - 1];
    if (!tape) return [];
    return SECTIONS.filter((_, at) => {
      const { start, end } = this.#spans[at]!;
      return hashWords(this.world.words, start, end) !== tape.sums[at];
    });
  }
}
