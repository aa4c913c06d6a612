/**
 * What peers that simulate tell about themselves: waiting, input delay, rollbacks, links, changes of the set of peers,
 * and desyncs that they found among each other. Under an authority all of it stays empty. Part of a SwarmRecorder, so
 * the peers of one process share it; cost: one histogram entry per call.
 */
import { Distribution } from './histogram.ts';
import type { MeasuringWindow } from './measuring-window.ts';

/** A peer left the others (`drop`), or came to them (`join`). */
export type ViewChangeKind = 'drop' | 'join';

/** The first difference behind a checksum mismatch, as a session names it. */
export interface DesyncReport {
  tick: number;
  section: string;
  entity: number;
  field: string;
  /** Values of the field here and there; the sections' checksums where the field could not be found out. */
  mine: number;
  theirs: number | null;
  /** Id of the peer that holds the other value. */
  peer: number;
  /** From stepping that tick to naming the difference. */
  detectedMs: number;
}

/** As it lies in a recording: distributions are encoded. */
export interface PeerNotesMeta {
  /** Ticks of delay, one sample per second and peer. */
  delays: string;
  /** Ticks stepped again, one per rollback. */
  rollbacks: string;
  /** Links per peer, one sample per second and peer, and how many of those were relayed in all samples. */
  links: string;
  relayedLinks: number;
  /** Ticks that had to wait, and the time that they waited. */
  stalls: number;
  stalledMs: number;
  viewChanges: Record<ViewChangeKind, string>;
  desyncs: number;
  /** The first ones. */
  reports: (DesyncReport & { player: number })[];
}

const MOST_REPORTS = 100;

export class PeerNotes {
  readonly #window: MeasuringWindow;
  readonly #delays = new Distribution();
  readonly #rollbacks = new Distribution();
  readonly #links = new Distribution();
  readonly #viewChanges = { drop: new Distribution(), join: new Distribution() };
  readonly #reports: PeerNotesMeta['reports'] = [];
  #relayedLinks = 0;
  #stalls = 0;
  #stalledMs = 0;
  #desyncs = 0;

  constructor(window: MeasuringWindow) {
    this.#window = window;
  }

  stalled(waitedMs: number, nowMs: number): void {
    const { fromMs, untilMs } = this.#window;
    // The wait reaches back from now, and only what lies inside counts.
    const inside = Math.min(nowMs, untilMs) - Math.max(nowMs - waitedMs, fromMs);
    if (inside <= 0) return;
    this.#stalls++;
    this.#stalledMs += inside;
  }

  delay(ticks: number, nowMs: number): void {
    if (this.#window.covers(nowMs)) this.#delays.add(ticks);
  }

  rollback(depthTicks: number, nowMs: number): void {
    if (this.#window.covers(nowMs)) this.#rollbacks.add(depthTicks);
  }

  links(direct: number, relayed: number, nowMs: number): void {
    if (!this.#window.covers(nowMs)) return;
    this.#links.add(direct + relayed);
    this.#relayedLinks += relayed;
  }

  viewChanged(kind: ViewChangeKind, tookMs: number, nowMs: number): void {
    if (this.#window.covers(nowMs)) this.#viewChanges[kind].add(tookMs);
  }

  desync(player: number, report: DesyncReport): void {
    this.#desyncs++;
    if (this.#reports.length < MOST_REPORTS) this.#reports.push({ ...report, player });
  }

  finish(): PeerNotesMeta {
    return {
      delays: this.#delays.encode(),
      rollbacks: this.#rollbacks.encode(),
      links: this.#links.encode(),
      relayedLinks: this.#relayedLinks,
      stalls: this.#stalls,
      stalledMs: this.#stalledMs,
      viewChanges: { drop: this.#viewChanges.drop.encode(), join: this.#viewChanges.join.encode() },
      desyncs: this.#desyncs,
      reports: this.#reports,
    };
  }
}
