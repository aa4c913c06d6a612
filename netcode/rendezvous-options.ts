/** How a rendezvous runs, what it counts, and what it reports of itself. */
import type { PeerId, Transport } from './session.ts';

/** Casts the rendezvous' vote where the members of a room cannot find a majority among themselves. */
export interface Acceptor {
  /** Answers one ballot; null when it has nothing to say. Throws a ProtocolError on bad bytes. Must copy what it keeps. */
  handle(bytes: Uint8Array): Uint8Array | null;
}

/** A room that exists from the beginning and never vanishes. */
export interface RoomPlan {
  /** At most 12 bytes, in capitals. */
  code: string;
  settings: Uint8Array;
  maxPeers: number;
}

export interface RendezvousOptions {
  transport: Transport;
  rooms: readonly RoomPlan[];
  maxRooms: number;
  maxPeersPerRoom: number;
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
}

/** Everything but the transport and the source of tokens. */
export const DEFAULT_RENDEZVOUS = {
  rooms: [],
  maxRooms: 100,
  maxPeersPerRoom: 64,
  maxMessagesPerS: 1000,
  maxRelayKbps: 2000,
  silenceMs: 3000,
  emptyRoomMs: 60_000,
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
}

export interface RendezvousStatus {
  links: number;
  rooms: RoomStatus[];
  counters: RendezvousCounters;
}
