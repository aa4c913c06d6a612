/** How a client plays, and what it counts. */
import type { Transport } from './session.ts';

export interface ClientOptions {
  name: string;
  transport: Transport;
  /** Inputs taken and sent per second; between two of them the last one holds. A divisor of the tick rate is exact. */
  inputRateHz: number;
  /** Full clients step their own player ahead and correct it; thin load bots do not. */
  prediction: boolean;
}

export interface ClientCounters {
  receivedMessages: number;
  receivedBytes: number;
  malformed: number;
  snapshots: number;
  /** Snapshots that came after a newer one: dropped. */
  snapshotsLate: number;
  /** Ticks between two snapshots beyond the announced rate, summed: what loss looks like from here. */
  snapshotsMissed: number;
  sentMessages: number;
  sentBytes: number;
  inputs: number;
  corrections: number;
}
