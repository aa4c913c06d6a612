/**
 * What peers in processes of their own have in common, for tests that kill them: each plays by itself, tells its parent,
 * and ends with it. Settings: the first argument as JSON.
 */
import { randomFillSync } from 'node:crypto';
import type { ClientEnd } from '../../links/client-end.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver, type PeerDriverOptions } from '../../links/peer-driver.ts';
import { systemTimer } from '../../links/timer.ts';
import type { Birth, PlayingPeer } from '../../netcode/playing-peer.ts';
import type { Span } from './stalls.ts';

export interface PeerSettings {
  url: string;
  name: string;
}

/** What every report holds. */
export interface PeerReport {
  self: number;
  atMs: number;
  /** When the machine kept this process from running, since the last report. */
  stalls: Span[];
}

const PUMP_EVERY_MS = 5;

export const { url, name } = JSON.parse(process.argv[2]!) as PeerSettings;

export const openEnd = (): ClientEnd => openNodeDataChannelEnd({ url });

/** Enters the room MAIN and plays. */
export function startPeer<S extends PlayingPeer>(
  makeSession: (birth: Birth) => S,
  options: Pick<PeerDriverOptions<S>, 'decide' | 'onClose'>,
): PeerDriver<S> {
  const session = makeSession({
    transport: 'datagram',
    name,
    room: 'MAIN',
    inputRateHz: 20,
    randomBytes: (into) => {
      randomFillSync(into);
    },
  });
  const driver = new PeerDriver({
    session,
    end: openEnd(),
    createConnection: createNodePeerConnection,
    timer: systemTimer,
    ...options,
  });
  setInterval(() => driver.pump(), PUMP_EVERY_MS);
  process.on('disconnect', () => process.exit(0));
  return driver;
}

/** Tells the parent, unless that has gone. */
export function tell(message: object): void {
  if (process.connected) process.send!(message, () => {});
}
