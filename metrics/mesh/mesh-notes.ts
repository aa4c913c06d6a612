/**
 * What peers of a mesh tell about their links to neighbours: who hears whom directly since when, links opened, whom states
 * go to and what they weigh, what was forwarded for others, and who accuses whom of what. Everywhere else all of it stays
 * empty. Part of a SwarmRecorder, so the peers of one process share it.
 */
import { type Rows, Table } from '../columns.ts';
import { Distribution } from '../histogram.ts';
import type { MeasuringWindow } from '../measuring-window.ts';

/** From `atMs` on `player` hears of `other` without a detour (`direct` 1), or no longer (0). */
export const DIRECT_SHAPE = { player: 'u16', other: 'u16', atMs: 'f64', direct: 'u8' } as const;

export interface MeshRows {
  direct: Rows<typeof DIRECT_SHAPE>;
}

/** `by` and `whom` are players; −1: somebody whose slot is not known. */
export interface Accusation {
  by: number;
  whom: number;
  reason: string;
  atMs: number;
}

/** Without transport headers. */
export interface SentCount {
  messages: number;
  bytes: number;
}

export interface MeshNotesMeta {
  linksOpened: number;
  /** States that owners sent, one per recipient, and those that a neighbour forwarded. */
  states: number;
  stateBytes: number;
  forwardedBytes: number;
  /** All that peers sent, by what it is for. */
  upload: Record<string, SentCount>;
  /** Recipients per peer, one sample each time it was told. */
  recipients: string;
  /** In the window, and the first of them. */
  accused: number;
  accusations: Accusation[];
}

/** The reason of an accusation that comes with proof: two things signed by one peer of which only one can be true. */
export const EQUIVOCATION = 'equivocation';

const MOST_ACCUSATIONS = 10_000;

export class MeshNotes {
  readonly #window: MeasuringWindow;
  readonly #direct = new Table(DIRECT_SHAPE, 20_000_000);
  readonly #recipients = new Distribution();
  readonly #accusations: Accusation[] = [];
  readonly #upload: Record<string, SentCount> = {};
  #counts = { linksOpened: 0, states: 0, stateBytes: 0, forwardedBytes: 0, accused: 0 };

  constructor(window: MeasuringWindow) {
    this.#window = window;
  }

  /** A link to another peer came up, or `count` have since the last call; each of its two ends tells. */
  linkOpened(nowMs: number, count = 1): void {
    if (this.#window.covers(nowMs)) this.#counts.linksOpened += count;
  }

  /** The first state of `other` over the link that `player`'s peer now has to it; once per link, at any time. */
  directState(player: number, other: number, nowMs: number): void {
    this.#noteDirect(player, other, nowMs, 1);
  }

  /** The link from which `player`'s peer heard of `other` is gone. At any time. */
  directLost(player: number, other: number, nowMs: number): void {
    this.#noteDirect(player, other, nowMs, 0);
  }

  #noteDirect(player: number, other: number, atMs: number, direct: number): void {
    if (!this.#direct.reserve(1)) return;
    const at = this.#direct.count++;
    const { columns } = this.#direct;
    columns.player[at] = player;
    columns.other[at] = other;
    columns.atMs[at] = atMs;
    columns.direct[at] = direct;
  }

  /** An owner sent its state to one recipient, or `count` times since the last call: bytes without transport headers. */
  stateSent(bytes: number, nowMs: number, count = 1): void {
    if (!this.#window.covers(nowMs)) return;
    this.#counts.states += count;
    this.#counts.stateBytes += bytes;
  }

  /** A peer passed on somebody else's state to one that has no link to its owner yet. */
  forwarded(bytes: number, nowMs: number): void {
    if (this.#window.covers(nowMs)) this.#counts.forwardedBytes += bytes;
  }

  /** A peer sent this for one purpose since the last call. */
  sent(part: string, { messages, bytes }: SentCount, nowMs: number): void {
    if (!this.#window.covers(nowMs)) return;
    this.#upload[part] ??= { messages: 0, bytes: 0 };
    this.#upload[part].messages += messages;
    this.#upload[part].bytes += bytes;
  }

  /** To how many a peer tells its state now; about once per second and peer. */
  recipients(count: number, nowMs: number): void {
    if (this.#window.covers(nowMs)) this.#recipients.add(count);
  }

  /** A peer accuses another one; `reason` is a word or a few that are always the same. */
  accused(by: number, whom: number, reason: string, nowMs: number): void {
    if (!this.#window.covers(nowMs)) return;
    this.#counts.accused++;
    if (this.#accusations.length < MOST_ACCUSATIONS) this.#accusations.push({ by, whom, reason, atMs: nowMs });
  }

  finish(): MeshNotesMeta {
    return {
      ...this.#counts,
      upload: this.#upload,
      recipients: this.#recipients.encode(),
      accusations: this.#accusations,
    };
  }

  get tables() {
    return { direct: this.#direct };
  }
}
