/**
 * Epochs as they follow each other: the newest, and those before it as far back as anybody needs them. An epoch is told
 * as what it changes, so that a join costs the others a few bytes, whatever their number; whoever comes anew is told an
 * old one in full and all changes since, and so knows what was before it came.
 */
import { MAX_PEER_ID } from '../protocol.ts';
import type { PeerId } from '../session.ts';
import { Epoch, type EpochSeat } from './epoch.ts';

/** Epochs that are remembered. */
export const KEPT_EPOCHS = 32;
/** What one epoch may change: more has to wait for the next, so that a change fits beside a roster. */
export const MAX_JOINS = 100;
export const MAX_CHANGES = 300;
/** Bytes of changes that are told along with a roster, the newest change excepted. */
const TOLD_BYTES = 12_000;

export interface NamedSeat extends EpochSeat {
  readonly name: string;
}

/** What an epoch changes of the one before. */
export interface EpochChange {
  /** The highest number that was given to anybody by then: none up to it is given again. */
  readonly lastPeer: PeerId;
  readonly gone: readonly PeerId[];
  /** Seats of which life, absence or cell changed. */
  readonly changed: readonly Omit<EpochSeat, 'slot'>[];
  readonly joined: readonly NamedSeat[];
}

/** An epoch in full. */
export interface Roster {
  readonly number: number;
  readonly lastPeer: PeerId;
  readonly seats: readonly NamedSeat[];
}

/** Epochs in a row: a roster and what changed since; without a roster, what changed since the epoch `from`. */
export interface ToldEpochs {
  readonly roster: Roster | null;
  readonly from: number;
  readonly changes: readonly EpochChange[];
}

/** The epoch after `epoch`; undefined when the change does not fit it. */
export function applyChange(epoch: Epoch, { gone, changed, joined }: EpochChange): Epoch | undefined {
  const { line, number } = epoch;
  const seats = new Map(epoch.seats.map((seat) => [seat.peer, seat]));
  const slots = new Set<number>();
  for (const peer of gone) if (!seats.delete(peer)) return undefined;
  for (const seat of changed) {
    const old = seats.get(seat.peer);
    if (!old) return undefined;
    seats.set(seat.peer, { ...seat, slot: old.slot });
  }
  for (const { peer, slot, life, isAway, cell } of joined) {
    if (seats.has(peer)) return undefined;
    seats.set(peer, { peer, slot, life, isAway, cell });
  }
  for (const { slot } of seats.values()) slots.add(slot);
  return slots.size === seats.size ? new Epoch(line, number + 1, [...seats.values()]) : undefined;
}

/**
 * Lets many peers of one process share the epochs that they agree on, which would otherwise be kept by each: for
 * simulations. Epochs are shared only where they are equal.
 */
export class SharedEpochs {
  readonly #recent: Epoch[] = [];

  share(epoch: Epoch): Epoch {
    for (const known of this.#recent) if (areEqual(known, epoch)) return known;
    this.#recent.push(epoch);
    if (this.#recent.length > 2 * KEPT_EPOCHS) this.#recent.shift();
    return epoch;
  }
}

function areEqual(a: Epoch, b: Epoch): boolean {
  if (a.line !== b.line || a.number !== b.number || a.seats.length !== b.seats.length) return false;
  return a.seats.every(({ peer, slot, life, isAway, cell }, i) => {
    const other = b.seats[i]!;
    const isSame = peer === other.peer && slot === other.slot && life === other.life;
    return isSame && isAway === other.isAway && cell === other.cell;
  });
}

interface Link {
  readonly epoch: Epoch;
  /** What led to it; null for the oldest that is known. */
  readonly change: EpochChange | null;
  readonly lastPeer: PeerId;
}

export class EpochChain {
  readonly line: number;
  readonly #names = new Map<PeerId, string>();
  readonly #shared: SharedEpochs | null;
  #links: Link[];

  constructor(line: number, { number, lastPeer, seats }: Roster, shared: SharedEpochs | null = null) {
    this.line = line;
    this.#shared = shared;
    for (const { peer, name } of seats) this.#names.set(peer, name);
    const bare = seats.map(({ peer, slot, life, isAway, cell }) => ({ peer, slot, life, isAway, cell }));
    this.#links = [{ epoch: this.#share(new Epoch(line, number, bare)), change: null, lastPeer }];
  }

  #share(epoch: Epoch): Epoch {
    return this.#shared?.share(epoch) ?? epoch;
  }

  get newest(): Epoch {
    return this.#links.at(-1)!.epoch;
  }

  get lastPeer(): PeerId {
    return this.#links.at(-1)!.lastPeer;
  }

  at(number: number): Epoch | undefined {
    return this.#links[number - this.#links[0]!.epoch.number]?.epoch;
  }

  /** The name of somebody who has a seat, or had one lately; empty for others. */
  nameOf(peer: PeerId): string {
    return this.#names.get(peer) ?? '';
  }

  /** Adds the next epoch; false when the change does not fit the newest one. */
  push(change: EpochChange): boolean {
    const epoch = applyChange(this.newest, change);
    if (!epoch) return false;
    for (const { peer, name } of change.joined) this.#names.set(peer, name);
    this.#links.push({
      epoch: this.#share(epoch),
      change,
      lastPeer: Math.min(MAX_PEER_ID, Math.max(this.lastPeer, change.lastPeer)),
    });
    if (this.#links.length > KEPT_EPOCHS) {
      const { gone = [] } = this.#links[1]!.change ?? {};
      for (const peer of gone) this.#names.delete(peer);
      this.#links = this.#links.slice(1);
    }
    return true;
  }

  /** What changed since an epoch; null when that is not remembered. */
  since(number: number): ToldEpochs | null {
    const at = number - this.#links[0]!.epoch.number;
    if (at < 0 || at >= this.#links.length) return null;
    return { roster: null, from: number, changes: this.#links.slice(at + 1).map(({ change }) => change!) };
  }

  /** Everything that somebody needs who knows nothing. */
  whole(): ToldEpochs {
    let at = this.#links.length - 1;
    let bytes = 0;
    while (at > 0) {
      const { gone, changed, joined } = this.#links[at]!.change!;
      bytes += 2 * gone.length + 6 * changed.length + 34 * joined.length;
      if (bytes > TOLD_BYTES && at < this.#links.length - 1) break;
      at--;
    }
    const { epoch, lastPeer } = this.#links[at]!;
    const seats = epoch.seats.map((seat) => ({ ...seat, name: this.nameOf(seat.peer) }));
    const changes = this.#links.slice(at + 1).map(({ change }) => change!);
    return { roster: { number: epoch.number, lastPeer, seats }, from: epoch.number, changes };
  }
}

/** A chain of what was told in full; undefined when its parts do not fit together. */
export function chainOf(
  line: number,
  { roster, changes }: ToldEpochs,
  shared: SharedEpochs | null = null,
): EpochChain | undefined {
  if (!roster || new Set(roster.seats.map(({ peer }) => peer)).size < roster.seats.length) return undefined;
  const chain = new EpochChain(line, roster, shared);
  return changes.every((change) => chain.push(change)) ? chain : undefined;
}
