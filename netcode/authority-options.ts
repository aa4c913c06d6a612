/** How an authority plays: what a plan or a page may choose, and what it counts while it runs. */
import type { MatchConfig } from '../game/arena.ts';
import type { Transport } from './session.ts';

export interface AuthorityOptions {
  config: MatchConfig;
  transport: Transport;
  /** Snapshots per second to each client; with `send: 'need'` those in combat get twice as many, up to the tick rate. */
  snapshotRateHz: number;
  send: 'need' | 'flat';
  /** A seat whose link went down is kept for this long. */
  seatHoldMs: number;
  /** A peer that was silent for this long is taken for gone. */
  silenceMs: number;
  /** Messages that one peer may send per second before they are dropped; at four times that it is disconnected. */
  maxMessagesPerS: number;
  defences: {
    /** Executes at most as many inputs per player as ticks have passed, plus a small burst. */
    timeBucket: boolean;
    /** Sends only what lies within vision. Off, snapshots reach four times as far. */
    visionFilter: boolean;
  };
  /** Fills an array with unpredictable bytes, for resume tokens. */
  randomBytes: (into: Uint8Array) => void;
}

/** Everything but the config, the transport and the source of tokens, as most matches want it. */
export const DEFAULT_AUTHORITY = {
  snapshotRateHz: 20,
  send: 'flat',
  seatHoldMs: 10_000,
  silenceMs: 5000,
  maxMessagesPerS: 120,
  defences: { timeBucket: true, visionFilter: true },
} as const satisfies Partial<AuthorityOptions>;

export interface AuthorityCounters {
  receivedMessages: number;
  receivedBytes: number;
  /** Messages that were not what the protocol allows. */
  malformed: number;
  /** Messages over a peer's rate. */
  overRate: number;
  sentMessages: number;
  sentBytes: number;
  snapshots: number;
  snapshotEntities: number;
  /** Snapshots from which something in view had to be left out. */
  partialSnapshots: number;
  refused: number;
}
