/**
 * The contract of every protocol session: bytes in, time in, bytes out. A session knows no socket, timer or clock; the
 * same object runs behind a Colyseus room, behind a data channel and inside the simulator. Whoever drives it hands over
 * what arrived, lets time pass, and performs what it asks for.
 */
import type { PlayerInput } from '../game/input.ts';
import type { Section } from '../game/world.ts';

/** Names one participant to a session; the driver chooses the numbers and keeps them stable while the link lives. */
export type PeerId = number;

/** Under an authority a client knows one peer only. */
export const AUTHORITY: PeerId = 0;

/** Where peers without an authority meet; it numbers them from 1. */
export const RENDEZVOUS: PeerId = 0;

/** `relayed`: no direct link could be made, so what is sent to that peer goes through the rendezvous. */
export type LinkState = 'up' | 'down' | 'relayed';

/** `unreliable` bytes may be lost, repeated or reordered; `reliable` ones arrive once and in order. */
export type Channel = 'unreliable' | 'reliable';

/**
 * What lies below a link. A `stream` keeps order and loses nothing, so reliable messages go out as they are; over
 * `datagram`s the session itself acknowledges and resends them.
 */
export type Transport = 'stream' | 'datagram';

/**
 * What a driver must do. The bytes of a `send` belong to the driver from then on: a session never writes to them again,
 * so a stalled socket may hold them.
 */
export type Request =
  | { type: 'send'; to: PeerId; channel: Channel; bytes: Uint8Array }
  | { type: 'connect'; to: PeerId }
  | { type: 'disconnect'; to: PeerId; reason: string };

/** Why somebody was not let in; the number travels in the datagram. */
export const Refusal = { protocol: 1, rules: 2, full: 3, banned: 4, malformed: 5, room: 6 } as const;
export type RefusalName = keyof typeof Refusal;

/** One line of the scoreboard. */
export interface RosterEntry {
  player: number;
  name: string;
  score: number;
  kills: number;
  deaths: number;
}

/** The first field in which two peers' worlds of one tick differ. */
export interface Desync {
  tick: number;
  peer: PeerId;
  section: Section;
  entity: number;
  field: string;
  mine: number;
  theirs: number;
}

/** What a driver may want to know, and may ignore. Times are in the session's own `nowMs`. */
export type SessionEvent =
  /** A player has its seat: at an authority one of its members, at a client itself. */
  | { type: 'joined'; peer: PeerId; player: number; name: string; resumed: boolean }
  /** A seat became free. */
  | { type: 'left'; peer: PeerId; player: number; reason: string }
  | { type: 'refused'; peer: PeerId; reason: RefusalName; text: string }
  /** Nothing was heard from a peer for too long. */
  | { type: 'silent'; peer: PeerId; silentMs: number }
  /** A client holds a newer snapshot: `view` has just changed. */
  | { type: 'snapshot'; tick: number }
  /** A client took its current input for this tick of its own timeline, which was due at `dueMs`, and sent it. */
  | { type: 'input'; tick: number; dueMs: number }
  /** Prediction was wrong by this distance in sub-units, and was corrected. */
  | { type: 'corrected'; distance: number }
  /** A purchase was answered. */
  | { type: 'purchased'; player: number; key: number; granted: boolean }
  | { type: 'roster'; total: number; first: number; entries: RosterEntry[] }
  /** The rendezvous let this participant into a room, where `peers` are already. */
  | { type: 'entered'; self: PeerId; room: string; peers: readonly PeerId[] }
  /** Somebody entered the room, or left it. */
  | { type: 'peerCame'; peer: PeerId }
  | { type: 'peerGone'; peer: PeerId }
  /** Who takes part in the match was agreed on anew. Epochs are numbered from 1 in each line, that is, match. */
  | { type: 'epoch'; line: number; number: number }
  /** Who is present in the cells around, as the rendezvous knows. */
  | { type: 'introduced'; peers: readonly { peer: PeerId; cell: number }[] }
  /** What a peer's dialler has to say to ours: a session description or a candidate, as text. */
  | { type: 'signal'; peer: PeerId; payload: string }
  /** Whether this participant may found the room's one group; false also when another group turned out to hold it. */
  | { type: 'founding'; granted: boolean }
  /** The world of this participant shows its own input, so long after it was due. */
  | { type: 'echo'; tick: number; afterMs: number }
  /** A tick that was due waited so long for somebody's input. */
  | { type: 'stalled'; tick: number; waitedMs: number }
  /** What was predicted turned out wrong: so many ticks were stepped again. */
  | { type: 'rollback'; depthTicks: number }
  /** Members agreed on who plays from now on; `tookMs`: since the first of those dropped was last heard, 0 without. */
  | { type: 'viewChanged'; view: number; drops: number; joins: number; tookMs: number }
  /** This side of a broken network is the smaller one, and waits. */
  | { type: 'halted'; heard: number; of: number }
  | { type: 'resumed' }
  /** A peer's world differs from ours; found so long after the tick was stepped here. */
  | ({ type: 'desync'; afterMs: number } & Desync)
  /** A peer told others other inputs than us; `isProven`: it signed both stories, so that everybody can see it. */
  | { type: 'equivocation'; peer: PeerId; tick: number; isProven: boolean }
  /** `by` accuses a peer of breaking the rules; `reason` is a word or a few that are always the same. */
  | { type: 'accused'; by: PeerId; peer: PeerId; reason: string; tick: number }
  /** This participant has nothing more to do with a peer, for that reason. */
  | { type: 'banned'; by: PeerId; peer: PeerId; reason: string; tick: number };

export interface Session {
  /** A link came up or went down. After `down` nothing more is received from that peer until it is up again. */
  linkChanged(peer: PeerId, state: LinkState, nowMs: number): void;
  /** Hands over one message. `bytes` are read during the call only. Never throws on bad bytes: they are counted. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void;
  /** The local player's current intent; it holds until it is replaced. Ignored by a session without a player. */
  setInput(input: PlayerInput): void;
  /** Lets time pass, by one tick at most; true when another is already due. `nowMs` never goes back. */
  advance(nowMs: number): boolean;
  /** The time at which `advance` next has something to do; Infinity while there is nothing to wait for. */
  readonly nextDueMs: number;
  /** What must be done now; emptied by the call. */
  drain(): readonly Request[];
  /** What happened since the last call. */
  takeEvents(): readonly SessionEvent[];
}

/** One end that carries a session's bytes: live adapters and the simulator implement it. */
export interface Link {
  /** Messages that have arrived by now, oldest first. */
  take(nowMs: number): Iterable<{ peer: PeerId; bytes: Uint8Array }>;
  perform(request: Request, nowMs: number): void;
}

/** Everything a driver does, live or simulated: hand over what came, let time pass, do what is asked. */
export function pump(session: Session, link: Link, nowMs: number): void {
  for (const { peer, bytes } of link.take(nowMs)) session.receive(peer, bytes, nowMs);
  while (session.advance(nowMs));
  for (const request of session.drain()) link.perform(request, nowMs);
}
