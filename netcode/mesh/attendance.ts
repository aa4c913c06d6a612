/** Who is present in a room that keeps seats, who is missing since when, and what the next epoch should say of it. */
import type { PeerId } from '../session.ts';
import type { Epoch, EpochSeat } from './epoch.ts';
import { type EpochChange, MAX_CHANGES, MAX_JOINS, type NamedSeat } from './epoch-chain.ts';
import type { Memory } from './room-messages.ts';

/** Somebody who is present in the room. */
export interface Attendee {
  readonly peer: PeerId;
  readonly name: string;
  /** What it remembers of the match; null for nothing that holds. */
  memory: Memory | null;
  life: number;
  /** It was told all epochs so far, and is told those to come. */
  isTold: boolean;
}

export interface AttendanceTimes {
  /** Who said nothing for this long is away. */
  awayAfterMs: number;
  /** The seat of somebody who is away is kept for this long. */
  seatHoldMs: number;
}

/** What is known of those who are present. */
export interface Whereabouts {
  heardMs(peer: PeerId): number;
  cellOf(peer: PeerId): number;
  /** The highest number that was given out. */
  lastPeer(): PeerId;
}

export class Attendance {
  /** By arrival. */
  readonly here = new Map<PeerId, Attendee>();
  readonly #times: AttendanceTimes;
  readonly #whereabouts: Whereabouts;
  /** Since when those who have a seat are not present, and who of them said bye. */
  readonly #missingSinceMs = new Map<PeerId, number>();
  readonly #byes = new Set<PeerId>();

  constructor(times: AttendanceTimes, whereabouts: Whereabouts) {
    this.#times = times;
    this.#whereabouts = whereabouts;
  }

  arrive(attendee: Attendee): void {
    this.here.set(attendee.peer, attendee);
    this.#missingSinceMs.delete(attendee.peer);
  }

  /** Somebody who has a seat is not present, at least from now on; `forGood`: it said bye. */
  miss(peer: PeerId, forGood: boolean, nowMs: number): void {
    if (!this.#missingSinceMs.has(peer)) this.#missingSinceMs.set(peer, nowMs);
    if (forGood) this.#byes.add(peer);
  }

  /** Of those who should be present, some are not. */
  missAbsent(peers: Iterable<{ peer: PeerId }>, nowMs: number): void {
    for (const { peer } of peers) if (!this.here.has(peer)) this.miss(peer, false, nowMs);
  }

  /** A seat was dropped: nobody waits any more. */
  forget(peer: PeerId): void {
    this.#missingSinceMs.delete(peer);
    this.#byes.delete(peer);
  }

  forgetAll(): void {
    this.#missingSinceMs.clear();
    this.#byes.clear();
  }

  saidBye(peer: PeerId): boolean {
    return this.#byes.has(peer);
  }

  isSilent(peer: PeerId, nowMs: number): boolean {
    return nowMs - this.#whereabouts.heardMs(peer) >= this.#times.awayAfterMs;
  }

  /** Whether the program that has this seat, in that life, is present. */
  sits({ peer, life }: EpochSeat): boolean {
    return this.here.get(peer)?.life === life;
  }

  /** Whether it is present, or may come back. */
  maySit(seat: EpochSeat, nowMs: number): boolean {
    return this.here.has(seat.peer) ? this.sits(seat) : this.#isHeld(seat.peer, nowMs);
  }

  #isHeld(peer: PeerId, nowMs: number): boolean {
    return !this.#byes.has(peer) && nowMs - this.#missingSinceMs.get(peer)! < this.#times.seatHoldMs;
  }

  /** A seat is dropped once its absence was told: when it was long enough, or its peer said bye. */
  #isDropped({ peer, isAway }: EpochSeat, nowMs: number): boolean {
    return isAway && !this.here.has(peer) && !this.#isHeld(peer, nowMs);
  }

  /** What the next epoch should change, in a room with so many seats; null for nothing. Costs a look at every seat. */
  changeOf(newest: Epoch, seats: number, nowMs: number): EpochChange | null {
    const { cellOf, lastPeer } = this.#whereabouts;
    const gone: PeerId[] = [];
    const changed: EpochChange['changed'][number][] = [];
    for (const seat of newest.seats) {
      if (gone.length >= MAX_CHANGES || changed.length >= MAX_CHANGES) break;
      const { peer } = seat;
      if (this.#isDropped(seat, nowMs)) {
        gone.push(peer);
        continue;
      }
      const attendee = this.here.get(peer);
      const isAway = !attendee || this.isSilent(peer, nowMs);
      const life = Math.max(seat.life, attendee?.life ?? 0);
      if (isAway === seat.isAway && life === seat.life) continue;
      // Where it was last is told with its absence: there its coins lie when it does not come back.
      changed.push({ peer, life, isAway, cell: isAway ? cellOf(peer) : seat.cell });
    }
    const joined = this.#newcomers(newest, seats, nowMs);
    if (gone.length + changed.length + joined.length === 0) return null;
    return { lastPeer: lastPeer(), gone, changed, joined };
  }

  /** Those without a seat, in order, in the lowest slots that are free. */
  #newcomers(newest: Epoch, seats: number, nowMs: number): NamedSeat[] {
    const taken = new Set(newest.seats.map(({ slot }) => slot));
    const joined: NamedSeat[] = [];
    let slot = 0;
    for (const { peer, name, life } of this.here.values()) {
      if (newest.seatOf(peer) || this.isSilent(peer, nowMs)) continue;
      while (taken.has(slot)) slot++;
      if (slot >= seats || joined.length === MAX_JOINS) break;
      joined.push({ peer, slot: slot++, life, isAway: false, cell: this.#whereabouts.cellOf(peer), name });
    }
    return joined;
  }

  /** The seats of a first epoch: for all who are heard. */
  firstSeats(seats: number, nowMs: number): NamedSeat[] {
    const heard = [...this.here.values()].filter(({ peer }) => !this.isSilent(peer, nowMs));
    return heard.slice(0, seats).map(({ peer, name }, slot) => {
      return { peer, slot, life: 0, isAway: false, cell: this.#whereabouts.cellOf(peer), name };
    });
  }
}
