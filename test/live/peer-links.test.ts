/** Direct links between peers, over real sockets: dialling, relays, loss of a peer and of the rendezvous. */

import nodeDataChannel from 'node-datachannel';
import { afterEach, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { DIAL_LIMIT_MS } from '../../links/dialler.ts';
import { PEER_CHANNEL, type PeerConnection } from '../../links/peer-connection.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import {
  candidatesIn,
  describe,
  formatSignal,
  MID,
  parseSignal,
  sessionDescription,
} from '../../links/peer-signals.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { until } from './harness.ts';
import { LiveRendezvous, type TestPeer } from './peer-harness.ts';

let rendezvous: LiveRendezvous | null = null;
afterEach(async () => {
  const code = await rendezvous?.stop();
  if (rendezvous?.child.signalCode === null) expect(code).toBe(0);
  rendezvous = null;
});

async function start(...args: Parameters<typeof LiveRendezvous.start>): Promise<LiveRendezvous> {
  rendezvous = await LiveRendezvous.start(...args);
  return rendezvous;
}

async function allHearAll(peers: readonly TestPeer[]): Promise<void> {
  await Promise.all(peers.flatMap((peer) => peers.filter((other) => other !== peer).map((other) => peer.hears(other))));
}

test('two peers meet, and then talk without the rendezvous', async () => {
  const live = await start();
  const ada = await live.entered('ada');
  const bob = await live.entered('bob');
  await allHearAll([ada, bob]);
  expect(ada.changes).toEqual([`${bob.id} up`]);
  expect(ada.session.heard.get(bob.id)!.texts).toEqual(['hello from bob']);
  const { relayedMessages } = (await live.status()).counters;
  await allHearAll([ada, bob]);
  expect((await live.status()).counters.relayedMessages).toBe(relayedMessages);
  const { direct, relayed } = ada.driver.totals();
  expect(direct.sentBytes).toBeGreaterThan(0);
  expect(direct.receivedMessages).toBeGreaterThan(5);
  expect(relayed.receivedMessages).toBeLessThanOrEqual(relayedMessages);
  // One side dialled, the other was dialled.
  expect([ada, bob].map(({ driver }) => driver.dialler.counters.dialled)).toEqual([0, 1]);
});

test('six peers that all dial all at once have one link per pair', async () => {
  const live = await start();
  const names = ['ada', 'bob', 'cleo', 'dora', 'emil', 'finn'];
  const peers = await Promise.all(names.map((name) => live.entered(name, { dials: 'everybody' })));
  await allHearAll(peers);
  for (const peer of peers) {
    expect(peer.driver.reach().map(({ link }) => link)).toEqual(Array(5).fill('direct'));
    expect(peer.driver.dialler.counters.malformedSignals).toBe(0);
  }
  // A link that came up stays: nobody took a second one for it.
  const counters = peers.map(({ driver }) => driver.dialler.counters);
  expect(counters.reduce((sum, { opened }) => sum + opened, 0)).toBe(30);
  expect(counters.reduce((sum, { dialled }) => sum + dialled, 0)).toBeGreaterThan(15);
});

test('an offer and its answer make a link, and nothing else is said', async () => {
  const [offerer, answerer] = [createNodePeerConnection(), createNodePeerConnection()];
  const said: string[] = [];
  const carry = (to: PeerConnection) => (payload: string) => {
    said.push(payload);
    to.accept(payload);
  };
  offerer.onSignal = carry(answerer);
  answerer.onSignal = carry(offerer);
  offerer.offer('1');
  await until('they are linked', () => offerer.state === 'open' && answerer.state === 'open');
  expect(said.map((payload) => payload.split(' ')[0])).toEqual(['offer', 'answer']);
  for (const end of [offerer, answerer]) end.close();
});

test('a pair that cannot connect is relayed, and counted', async () => {
  const live = await start();
  const natBlocking = { ratio: 1, seed: 7 };
  const ada = await live.entered('ada', { natBlocking });
  const bob = await live.entered('bob', { natBlocking });
  await Promise.all([ada.hears(bob, 'relayed'), bob.hears(ada, 'relayed')]);
  expect(ada.session.changes).toEqual([`${bob.id} relayed`]);
  const [reach] = ada.driver.reach();
  expect(reach).toMatchObject({ peer: bob.id, link: 'relayed', direct: { sentMessages: 0, receivedMessages: 0 } });
  expect(reach!.relayed.receivedBytes).toBe(reach!.relayed.receivedMessages * 'hello from bob'.length);
  const { rooms, counters } = await live.status();
  expect(counters.relayedMessages).toBeGreaterThan(4);
  expect(rooms[0]!.peers.every(({ relayedBytes }) => relayedBytes > 0)).toBe(true);
});

