/** What a session knows about one other peer: its link, how far apart in time the two are, and what each still owes. */
import { ReliableLine } from '../rendezvous-line.ts';
import type { LinkState, PeerId } from '../session.ts';
import { Lately } from './lately.ts';
import { MAX_HELD_MS, type PeerInput } from './peer-input-codec.ts';
import { Assembly } from './peer-messages.ts';
import type { Timeline } from './timeline.ts';

/** Weight of a new sample in the running means of round trip and offset. */
const SMOOTHING = 0.1;
/** A round trip past this is a clock's mistake. */
const MAX_RTT_MS = 10_000;

export interface Hello {
  name: string;
  token: Uint8Array;
  key?: Uint8Array;
}

export class Peer {
  readonly id: PeerId;
  link: LinkState = 'down';
  lastHeardMs: number;
  /** Something came over the current link; until then it is greeted from time to time. */
  hasSpoken = false;
  greetDueMs = 0;
  /** What it said to be let in; null for one that has said nothing. */
  hello: Hello | null = null;
  /** The last tick whose input of ours it has. */
  acked = -1;
  /** With commit–reveal: the last tick whose commitment of ours it has. */
  commitmentAcked = -1;
  /** Its view, and where on the common timeline it was when it last spoke. */
  view = 0;
  position = -1;
  /** It has announced that it leaves. */
  isLeaving = false;
  /** Since when ticks wait for its input; Infinity while none does. */
  blockedSinceMs = Number.POSITIVE_INFINITY;
  rttMs = Number.NaN;
  /** By how many ticks we are ahead of it. */
  aheadTicks = 0;
  /** How early our inputs come to it, at worst, as it reports; Infinity while it has told nothing. */
  ourMarginTicks = Number.POSITIVE_INFINITY;
  /** Before this time it is not told again of what it missed, nor that it was evicted, nor that it is welcome. */
  correctedMs = Number.NEGATIVE_INFINITY;
  /** The view and tick at which it said that we are welcome, and when; null before. */
  welcome: { view: number; tick: number; atMs: number } | null = null;
  line: ReliableLine;
  readonly assembly = new Assembly();
  #echoMs = -1;
  #echoAtMs = 0;
  #hasOffset = false;
  readonly #margins = new Lately();

  constructor(id: PeerId, send: (bytes: Uint8Array) => void, nowMs: number) {
    this.id = id;
    this.lastHeardMs = nowMs;
    this.line = Peer.lineTo(id, send);
  }

  /** Reliable messages begin anew with each link. */
  static lineTo(id: PeerId, send: (bytes: Uint8Array) => void): ReliableLine {
    return new ReliableLine({ send: (_to, _channel, bytes) => send(bytes) }, id, 'datagram');
  }

  get isReachable(): boolean {
    return this.link !== 'down';
  }

  /** Learns from the part of a message that is about time. `timeline`: null while this peer has none. */
  noteTime(message: PeerInput, timeline: Timeline | null, nowMs: number): void {
    this.#echoMs = message.timeMs;
    this.#echoAtMs = nowMs;
    this.position = message.position;
    this.view = message.view;
    this.ourMarginTicks = message.marginTicks;
    if (message.heldMs <= MAX_HELD_MS) {
      const rttMs = ((Math.floor(nowMs) - message.echoMs) & 0xffff) - message.heldMs;
      if (rttMs >= 0 && rttMs < MAX_RTT_MS) {
        this.rttMs = Number.isNaN(this.rttMs) ? rttMs : this.rttMs + (rttMs - this.rttMs) * SMOOTHING;
      }
    }
    if (!timeline || Number.isNaN(this.rttMs)) return;
    const ahead = timeline.position(nowMs) - this.positionNow(timeline.tickMs, nowMs);
    this.aheadTicks = this.#hasOffset ? this.aheadTicks + (ahead - this.aheadTicks) * SMOOTHING : ahead;
    this.#hasOffset = true;
  }

  /** Where on the timeline it is now, by its last message and half a round trip. */
  positionNow(tickMs: number, nowMs: number): number {
    const oneWayMs = Number.isNaN(this.rttMs) ? 0 : this.rttMs / 2;
    return this.position + (nowMs - this.#echoAtMs + oneWayMs) / tickMs;
  }

  /** What to send back so that it can tell its round trip. */
  echo(nowMs: number): { echoMs: number; heldMs: number } {
    if (this.#echoMs < 0) return { echoMs: 0, heldMs: 255 };
    return { echoMs: this.#echoMs, heldMs: Math.min(255, Math.round(nowMs - this.#echoAtMs)) };
  }

  /** An input of it, or with commit–reveal a commitment, came so many ticks before it was due; negative: after. */
  noteMargin(ticks: number, nowMs: number): void {
    this.#margins.note(ticks, nowMs);
  }

  /** The least margin lately. */
  get marginTicks(): number {
    return this.#margins.least;
  }

  /** Another timeline: what was learned about the old one is void. */
  forgetOffset(): void {
    this.#hasOffset = false;
    this.aheadTicks = 0;
  }
}
