/**
 * What crossed the links, per participant, and what arithmetic says that it should have been. Payload is what was counted;
 * with headers, it is a model of the transport added to it.
 */
import type { AuditOptions } from '../auditor.ts';
import type { AuthorityRecording } from '../authority-recorder.ts';
import { UPLOADS, type UploadForm } from '../cost.ts';
import { Distribution } from '../histogram.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';
import type { MeasureSheet } from './measure-sheet.ts';

/** Why a run has no measures of an authority. */
export const NO_AUTHORITY = {
  nobody: 'nobody decides: every peer simulates',
  owners: 'nobody decides for all: everybody owns its avatar',
} as const;

/** Sums over all participants of the swarms; `participants` are those that carried any bytes. */
export interface Traffic {
  participants: number;
  sentBytes: number;
  receivedBytes: number;
  sentDatagrams: number;
  receivedDatagrams: number;
  relayedBytes: number;
}

export function trafficOf(swarms: readonly SwarmRecording[]): Traffic {
  const total: Traffic = {
    participants: 0,
    sentBytes: 0,
    receivedBytes: 0,
    sentDatagrams: 0,
    receivedDatagrams: 0,
    relayedBytes: 0,
  };
  for (const { traffic } of swarms) {
    total.participants += traffic.count;
    for (const name of ['sentBytes', 'receivedBytes', 'sentDatagrams', 'receivedDatagrams', 'relayedBytes'] as const) {
      const column = traffic.columns[name];
      for (let i = 0; i < traffic.count; i++) total[name] += column[i]!;
    }
  }
  return total;
}

export function addTraffic(
  out: MeasureSheet,
  { meta }: AuthorityRecording,
  swarms: readonly SwarmRecording[],
  { headerBytes, authorityPlays, evidence, decides = 'authority' }: AuditOptions,
): void {
  const kbps = 8 / Math.max(1, meta.untilMs - meta.fromMs);
  const up = new Spread();
  const down = new Spread();
  const upWire = new Spread();
  const downWire = new Spread();
  const add = (sent: number, received: number, datagramsSent: number, datagramsReceived: number) => {
    up.add(sent * kbps);
    down.add(received * kbps);
    upWire.add((sent + datagramsSent * headerBytes) * kbps);
    downWire.add((received + datagramsReceived * headerBytes) * kbps);
  };
  for (const { traffic } of swarms) {
    const { sentBytes, receivedBytes, sentDatagrams, receivedDatagrams } = traffic.columns;
    for (let i = 0; i < traffic.count; i++) {
      add(sentBytes[i]!, receivedBytes[i]!, sentDatagrams[i]!, receivedDatagrams[i]!);
    }
  }
  if (authorityPlays) add(meta.sentBytes, meta.receivedBytes, meta.sentDatagrams, meta.receivedDatagrams);
  const why = 'no participant counted bytes';
  const wire = evidence === 'measured' ? 'modelled' : evidence;
  for (const [name, plain, withHeaders] of [
    ['up', up, upWire],
    ['down', down, downWire],
  ] as const) {
    out.set(`${name}.mean`, plain.mean, why);
    out.set(`${name}.p99`, plain.percentile(99), why);
    out.set(`${name}.worst`, plain.max, why);
    out.set(`${name}.wire.mean`, withHeaders.mean, why, wire);
    out.set(`${name}.wire.worst`, withHeaders.max, why, wire);
  }
  const whyNot = decides === 'authority' ? 'the authority counted no bytes' : NO_AUTHORITY[decides];
  const counted = decides === 'authority' && meta.sentBytes + meta.receivedBytes > 0;
  out.set('authority.up', counted ? meta.sentBytes * kbps : null, whyNot);
  out.set('authority.down', counted ? meta.receivedBytes * kbps : null, whyNot);
  const withHeaders = (meta.sentBytes + meta.sentDatagrams * headerBytes) * kbps;
  out.set('authority.up.wire', counted ? withHeaders : null, whyNot, wire);

  const { participants, sentBytes, receivedBytes, sentDatagrams, relayedBytes } = trafficOf(swarms);
  const seconds = (meta.untilMs - meta.fromMs) / 1000;
  const sent = participants > 0 && sentDatagrams > 0;
  out.set('messages.rate', sent ? sentDatagrams / participants / seconds : null, why);
  out.set('messages.bytes', sent ? sentBytes / sentDatagrams : null, why);
  const mayRelay = decides !== 'authority' || relayedBytes > 0;
  const all = sentBytes + receivedBytes;
  const whyDirect = mayRelay ? why : 'no relay between these ends';
  out.set('relayed.ratio', mayRelay && all > 0 ? relayedBytes / all : null, whyDirect);
}

/**
 * The closed forms of docs/metrics.md (`up.formula`) with the run's own numbers. The rate is the one at which the protocol means to send (inputs
 * in a mesh, snapshots under an authority) and not that of the messages counted, or it would agree by construction: what
 * the measurement has beyond it are acknowledgements, heartbeats and repetitions.
 */
export function addFormula(
  out: MeasureSheet,
  { meta, tallies }: AuthorityRecording,
  swarms: readonly SwarmRecording[],
  { headerBytes, authorityPlays, decides = 'authority', formula, sendRateHz = null }: AuditOptions,
  rates: { inputsHz: number | null; snapshotsHz: number | null; links: number | null },
): void {
  const usual: UploadForm = decides === 'nobody' ? 'fullMesh' : authorityPlays ? 'listenHost' : 'server';
  const form = formula === undefined ? usual : formula;
  if (form === null) {
    out.absent(['up.formula'], 'there is no closed form for this topology');
    return;
  }
  const isMesh = form === 'fullMesh' || form === 'interestMesh';
  const { sentBytes, sentDatagrams } = isMesh ? trafficOf(swarms) : meta;
  const rateHz = sendRateHz ?? (isMesh ? rates.inputsHz : rates.snapshotsHz);
  if (sentDatagrams === 0 || rateHz === null) {
    out.absent(['up.formula'], 'its inputs were not recorded: bytes, messages and their rate');
    return;
  }
  const upload = UPLOADS[form]({
    players: tallies.count,
    rateHz,
    // The mean payload of an authority's message holds the entities in interest already.
    inInterest: form === 'interestMesh' ? (rates.links ?? 0) : 1,
    entityBytes: sentBytes / sentDatagrams,
    headerBytes,
  });
  out.set('up.formula', upload, undefined, 'modelled');
}

/** One value per participant. */
class Spread {
  readonly #values = new Distribution();
  #sum = 0;
  max: number | null = null;

  add(value: number): void {
    this.#values.add(value);
    this.#sum += value;
    this.max = Math.max(this.max ?? 0, value);
  }

  get mean(): number | null {
    return this.max === null ? null : this.#sum / this.#values.count;
  }

  percentile(percent: number): number | null {
    return this.#values.percentile(percent);
  }
}