test('only the blocked pairs of a mesh are relayed', async () => {
  const live = await start();
  // Of the pairs of 1, 2 and 3, this seed blocks some and leaves some.
  const natBlocking = { ratio: 0.5, seed: 3 };
  const peers: TestPeer[] = [];
  for (const name of ['ada', 'bob', 'cleo']) peers.push(await live.entered(name, { natBlocking }));
  await until('all are reached', () =>
    peers.every(({ driver }) => {
      const reach = driver.reach();
      return reach.length === 2 && reach.every(({ link }) => link !== 'none');
    }),
  );
  const ways = peers.flatMap(({ driver }) => driver.reach().map(({ link }) => link)).sort();
  expect(ways).toContain('direct');
  expect(ways).toContain('relayed');
});

test('a peer that closes is noticed at once, and its pair may dial again', async () => {
  const live = await start();
  const ada = await live.entered('ada');
  const bob = await live.entered('bob');
  await allHearAll([ada, bob]);
  bob.session.hangUp(ada.id);
  await ada.link(bob.id, 'none');
  expect(ada.changes).toEqual([`${bob.id} up`, `${bob.id} down`]);
  ada.session.dial(bob.id);
  await allHearAll([ada, bob]);
  bob.stop();
  await ada.link(bob.id, 'none');
  await until('the room knows too', () => ada.events.some(({ type }) => type === 'peerGone'));
});

test('when the rendezvous dies, links that are there live on', async () => {
  const live = await start();
  const ada = await live.entered('ada');
  const bob = await live.entered('bob');
  await allHearAll([ada, bob]);
  await live.kill();
  await until('both have noticed', () => [ada, bob].every(({ session }) => session.rendezvous.state === 'lost'));
  await allHearAll([ada, bob]);
  expect(ada.changes).toEqual([`${bob.id} up`]);
  // Whoever is dialled now can be neither reached nor relayed to.
  bob.session.hangUp(ada.id);
  await ada.link(bob.id, 'none');
  ada.session.dial(bob.id);
  await until('the attempt is over', () => ada.session.changes.at(-1) === `${bob.id} down`);
});

test('who lost its link to the rendezvous comes back as who it was, told to or by itself', async () => {
  const live = await start();
  const reopen = () => openNodeDataChannelEnd({ url: live.url });
  const ada = await live.entered('ada', { reopen });
  const bob = await live.entered('bob');
  await allHearAll([ada, bob]);
  const { id } = ada;
  for (const comesBack of [() => ada.driver.attach(reopen()), () => {}]) {
    ada.driver.end.close('cut by the test');
    await until('it is lost', () => ada.session.rendezvous.state === 'lost');
    comesBack();
    await until('it is back', () => ada.session.rendezvous.state === 'entered');
    expect(ada.id).toBe(id);
  }
  await allHearAll([ada, bob]);
  expect(ada.changes).toEqual([`${bob.id} up`]);
});

test('rubbish from a peer is counted, and the others notice nothing', async () => {
  const live = await start();
  const ada = await live.entered('ada');
  const bob = await live.entered('bob');
  const mallory = await live.entered('mallory');
  await allHearAll([ada, bob, mallory]);
  const rubbish = [
    'null',
    '{}',
    '[]',
    '',
    'x'.repeat(5000),
    'offer',
    'offer x abcd',
    'candidates x',
    'candidates x\n1 1 UDP 1 999.9.9.9 99999',
  ];
  const offer = `offer x abcd ${'p'.repeat(22)} ${'A'.repeat(43)}`;
  // One that looks right, one whose candidate leads nowhere, one with a line of its own.
  rubbish.push(offer, `${offer}\n1 1 UDP 1 999.9.9.9 99999 typ host`, `${offer}\r\na=ice-lite`);
  for (const payload of rubbish) mallory.session.rendezvous.signal(ada.id, payload, performance.now());
  await until('it was counted', () => ada.driver.dialler.counters.malformedSignals === 10);
  // Its offers that looked right cost it its own link, and nobody else's.
  await allHearAll([ada, bob]);
  expect(ada.changes.filter((change) => change.startsWith(`${bob.id} `))).toEqual([`${bob.id} up`]);
});

test('a link that comes up after the time limit takes over from the relay, on both sides', async () => {
  const live = await start();
  // Answers that dawdle, as on a machine that has too much to do.
  const createConnection = () => {
    const connection = createNodePeerConnection();
    const accept = connection.accept.bind(connection);
    connection.accept = (payload) => void setTimeout(accept, DIAL_LIMIT_MS + 500, payload);
    return connection;
  };
  const ada = await live.entered('ada');
  const bob = await live.entered('bob', { createConnection });
  await Promise.all([ada.hears(bob, 'relayed'), bob.hears(ada, 'relayed')]);
  await allHearAll([ada, bob]);
  expect(ada.session.changes).toEqual([`${bob.id} relayed`, `${bob.id} up`]);
  expect(bob.session.changes).toEqual([`${ada.id} relayed`, `${ada.id} up`]);
});

