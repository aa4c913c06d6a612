/**
 * What diallers say to each other while a link is made goes through the rendezvous; where that is gone, through a neighbour
 * that has links to both. So a mesh that has lost its rendezvous still makes new links as its players walk.
 */
import type { PeerId } from '../session.ts';
import type { Core } from './core.ts';
import type { Other } from './other.ts';
import { encodeMesh, type MeshMessage } from './peer-codec.ts';
import { peerOf, sendReliable } from './telling.ts';

/** Signals that are handed on for one peer in a second: a link takes about ten. */
const MOST_PER_S = 40;

type Signal = Extract<MeshMessage, { type: 'meshSignal' }>;

/** The neighbour through which a peer can be reached, undefined for none. */
function goBetween(core: Core, to: PeerId): Other | undefined {
  const introducer = core.others.get(core.others.get(to)?.introducer ?? 0);
  return introducer?.isReachable ? introducer : undefined;
}

/** Whether a dialler can be spoken to now. */
export function canSignal(core: Core, to: PeerId): boolean {
  const { rendezvous } = core;
  return (rendezvous.state === 'entered' && rendezvous.peers.has(to)) || goBetween(core, to) !== undefined;
}

/** Hands a text to a peer's dialler, reliably. False when there is no way to it. */
export function signal(core: Core, to: PeerId, payload: string, nowMs: number): boolean {
  if (core.rendezvous.signal(to, payload, nowMs)) return true;
  const between = goBetween(core, to);
  if (!between) return false;
  core.counters.signals++;
  sendReliable(between, encodeMesh({ type: 'meshSignal', way: 'to', peer: to, payload }), nowMs);
  return true;
}

export function hearSignal(core: Core, from: Other, { way, peer, payload }: Signal, nowMs: number): void {
  if (way === 'from') {
    peerOf(core, peer, nowMs).introducer = from.id;
    core.outbox.tell({ type: 'signal', peer, payload });
    return;
  }
  const to = core.others.get(peer);
  if (nowMs - from.signalledMs >= 1000) {
    from.signalledMs = nowMs;
    from.signals = 0;
  }
  if (!to?.isReachable || to === from || from.signals >= MOST_PER_S) return;
  from.signals++;
  core.counters.signalsHandedOn++;
  sendReliable(to, encodeMesh({ type: 'meshSignal', way: 'from', peer: from.id, payload }), nowMs);
}
