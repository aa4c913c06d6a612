import { expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { checksum } from '../../game/checksum.ts';
import { Random } from '../../game/random.ts';
import { AuthoritySession, DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { ClientSession } from '../../netcode/client-session.ts';
import { createInputMessage, decodeInput } from '../../netcode/input-codec.ts';
import { decodeBallot } from '../../netcode/lockstep/ballot.ts';
import { decodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { decodePeerMessage } from '../../netcode/lockstep/peer-messages.ts';
import { decodeMessage, kindOf } from '../../netcode/messages.ts';
import { Kind, ProtocolError } from '../../netcode/protocol.ts';
import { decodeRendezvous, encodeRendezvous, isRendezvousMessage } from '../../netcode/rendezvous-messages.ts';
import { decodeSnapshot } from '../../netcode/snapshot-codec.ts';
import { createView } from '../../netcode/view.ts';
import { LOCKSTEP_SAMPLES } from './lockstep-samples.ts';
import { Mutator } from './mutator.ts';
import { RENDEZVOUS_SAMPLES } from './rendezvous-samples.ts';

const DATAGRAMS = 1_000_000;
const SEED = 20_261_121;

/** Plays a short match and keeps one of every 20 messages that either side sent. */
function recordMatch() {
  const config = { ...DEFAULT_MATCH, players: 24 };
  const fill = (into: Uint8Array) => into.fill(7);
  const authority = new AuthoritySession({ ...DEFAULT_AUTHORITY, config, transport: 'datagram', randomBytes: fill }, 0);
  const clients = Array.from(
    { length: 20 },
    (_, i) => new ClientSession({ name: `p${i}`, transport: 'datagram', inputRateHz: 20, prediction: i % 2 === 0 }, 0),
  );
  const random = new Random(SEED, 0);
  const real: Uint8Array[] = [];
  const keep = (bytes: Uint8Array) => {
    if (bytes[1] !== Kind.snapshot || random.below(20) === 0) real.push(bytes.slice());
  };
  const relay = (nowMs: number) => {
    clients.forEach((client, i) => {
      if (client.wantsInput(nowMs)) client.setInput({ buttons: random.below(64), aim: random.below(4096) });
      if (random.below(50) === 0) client.requestRoster(0, 25, nowMs);
      while (client.advance(nowMs));
      client.takeEvents();
      for (const request of client.drain()) {
        if (request.type !== 'send') continue;
        keep(request.bytes);
        authority.receive(i + 1, request.bytes, nowMs);
      }
    });
    while (authority.advance(nowMs));
    authority.takeEvents();
    for (const request of authority.drain()) {
      if (request.type !== 'send') continue;
      keep(request.bytes);
      clients[request.to - 1]?.receive(0, request.bytes, nowMs);
    }
  };
  clients.forEach((client, i) => {
    authority.linkChanged(i + 1, 'up', 0);
    client.linkChanged(0, 'up', 0);
  });
  for (let nowMs = 0; nowMs < 5000; nowMs += 10) relay(nowMs);
  return { authority, clients, real, relay };
}

const match = recordMatch();
const lockstep = LOCKSTEP_SAMPLES.map(({ bytes }) => bytes);
const rendezvous = RENDEZVOUS_SAMPLES.map(({ message }) => encodeRendezvous(message));

test(`P1: a million mutated datagrams through every decoder throw nothing but ProtocolError (seed ${SEED})`, () => {
  const mutator = new Mutator(new Random(SEED, 7), [...match.real, ...rendezvous, ...lockstep]);
  const view = createView(createArena({ ...DEFAULT_MATCH, players: 24 }));
  const input = createInputMessage();
  const header = { tick: 0, ackedTick: 0, marginTicks: 0, echoedTimeMs: 0, heldMs: 0, reach: 0, hasStats: false };
  let accepted = 0;
  let refused = 0;
  global.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < DATAGRAMS; i++) {
    const bytes = mutator.next();
    try {
      const kind = isRendezvousMessage(bytes) ? Kind.enter : kindOf(bytes);
      if (kind === Kind.enter) decodeRendezvous(bytes);
      else if (kind === Kind.input) decodeInput(bytes, input);
      else if (kind === Kind.snapshot) decodeSnapshot(bytes, view, header);
      else if (kind === Kind.peerInput) decodePeerInput(bytes);
      else if (kind >= Kind.prepare && kind <= Kind.outbid) decodeBallot(bytes);
      else if (kind >= Kind.viewCommit) decodePeerMessage(bytes);
      else decodeMessage(bytes);
      accepted++;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused++;
    }
  }
  // Both must happen, or the mutations do not reach what they are meant to reach.
  expect(accepted).toBeGreaterThan(DATAGRAMS / 100);
  expect(refused).toBeGreaterThan(DATAGRAMS / 4);
  expect(view.players.id.length).toBeLessThanOrEqual(2048);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
}, 120_000);

test(`P1: 100,000 mutated datagrams at live sessions change nothing for the honest (seed ${SEED})`, () => {
  const { authority, clients, relay } = recordMatch();
  const mutator = new Mutator(new Random(SEED + 1, 7), match.real);
  const attackers = [900, 901, 902, 903];
  let nowMs = 5000;
  const snapshotsBefore = clients.map((client) => client.counters.snapshots);
  for (let round = 0; round < 500; round++) {
    nowMs += 10;
    for (const attacker of attackers) {
      if (round % 10 === 0) authority.linkChanged(attacker, 'up', nowMs);
      for (let i = 0; i < 50; i++) authority.receive(attacker, mutator.next(), nowMs);
    }
    relay(nowMs);
  }
  expect(authority.counters.malformed).toBeGreaterThan(1000);
  expect(authority.counters.overRate).toBeGreaterThan(1000);
  clients.forEach((client, i) => {
    expect(client.state).toBe('playing');
    expect(client.counters.snapshots - snapshotsBefore[i]!).toBeGreaterThanOrEqual(99);
    expect(client.counters.malformed).toBe(0);
  });
});

test(`P1: a client that is sent garbage keeps its view (seed ${SEED})`, () => {
  const { clients, authority, relay } = recordMatch();
  const mutator = new Mutator(
    new Random(SEED + 2, 7),
    match.real.filter((bytes) => bytes[1] !== Kind.snapshot && bytes[1] !== Kind.welcome),
  );
  const client = clients[0]!;
  for (let i = 0; i < 20_000; i++) client.receive(0, mutator.next(), 5000);
  expect(client.counters.malformed).toBeGreaterThan(1000);
  const before = client.counters.snapshots;
  for (let nowMs = 5010; nowMs < 6000; nowMs += 10) relay(nowMs);
  expect(client.state).toBe('playing');
  expect(client.counters.snapshots).toBeGreaterThan(before + 15);
  expect(checksum(authority.world)).toBeGreaterThan(0);
});
