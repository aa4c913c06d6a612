/** What a swarm worker and whoever started it say to each other, over the IPC channel. */
import type { Plan } from '../../metrics/plan.ts';
import type { BotRole } from './assign.ts';

/** Where a match is joined: its authority, or the rendezvous of its peers. */
export interface Endpoint {
  topology: string;
  url: string;
  /** Slots of the world. */
  capacity: number;
  /** Side of the arena in sub-units. */
  arenaSize: number;
  /** Local address of links between peers; without it they stay on this machine. */
  bindAddress?: string;
}

export interface SwarmOrders {
  endpoint: Endpoint;
  plan: Plan;
  roles: BotRole[];
  /** Joins under way at once in this worker. */
  joinsAtOnce: number;
  /** Nobody decides, and the world of this worker's first bot counts as true. */
  keepsTruth: boolean;
  /** Planted fault: this worker's event loop is kept busy. */
  overloaded: boolean;
}

export type ToSwarm =
  | { type: 'start'; orders: SwarmOrders }
  /** Measure between two moments of the machine's monotonic clock. */
  | { type: 'measure'; fromMs: number; untilMs: number }
  /** The players stand still from now on, so that what is under way comes to an end. */
  | { type: 'rest' }
  /** Write to a file, as JSON, what the peers know of the coins: a list of `LedgerStatement`. */
  | { type: 'state'; path: string }
  /** Write what was recorded to files whose names begin so, and leave the match. */
  | { type: 'finish'; path: string };

export type FromSwarm =
  | { type: 'ready' }
  | { type: 'progress'; asked: number; joined: number; failed: number }
  /** Every join has come out one way or the other. */
  | { type: 'settled'; joined: number; failed: number; reasons: Record<string, number> }
  | { type: 'stated' }
  /** Where the recordings are: `truth` where it was kept here, `replays` of peers whose worlds have parted. */
  | { type: 'finished'; path: string; truth: string | null; replays: { peer: number; path: string }[]; seats: Seat[] };

/** What a peer executed, encoded: written by those that found another world than theirs. */
export interface Replay {
  /** Its number among the peers. */
  peer: number;
  bytes: Uint8Array;
}

/** Which player a bot was in the match; −1 when it never joined. */
export interface Seat {
  index: number;
  player: number;
}
