/** A host that is reached over peer connections, as a host in a tab is; here its page is the test itself. */
import { randomFillSync } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Button } from '../../game/input.ts';
import { AuthorityDriver } from '../../links/authority-driver.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import type { NatBlocking } from '../../links/peer-driver.ts';
import { hostInTab, openPeerEnd, type PeerEnd, type TabHost } from '../../links/tab-host.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import { AuthoritySession, DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { TestPlayer, until } from './harness.ts';
import { LiveRendezvous } from './peer-harness.ts';

let rendezvous: LiveRendezvous;
let host: TabHost;
let authority: AuthorityDriver;
const players: TestPlayer[] = [];
afterEach(async () => {
  for (const player of players.splice(0)) player.stop();
  host.stop();
  authority.stop('the test is over');
  const code = await rendezvous.stop();
  if (rendezvous.child.signalCode === null) expect(code).toBe(0);
});

function meeting(name: string, natBlocking?: NatBlocking) {
  const openRendezvous = () => openNodeDataChannelEnd({ url: rendezvous.url });
  return { name, openRendezvous, createConnection: createNodePeerConnection, timer: systemTimer, natBlocking };
}

/** Starts a host, and returns the code of its room. */
async function startHost(natBlocking?: NatBlocking): Promise<string> {
  rendezvous = await LiveRendezvous.start();
  const config = { ...DEFAULT_MATCH, players: 8 };
  const randomBytes = (into: Uint8Array) => {
    randomFillSync(into);
  };
  const options = { ...DEFAULT_AUTHORITY, config, transport: 'datagram' as const, randomBytes };
  authority = new AuthorityDriver({ session: new AuthoritySession(options, monotonicMs()), timer: systemTimer });
  authority.start();
  let room = '';
  const onRoom = (code: string) => {
    room = code;
  };
  host = hostInTab({ ...meeting('host', natBlocking), authority, maxGuests: 2, onRoom });
  return until('the room is made', () => room);
}

function enter(name: string, room: string, natBlocking?: NatBlocking): { player: TestPlayer; end: PeerEnd } {
  const end = openPeerEnd({ ...meeting(name, natBlocking), room });
  const player = new TestPlayer(name, end);
  players.push(player);
  return { player, end };
}

test('guests play over direct links, and go on when the rendezvous has died', async () => {
  const room = await startHost();
  const { player: ada, end } = enter('ada', room);
  const { player: bob } = enter('bob', room);
  await Promise.all([ada.snapshots(5), bob.snapshots(5)]);
  await until('the link is direct', () => end.carrier.driver.linkOf(1) === 'direct');
  expect(authority.session.playerCount).toBe(2);
  await rendezvous.kill();
  await until('ada has noticed', () => end.carrier.rendezvous.state === 'lost');
  ada.input = { buttons: Button.right, aim: 0 };
  await Promise.all([ada.snapshots(20), bob.snapshots(20)]);
  expect([ada.closed, bob.closed]).toEqual(['', '']);
});

test('a guest that cannot connect plays by way of the rendezvous', async () => {
  const natBlocking = { ratio: 1, seed: 1 };
  const room = await startHost(natBlocking);
  const { player: ada, end } = enter('ada', room, natBlocking);
  await ada.snapshots(20);
  const { direct, relayed } = end.carrier.driver.totals();
  expect(direct.receivedMessages).toBe(0);
  expect(relayed.receivedMessages).toBeGreaterThan(19);
  expect((await rendezvous.status()).counters.relayedBytes).toBeGreaterThan(relayed.receivedBytes / 2);
});

test('a guest that leaves frees its seat, and its link', async () => {
  const room = await startHost();
  const { player: ada } = enter('ada', room);
  await ada.snapshots(2);
  ada.session.leave();
  await until('the seat is free', () => authority.session.playerCount === 0 && authority.peers === 0);
});

test('a full room, an unknown one and one without its host are refused in words', async () => {
  const room = await startHost();
  const guests = ['ada', 'bob'].map((name) => enter(name, room).player);
  await Promise.all(guests.map((guest) => guest.snapshots(1)));
  const { player: cleo } = enter('cleo', room);
  await until('cleo is refused', () => cleo.closed);
  expect(cleo.closed).toMatch(/is full/);
  const { player: lost } = enter('lost', 'NOWHER');
  await until('it is refused', () => lost.closed);
  expect(lost.closed).toMatch(/there is no room NOWHER/);
  host.stop();
  await until('the guests have noticed', () => guests.every(({ closed }) => closed));
  const { player: late } = enter('late', room);
  await until('it is refused', () => late.closed);
  expect(late.closed).toBe('the host of this room has left');
});

test('a host that lost its link to the rendezvous returns, and more guests come', async () => {
  const room = await startHost();
  const { player: ada } = enter('ada', room);
  await ada.snapshots(2);
  host.carrier.driver.end.close('cut by the test');
  await until('the host is back', () => host.carrier.rendezvous.state === 'entered');
  expect(host.carrier.rendezvous.self).toBe(1);
  const { player: bob } = enter('bob', room);
  await Promise.all([ada.snapshots(5), bob.snapshots(5)]);
  expect(ada.closed).toBe('');
});

test('no rendezvous is a sentence, not a hang', async () => {
  const room = await startHost();
  await rendezvous.kill();
  const { player: ada } = enter('ada', room);
  await until('it gives up', () => ada.closed);
  expect(ada.closed).toMatch(/nobody listens at http:/);
});
