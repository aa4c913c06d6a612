/**
 * What drivers, bots and recorders need of a peer that plays, whatever it has to agree on with the others: a lockstep peer
 * and a peer of a mesh are both.
 */
import type { Arena } from '../game/arena.ts';
import type { ClientState } from './client-session.ts';
import type { PeerSession } from './peer-session.ts';
import type { LinkState, PeerId, Transport } from './session.ts';
import type { View } from './view.ts';

/** What every peer that plays is made from. */
export interface PeerOptions {
  /** What lies below the link to the rendezvous; links between peers are always datagrams. */
  transport: Transport;
  name: string;
  /** The room to enter; null makes one, for which the settings of its match are then needed. */
  room: string | null;
  inputRateHz: number;
  /** Fills an array with unpredictable bytes. */
  randomBytes: (into: Uint8Array) => void;
  /** To come back as who one was, after a restart of the program. */
  resumeToken?: Uint8Array;
}

/** The same of one that enters a room which a run began with. */
export type Birth = PeerOptions & { transport: 'datagram'; room: string };

/** What every peer that plays counts. */
export interface PeerCounters {
  receivedMessages: number;
  receivedBytes: number;
  malformed: number;
  sentMessages: number;
  sentBytes: number;
  /** Inputs taken from the player. */
  inputs: number;
  /** Ticks that it has come to hold: final ones where all step all, own ones where each steps its own. */
  snapshots: number;
}

export interface PlayingPeer extends PeerSession {
  readonly state: ClientState;
  /** Number in the room; 0 before it was entered. */
  readonly self: PeerId;
  /** Slot of the own player; −1 before it has one. */
  readonly player: number;
  /** Why it was refused; empty while it was not. */
  readonly refusal: string;
  /** Proves who it is after a restart of its program. */
  readonly resumeToken: Uint8Array;
  readonly arena: Arena | null;
  readonly tickMs: number;
  /** What the own player sees; null before it has one. */
  readonly view: View | null;
  /** What of it is final: what recorders compare with the truth. */
  readonly confirmedView: View | null;
  /** What a page draws now. */
  drawn(nowMs: number): View | null;
  /** Whether the next `advance(nowMs)` takes the current input: set it right before. */
  wantsInput(nowMs: number): boolean;
  /** Everybody it has or had something to do with. */
  readonly peers: ReadonlyMap<PeerId, { readonly id: PeerId; readonly link: LinkState }>;
  /** `snapshots`: worlds that the own player has seen. */
  readonly counters: { readonly snapshots: number; readonly malformed: number };
  /** Leaves for good: the others are told. */
  leave(nowMs: number): void;
}
