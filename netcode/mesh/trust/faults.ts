/** What witnesses blame peers for. The order is that of the codes in messages: append only. */
export const FAULTS = [
  'too far',
  'in a wall',
  'through a wall',
  'fired too soon',
  'fired elsewhere',
  'fired in the past',
  'health rose',
  'respawned too soon',
  'ignored hits',
  'jumped away',
  'unpaid shield',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Strikes that make an accusation, when they fall within `STRIKES_S`. */
export const STRIKES = 3;
export const STRIKES_S = 3;

export interface Fault {
  what: FaultName;
  tick: number;
  /** Strikes that it counts: STRIKES for what cannot be a mistake, 0 for what says something only if many saw such. */
  weight: number;
  /** What was seen, and what the rules allow, in the fault's own unit. */
  observed: number;
  allowed: number;
}
