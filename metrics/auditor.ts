import type { AuthorityRecording } from './authority-recorder.ts';
import type { Evidence, Measures } from './measures.ts';
import type { Activity, Coverage, Desync, SeriesRow } from './record.ts';
import type { SwarmRecording } from './swarm-recorder.ts';

/** What an audit needs besides the recordings. */
export interface AuditOptions {
  evidence: Evidence;
  /** Players that should have joined through a swarm. */
  expectedJoins: number;
  /** Step of the codec's positions in sub-units per axis: a smaller difference is no desync. */
  quantisation: number;
  /** Bytes that the transport adds to one message; 78 for WebSocket over TLS, 93 for a data channel. */
  headerBytes: number;
  /** The authority is one of the participants: its upload counts as a participant's. */
  authorityPlays: boolean;
  /** What the same policies do per player-minute without latency; null when unknown. */
  reference: ActivityRates | null;
}

/** Per player-minute: distance in units. */
export interface ActivityRates {
  distance: number;
  shots: number;
  pickups: number;
}

/** Per player, over the window: what a cheater is compared with its twin by. */
export interface PlayerTally {
  player: number;
  scorePerMin: number;
  /** Units. */
  distancePerMin: number;
  /** Mean number of players beyond vision that it held; null when it was no measured viewer. */
  exposure: number | null;
}

export interface Audit {
  measures: Measures;
  activity: Activity;
  coverage: Coverage;
  desync: Desync | null;
  /** Reasons of failed joins and lost links, counted. */
  failures: Record<string, number>;
  tallies: PlayerTally[];
  series: SeriesRow[];
}

/** Joins what the authority and the players wrote down into measures. Linear in their rows. */
export function audit(_authority: AuthorityRecording, _swarms: SwarmRecording[], _options: AuditOptions): Audit {
  throw new Error('not there yet');
}
