/**
 * One direction of one link: given when a message is sent and how long it is, when it arrives, if at all. Datagrams are
 * lost in bursts, delayed each on its own and so reordered, sometimes doubled. A stream loses nothing and keeps order,
 * and pays for it: a lost segment is sent again after a timeout, and holds back all that follows (head-of-line blocking).
 *
 * The path is: the sender's uplink (queue, burst loss), half the base RTT plus jitter, the receiver's downlink (burst loss,
 * queue). Time is a parameter and randomness is seeded, so the simulator and live adapters get the same arrivals.
 *
 * Retransmission follows RFC 6298 (SRTT, RTTVAR, doubling) with the tail loss probe of RFC 8985: a first try after 2·SRTT,
 * because a game's messages are small and far apart, and so the last in flight. Connections warm at the profile's own RTT.
 */
import type { Random } from '../../game/random.ts';
import type { Transport } from '../session.ts';
import type { LineDirection } from './line.ts';
import { heavyTailed, JITTER_MEAN } from './portable-math.ts';
import type { LinkProfile } from './profiles.ts';

/**
 * Bytes around one message on the wire: a WebSocket frame over TLS, TCP and IPv4; a data channel message over SCTP, DTLS,
 * UDP and IPv4. Assumptions, to be replaced by what real sockets show.
 */
export const HEADER_BYTES: Readonly<Record<Transport, number>> = { stream: 78, datagram: 93 };

const LEAST_TIMEOUT_MS = 200;
/** Tries of one segment before a stream gives up: with doubling from 200 ms that is some 15 min, as TCP stacks do. */
const MOST_TRIES = 14;
/** A stream whose sender has this much waiting is taken for dead, as an application's heartbeat would take it. */
const STREAM_BACKLOG_MS = 15_000;

export interface LinkModelOptions {
  profile: LinkProfile;
  transport: Transport;
  random: Random;
  /** The sender's `line.up`; null for one without loss or limit. */
  from: LineDirection | null;
  /** The receiver's `line.down`; null likewise. */
  to: LineDirection | null;
}

export class LinkModel {
  readonly transport: Transport;
  /** The delays are this profile's; the loss is the lines'. May be replaced at any time. */
  profile: LinkProfile;
  /** Added to every delay: a planted fault, or a longer way. */
  extraDelayMs = 0;
  /** Times of the last offer's arrivals; `offer` says how many are valid. */
  readonly arrivals = new Float64Array(2);
  /** True once a stream has given up: nothing arrives any more, and its ends should be told that it is down. */
  broken = false;
  readonly counters = { offered: 0, lost: 0, overflowed: 0, duplicated: 0, retransmitted: 0, wireBytes: 0 };

  readonly #random: Random;
  readonly #from: LineDirection | null;
  readonly #to: LineDirection | null;
  #lastArrivalMs = Number.NEGATIVE_INFINITY;
  #srttMs = -1;
  #rttVarMs = 0;

  constructor(options: LinkModelOptions) {
    this.transport = options.transport;
    this.profile = options.profile;
    this.#random = options.random;
    this.#from = options.from;
    this.#to = options.to;
  }

  /**
   * Sends one message of `byteLength` bytes at `nowMs`, which never goes back. Returns the number of its arrivals, whose
   * times are then in `arrivals`: for datagrams 0 (lost), 1 or 2 (doubled), for a stream 1 until it is `broken`.
   */
  offer(nowMs: number, byteLength: number): number {
    const wireBytes = byteLength + HEADER_BYTES[this.transport];
    this.counters.offered++;
    this.counters.wireBytes += wireBytes;
    return this.transport === 'stream' ? this.#offerSegment(nowMs, wireBytes) : this.#offerDatagram(nowMs, wireBytes);
  }

