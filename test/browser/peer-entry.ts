/** What peer-links.test.ts bundles for its pages: peers over the browser's own WebRTC, and a host with its guests. */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { AuthorityDriver } from '../../links/authority-driver.ts';
import { ClientDriver } from '../../links/client-driver.ts';
import { openDataChannelEnd } from '../../links/data-channel.ts';
import { createBrowserPeerConnection } from '../../links/peer-connection-browser.ts';
import { type NatBlocking, PeerDriver } from '../../links/peer-driver.ts';
import { hostInTab, openPeerEnd } from '../../links/tab-host.ts';
import { systemTimer } from '../../links/timer.ts';
import { AuthoritySession, DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { ClientSession } from '../../netcode/client-session.ts';
import { TinyPeerSession } from '../live/tiny-peer-session.ts';

const timer = systemTimer;

/** What a page tells the test of its peer. */
export interface PeerReport {
  id: number;
  state: string;
  changes: string[];
  /** `<peer> <direct messages> <relayed messages> <texts>` */
  heard: { peer: number; direct: number; relayed: number; texts: string[] }[];
}

/** Enters the room MAIN and dials who is there; returns what tells how it goes. */
export function enterRoom(url: string, name: string, natBlocking?: NatBlocking): () => PeerReport {
  const session = new TinyPeerSession({ name, room: 'MAIN', create: null, dials: 'present' }, timer.nowMs());
  const driver = new PeerDriver({
    session,
    end: openDataChannelEnd({ url }),
    createConnection: createBrowserPeerConnection,
    timer,
    natBlocking,
  });
  setInterval(() => driver.pump(), 5);
  return () => ({
    id: session.rendezvous.self,
    state: session.rendezvous.state,
    changes: session.changes,
    heard: [...session.heard].map(([peer, { direct, relayed, texts }]) => ({ peer, direct, relayed, texts })),
  });
}

function meeting(url: string, name: string) {
  const openRendezvous = () => openDataChannelEnd({ url });
  return { name, openRendezvous, createConnection: createBrowserPeerConnection, timer };
}

/** Hosts a match in this page; resolves with the code of its room. */
export function host(url: string): Promise<string> {
  const config = { ...DEFAULT_MATCH, players: 8 };
  const randomBytes = (into: Uint8Array) => {
    crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  };
  const options = { ...DEFAULT_AUTHORITY, config, transport: 'datagram' as const, randomBytes };
  const authority = new AuthorityDriver({ session: new AuthoritySession(options, timer.nowMs()), timer });
  authority.start();
  return new Promise((onRoom, onLost) => {
    hostInTab({ ...meeting(url, 'host'), authority, maxGuests: 4, onRoom, onLost });
  });
}

/** Joins the match of a page that hosts; returns how many snapshots have come, and why it ended. */
export function join(url: string, name: string, room: string): () => { snapshots: number; closed: string } {
  let closed = '';
  const end = openPeerEnd({ ...meeting(url, name), room });
  const session = new ClientSession({ name, transport: 'datagram', inputRateHz: 20, prediction: true }, timer.nowMs());
  const driver = new ClientDriver({
    session,
    end,
    nowMs: timer.nowMs,
    onClose: (reason) => {
      closed = reason;
    },
  });
  setInterval(() => driver.pump(), 5);
  return () => ({ snapshots: session.counters.snapshots, closed });
}
