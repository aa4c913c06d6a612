import { describe, expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { decodeSwarm, SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import { simulateMatch } from './simulate-match.ts';

/** A short recorded run over a bad network: all that its recorders wrote, and the world that it led to. */
function record(topology: string, seed: number, lossRatio = 0.03) {
  const players = 16;
  const { capacity, size } = createArena({ ...DEFAULT_MATCH, seed, players });
  const authorityRecorder = new AuthorityRecorder({ capacity, arenaSize: size, tickRateHz: 20 });
  const playersRecorder = new SwarmRecorder({ capacity, fullClients: players / 2 });
  const match = simulateMatch({
    seed,
    players,
    topology,
    latencyMs: 40,
    jitterMs: 20,
    lossRatio,
    full: (index) => index % 2 === 0,
    options: { authorityRecorder, playersRecorder },
  });
  for (const recorder of [authorityRecorder, playersRecorder]) recorder.measure(4000, 12_000);
  match.run({ ms: 14_000 });
  const slots = match.clients.map((client) => client.player);
  return {
    slots,
    checksums: match.checksums(),
    authority: authorityRecorder.finish(),
    swarm: playersRecorder.finish(),
  };
}

describe.each(['server', 'host'])('a match under %s', (topology) => {
  for (const seed of [1, 2, 3]) {
    test(`lets everybody in and play, over a bad network (seed ${seed})`, () => {
      const match = simulateMatch({ seed, players: 24, topology, latencyMs: 60, jitterMs: 20, lossRatio: 0.05 });
      expect(match.runUntil(() => match.players.every((node) => node.state === 'playing'), 400)).toBe(true);
      match.run({ ticks: 600 });
      const { players } = match.authority.world;
      expect(match.authority.playerCount).toBe(24);
      expect(Math.max(...players.kills)).toBeGreaterThan(0);
      expect(Math.max(...players.score)).toBeGreaterThan(10);
      for (const client of match.clients) expect(client.view!.tick).toBeGreaterThan(550);
      expect(match.authority.counters.malformed).toBe(0);
      for (const client of match.clients) expect(client.counters.malformed).toBe(0);
    });

    test(`repeats itself to the last byte of its recordings (seed ${seed})`, () => {
      const first = record(topology, seed);
      const second = record(topology, seed);
      expect(second.checksums).toEqual(first.checksums);
      expect(Buffer.compare(first.authority, second.authority)).toBe(0);
      expect(Buffer.compare(first.swarm, second.swarm)).toBe(0);
      expect(record(topology, seed + 100).checksums).not.toEqual(first.checksums);
    });

    test(`predicts without error once clocks agree, when nothing is lost and delays are constant (seed ${seed})`, () => {
      for (const latencyMs of [0, 20, 50, 120]) {
        const match = simulateMatch({ seed, players: 12, topology, latencyMs });
        // Steering one's own timeline into step moves single ticks; ten seconds are enough for it here.
        match.run({ ticks: 200 });
        const before = match.clients.map((client) => client.counters.corrections);
        match.run({ ticks: 600 });
        const after = match.clients.map((client) => client.counters.corrections);
        expect(after, `${latencyMs} ms one way`).toEqual(before);
      }
    });
  }

  test('records who joined, what was sent and what was true (seed 4)', () => {
    const result = record(topology, 4, 0);
    const authority = decodeAuthority(result.authority);
    const swarm = decodeSwarm(result.swarm);
    expect(swarm.meta.asked).toBe(16);
    expect(swarm.meta.joined).toBe(16);
    expect(new Set(result.slots).size).toBe(16);
    expect(authority.meta.joins).toBe(16);
    expect(authority.meta.coinsError).toBe(0);
    // 8 s measured and 2 s of margin on each side where the match was running: 20 ticks and 10 inputs a second.
    expect(authority.ticks.count).toBeGreaterThanOrEqual(10 * 20);
    expect(swarm.inputs.count).toBeGreaterThan(0.95 * 10 * 10 * 16);
    const shown = new Set(swarm.snapshots.columns.player);
    expect(shown.size).toBe(8);
    expect(authority.meta.sentBytes).toBeGreaterThan(authority.meta.receivedBytes);
  });
});

test('without latency both topologies are the same match (seed 1)', () => {
  const checksumsOf = (topology: string) => {
    const match = simulateMatch({ seed: 1, players: 16, topology });
    match.run({ ticks: 400 });
    return match.checksums();
  };
  expect(checksumsOf('host')).toEqual(checksumsOf('server'));
});

test('the player in the host’s own process needs no network (seed 2)', () => {
  const match = simulateMatch({ seed: 2, players: 6, latencyMs: 100, lossRatio: 0.1 });
  match.run({ ticks: 400 });
  const [host, ...others] = match.clients;
  expect(host!.rttMs).toBeLessThan(5);
  for (const other of others) expect(other.rttMs).toBeGreaterThan(190);
  const dedicated = simulateMatch({ seed: 2, players: 6, latencyMs: 100, options: { dedicated: true } });
  dedicated.run({ ticks: 400 });
  for (const client of dedicated.clients) expect(client.rttMs).toBeGreaterThan(190);
});

test('a host’s uplink carries what it can, and no more (seed 3)', () => {
  const rateHz = (authorityKbps: number) => {
    const match = simulateMatch({ seed: 3, players: 24, latencyMs: 20, options: { authorityKbps } });
    match.run({ ticks: 400 });
    const snapshots = match.clients.slice(1).map((client) => client.counters.snapshots / 20);
    return snapshots.reduce((sum, rate) => sum + rate, 0) / snapshots.length;
  };
  expect(rateHz(20_000)).toBeGreaterThan(19);
  // 23 clients × 20 Hz × (93 + some 200 bytes) are about 1 Mbit/s.
  expect(rateHz(500)).toBeLessThan(15);
});

test('a healed network loses nothing any more (seed 4)', () => {
  const match = simulateMatch({ seed: 4, players: 8, latencyMs: 40, jitterMs: 20, lossRatio: 0.2 });
  match.run({ ticks: 400 });
  const missed = () => match.clients.reduce((sum, client) => sum + client.counters.snapshotsMissed, 0);
  expect(missed()).toBeGreaterThan(100);
  match.heal();
  match.run({ ticks: 40 });
  const before = missed();
  match.run({ ticks: 400 });
  expect(missed()).toBe(before);
});

test('a player that is cut off gets its seat back, one that stays away loses it (seed 5)', () => {
  const match = simulateMatch({ seed: 5, players: 6, latencyMs: 30 });
  match.run({ ticks: 100 });
  const [, staying, leaving] = match.players;
  const slot = staying!.session.player;
  staying!.disconnect();
  leaving!.disconnect();
  match.run({ ms: 4000 });
  expect(staying!.state).toBe('lost');
  expect(match.authority.playerCount).toBe(6);
  staying!.reconnect();
  match.run({ ms: 8000 });
  expect(staying!.state).toBe('playing');
  expect(staying!.session.player).toBe(slot);
  expect(match.authority.playerCount).toBe(5);
  leaving!.reconnect();
  match.run({ ms: 2000 });
  expect(leaving!.state).toBe('playing');
  expect(match.authority.playerCount).toBe(6);
});

test('a crashed player is noticed by its silence (seed 6)', () => {
  const match = simulateMatch({ seed: 6, players: 6, latencyMs: 30 });
  match.run({ ticks: 100 });
  match.players[1]!.crash();
  match.run({ ms: 4000 });
  expect(match.authority.playerCount).toBe(6);
  match.run({ ms: 5000 + 10_000 + 2000 - 4000 });
  expect(match.authority.playerCount).toBe(5);
  match.players[1]!.restart();
  match.run({ ms: 2000 });
  expect(match.players[1]!.state).toBe('playing');
});

test('a full match refuses the next player, who is told why', () => {
  const match = simulateMatch({ seed: 7, players: 3, latencyMs: 10, config: { players: 2 } });
  match.run({ ticks: 40 });
  expect(match.players.map((node) => node.state)).toEqual(['playing', 'playing', 'failed']);
  expect(match.clients[2]!.refusal).toMatch(/full/);
});
