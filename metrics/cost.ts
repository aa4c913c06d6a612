/**
 * What a match costs its operator and what its players give, and the upload of each topology as arithmetic. Everything
 * here is modelled: prices and densities are inputs with names, and a report shows them beside the result.
 */

/** US dollars. Egress of large clouds and of rented machines differ by a factor of fifty, so both are told. */
export interface Prices {
  egressCloudPerGB: number;
  egressMetalPerGB: number;
  relayPerGB: number;
  corePerMonth: number;
}

export const DEFAULT_PRICES: Readonly<Prices> = {
  egressCloudPerGB: 0.085,
  egressMetalPerGB: 0.0015,
  relayPerGB: 0.05,
  corePerMonth: 23,
};

/** Share of pairs that no direct link can join, so that a relay carries their bytes (published figures: 15 to 25 %). */
export const RELAYED_SHARE = 0.2;

const SECONDS_PER_MONTH = 30.44 * 86_400;

/** Gigabytes that a rate adds up to in a month of play around the clock. */
export function monthlyGB(kbps: number): number {
  return (kbps * 1000 * SECONDS_PER_MONTH) / 8 / 1e9;
}

/** Of one match, per player that is in it around the clock. */
export interface CostInputs {
  /** What the operator's machines send to one player, headers included; 0 where players serve each other. */
  egressKbps: number;
  /** Cores of the operator per player. */
  cores: number;
  /** What crosses a relay per player. */
  relayedKbps: number;
  /** What one player uploads on average, and the one that uploads most. */
  donatedKbps: number;
  donatedWorstKbps: number;
}

/** US dollars per player and month of play. */
export interface Cost {
  egressCloud: number;
  egressMetal: number;
  compute: number;
  relay: number;
  totalCloud: number;
  totalMetal: number;
  inputs: CostInputs;
}

export function costOf(inputs: CostInputs, prices: Readonly<Prices> = DEFAULT_PRICES): Cost {
  const gigabytes = monthlyGB(inputs.egressKbps);
  const egressCloud = gigabytes * prices.egressCloudPerGB;
  const egressMetal = gigabytes * prices.egressMetalPerGB;
  const compute = inputs.cores * prices.corePerMonth;
  const relay = monthlyGB(inputs.relayedKbps) * prices.relayPerGB;
  return {
    egressCloud,
    egressMetal,
    compute,
    relay,
    totalCloud: egressCloud + compute + relay,
    totalMetal: egressMetal + compute + relay,
    inputs,
  };
}

/** One way of sharing state, in messages: `rateHz` a second, `headerBytes` each, `entityBytes` per entity in it. */
export interface UploadInputs {
  players: number;
  rateHz: number;
  inInterest: number;
  entityBytes: number;
  headerBytes: number;
}

const kbps = (bytesPerS: number) => (bytesPerS * 8) / 1000;

/** Upload in kbit/s of the participant that uploads most, in closed form; a simulator that sends flat must agree within 5 %. */
export const UPLOADS = {
  /** Everybody tells everybody. */
  fullMesh: ({ players, rateHz, entityBytes, headerBytes }: UploadInputs) =>
    kbps((players - 1) * rateHz * (headerBytes + entityBytes)),
  /** Everybody tells those who can see it. */
  interestMesh: ({ inInterest, rateHz, entityBytes, headerBytes }: UploadInputs) =>
    kbps(inInterest * rateHz * (headerBytes + entityBytes)),
  /** One player tells all others what each can see. */
  listenHost: ({ players, inInterest, rateHz, entityBytes, headerBytes }: UploadInputs) =>
    kbps((players - 1) * rateHz * (headerBytes + inInterest * entityBytes)),
  /** A server tells all players what each can see. */
  server: ({ players, inInterest, rateHz, entityBytes, headerBytes }: UploadInputs) =>
    kbps(players * rateHz * (headerBytes + inInterest * entityBytes)),
} as const;

/**
 * Pings a second over a link (M13): to those who are told states every 1.5 s; to others by how far they
 * are beyond, every 0.4 to 1.5 s. That is 1 on average over the ring around 16 who are told that 54 links reach.
 */
const TOLD_PINGS_HZ = 1 / 1.5;
const UNTOLD_PINGS_HZ = 1;
const PING_BYTES = 10;
/** Of a ping that rides along with a state (M15): no headers, but its length, and what a bundle needs. */
const RIDING_PING_BYTES = PING_BYTES + 2 + 5;
/**
 * What a dialler says through others until a link is up, as on real links: a description with its candidates (130 bytes),
 * what carries it, and an acknowledgement of the other side's.
 */
export const SIGNALS = 2;
export const SIGNALLED_BYTES = 145;

export interface LinkInputs {
  /** Links that a peer has, those of them over which states are told, and how many come up per second. */
  links: number;
  told: number;
  openedHz: number;
  headerBytes: number;
}

/** What links cost a peer that tells its neighbours, besides states, in kbit/s: pings over each, signals for each new one. */
export function linkUpload({ links, told, openedHz, headerBytes }: LinkInputs): number {
  const pings =
    told * TOLD_PINGS_HZ * RIDING_PING_BYTES + (links - told) * UNTOLD_PINGS_HZ * (headerBytes + PING_BYTES);
  return kbps(pings + openedHz * (SIGNALS * headerBytes + SIGNALLED_BYTES));
}

export type UploadForm = keyof typeof UPLOADS;
