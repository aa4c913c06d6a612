/** How a rendezvous runs, what it counts, and what it reports of itself. */
import { KEEPER_TIMES } from './mesh/epoch-keeper.ts';
import type { SeatsStatus } from './mesh/seated-room.ts';
import { MAX_ROOM_PEERS, type RoomSettings } from './rendezvous-messages.ts';
import type { PeerId, Transport } from './session.ts';

/** Casts the rendezvous' vote where the members of a room cannot find a majority among themselves. */
export interface Acceptor {
  /** Answers one ballot; null when it has nothing to say. Throws a ProtocolError on bad bytes. Must copy what it keeps. */
  handle(bytes: Uint8Array): Uint8Array | null;
}

/** A room that exists from the beginning and never vanishes. */
export interface RoomPlan extends RoomSettings {
  /** At most 12 bytes, in capitals. */
  code: string;
}

export interface RendezvousOptions {
  transport: Transport;
  rooms: readonly RoomPlan[];
  maxRooms: number;
  maxPeersPerRoom: number;
  /** The same in rooms that keep seats, where nobody has to know everybody. */
  maxSeatsPerRoom: number;
  /** Messages that one link may send per second, relayed ones excepted; at four times that it is disconnected. */
  maxMessagesPerS: number;
  /** What one link may have relayed or signalled, in kilobits per second, each message's 40 bytes of headers included. */
  maxRelayKbps: number;
  /** A link that was silent for this long is taken for gone. */
  silenceMs: number;
  /** A room that was made by a participant vanishes when it was empty for this long. */
  emptyRoomMs: number;
  /** Fills an array with unpredictable bytes, for tokens and room codes. */
  randomBytes: (into: Uint8Array) => void;
  /** Makes the acceptor of a room's group; without one, ballots are dropped and counted. */
  acceptorOf?: (room: string) => Acceptor;
  /** In rooms that keep seats: epochs of those who take part follow each other at this distance at least. */
  epochEveryMs: number;
  /** Who said nothing for this long is away. */
  awayAfterMs: number;
  /** For so long the seat of somebody who is away is kept. */
  seatHoldMs: number;
  /**
   * After its start, a rendezvous waits so long for somebody who knows the match of a room that was there beforehand,
   * before it founds a new one; 0 where the room is known to be new.
   */
  recoverMs: number;
  /** A match of which no majority came together for this long is given up, and a new one founded. */
  abandonMs: number;
}

/** Everything but the transport and the source of tokens. */
export const DEFAULT_RENDEZVOUS = {
  rooms: [],
  maxRooms: 100,
  maxPeersPerRoom: 64,
  maxSeatsPerRoom: MAX_ROOM_PEERS,
  maxMessagesPerS: 1000,
  maxRelayKbps: 2000,
  silenceMs: 3000,
  emptyRoomMs: 60_000,
  ...KEEPER_TIMES,
} as const satisfies Partial<RendezvousOptions>;

export interface RendezvousCounters {
  receivedMessages: number;
  receivedBytes: number;
  sentMessages: number;
  sentBytes: number;
  /** Participants that were let in, returning ones included. */
  entered: number;
  refused: number;
  signals: number;
  relayedMessages: number;
  /** Payload bytes, without our four bytes of header. */
  relayedBytes: number;
  ballots: number;
  /** Ballots for which there was no acceptor. */
  ballotsDropped: number;
  /** Signals and relays to somebody who is not in the sender's room. */
  strays: number;
  malformed: number;
  overRate: number;
  /** Proofs of work that were asked for, and those that were none or not of the asked kind. */
  challenges: number;
  badProofs: number;
  /** Of all rooms with seats: epochs that were decided, and peers that were named to others. */
  epochs: number;
  introduced: number;
}

export interface PeerStatus {
  peer: PeerId;
  name: string;
  signals: number;
  relayedMessages: number;
  relayedBytes: number;
}

export interface RoomStatus {
  code: string;
  maxPeers: number;
  /** Who is present. */
  peers: PeerStatus[];
  /** The newest view that its group reported; −1 for none. */
  view: number;
  members: PeerId[];
  /** Of a room that keeps seats. */
  seats?: SeatsStatus;
}

export interface RendezvousStatus {
  links: number;
  rooms: RoomStatus[];
  counters: RendezvousCounters;
}
