/** What defences cost and found: for tables, and for tests. */
import { MESH_DEFENCES, type MeshDefence } from '../settings.ts';

export interface DefenceCost {
  /** Messages of its own that were sent, and what it added to others. */
  sentMessages: number;
  sentBytes: number;
  /** How often it signed, verified, hashed or judged something. */
  calls: number;
}

export interface TrustCounters {
  readonly costs: Readonly<Record<MeshDefence, DefenceCost>>;
  /** Messages that were not sent, or not believed, because the other end had not proven its key. */
  unproven: number;
  /** Proofs that prove nothing, and keys other than the one that was seen first. */
  badProofs: number;
  badMacs: number;
  /** Messages that came before, or too late to tell. */
  replayed: number;
  forgedHeads: number;
  /** Forwarded states that their owner did not sign for. */
  forgedForwards: number;
  /** Hits beyond doubt that were looked into, and those of which nothing showed. */
  judgedHits: number;
  missedHits: number;
  accusations: number;
  accusationsHeard: number;
  /** Messages of those who are banned. */
  fromBanned: number;
  vouched: number;
  notVouched: number;
}

export function trustCounters(): TrustCounters {
  const costs = Object.fromEntries(
    MESH_DEFENCES.map((name) => [name, { sentMessages: 0, sentBytes: 0, calls: 0 }]),
  ) as Record<MeshDefence, DefenceCost>;
  return {
    costs,
    unproven: 0,
    badProofs: 0,
    badMacs: 0,
    replayed: 0,
    forgedHeads: 0,
    forgedForwards: 0,
    judgedHits: 0,
    missedHits: 0,
    accusations: 0,
    accusationsHeard: 0,
    fromBanned: 0,
    vouched: 0,
    notVouched: 0,
  };
}
