/**
 * What members agreed on, and what a member gives a newcomer, comes over the network: whether it can be at all is checked
 * before it is applied, for the rules of the game assert it.
 */
import { Status, type World } from '../../game/world.ts';
import { ProtocolError } from '../protocol.ts';
import { NEVER, type Roster, type Seat, type ViewChange } from './roster.ts';

/** Throws a ProtocolError when no match with so many slots can go on with a change. */
export function checkChange(roster: Roster, { drops, joins }: ViewChange, slots: number): void {
  const removed = new Map<Seat, number>();
  for (const { peer, lastTick, removeTick } of drops) {
    const seat = roster.member(peer);
    if (!seat) continue;
    if (lastTick < seat.firstTick - 1 || lastTick === NEVER || removeTick <= Math.max(seat.firstTick, lastTick)) {
      throw new ProtocolError(`peer ${peer} is dropped at ${lastTick} and removed at ${removeTick}`);
    }
    removed.set(seat, removeTick);
  }
  const taken = new Set<number>();
  const joining = new Set<number>();
  for (const { peer, slot, firstTick, resumes } of joins) {
    const seat = roster.member(peer);
    if (slot >= slots || taken.has(slot) || joining.has(peer) || (seat && !removed.has(seat))) {
      throw new ProtocolError(`peer ${peer} cannot take slot ${slot}`);
    }
    taken.add(slot);
    joining.add(peer);
    const before = roster.seats.findLast((other) => other.slot === slot);
    checkFollows(before, before && (removed.get(before) ?? before.removeTick), { slot, firstTick, resumes });
  }
}

/** A seat begins when its slot is empty, or takes over the avatar that stands there. */
function checkFollows(
  before: Seat | undefined,
  removeTick: number | undefined,
  { slot, firstTick, resumes }: Pick<Seat, 'slot' | 'firstTick' | 'resumes'>,
): void {
  const isStanding = before !== undefined && removeTick! > firstTick;
  if (isStanding !== resumes) throw new ProtocolError(`slot ${slot} is ${isStanding ? 'taken' : 'empty'}`);
}

/** Throws a ProtocolError when a world after `tick` cannot have these seats. */
export function checkSeats(roster: Roster, world: World, tick: number): void {
  const { status } = world.players;
  const slots = world.arena.config.players;
  roster.seats.forEach((seat, at) => {
    const { slot, firstTick, lastTick, removeTick } = seat;
    if (slot >= slots || removeTick <= firstTick) throw new ProtocolError(`a seat in slot ${slot}`);
    const before = roster.seats.slice(0, at).findLast((other) => other.slot === slot);
    if (firstTick > tick && lastTick === NEVER) {
      // Who resumes a seat has made it stand for ever.
      checkFollows(before, before?.removeTick, seat);
    }
  });
  for (let slot = 0; slot < slots; slot++) {
    const isTaken = status[slot] !== Status.empty;
    if (isTaken !== (roster.seatAt(slot, tick) !== undefined)) {
      throw new ProtocolError(`slot ${slot} and its seat differ`);
    }
  }
}
