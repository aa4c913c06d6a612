/**
 * The process of a rendezvous. Orders: links/ordered-process.ts. It records what it costs; who is where, `status` tells.
 */
import { type ProcessAnswer, type ProcessOrder, runOrderedProcess, type Usage } from '../links/ordered-process.ts';
import { RendezvousRecorder } from '../metrics/rendezvous-recorder.ts';
import { Acceptor } from '../netcode/lockstep/ballot.ts';
import type { RendezvousStatus } from '../netcode/rendezvous-options.ts';
import type { RendezvousSession } from '../netcode/rendezvous-session.ts';
import { allowOrigins, type LinkCounters } from './geckos-listener.ts';
import { type RendezvousStart, startRendezvous } from './rendezvous.ts';
import type { RendezvousDriver } from './rendezvous-driver.ts';

/** The first message, or the first argument as JSON. */
export interface RendezvousSettings {
  port: number;
  bind?: string;
  /** Named origins beyond this machine's own from which pages may enter; `*` for all. */
  origins?: string[];
  /** A room of code `MAIN`; settings in base64, or as a list of bytes. */
  room?: { settings: string | number[]; maxPeers: number; seats?: number };
  rendezvous?: Omit<NonNullable<RendezvousStart['rendezvous']>, 'acceptorOf'>;
}

export type RendezvousOrder = ProcessOrder<RendezvousSettings>;

export interface RendezvousProcessStatus extends Usage, RendezvousStatus {
  type: 'status';
  driver: RendezvousDriver['counters'];
  transport: LinkCounters & { refusedRequests: number; abandoned: number };
}

export type RendezvousAnswer = ProcessAnswer<RendezvousProcessStatus>;

/** Runs this process as a rendezvous; see `runOrderedProcess`. */
export function runRendezvousProcess(): void {
  runOrderedProcess<RendezvousSettings>(async ({ port, bind, origins, room, rendezvous }) => {
    const recorder = new RendezvousRecorder();
    let session: RendezvousSession | null = null;
    const running = await startRendezvous({
      port,
      bind,
      allowsOrigin: origins && allowOrigins(origins),
      room: room && { ...room, settings: settingsBytes(room.settings) },
      rendezvous: { ...rendezvous, acceptorOf: () => new Acceptor() },
      onCarried: (nowMs, sent, received) => {
        recorder.bytes(nowMs, sent, received);
        if (session) recorder.totals(session.counters, nowMs);
      },
    });
    const { url, driver, counters, signalling } = running;
    session = driver.session;
    return {
      url,
      port: running.port,
      stop: (reason) => running.stop(reason),
      status: (): Omit<RendezvousProcessStatus, 'type' | keyof Usage> => ({
        ...driver.session.status,
        driver: driver.counters,
        transport: { ...counters, ...signalling },
      }),
      sample: (usage) => recorder.resources(usage),
      measure: (fromMs, untilMs) => recorder.measure(fromMs, untilMs),
      collect: () => recorder.finish(),
    };
  }, 'the rendezvous is closing');
}

/** A copy without a Buffer's shared memory. */
function settingsBytes(settings: string | number[]): Uint8Array {
  return new Uint8Array(typeof settings === 'string' ? Buffer.from(settings, 'base64') : settings);
}
