/** All links of a peer over one UDP port, with real sockets. */
import { afterAll, expect, test } from 'vitest';
import { cleanupDataChannels } from '../../links/data-channel-node.ts';
import type { ConnectionFactory, PeerConnection } from '../../links/peer-connection.ts';
import { peerConnectionsOnOnePort } from '../../links/peer-connection-node.ts';
import { parseSignal } from '../../links/peer-signals.ts';
import { until } from './harness.ts';

afterAll(() => cleanupDataChannels());

interface Peer {
  readonly name: number;
  readonly connect: ConnectionFactory;
  readonly ports: Set<string>;
  readonly heard: string[];
}

function peersOf(count: number): Peer[] {
  return Array.from({ length: count }, (_, name) => {
    return { name, connect: peerConnectionsOnOnePort(), ports: new Set<string>(), heard: [] };
  });
}

/** Both ends of a link, which note what they hear and from which port they say to be reached. */
function link(from: Peer, to: Peer): [PeerConnection, PeerConnection] {
  const ends: [PeerConnection, PeerConnection] = [from.connect(), to.connect()];
  const carry = (mine: Peer, other: PeerConnection) => (payload: string) => {
    for (const candidate of parseSignal(payload)!.candidates) mine.ports.add(candidate.split(' ')[5]!);
    other.accept(payload);
  };
  const hear = (mine: Peer, other: Peer) => (bytes: Uint8Array) =>
    mine.heard.push(`${other.name}: ${new TextDecoder().decode(bytes)}`);
  ends[0].onSignal = carry(from, ends[1]);
  ends[1].onSignal = carry(to, ends[0]);
  ends[0].onMessage = hear(from, to);
  ends[1].onMessage = hear(to, from);
  ends[0].offer('1');
  return ends;
}

const areOpen = (ends: readonly PeerConnection[]) => ends.every(({ state }) => state === 'open');
const say = (end: PeerConnection, text: string) => end.send('unreliable', new TextEncoder().encode(text));

test('five peers that link all at once have a port each, and every message comes over the link that it was said on', async () => {
  const peers = peersOf(5);
  const links: { from: Peer; to: Peer; ends: [PeerConnection, PeerConnection] }[] = [];
  for (const from of peers) {
    for (const to of peers.slice(from.name + 1)) links.push({ from, to, ends: link(from, to) });
  }
  await until('all are linked', () => links.every(({ ends }) => areOpen(ends)));
  expect(peers.map(({ ports }) => ports.size)).toEqual([1, 1, 1, 1, 1]);
  expect(new Set(peers.flatMap(({ ports }) => [...ports])).size).toBe(5);
  for (const { from, to, ends } of links) {
    say(ends[0], `${from.name} to ${to.name}`);
    say(ends[1], `${to.name} to ${from.name}`);
  }
  await until('all have heard all', () => peers.every(({ heard }) => heard.length === 4));
  for (const { name, heard } of peers) {
    const others = [0, 1, 2, 3, 4].filter((other) => other !== name);
    expect(heard.toSorted()).toEqual(others.map((other) => `${other}: ${other} to ${name}`));
  }
  for (const { ends } of links) for (const end of ends) end.close();
});

test('a link that ended can be made again, from the same ports', async () => {
  const [ada, bob] = peersOf(2) as [Peer, Peer];
  for (let round = 0; round < 3; round++) {
    const ends = link(ada, bob);
    await until('they are linked', () => areOpen(ends));
    say(ends[0], `round ${round}`);
    await until('it was heard', () => bob.heard.length === round + 1);
    ends[0].close();
    await until('the other side knows', () => ends[1].state === 'closed');
  }
  expect([ada.ports.size, bob.ports.size]).toEqual([1, 1]);
  expect(bob.heard).toEqual(['0: round 0', '0: round 1', '0: round 2']);
});
