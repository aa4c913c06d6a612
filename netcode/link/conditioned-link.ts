/**
 * Makes a real connection worse: both directions of one client's link, conditioned at the client's end. It holds messages
 * back in memory and knows no socket or timer; whoever owns the socket drives it:
 *
 *     const worse = new ConditionedLink({ profile, transport: 'stream', seed, participant: bot });
 *     // to send:        worse.up.offer(bytes, nowMs);
 *     // on a message:   worse.down.pass(bytes, nowMs, (bytes) => session.receive(AUTHORITY, bytes, nowMs));
 *     // at worse.nextDueMs, and after every offer:
 *     worse.up.deliver(nowMs, (bytes) => socket.send(bytes));
 *     worse.down.deliver(nowMs, (bytes) => session.receive(AUTHORITY, bytes, nowMs));
 *
 * Over a `stream` transport order is kept and nothing is lost; over `datagram` messages may be lost, doubled, reordered.
 */
import type { Transport } from '../session.ts';
import { createLine, type Line, linkRandom, setLineProfile } from './line.ts';
import { LinkModel } from './link-model.ts';
import type { LinkProfile } from './profiles.ts';
import { TimedQueue } from './timed-queue.ts';

export interface ConditionedLinkOptions {
  profile: LinkProfile;
  transport: Transport;
  seed: number;
  /** Number of the participant: links of one seed differ by it. */
  participant: number;
  /** Rates in kbit/s; without a limit when not given. */
  upKbps?: number;
  downKbps?: number;
  /** The access line that this link shares with the participant's other links; without it, the link has its own. */
  line?: Line;
  /** Tells the links of one participant apart. */
  link?: number;
  /**
   * The other end is conditioned too, and delays what it sends: what arrives here passes this side's downlink, and is not
   * delayed a second time. So the round trip between two participants is the profile's once.
   */
  isPeerConditioned?: boolean;
}

/** What a downlink does to messages that were delayed by their sender: bursts and the rate are left. */
function withoutDelay(profile: LinkProfile): LinkProfile {
  return { ...profile, baseRttMs: 0, jitterScaleMs: 0, duplicationRatio: 0 };
}

/** Messages held back at most per direction; more than that means that nobody takes what is due. */
const MOST_HELD = 65_536;

/** One direction: messages go in with `offer` and come out of `due` when the model says so. */
export class ConditionedDirection {
  readonly model: LinkModel;
  readonly #held = new TimedQueue<Uint8Array>();

  constructor(model: LinkModel) {
    this.model = model;
  }

  /** Takes one message. The bytes are kept, not copied: a buffer that will be reused must be copied by the caller. */
  offer(bytes: Uint8Array, nowMs: number): void {
    const count = this.model.offer(nowMs, bytes.length);
    for (let i = 0; i < count; i++) this.#hold(this.model.arrivals[i]!, bytes);
  }

  /**
   * Takes one message, and hands over what has arrived by now. Where nothing holds the message back it is handed over as
   * it is; only what waits is copied, so that the caller may reuse the buffer.
   */
  pass(bytes: Uint8Array, nowMs: number, take: (bytes: Uint8Array) => void): void {
    this.deliver(nowMs, take);
    const count = this.model.offer(nowMs, bytes.length);
    for (let i = 0; i < count; i++) {
      const atMs = this.model.arrivals[i]!;
      if (atMs <= nowMs) take(bytes);
      // A Buffer's own `slice` would not copy.
      else this.#hold(atMs, new Uint8Array(bytes));
    }
  }

  #hold(atMs: number, bytes: Uint8Array): void {
    if (this.#held.length >= MOST_HELD) this.model.counters.overflowed++;
    else this.#held.push(atMs, bytes);
  }

  /** Hands over the messages that have arrived by now, in the order of their arrival, each once. */
  deliver(nowMs: number, take: (bytes: Uint8Array) => void): void {
    while (this.#held.nextTime <= nowMs) take(this.#held.pop()!);
  }

  /** When the next message arrives; Infinity while none is on its way. */
  get nextDueMs(): number {
    return this.#held.nextTime;
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** Forgets what is on its way, as when the connection closes. */
  clear(): void {
    this.#held.clear();
  }
}

export class ConditionedLink {
  readonly up: ConditionedDirection;
  readonly down: ConditionedDirection;
  readonly #line: Line;
  readonly #isPeerConditioned: boolean;

  constructor(options: ConditionedLinkOptions) {
    const { profile, transport, seed, participant, link, isPeerConditioned = false } = options;
    this.#line = options.line ?? createLine(options);
    this.#isPeerConditioned = isPeerConditioned;
    this.up = new ConditionedDirection(
      new LinkModel({
        profile,
        transport,
        random: linkRandom(seed, participant, 'up', link),
        from: this.#line.up,
        to: null,
      }),
    );
    this.down = new ConditionedDirection(
      new LinkModel({
        profile: isPeerConditioned ? withoutDelay(profile) : profile,
        transport,
        random: linkRandom(seed, participant, 'down', link),
        from: null,
        to: this.#line.down,
      }),
    );
  }

  /** Becomes another profile from now on; what is on its way arrives as it would have. */
  setProfile(profile: LinkProfile): void {
    this.up.model.profile = profile;
    this.down.model.profile = this.#isPeerConditioned ? withoutDelay(profile) : profile;
    setLineProfile(this.#line, profile);
  }

  /** Adds a fixed delay to each direction: the planted fault `delay-link`, for instance. */
  setExtraDelay(eachWayMs: number): void {
    this.up.model.extraDelayMs = eachWayMs;
    this.down.model.extraDelayMs = eachWayMs;
  }

  /** When either direction next has something to deliver; Infinity while nothing is on its way. */
  get nextDueMs(): number {
    return Math.min(this.up.nextDueMs, this.down.nextDueMs);
  }

  /** True once a stream has given up: the owner should close the socket. */
  get broken(): boolean {
    return this.up.model.broken || this.down.model.broken;
  }

  clear(): void {
    this.up.clear();
    this.down.clear();
  }
}
