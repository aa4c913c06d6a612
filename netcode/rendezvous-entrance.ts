/** Who may enter a room of a rendezvous, and as whom: versions, rooms that are found or made, full ones, work to be proven. */
import { rulesHash } from '../game/rules-hash.ts';
import { isProven } from './mesh/proof-of-work.ts';
import { MAX_PROOF_BITS, type Memory } from './mesh/room-messages.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { type Enter, MAX_ROOM_PEERS, MAX_SETTINGS_BYTES, type RoomSettings } from './rendezvous-messages.ts';
import type { RendezvousCounters, RendezvousOptions } from './rendezvous-options.ts';
import { type Room, type RoomSeat, Rooms } from './rendezvous-rooms.ts';
import { equalBytes } from './seats.ts';
import type { RefusalName } from './session.ts';

/** Takes each room that is there from now on; `recoverMs` as in the options. */
export type Opened = (room: Room, settings: RoomSettings, recoverMs: number, nowMs: number) => void;

export interface Refusal {
  type: 'refused';
  reason: RefusalName;
  text: string;
}

export type Answer =
  /** Come in; `resumed`: this seat was had before. `memory`: what of the match is remembered, as far as it counts. */
  | { type: 'seat'; room: Room; seat: RoomSeat; resumed: boolean; memory: Memory | undefined }
  | Refusal
  /** Prove some work, and ask again. */
  | { type: 'challenge'; nonce: Uint8Array; bits: number }
  /** Ask again: it is not known yet whether the match goes on. */
  | { type: 'wait' };

/** What was asked of a link. */
export interface Caller {
  /** The nonce of a challenge that was not answered yet. */
  challenge: Uint8Array | null;
}

export class Entrance {
  readonly rooms: Rooms;
  readonly #options: RendezvousOptions;
  readonly #counters: RendezvousCounters;
  readonly #opened: Opened;

  /** Throws a RangeError on bad options. */
  constructor(options: RendezvousOptions, counters: RendezvousCounters, opened: Opened, nowMs: number) {
    this.#options = options;
    this.#counters = counters;
    this.#opened = opened;
    for (const most of [options.maxPeersPerRoom, options.maxSeatsPerRoom]) {
      if (!(most >= 1 && most <= MAX_ROOM_PEERS))
        throw new RangeError(`${most} peers per room: 1 to ${MAX_ROOM_PEERS}`);
    }
    this.rooms = new Rooms(options.randomBytes);
    for (const { code, ...settings } of options.rooms) {
      const { length } = settings.settings;
      if (length > MAX_SETTINGS_BYTES) throw new RangeError(`room ${code}: settings of ${length} bytes`);
      const most = this.#mostPeers(settings);
      if (!isWithin(settings, most)) {
        throw new RangeError(`room ${code}: ${settings.maxPeers} peers, 1 to ${most} are possible`);
      }
      opened(this.rooms.addPermanent(code, settings, nowMs), settings, options.recoverMs, nowMs);
    }
  }

  /** Peers that a room like this may hold. */
  #mostPeers({ seats = 0 }: RoomSettings): number {
    return seats > 0 ? this.#options.maxSeatsPerRoom : this.#options.maxPeersPerRoom;
  }

  answer(caller: Caller, enter: Enter, nowMs: number): Answer {
    if (enter.protocol !== PROTOCOL_VERSION) return refusedVersion(enter.protocol);
    if (enter.rulesHash !== rulesHash()) {
      const text = 'your rules of the game differ from this rendezvous: use the same version on both sides';
      return refused('rules', text);
    }
    const room = enter.create ? this.#make(enter.create, nowMs) : this.#find(enter.room ?? '');
    return 'type' in room ? room : this.#seatIn(room, caller, enter, nowMs);
  }

  #find(code: string): Room | Refusal {
    return this.rooms.get(code) ?? refused('room', `there is no room ${code}: check the code, or make a new room`);
  }

  #make(settings: RoomSettings, nowMs: number): Room | Refusal {
    const { maxRooms } = this.#options;
    const most = this.#mostPeers(settings);
    if (!isWithin(settings, most)) {
      return refused('full', `a room here holds ${most} peers at most, not ${settings.maxPeers}`);
    }
    const room = this.rooms.count < maxRooms ? this.rooms.make(settings, nowMs) : undefined;
    if (!room) return refused('full', `this rendezvous has no place for another room: it holds ${maxRooms}`);
    this.#opened(room, settings, 0, nowMs);
    return room;
  }

  #seatIn(room: Room, caller: Caller, enter: Enter, nowMs: number): Answer {
    const { name, reclaim } = enter;
    const former = reclaim ? room.seatOf(reclaim) : undefined;
    const isPresent = former !== undefined && former.link >= 0;
    const { seated } = room;
    const isOfMatch = !enter.memory || seated?.fits(enter.memory) !== false;
    const isKnown = former !== undefined || (reclaim !== null && isOfMatch && room.canClaim(reclaim.peer));
    // What is remembered holds for who one was.
    const memory = isKnown ? enter.memory : undefined;
    if (seated && !seated.mayEnter(memory, nowMs)) return { type: 'wait' };
    if (!isPresent && seated?.isFullFor(isKnown ? reclaim?.peer : undefined)) {
      return refused('full', `room ${room.code} is full: ${seated.seats} players`);
    }
    if (!isPresent && room.present.size >= room.maxPeers) {
      return refused('full', `room ${room.code} is full: ${room.maxPeers} peers`);
    }
    const bits = room.proofOfWorkBits;
    if (!isKnown && !this.#hasPaid(caller, bits, enter)) return { type: 'challenge', nonce: caller.challenge!, bits };
    const seat = former ?? room.newSeat(reclaim?.peer, name || 'player', this.rooms.newToken());
    if (!seat) return refused('full', `room ${room.code} has given out all its numbers: make a new room`);
    return { type: 'seat', room, seat, resumed: former !== undefined, memory };
  }

  /** Whether a newcomer proved its work. An answer counts once, and on the link that was asked. */
  #hasPaid(caller: Caller, bits: number, { proof }: Enter): boolean {
    const { challenge } = caller;
    if (bits === 0) return true;
    if (proof && challenge && equalBytes(proof.nonce, challenge) && isProven(proof, bits)) {
      caller.challenge = null;
      return true;
    }
    if (proof) this.#counters.badProofs++;
    if (!challenge) this.#counters.challenges++;
    caller.challenge = challenge ?? this.rooms.newToken();
    return false;
  }
}

/** The answer to somebody who looks for a match, not for a room. */
export function wrongDoor(protocol: number): Refusal {
  if (protocol !== PROTOCOL_VERSION) return refusedVersion(protocol);
  return refused('room', 'this is a rendezvous, where peers meet: give the code of a room');
}

function refusedVersion(theirs: number): Refusal {
  const text = `this rendezvous speaks protocol ${PROTOCOL_VERSION}, you speak ${theirs}: update the older of the two`;
  return refused('protocol', text);
}

function refused(reason: RefusalName, text: string): Refusal {
  return { type: 'refused', reason, text };
}

function isWithin({ maxPeers, seats = 0, proofOfWorkBits = 0 }: RoomSettings, most: number): boolean {
  return maxPeers >= 1 && maxPeers <= most && seats >= 0 && seats <= maxPeers && proofOfWorkBits <= MAX_PROOF_BITS;
}
