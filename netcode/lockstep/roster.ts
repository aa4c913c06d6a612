/**
 * Who plays, from which tick to which. A view is the set of members that exchange inputs; it changes only by a
 * `ViewChange` on which a majority of the view before agreed, so every peer applies the same changes in the same order.
 * A seat is what a view change leaves in the world: it begins with its first tick, its inputs end with its last one, and
 * its avatar stands where it was until it is removed, or until its player returns.
 */
import { assert } from '../../game/assert.ts';
import { hashWords } from '../../game/checksum.ts';
import { addPlayer, removePlayer } from '../../game/step.ts';
import type { World } from '../../game/world.ts';
import type { PeerId } from '../session.ts';
import { InputLog } from './input-log.ts';

/** Still open: no last tick yet, or nothing that will remove it. */
export const NEVER = 0x7fffffff;

export interface Seat {
  readonly peer: PeerId;
  readonly slot: number;
  readonly name: string;
  /** Proves, when it comes back, that the seat was this player's. */
  readonly token: Uint8Array;
  readonly firstTick: number;
  /** Its avatar is the one that its former seat had left. */
  readonly resumes: boolean;
  /** Its public key, where peers sign. */
  readonly key?: Uint8Array;
  /** The last tick with an input of its own. */
  lastTick: number;
  /** The tick before which its avatar leaves the world. */
  removeTick: number;
  readonly log: InputLog;
}

export interface Drop {
  peer: PeerId;
  lastTick: number;
  removeTick: number;
  /** Its newest inputs, up to and including `lastTick`: who misses some takes them from here. */
  words: readonly number[];
}

export interface Join {
  peer: PeerId;
  slot: number;
  name: string;
  token: Uint8Array;
  firstTick: number;
  resumes: boolean;
  key?: Uint8Array;
}

/** What leads from view − 1 to view. */
export interface ViewChange {
  view: number;
  drops: readonly Drop[];
  joins: readonly Join[];
}

const NONE: readonly number[] = [];
/** Changes that are kept for members that have not heard of them. */
const KEPT_CHANGES = 64;

/** Views of one group count up; the high 16 bits tell groups that were founded apart from each other. */
export function firstViewOf(group: number): number {
  return (group & 0x7fff) * 65_536 + 1;
}

/** Whether two views are of groups that were founded by the same act. */
export function isSameGroup(a: number, b: number): boolean {
  return a >>> 16 === b >>> 16;
}

export class Roster {
  /** Number of the current view; 0 before there is one. */
  view = 0;
  /** Oldest first; ended ones are kept while a rollback may need them. */
  readonly seats: Seat[] = [];
  readonly #changes = new Map<number, ViewChange>();

  /** The seats whose inputs are waited for, by peer id. */
  get members(): Seat[] {
    return this.seats.filter(({ lastTick }) => lastTick === NEVER).sort((a, b) => a.peer - b.peer);
  }

  member(peer: PeerId): Seat | undefined {
    return this.seats.find((seat) => seat.peer === peer && seat.lastTick === NEVER);
  }

  /** The change that led to a view, while it is kept. */
  change(view: number): ViewChange | undefined {
    return this.#changes.get(view);
  }

  /** The seat whose inputs count for a slot at a tick, also after its last one while its avatar stands. */
  seatAt(slot: number, tick: number): Seat | undefined {
    // The latest one counts: what came before it has handed its avatar on, or lost it.
    let found: Seat | undefined;
    for (const seat of this.seats) if (seat.slot === slot && seat.firstTick <= tick) found = seat;
    return found && tick < found.removeTick ? found : undefined;
  }

  /** Whether a seat has a successor in its slot by a tick. */
  isSuperseded(seat: Seat, tick: number): boolean {
    const at = this.seats.indexOf(seat);
    return this.seats.some((other, i) => i > at && other.slot === seat.slot && other.firstTick <= tick);
  }

