/** What the place where peers meet has to carry: introductions, agreement on who is there, and what it relays. */
import type { AuditOptions } from '../auditor.ts';
import type { RendezvousMeta } from '../rendezvous-recorder.ts';
import type { MeasureSheet } from './measure-sheet.ts';

export const NO_RENDEZVOUS = 'no rendezvous was recorded in this run';

/** `peers` are the participants over which its messages are shared out. */
export function addRendezvous(
  out: MeasureSheet,
  { decides = 'authority', rendezvous = null }: AuditOptions,
  { peers, windowMs }: { peers: number; windowMs: number },
): void {
  const ms = Math.max(1, windowMs);
  const kbps = (bytes: number | undefined) => (bytes === undefined ? null : (bytes * 8) / ms);
  const meta: RendezvousMeta | undefined = rendezvous?.meta;
  const why = decides === 'authority' ? NO_RENDEZVOUS : 'the rendezvous counted no bytes';
  out.set('rendezvous.up', kbps(meta?.sentBytes), why);
  out.set('rendezvous.down', kbps(meta?.receivedBytes), why);
  const messages = meta ? meta.sentMessages + meta.receivedMessages : 0;
  const perPeerS = messages > 0 && peers > 0 ? messages / peers / (ms / 1000) : null;
  out.set('rendezvous.messages.rate', perPeerS, meta ? 'the rendezvous counted no messages' : NO_RENDEZVOUS);
  if (!meta || decides !== 'owners') {
    const whyNone = meta ? 'strangers and epochs are of a mesh' : NO_RENDEZVOUS;
    out.absent(['rendezvous.introductions.rate', 'rendezvous.epochs.rate'], whyNone);
    return;
  }
  const perMinute = 60_000 / ms;
  out.set('rendezvous.introductions.rate', peers > 0 ? (meta.introduced / peers) * perMinute : null, 'no peer played');
  out.set('rendezvous.epochs.rate', meta.epochs * perMinute);
}
