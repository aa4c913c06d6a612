import type { Transport } from './session.ts';

export interface ClientOptions {
  name: string;
  transport: Transport;
  /** Inputs taken and sent per second; between two of them the last one holds. A divisor of the tick rate is exact. */
  inputRateHz: number;
  /** Full clients step their own player ahead and correct it; thin load bots do not. */
  prediction: boolean;
}