  /** A seat that its player may still return to at a tick. */
  heldSeat(token: Uint8Array, tick: number): Seat | undefined {
    return this.seats.find(
      (seat) =>
        seat.lastTick !== NEVER &&
        seat.removeTick !== NEVER &&
        seat.removeTick > tick &&
        seat.token.every((byte, i) => byte === token[i]),
    );
  }

  /** The lowest slot that nobody has from a tick on; −1 for none below `slots`. */
  freeSlot(slots: number, tick: number, taken: ReadonlySet<number>): number {
    for (let slot = 0; slot < slots; slot++) {
      if (taken.has(slot)) continue;
      // Not in the tick in which its avatar leaves either: a slot changes hands with a tick in between.
      const latest = this.seats.findLast((seat) => seat.slot === slot);
      if (!latest || latest.removeTick < tick) return slot;
    }
    return -1;
  }

  /** Applies the change to the next view; returns the first tick that it affects. Asserts that it is the next. */
  apply(change: ViewChange): number {
    assert(change.view === this.view + 1 || this.view === 0, `view ${change.view} follows view ${this.view}`);
    this.view = change.view;
    this.#changes.set(change.view, change);
    this.#changes.delete(change.view - KEPT_CHANGES);
    let affected = NEVER;
    for (const drop of change.drops) {
      const seat = this.member(drop.peer);
      if (!seat) continue;
      seat.lastTick = drop.lastTick;
      seat.removeTick = drop.removeTick;
      seat.log.truncate(drop.lastTick);
      affected = Math.min(affected, drop.lastTick + 1);
      drop.words.forEach((word, i) => {
        const tick = drop.lastTick - drop.words.length + 1 + i;
        if (seat.log.settle(tick, word)) affected = Math.min(affected, tick);
      });
    }
    for (const join of change.joins) {
      if (join.resumes) for (const seat of this.seats) if (seat.slot === join.slot) seat.removeTick = NEVER;
      this.seats.push({ ...join, lastTick: NEVER, removeTick: NEVER, log: new InputLog(join.firstTick) });
      affected = Math.min(affected, join.firstTick);
    }
    return affected;
  }

  /** Brings the world's seats up to what this tick begins with. Called before each step, again on each rollback. */
  enterTick(world: World, tick: number): void {
    for (const slot of this.#slotsWhere((seat) => seat.removeTick === tick)) removePlayer(world, slot);
    for (const slot of this.#slotsWhere((seat) => seat.firstTick === tick && !seat.resumes)) addPlayer(world, slot);
  }

  /** In ascending order, so that it does not depend on who was told what first. */
  #slotsWhere(holds: (seat: Seat) => boolean): readonly number[] {
    let found: number[] | null = null;
    for (const seat of this.seats) {
      if (!holds(seat)) continue;
      found ??= [];
      found.push(seat.slot);
    }
    return found?.sort((a, b) => a - b) ?? NONE;
  }

  /** Forgets seats whose avatars left before a tick. */
  prune(tick: number): void {
    const isOver = (seat: Seat) => seat.removeTick < tick || this.isSuperseded(seat, tick - 1);
    const kept = this.seats.filter((seat) => seat.lastTick >= tick || !isOver(seat));
    this.seats.splice(0, this.seats.length, ...kept);
  }

  /**
   * A hash of who plays and who stands held at a tick. Two peers whose hashes are equal have heard of the same changes;
   * only then must their worlds of that tick be equal.
   */
  history(tick: number): number {
    const words: number[] = [];
    for (const seat of this.seats) {
      const { peer, slot, firstTick, lastTick, removeTick } = seat;
      if (firstTick > tick || removeTick <= tick || this.seatAt(slot, tick) !== seat) continue;
      if (lastTick >= tick) words.push(peer, slot, firstTick);
      else words.push(peer, slot, lastTick, removeTick);
    }
    return hashWords(Int32Array.from(words), 0, words.length);
  }
}
