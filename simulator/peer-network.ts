/**
 * What lies between peers on virtual time: every pair's link with its own delays, over access lines that all links of a
 * participant share; the rendezvous behind its own line; pairs that cannot connect directly; and a network that may be
 * split into parts that hear nothing of each other.
 */
import { createLine, type Line, linkRandom, setLineProfile } from '../netcode/link/line.ts';
import { LinkModel } from '../netcode/link/link-model.ts';
import { isNatBlocked } from '../netcode/link/nat.ts';
import { customProfile, type LinkProfile } from '../netcode/link/profiles.ts';
import { RENDEZVOUS } from '../netcode/session.ts';
import type { VirtualClock } from './clock.ts';

/** Round trips until a connection is open: transport, encryption, handshake. An assumption. */
const SETUP_RTTS = 5;
const LEAST_SETUP_MS = 1;
/** A pair that has no direct link by then is relayed. */
export const DIAL_LIMIT_MS = 2500;
/** Rate of the rendezvous' line each way. */
const RENDEZVOUS_KBPS = 1_000_000;
/** Number of the rendezvous' line among the participants. */
const RENDEZVOUS_LINE = 0xffff;

export interface PeerNetworkOptions {
  clock: VirtualClock;
  seed: number;
  profile: LinkProfile;
  natBlockedRatio: number;
  /** Rate of every peer's line in kbit/s; unlimited when not given. */
  upKbps?: number;
  downKbps?: number;
}

/** Takes what arrives at a participant: from whom by number on the network, and over which of several links between them. */
export type Receive = (from: number, bytes: Uint8Array, link: number) => void;

/** One message on its way. */
interface Parcel {
  from: number;
  to: number;
  bytes: Uint8Array;
  link: number;
  readonly arrive: () => void;
}

const NO_BYTES = new Uint8Array(0);

export class PeerNetwork {
  readonly #options: PeerNetworkOptions;
  readonly #lines = new Map<number, Line>();
  readonly #receivers = new Map<number, Receive>();
  readonly #models = new Map<number, LinkModel>();
  /** Part of the network that each participant is in; all in part 0 when it is whole. */
  readonly #partOf = new Map<number, number>();
  /** Pairs that hear nothing of each other. */
  readonly #parted = new Set<number>();
  /** Participants that have no network at all. */
  readonly #cut = new Set<number>();
  readonly #extraDelaysMs = new Map<number, number>();
  /** Parcels that have arrived, for the next ones: there are hundreds of thousands a second. */
  readonly #idle: Parcel[] = [];
  #profile: LinkProfile;

  constructor(options: PeerNetworkOptions) {
    this.#options = options;
    this.#profile = options.profile;
  }

  get setupMs(): number {
    return Math.max(LEAST_SETUP_MS, SETUP_RTTS * this.#profile.baseRttMs);
  }

  /** How long it takes at least from one to the other. */
  get oneWayMs(): number {
    return this.#profile.baseRttMs / 2;
  }

  /** Puts a participant on the network, or replaces it by one that was started anew. */
  attach(number: number, receive: Receive): void {
    this.#receivers.set(number, receive);
  }

  /** It hears nothing more, and nobody is told. */
  detach(number: number): void {
    this.#receivers.delete(number);
  }

  isAttached(number: number): boolean {
    return this.#receivers.has(number);
  }

  /** Whether two participants can reach each other now. */
  areConnected(a: number, b: number): boolean {
    if (this.#cut.size === 0 && this.#partOf.size === 0 && this.#parted.size === 0) return true;
    if (this.#parted.has(pairOf(a, b))) return false;
    if (this.#cut.has(a) || this.#cut.has(b)) return false;
    return (this.#partOf.get(a) ?? 0) === (this.#partOf.get(b) ?? 0);
  }

  isBlocked(a: number, b: number): boolean {
    return isNatBlocked(this.#options.seed, this.#options.natBlockedRatio, a, b);
  }

  /** Splits the network: participants in different parts hear nothing of each other. All that are not named are in part 0. */
  split(parts: readonly (readonly number[])[]): void {
    this.#partOf.clear();
    parts.forEach((part, index) => {
      for (const number of part) this.#partOf.set(number, index);
    });
  }

  /** Two that hear nothing of each other from now on, while everybody else hears both. */
  part(a: number, b: number): void {
    this.#parted.add(pairOf(a, b));
  }

  /** It reaches nobody, and nobody reaches it, until `restore`. */
  cut(number: number): void {
    this.#cut.add(number);
  }

  restore(number: number): void {
    this.#cut.delete(number);
  }

  /** Gives every line another profile, from now on. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    for (const line of this.#lines.values()) setLineProfile(line, profile);
    for (const model of this.#models.values()) model.profile = profile;
  }

  /** Adds a delay to everything that a participant sends or receives, from now on. */
  delay(number: number, eachWayMs: number): void {
    this.#extraDelaysMs.set(number, eachWayMs);
    for (const [key, model] of this.#models) model.extraDelayMs = this.#extraDelayMs(key >>> 16, key & 0xffff);
  }

  #extraDelayMs(from: number, to: number): number {
    return (this.#extraDelaysMs.get(from) ?? 0) + (this.#extraDelaysMs.get(to) ?? 0);
  }

  /** `link` tells links apart that follow each other between the same two. */
  send(from: number, to: number, bytes: Uint8Array, link = 0): void {
    if (!this.areConnected(from, to)) return;
    const { clock } = this.#options;
    const model = this.#model(from, to);
    const count = model.offer(clock.nowMs, bytes.length);
    for (let i = 0; i < count; i++) {
      const parcel = this.#idle.pop() ?? this.#makeParcel();
      parcel.from = from;
      parcel.to = to;
      parcel.bytes = bytes;
      parcel.link = link;
      clock.at(model.arrivals[i]!, parcel.arrive);
    }
  }

  #makeParcel(): Parcel {
    const parcel: Parcel = {
      from: 0,
      to: 0,
      bytes: NO_BYTES,
      link: 0,
      arrive: () => {
        const { from, to, bytes, link } = parcel;
        parcel.bytes = NO_BYTES;
        this.#idle.push(parcel);
        if (this.areConnected(from, to)) this.#receivers.get(to)?.(from, bytes, link);
      },
    };
    return parcel;
  }

  #model(from: number, to: number): LinkModel {
    const key = from * 65_536 + to;
    const known = this.#models.get(key);
    if (known) return known;
    const { seed } = this.#options;
    const made = new LinkModel({
      profile: this.#profile,
      transport: 'datagram',
      random: linkRandom(seed, from, 'up', to + 1),
      from: this.#line(from).up,
      to: this.#line(to).down,
    });
    made.extraDelayMs = this.#extraDelayMs(from, to);
    this.#models.set(key, made);
    return made;
  }

  #line(number: number): Line {
    const known = this.#lines.get(number);
    if (known) return known;
    const { seed, upKbps, downKbps } = this.#options;
    const made =
      number === RENDEZVOUS
        ? createLine({
            profile: customProfile({}),
            seed,
            participant: RENDEZVOUS_LINE,
            upKbps: RENDEZVOUS_KBPS,
            downKbps: RENDEZVOUS_KBPS,
          })
        : createLine({
            profile: this.#profile,
            seed,
            participant: number,
            ...(upKbps === undefined ? {} : { upKbps }),
            ...(downKbps === undefined ? {} : { downKbps }),
          });
    this.#lines.set(number, made);
    return made;
  }
}

/** One number for two participants, whichever comes first. */
function pairOf(a: number, b: number): number {
  return Math.min(a, b) * 65_536 + Math.max(a, b);
}
