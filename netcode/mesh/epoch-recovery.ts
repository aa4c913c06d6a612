/**
 * How a rendezvous that knows nothing learns which match its room holds: the first phase of Paxos. Those who come back
 * promise its ballot, and report the newest epoch that they know and what they accepted beyond it.
 */
import type { PeerId } from '../session.ts';
import type { Epoch, EpochSeat } from './epoch.ts';
import { chainOf, type EpochChain } from './epoch-chain.ts';
import type { AcceptedChange, Known } from './room-messages.ts';

interface Report extends Pick<Known, 'line' | 'life' | 'number' | 'accepted'> {
  /** When the room's time was zero, as the reporter believes; NaN when it does not know. */
  zeroMs: number;
}

/** What a majority knows: the match up to its newest epoch, and which next epoch may have been decided already. */
export interface Reading {
  chain: EpochChain;
  accepted: AcceptedChange | null;
}

/** How soon somebody else is asked for epochs that were not told. */
const ASK_AGAIN_MS = 1000;

/** The seats whose peers vote on the epoch after this one. */
export function votersOf({ seats }: Epoch): EpochSeat[] {
  return seats.filter(({ isAway }) => !isAway);
}

/** So many of `voters` are a majority of them, and of them and the rendezvous where their number is even. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

export class EpochRecovery {
  readonly #reports = new Map<PeerId, Report>();
  /** The newest epochs that were told, by line. */
  readonly #chains = new Map<number, EpochChain>();
  /** What the rendezvous itself had proposed, and so accepted, before it was outbid. */
  readonly #own: AcceptedChange | null;
  #askDueMs = Number.NEGATIVE_INFINITY;

  /** `chain`: what the rendezvous itself remembers. */
  constructor(chain: EpochChain | null, own: AcceptedChange | null = null) {
    if (chain) this.#chains.set(chain.line, chain);
    this.#own = own;
  }

  has(peer: PeerId): boolean {
    return this.#reports.has(peer);
  }

  hear(peer: PeerId, { line, life, number, accepted, epochs, roomMs }: Known, nowMs: number): void {
    this.#reports.set(peer, { line, life, number, accepted, zeroMs: roomMs === null ? Number.NaN : nowMs - roomMs });
    const chain = epochs && chainOf(line, epochs);
    if (!chain) return;
    this.#askDueMs = Number.NEGATIVE_INFINITY;
    const known = this.#chains.get(line);
    if (!known || known.newest.number < chain.newest.number) this.#chains.set(line, chain);
  }

  /** Somebody who has to be asked for the newest epochs of a line, once in a while. */
  toAsk(isHere: (peer: PeerId) => boolean, nowMs: number): { peer: PeerId; line: number } | null {
    if (nowMs < this.#askDueMs) return null;
    for (const [peer, { line, number }] of this.#reports) {
      if (number < this.newestOf(line) || this.#isKnown(line) || !isHere(peer)) continue;
      this.#askDueMs = nowMs + ASK_AGAIN_MS;
      return { peer, line };
    }
    return null;
  }

  /** The newest epoch of a line that anybody reported; 0 for none. */
  newestOf(line: number): number {
    let newest = 0;
    for (const report of this.#reports.values()) if (report.line === line) newest = Math.max(newest, report.number);
    return newest;
  }

  #isKnown(line: number): boolean {
    return (this.#chains.get(line)?.newest.number ?? 0) >= this.newestOf(line);
  }

  /** Null while the newest epochs that anybody reported were not told. */
  #chain(line: number): EpochChain | null {
    return this.#isKnown(line) ? this.#chains.get(line)! : null;
  }

  /** The line of which a majority reported; of several the one that most report. */
  choose(): Reading | null {
    let best: Reading | null = null;
    let most = 0;
    for (const line of this.#chains.keys()) {
      const reading = this.read(line, false);
      const reports = [...this.#reports.values()].filter((report) => report.line === line).length;
      if (!reading || reports <= most) continue;
      best = reading;
      most = reports;
    }
    return best;
  }

  /** What a majority of the newest epoch of a line reported; `ownVote`: the rendezvous remembers its own vote. */
  read(line: number, ownVote: boolean): Reading | null {
    const chain = this.#chain(line);
    if (!chain) return null;
    const voters = votersOf(chain.newest);
    const heard = voters.filter(({ peer, life }) => {
      const report = this.#reports.get(peer);
      return report?.line === line && report.life === life;
    });
    const own = ownVote && voters.length % 2 === 0 ? 1 : 0;
    if (heard.length + own < quorumOf(voters.length)) return null;
    let accepted = this.#own?.number === chain.newest.number + 1 ? this.#own : null;
    for (const report of this.#reports.values()) {
      const next = report.line === line ? report.accepted : null;
      if (next?.number !== chain.newest.number + 1) continue;
      if (!accepted || next.ballot > accepted.ballot) accepted = next;
    }
    return { chain, accepted };
  }

  /** When the line's time was zero: the middle of what was reported; NaN when nobody knows. */
  zeroMs(line: number): number {
    const known = [...this.#reports.values()].filter((report) => report.line === line && !Number.isNaN(report.zeroMs));
    known.sort((a, b) => a.zeroMs - b.zeroMs);
    return known[known.length >> 1]?.zeroMs ?? Number.NaN;
  }
}