test('text on a peer link is counted and dropped, and nobody listens to other channels', async () => {
  const live = await start();
  const ada = await live.entered('ada');
  const signals: string[] = [];
  const onEvent = (event: SessionEvent) => event.type === 'signal' && signals.push(event.payload);
  const mallory = await live.entered('mallory', { dials: 'nobody', onEvent });
  const raw = new nodeDataChannel.PeerConnection('mallory', { iceServers: [], bindAddress: '127.0.0.1' });
  const say = (sdp: string) => {
    const signal = { type: 'offer', attempt: 'm', description: describe(sdp)!, candidates: candidatesIn(sdp) } as const;
    mallory.session.rendezvous.signal(ada.id, formatSignal(signal), performance.now());
  };
  const foreign = raw.createDataChannel('foreign');
  const { label, id } = PEER_CHANNEL;
  const channel = raw.createDataChannel(label, { negotiated: true, id, unordered: true, maxRetransmits: 0 });
  say(raw.localDescription()!.sdp);
  await until('the raw channel is open', () => {
    for (const payload of signals.splice(0)) {
      const { description, candidates } = parseSignal(payload)!;
      raw.setRemoteDescription(sessionDescription('answer', description!), 'answer');
      for (const candidate of candidates) raw.addRemoteCandidate(`candidate:${candidate}`, MID);
    }
    return channel.isOpen() && foreign.isOpen();
  });
  await ada.link(mallory.id, 'direct');
  await until('text was counted', () => {
    channel.sendMessage('null');
    return ada.driver.dialler.statsOf(mallory.id).malformedMessages > 3;
  });
  await until('what has the right form is heard', () => {
    foreign.sendMessageBinary(new TextEncoder().encode('from elsewhere'));
    channel.sendMessageBinary(new TextEncoder().encode('good evening'));
    return ada.session.heard.get(mallory.id)?.texts.includes('good evening');
  });
  expect(ada.session.heard.get(mallory.id)!.texts).toEqual(['good evening']);
  raw.close();
});

test('bent descriptions and candidates are refused without harm', async () => {
  const random = new Random(1, 0);
  const bend = (text: string) => {
    const at = random.below(text.length);
    const rest = text.slice(at + random.below(20));
    return text.slice(0, at) + ['', '\r\n', '0', '-1', '99999999999', rest][random.below(6)] + rest;
  };
  let opened = 0;
  let closed = 0;
  const ROUNDS = 200;
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [createNodePeerConnection(), createNodePeerConnection()];
    const carry = (to: PeerConnection) => (payload: string) => {
      const parts = payload.split(/([ \n])/);
      to.accept(parts.map((part) => (part && random.below(24) === 0 ? bend(part) : part)).join(''));
    };
    a.onSignal = carry(b);
    b.onSignal = carry(a);
    a.onOpen = () => opened++;
    a.onClose = () => closed++;
    a.offer(`${round}`);
    setTimeout(() => [a, b].forEach((connection) => void connection.close()), 300);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until('all are closed', () => closed === ROUNDS);
  expect(opened).toBeLessThan(ROUNDS);
  // Those that were left alone, or bent where it does not matter.
  expect(opened).toBeGreaterThan(0);
});

test('who makes too many offers is not listened to', async () => {
  const signals: string[] = [];
  const live = await start();
  const ada = await live.entered('ada');
  const mallory = await live.entered('mallory', { dials: 'nobody' });
  for (let i = 0; i < 20; i++) {
    const connection = createNodePeerConnection();
    connection.onSignal = (payload) => {
      if (payload.startsWith('offer')) signals.push(payload);
    };
    connection.offer(`${i}`);
    await until('an offer was made', () => signals.length === i + 1);
    connection.close();
  }
  for (const payload of signals) mallory.session.rendezvous.signal(ada.id, payload, performance.now());
  await until('some were refused', () => ada.driver.dialler.counters.refusedOffers === 12);
  expect(ada.driver.dialler.counters.accepted).toBe(8);
});

/**
 * How long the fastest of a few messages takes from one peer to another; of as many as it takes to be below a limit, because
 * a busy machine may delay any of them, but makes none of them faster.
 */
async function fastest(from: TestPeer, to: TestPeer, way: string, belowMs: number): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5 || (leastMs >= belowMs && i < 50); i++) {
    const text = `${way} ${i}`;
    const sentMs = performance.now();
    from.session.say(to.id, text);
    await until(`'${text}' is heard`, () => to.session.heard.get(from.id)!.texts.includes(text));
    leastMs = Math.min(leastMs, performance.now() - sentMs);
  }
  return leastMs;
}

test('a round trip between two peers is the profile once, and by way of the rendezvous twice', async () => {
  const live = await start();
  const access = (participant: number) => ({ profile: customProfile({ baseRttMs: 200 }), seed: 1, participant });
  const far = [1, 2].map((participant) => live.enter(`far ${participant}`, { access: access(participant) }));
  await until('both are in', () => far.every(({ id }) => id > 0));
  const [ada, bob] = far as [TestPeer, TestPeer];
  await allHearAll(far);
  // Texts of their own, answered by nobody: one way is half the round trip.
  const onceMs = await fastest(ada, bob, 'direct', 190);
  expect(onceMs).toBeGreaterThan(98);
  expect(onceMs).toBeLessThan(190);
  ada.session.links.set(bob.id, 'relayed');
  expect(await fastest(ada, bob, 'relayed', Number.POSITIVE_INFINITY)).toBeGreaterThan(198);
});
