import { describe, expect, test } from 'vitest';
import { createArena } from '../../game/arena.ts';
import { Button } from '../../game/input.ts';
import { coinsError } from '../../game/world.ts';
import { decodeMessage, encodeMessage, type Message } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { type Table, table } from './authority-table.ts';

const typesOf = (events: SessionEvent[]) => new Set(events.map((event) => event.type));

describe('handshake', () => {
  test('P5: a client joins although its first hellos and the first welcome are lost', () => {
    const t = table();
    let lost = 0;
    t.drop = (bytes) => (bytes[1] === Kind.hello || bytes[1] === Kind.welcome) && lost++ < 4;
    const client = t.join();
    t.run(3000);
    expect(client.state).toBe('playing');
    expect(t.authority.playerCount).toBe(1);
    expect(t.authorityEvents.filter((event) => event.type === 'joined')).toHaveLength(1);
  });

  test('P6: a client of another version is refused with a reason that names both', () => {
    const t = table();
    t.authority.linkChanged(50, 'up', 0);
    t.authority.receive(50, Uint8Array.of(2, Kind.hello, 9, 9, 9), 0);
    const answer = t.authority.drain().find((request) => request.type === 'send');
    const refusal = decodeMessage(answer?.type === 'send' ? answer.bytes : new Uint8Array());
    expect(refusal).toMatchObject({ type: 'refuse', reason: 'protocol' });
    expect(refusal).toMatchObject({ text: expect.stringMatching(/protocol 1.*speak 2/) });
  });

  test('P7: a client with other rules is refused', () => {
    const t = table();
    t.drop = (bytes, way) => {
      if (way === 'up' && bytes[1] === Kind.hello) bytes[2]! ^= 1;
      return false;
    };
    const client = t.join();
    t.run(100);
    expect(client.state).toBe('refused');
    expect(client.refusal).toMatch(/rules/);
  });

  test('P8: a welcome says who one is and where one plays, and a second hello over the same link has it said again', () => {
    const t = table();
    const welcomes: Extract<Message, { type: 'welcome' }>[] = [];
    const hellos: Uint8Array[] = [];
    t.drop = (bytes, way) => {
      if (bytes[1] === Kind.hello) hellos.push(bytes.slice());
      const message = bytes[1] === Kind.welcome && decodeMessage(bytes);
      if (way === 'down' && message && message.type === 'welcome') welcomes.push(message);
      return false;
    };
    t.join();
    const client = t.join();
    t.run(200);
    const [, first] = welcomes;
    expect(first).toMatchObject({ player: client.player, resumed: false, snapshotRateHz: 20 });
    expect(first!.token).toEqual(client.resumeToken);
    expect(first!.token).not.toEqual(welcomes[0]!.token);
    expect(createArena(first!.config).blocked).toEqual(t.authority.world.arena.blocked);
    t.authority.receive(2, hellos[1]!, t.nowMs);
    t.run(200);
    const { tick: _, ...said } = first!;
    expect(welcomes[2]).toMatchObject(said);
    expect(t.authority.playerCount).toBe(2);
  });

  test('P9: a full match refuses and says how many it holds', () => {
    const t = table({ players: 2 });
    const clients = [t.join(), t.join(), t.join()];
    t.run(200);
    expect(clients.map((client) => client.state)).toEqual(['playing', 'playing', 'refused']);
    expect(clients[2]!.refusal).toBe('this match is full: 2 players');
  });

  test('P10: a seat outlives its link, stands still, and is taken over by its token', () => {
    const t = table();
    const client = t.join();
    client.setInput({ buttons: Button.right, aim: 0 });
    t.run(500);
    const player = client.player;
    t.authority.linkChanged(1, 'down', t.nowMs);
    client.linkChanged(0, 'down', t.nowMs);
    t.run(100);
    const x = t.authority.world.players.x[player];
    t.run(4000);
    expect(t.authority.world.players.x[player]).toBe(x);
    t.authority.linkChanged(1, 'up', t.nowMs);
    client.linkChanged(0, 'up', t.nowMs);
    t.run(300);
    expect(client.player).toBe(player);
    expect(t.events[0]!.filter((event) => event.type === 'joined').at(-1)).toMatchObject({ resumed: true });
    expect(t.authority.world.players.x[player]).not.toBe(x);
    expect(client.view!.tick).toBeGreaterThan(80);
  });

  test('P10, P11: after the hold the seat is free, its coins stay on the ground, a stranger gets the slot', () => {
    const t = table({ players: 1, seatHoldMs: 2000 });
    t.join();
    t.run(200);
    t.authority.world.players.coins[0] = 7;
    t.authority.world.match.minted[0]! += 7;
    t.authority.linkChanged(1, 'down', t.nowMs);
    t.clients[0]!.linkChanged(0, 'down', t.nowMs);
    t.run(1000);
    expect(t.authority.playerCount).toBe(1);
    t.run(3000);
    expect(t.authority.playerCount).toBe(0);
    expect(coinsError(t.authority.world)).toBe(0);
    const stranger = t.join({ name: 'Grace' });
    t.run(300);
    expect(stranger.state).toBe('playing');
  });

  test('P10: a token takes its seat over from a link that does not know of its death', () => {
    const t = table();
    const first = t.join();
    t.run(200);
    const second = t.join({}, first.resumeToken);
    t.run(200);
    expect(second.player).toBe(first.player);
    expect(t.authority.playerCount).toBe(1);
    expect(t.authority.peerOf(first.player)).toBe(2);
  });

  test('P11: bye frees the seat at once', () => {
    const t = table();
    const client = t.join();
    t.run(200);
    client.leave();
    t.run(100);
    expect(t.authority.playerCount).toBe(0);
    expect(typesOf(t.authorityEvents)).toContain('left');
  });

  test('P12: silence is noticed at both ends', () => {
    const t = table();
    const client = t.join();
    t.run(200);
    t.drop = () => true;
    t.run(7000);
    expect(client.state).toBe('lost');
    expect(typesOf(t.events[0]!)).toContain('silent');
    expect(typesOf(t.authorityEvents)).toContain('silent');
    expect(t.authority.peerOf(0)).toBe(-1);
  });

  test('P3: what is longer than 1,200 bytes is not read', () => {
    const t = table();
    t.authority.linkChanged(50, 'up', 0);
    // Of another version nothing more is read: however long it is, it is answered.
    const hello = (length: number) => new Uint8Array(length).fill(9).fill(2, 0, 1).fill(Kind.hello, 1, 2);
    t.authority.receive(50, hello(1201), 0);
    expect(t.authority.counters).toMatchObject({ malformed: 1, refused: 0 });
    t.authority.receive(50, hello(1200), 0);
    expect(t.authority.counters).toMatchObject({ malformed: 1, refused: 1 });
  });

  test('P4: a flood is dropped, counted, and ends the link', () => {
    const t = table();
    t.join();
    t.run(100);
    for (let i = 0; i < 600; i++)
      t.authority.receive(1, encodeMessage({ type: 'rosterRequest', first: 0, count: 1 }), t.nowMs);
    expect(t.authority.counters.overRate).toBeGreaterThan(400);
    expect(t.authority.drain()).toContainEqual({ type: 'disconnect', to: 1, reason: 'too many messages' });
  });
});

