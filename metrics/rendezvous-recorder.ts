/**
 * What a rendezvous writes down about itself: CPU, memory, and the bytes that passed through it. It decides nothing and
 * has no ticks; what it relays is what a mesh still costs its operator.
 */
import { appendResources, createResourceTable, type ResourceRows, windowOf } from './authority-recorder.ts';
import { packTables, unpackTables } from './columns.ts';
import { MeasuringWindow, type ResourceSample } from './measuring-window.ts';

export interface RendezvousMeta {
  kind: 'rendezvous';
  fromMs: number;
  untilMs: number;
  sentBytes: number;
  receivedBytes: number;
  sentMessages: number;
  receivedMessages: number;
  /** Peers named to strangers. */
  introduced: number;
  /** Epochs committed. */
  epochs: number;
}

export interface RendezvousRecording {
  meta: RendezvousMeta;
  resources: ResourceRows;
}

export class RendezvousRecorder {
  readonly window = new MeasuringWindow();
  readonly #resources = createResourceTable();
  #counts = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0, introduced: 0, epochs: 0 };
  #totals = { introduced: 0, epochs: 0 };

  /** Says from when to when to measure. */
  measure(fromMs: number, untilMs: number): void {
    this.window.set(fromMs, untilMs);
  }

  /** A message that one of its links carried, to be relayed or not: its bytes, one way, without transport headers. */
  bytes(nowMs: number, sent: number, received: number): void {
    if (!this.window.covers(nowMs)) return;
    this.#counts.sentBytes += sent;
    this.#counts.receivedBytes += received;
    if (sent > 0) this.#counts.sentMessages++;
    if (received > 0) this.#counts.receivedMessages++;
  }

  /** How many peers it has named to others, and epochs it has committed, since it was started; with every message. */
  totals({ introduced, epochs }: { introduced: number; epochs: number }, nowMs: number): void {
    const before = this.#totals;
    this.#totals = { introduced, epochs };
    // One that was started anew counts from nothing.
    if (!this.window.covers(nowMs) || introduced < before.introduced || epochs < before.epochs) return;
    this.#counts.introduced += introduced - before.introduced;
    this.#counts.epochs += epochs - before.epochs;
  }

  /** A sample of the process's CPU and memory, about once per second. */
  resources(sample: ResourceSample): void {
    appendResources(this.#resources, this.window, sample);
  }

  /** Everything as bytes, for the process that audits. The recorder may be used further. */
  finish(): Uint8Array {
    const meta: RendezvousMeta = {
      kind: 'rendezvous',
      ...windowOf(this.window),
      ...this.#counts,
    };
    return packTables(meta, { resources: this.#resources } as never);
  }
}

/** Undoes `finish`. Throws a RangeError when the bytes are something else. */
export function decodeRendezvous(bytes: Uint8Array): RendezvousRecording {
  const { meta, tables } = unpackTables(bytes);
  if ((meta as RendezvousMeta).kind !== 'rendezvous') throw new RangeError('this recording is not a rendezvous’s');
  return { meta, ...tables } as unknown as RendezvousRecording;
}
