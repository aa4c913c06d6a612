/**
 * Measures of peers without an authority: waiting, input delay, rollbacks, links, changes of the set of
 * peers, and the desyncs that they found among each other. Under an authority each says why it cannot exist.
 */
import type { AuditOptions } from '../auditor.ts';
import { Distribution } from '../histogram.ts';
import type { MeasureName } from '../measures.ts';
import type { PeerNotesMeta } from '../peer-notes.ts';
import type { Desync } from '../record.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';
import type { MeasureSheet } from './measure-sheet.ts';

const STALLS: MeasureName[] = ['stalls.rate', 'stalls.time.ratio'];
const DELAYS: MeasureName[] = ['delay.mean', 'delay.worst'];
const ROLLBACKS: MeasureName[] = ['rollback.depth.p50', 'rollback.depth.p95', 'rollback.depth.max', 'rollback.rate'];

/** `peers` are the participants over which rates are shared out. */
export function addPeers(
  out: MeasureSheet,
  swarms: readonly SwarmRecording[],
  { decides = 'authority', rollback = false }: AuditOptions,
  { peers, windowMs, tickRateHz }: { peers: number; windowMs: number; tickRateHz: number },
): void {
  if (decides === 'authority') {
    out.absent(STALLS, "an authority waits for nobody's input");
    out.absent(DELAYS, 'no input delay under an authority: it executes what has come');
    out.absent(ROLLBACKS, 'no rollback under an authority');
    out.absent(['links.mean', 'links.worst'], 'under an authority a player has one link');
    out.absent(['viewChanges.count'], 'under an authority nobody has to agree on who is there');
    out.absent(['recovery.p99'], 'no authority was killed in this run');
    return;
  }
  const merged = (pick: (notes: PeerNotesMeta) => string) => {
    const all = new Distribution();
    for (const { meta } of swarms) all.merge(new Distribution(pick(meta.peers)));
    return all;
  };
  const total = (pick: (notes: PeerNotesMeta) => number) => swarms.reduce((sum, { meta }) => sum + pick(meta.peers), 0);
  const perMinute = (count: number) => (peers > 0 ? (count / peers / windowMs) * 60_000 : null);
  const whyNone = 'no peer played';
  const links = merged((notes) => notes.links);
  out.set('links.mean', links.mean, 'no peer told its links');
  out.set('links.worst', whole(links.max), 'no peer told its links');
  const drops = merged((notes) => notes.viewChanges.drop);
  out.set('recovery.p99', drops.percentile(99), 'no peer was dropped while measured');
  if (decides === 'owners') {
    out.absent(STALLS, "an owner waits for nobody's input");
    out.absent(DELAYS, 'an owner executes its own input at once');
    out.absent(ROLLBACKS, 'an owner steps nobody but itself, and nothing again');
    out.absent(['viewChanges.count'], 'peers of a mesh agree by epochs: see rendezvous.epochs.rate');
    return;
  }
  out.set('stalls.rate', perMinute(total(({ stalls }) => stalls)), whyNone);
  const stalledMs = total((notes) => notes.stalledMs);
  out.set('stalls.time.ratio', peers > 0 ? stalledMs / peers / windowMs : null, whyNone);
  const delays = merged((notes) => notes.delays);
  const ms = (ticks: number | null) => (ticks === null ? null : (ticks * 1000) / tickRateHz);
  out.set('delay.mean', ms(delays.mean), 'no peer told its input delay');
  out.set('delay.worst', ms(whole(delays.max)), 'no peer told its input delay');
  const rollbacks = merged((notes) => notes.rollbacks);
  if (rollback || rollbacks.count > 0) {
    out.set('rollback.depth.p50', whole(rollbacks.percentile(50) ?? 0));
    out.set('rollback.depth.p95', whole(rollbacks.percentile(95) ?? 0));
    out.set('rollback.depth.max', whole(rollbacks.max ?? 0));
    out.set('rollback.rate', perMinute(rollbacks.count), whyNone);
  } else {
    out.absent(ROLLBACKS, 'played without rollback: a tick waits for all inputs');
  }
  const joins = merged((notes) => notes.viewChanges.join);
  out.set('viewChanges.count', peers > 0 ? (drops.count + joins.count) / peers : null, whyNone);
}

/** A histogram gives the upper end of a bin, in thousandths; ticks are whole, and `depth<=4` must hold for 4. */
function whole<T extends number | null>(ticks: T): T {
  return (ticks === null ? null : Math.round(ticks)) as T;
}

/** Mismatches that peers reported, and the first of them. */
export function reportedDesyncs(swarms: readonly SwarmRecording[]): { count: number; first: Desync | null } {
  let count = 0;
  let first: Desync | null = null;
  for (const { meta } of swarms) {
    count += meta.peers.desyncs;
    for (const { tick, section, entity, field, mine, theirs, peer, player, detectedMs } of meta.peers.reports) {
      if (first && first.tick <= tick) continue;
      first = { tick, section, viewer: player, peer, entity, field, seen: mine, truth: theirs, detectedMs };
    }
  }
  return { count, first };
}