describe('inputs', () => {
  /** Where a player stands after holding `right` in the open for a while. */
  function placeInTheOpen(t: Table, player: number): void {
    const { world } = t.authority;
    world.arena.blocked.fill(0);
    world.players.x[player] = 20_000;
    world.players.y[player] = world.arena.size >> 1;
  }

  test('P13, P15: a thin client that sends ten inputs a second moves once per tick', () => {
    const t = table();
    const client = t.join({ prediction: false, inputRateHz: 10 });
    t.run(200);
    placeInTheOpen(t, client.player);
    const x = t.authority.world.players.x[client.player]!;
    client.setInput({ buttons: Button.right, aim: 0 });
    t.run(1000);
    const steps = (t.authority.world.players.x[client.player]! - x) / t.authority.world.arena.rules.playerStep;
    expect(steps).toBeGreaterThanOrEqual(17);
    expect(steps).toBeLessThanOrEqual(20);
  });

  test('P14: losing two datagrams in a row costs no input', () => {
    const t = table();
    const client = t.join();
    t.run(500);
    let sent = 0;
    t.drop = (bytes, way) => way === 'up' && bytes[1] === Kind.input && sent++ % 3 !== 2;
    const before = t.authority.inputCounters.inputsReceived;
    const inputsBefore = client.counters.inputs;
    t.run(3000);
    const taken = t.authority.inputCounters.inputsReceived + t.authority.inputCounters.inputsLate - before;
    expect(Math.abs(taken - (client.counters.inputs - inputsBefore))).toBeLessThanOrEqual(3);
  });

  for (const [bucket, fastest] of [
    [true, 1.05],
    [false, 1.6],
  ] as const) {
    test(`P16: a clock that runs 1.5 times as fast moves ${bucket ? 'no faster with' : 'faster without'} the time bucket`, () => {
      const t = table({ defences: { timeBucket: bucket, visionFilter: true } });
      const cheat = t.join();
      t.run(500);
      placeInTheOpen(t, cheat.player);
      const advance = cheat.advance.bind(cheat);
      const receive = cheat.receive.bind(cheat);
      const startMs = t.nowMs;
      const fast = (nowMs: number) => startMs + (nowMs - startMs) * 1.5;
      cheat.advance = (nowMs) => advance(fast(nowMs));
      cheat.receive = (from, bytes, nowMs) => receive(from, bytes, fast(nowMs));
      const { world } = t.authority;
      let steps = 0;
      cheat.setInput({ buttons: Button.right, aim: 0 });
      for (let i = 0; i < 200; i++) {
        const x = world.players.x[cheat.player]!;
        if (x > world.arena.size - 60_000) world.players.x[cheat.player] = 20_000;
        const from = world.players.x[cheat.player]!;
        t.run(50);
        steps += (world.players.x[cheat.player]! - from) / world.arena.rules.playerStep;
      }
      const ratio = steps / 200;
      expect(ratio).toBeLessThanOrEqual(fastest);
      if (bucket) {
        expect(t.authority.flagged[cheat.player]).toBe(1);
        expect(t.authority.inputCounters.ticksOverBudget).toBeGreaterThan(10);
      } else expect(ratio).toBeGreaterThan(1.3);
    });
  }

  test('P17: over a constant link prediction is never wrong', () => {
    const t = table();
    const client = t.join();
    let wiggle = 0;
    for (let i = 0; i < 100; i++) {
      wiggle = (wiggle * 7 + 3) % 16;
      client.setInput({ buttons: wiggle, aim: wiggle * 100 });
      t.run(70);
    }
    expect(client.counters.snapshots).toBeGreaterThan(130);
    expect(client.counters.corrections).toBeLessThanOrEqual(2);
  });
});

