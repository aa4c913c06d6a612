/** What a swarm worker and whoever started it say to each other, over the IPC channel. */
import type { Plan } from '../../metrics/plan.ts';
import type { BotRole } from './assign.ts';

/** Where the authority of a match is reached. */
export interface Endpoint {
  topology: string;
  url: string;
  /** Slots of the authority's world. */
  capacity: number;
}

export interface SwarmOrders {
  endpoint: Endpoint;
  plan: Plan;
  roles: BotRole[];
  /** Joins under way at once in this worker. */
  joinsAtOnce: number;
  /** Planted fault: this worker's event loop is kept busy. */
  overloaded: boolean;
}

export type ToSwarm =
  | { type: 'start'; orders: SwarmOrders }
  /** Measure between two moments of the machine's monotonic clock. */
  | { type: 'measure'; fromMs: number; untilMs: number }
  /** Write the recording to a file and leave the match. */
  | { type: 'finish'; path: string };

export type FromSwarm =
  | { type: 'ready' }
  | { type: 'progress'; asked: number; joined: number; failed: number }
  /** Every join has come out one way or the other. */
  | { type: 'settled'; joined: number; failed: number; reasons: Record<string, number> }
  | { type: 'finished'; path: string; seats: Seat[] };

/** Which player a bot was in the match; −1 when it never joined. */
export interface Seat {
  index: number;
  player: number;
}