  #offerDatagram(nowMs: number, wireBytes: number): number {
    const { counters, profile } = this;
    const sentAfterMs = this.#from ? this.#from.rate.offer(nowMs, wireBytes) : 0;
    if (sentAfterMs < 0) {
      counters.overflowed++;
      return 0;
    }
    const sentMs = nowMs + sentAfterMs;
    if (this.#from?.loss.isBad(sentMs)) {
      counters.lost++;
      return 0;
    }
    const doubled = profile.duplicationRatio > 0 && this.#random.unit() < profile.duplicationRatio;
    if (doubled) counters.duplicated++;
    let count = 0;
    for (let copy = doubled ? 2 : 1; copy > 0; copy--) {
      const arrivesMs = this.#arrivalOf(sentMs, wireBytes);
      if (arrivesMs >= 0) this.arrivals[count++] = arrivesMs;
    }
    return count;
  }

  /** Time at which one datagram that left at `sentMs` is through the downlink; −1 when it is lost there. */
  #arrivalOf(sentMs: number, wireBytes: number): number {
    const reachedMs = sentMs + this.#delayMs();
    if (!this.#to) return reachedMs;
    if (this.#to.loss.isBad(reachedMs)) {
      this.counters.lost++;
      return -1;
    }
    const takenMs = this.#to.rate.offer(reachedMs, wireBytes);
    if (takenMs >= 0) return reachedMs + takenMs;
    this.counters.overflowed++;
    return -1;
  }

  #delayMs(): number {
    const { baseRttMs, jitterScaleMs } = this.profile;
    const jitterMs = jitterScaleMs > 0 ? heavyTailed(this.#random, jitterScaleMs) : 0;
    return baseRttMs / 2 + this.extraDelayMs + jitterMs;
  }

  #offerSegment(nowMs: number, wireBytes: number): number {
    if (this.broken) return 0;
    const waitMs = this.#from ? this.#from.rate.wait(nowMs, wireBytes) : 0;
    let sentMs = nowMs + waitMs;
    let delayMs = this.#delayMs();
    if (this.#srttMs < 0) this.#warmUp();
    let timeoutMs = 2 * this.#srttMs;
    let tries = 1;
    while (this.#from?.loss.isBad(sentMs) || this.#to?.loss.isBad(sentMs + delayMs)) {
      if (tries === MOST_TRIES) return this.#break();
      this.counters.retransmitted++;
      sentMs += timeoutMs;
      // After the probe the regular timeout, then twice as long each time.
      timeoutMs = tries === 1 ? Math.max(LEAST_TIMEOUT_MS, this.#srttMs + 4 * this.#rttVarMs) : timeoutMs * 2;
      delayMs = this.#delayMs();
      tries++;
    }
    // A retransmitted segment gives no sample: nobody knows which copy was answered (Karn 1987).
    if (tries === 1) this.#sampleRtt(delayMs);
    const reachedMs = sentMs + delayMs;
    const takenMs = this.#to ? this.#to.rate.wait(reachedMs, wireBytes) : 0;
    if (waitMs > STREAM_BACKLOG_MS || takenMs > STREAM_BACKLOG_MS) return this.#break();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, reachedMs + takenMs);
    this.arrivals[0] = this.#lastArrivalMs;
    return 1;
  }

  #break(): number {
    this.broken = true;
    this.counters.lost++;
    return 0;
  }

  /** What the estimators have settled to on a connection that has been open for a while. */
  #warmUp(): void {
    this.#srttMs = this.#rttOf(this.profile.baseRttMs / 2 + JITTER_MEAN * this.profile.jitterScaleMs);
    this.#rttVarMs = this.profile.jitterScaleMs;
  }

  /** The way back is taken as the mean one. */
  #rttOf(delayMs: number): number {
    return delayMs + this.profile.baseRttMs / 2 + this.extraDelayMs + JITTER_MEAN * this.profile.jitterScaleMs;
  }

  #sampleRtt(delayMs: number): void {
    const sampleMs = this.#rttOf(delayMs);
    const error = sampleMs - this.#srttMs;
    this.#rttVarMs += (Math.abs(error) - this.#rttVarMs) / 4;
    this.#srttMs += error / 8;
  }
}