describe('snapshots', () => {
  test('P21: those in combat get twice the rate, and only they', () => {
    const t = table({ send: 'need', snapshotRateHz: 5 });
    const fighter = t.join();
    const quiet = t.join();
    t.run(1000);
    const before = [fighter.counters.snapshots, quiet.counters.snapshots];
    fighter.setInput({ buttons: Button.fire, aim: 2048 });
    t.authority.world.players.x[quiet.player] = 5000;
    t.authority.world.players.x[fighter.player] = 3000;
    t.run(4000);
    expect(fighter.counters.snapshots - before[0]!).toBeGreaterThanOrEqual(37);
    expect(quiet.counters.snapshots - before[1]!).toBeLessThanOrEqual(21);
  });

  test('P21: a rate below the tick rate is spread over ticks by slot', () => {
    const t = table({ players: 40, snapshotRateHz: 5 });
    for (let i = 0; i < 40; i++) t.join({ prediction: false });
    t.run(1000);
    const perTick: number[] = [];
    for (let i = 0; i < 40; i++) {
      const before = t.authority.counters.snapshots;
      t.run(50);
      perTick.push(t.authority.counters.snapshots - before);
    }
    expect(Math.max(...perTick)).toBe(10);
    expect(Math.min(...perTick)).toBe(10);
  });

  test('P23: an authority that was started anew is not taken for a late one', () => {
    const t = table();
    const client = t.join();
    t.run(5000);
    const fresh = table();
    fresh.clients.push(client);
    fresh.events.push([]);
    fresh.nowMs = t.nowMs;
    client.linkChanged(0, 'down', t.nowMs);
    fresh.authority.linkChanged(1, 'up', t.nowMs);
    client.linkChanged(0, 'up', t.nowMs);
    fresh.run(200);
    expect(client.state).toBe('playing');
    expect(client.view!.tick).toBe(fresh.authority.world.match.tick[0]);
  });

  test('P23: a late snapshot is dropped', () => {
    const t = table();
    const client = t.join();
    const held: Uint8Array[] = [];
    t.drop = (bytes, way) => {
      if (way === 'down' && bytes[1] === Kind.snapshot) held.push(bytes.slice());
      return false;
    };
    t.run(500);
    const tick = client.view!.tick;
    client.receive(0, held[2]!, t.nowMs);
    expect(client.view!.tick).toBe(tick);
    expect(client.counters.snapshotsLate).toBe(1);
  });
});

describe('reliable messages', () => {
  test('P25, P26: ten copies of one purchase, and half of all datagrams lost, debit once', () => {
    const t = table();
    const client = t.join();
    t.run(300);
    const { world } = t.authority;
    world.players.coins[client.player] = 17;
    world.match.minted[0]! += 17;
    let copies = 0;
    let count = 0;
    t.drop = (bytes, way) => {
      if (way === 'up' && bytes[1] === Kind.reliable) {
        for (; copies < 10; copies++) t.authority.receive(1, bytes, t.nowMs);
      }
      return bytes[1] !== Kind.hello && count++ % 2 === 0;
    };
    client.setInput({ buttons: Button.buy, aim: 0 });
    t.run(4000);
    expect(copies).toBe(10);
    expect(world.match.spent[0]).toBe(5);
    expect(world.players.shield[client.player]).toBe(50);
    expect(t.events[0]).toContainEqual({ type: 'purchased', player: client.player, key: 1, granted: true });
    expect(coinsError(world)).toBe(0);
  });

  for (const transport of ['stream', 'datagram'] as const) {
    test(`P25: the roster is paged on request over a ${transport}`, () => {
      const t = table({ transport, players: 60 });
      for (let i = 0; i < 60; i++) t.join({ prediction: false, name: `bot ${i}` });
      t.run(300);
      t.clients[0]!.requestRoster(0, 25, t.nowMs);
      t.clients[0]!.requestRoster(50, 25, t.nowMs);
      t.run(300);
      const pages = t.events[0]!.filter((event) => event.type === 'roster');
      expect(pages.map((page) => [page.total, page.first, page.entries.length])).toEqual([
        [60, 0, 25],
        [60, 50, 10],
      ]);
      expect(pages[1]!.entries.every((entry) => entry.name.startsWith('bot '))).toBe(true);
    });
  }
});
