/** What an authority tells its players, when, and what they make of it. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { addPlayer } from '../../game/step.ts';
import { createWorld } from '../../game/world.ts';
import type { ClientSession } from '../../netcode/client-session.ts';
import { ClockEstimate } from '../../netcode/clock.ts';
import { createInputMessage, encodeInput } from '../../netcode/input-codec.ts';
import { Kind, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, SNAPSHOT_LIMITS } from '../../netcode/protocol.ts';
import { decodeSnapshot, encodeSnapshot, type SnapshotHeader } from '../../netcode/snapshot-codec.ts';
import { createView, type View } from '../../netcode/view.ts';
import { type Table, table } from './authority-table.ts';

const HEADER: SnapshotHeader = {
  tick: 0,
  ackedTick: 0,
  marginTicks: 0,
  echoedTimeMs: 0,
  heldMs: 0,
  reach: 0,
  hasStats: false,
};

interface Told {
  atMs: number;
  header: SnapshotHeader;
  view: View;
}

/** Notes the snapshots that a client is told from now on, and drops what `loses` says. */
function listen(t: Table, to: ClientSession, loses: (bytes: Uint8Array, way: 'up' | 'down') => boolean = () => false) {
  const told: Told[] = [];
  t.drop = (bytes, way, client) => {
    if (way === 'down' && t.clients[client] === to && bytes[1] === Kind.snapshot) {
      const one = { atMs: t.nowMs, header: { ...HEADER }, view: createView(t.authority.world.arena) };
      decodeSnapshot(bytes, one.view, one.header);
      told.push(one);
    }
    return loses(bytes, way);
  };
  return told;
}

/** Puts players where there are no obstacles, by units. */
function place(t: Table, ...places: [x: number, y: number][]): void {
  const { players, arena } = t.authority.world;
  arena.blocked.fill(0);
  for (const [player, [x, y]] of places.entries()) {
    players.x[player] = x * SUBUNITS;
    players.y[player] = y * SUBUNITS;
  }
}

const idsOf = ({ players }: View) => [...players.id.subarray(0, players.count)].sort((a, b) => a - b);

test('P3: a snapshot of all that may be in one fits, and a longer one is not read', () => {
  const world = createWorld({ ...DEFAULT_MATCH, players: 1200, scenario: 'everyone' });
  for (let id = 0; id < 1200; id++) addPlayer(world, id);
  const ids = Int32Array.from({ length: 1200 }, (_, i) => i);
  const counts = {
    playerCount: SNAPSHOT_LIMITS.players,
    shotCount: SNAPSHOT_LIMITS.shots,
    coinCount: SNAPSHOT_LIMITS.coins,
  };
  const sight = { radius: 1000, ...counts, playerIds: ids, shotIds: ids, coinIds: ids };
  const most = encodeSnapshot(new Uint8Array(2 * MAX_MESSAGE_BYTES), 0, world, 0, { ...HEADER, hasStats: true }, sight);
  expect(most).toBeLessThanOrEqual(16_384);

  // A thin client keeps a snapshot as it came, to be read when it is asked for its view.
  const t = table();
  const client = t.join({ prediction: false });
  t.run(200);
  const { malformed, snapshots } = client.counters;
  const long = new Uint8Array(16_385);
  long.set([PROTOCOL_VERSION, Kind.snapshot, 0, 0xff]);
  client.receive(0, long, t.nowMs);
  expect(client.counters).toMatchObject({ malformed: malformed + 1, snapshots });
});

describe('lag compensation', () => {
  const HISTORY_TICKS = 8;

  /** A target walks down across the line of fire, and the shooter fires at where it saw it `agoTicks` before. */
  function fireAtThePast(agoTicks: number, prepare: (t: Table) => void = () => {}) {
    const t = table({ config: { ...DEFAULT_MATCH, players: 3, historyTicks: HISTORY_TICKS } });
    const [, target] = [t.join(), t.join()];
    t.run(100);
    place(t, [200, 400], [230, 400 - 9 * 6]);
    const { world } = t.authority;
    const tick = () => world.match.tick[0]!;
    const at = (untilTick: number) => {
      while (tick() < untilTick) t.run(5);
    };
    target.setInput({ buttons: Button.down, aim: 0 });
    while (world.players.y[target.player]! < 400 * SUBUNITS) t.run(5);
    const seenTick = tick() - 1;
    at(seenTick + agoTicks);
    target.setInput({ buttons: 0, aim: 0 });
    prepare(t);
    const fire = createInputMessage();
    Object.assign(fire, { tick: 5000, viewTick: seenTick & 0xffff, count: 1 });
    fire.buttons[0] = Button.fire;
    t.authority.receive(1, encodeInput(fire), t.nowMs);
    t.drop = (_bytes, way, client) => way === 'up' && client === 0;
    t.run(50);
    expect(world.players.readyTick[0], 'it fired').toBeGreaterThan(tick());
    const flownTicks = world.arena.rules.shotLifeTicks - world.shots.life[0]!;
    t.run(100);
    return { health: world.players.health[target.player]!, flownTicks };
  }

  test('P18: a shot meets its target where the shooter saw it, as far back as the history goes', () => {
    for (const ago of [0, 4, 7]) expect(fireAtThePast(ago).health).toBe(75);
    for (const ago of [11, 14]) expect(fireAtThePast(ago)).toEqual({ health: 100, flownTicks: HISTORY_TICKS - 1 });
  });

  test('P18: and not where somebody else stood before the target appeared', () => {
    const anew = (t: Table) => {
      t.clients[1]!.leave();
      t.run(10);
      const stranger = t.join();
      t.run(10);
      expect(stranger.player).toBe(1);
      place(t, [200, 400], [230, 440]);
    };
    expect(fireAtThePast(4, anew).health).toBe(100);
  });
});

test('P19: vision ends exactly at its radius, unless it is not filtered', () => {
  const seesAt = (x: number, y: number, visionFilter: boolean) => {
    const t = table({ defences: { timeBucket: true, visionFilter } });
    const [viewer, other] = [t.join(), t.join()];
    t.run(100);
    place(t, [200, 400], [200, 400]);
    t.authority.world.players.x[other.player]! += x;
    t.authority.world.players.y[other.player]! += y;
    const told = listen(t, viewer);
    t.run(50);
    return idsOf(told.at(-1)!.view).includes(other.player);
  };
  // 3, 4 and 5 times the same.
  const [three, four] = [(VISION_RADIUS / 5) * 3, (VISION_RADIUS / 5) * 4];
  expect([seesAt(VISION_RADIUS, 0, true), seesAt(three, four, true)]).toEqual([true, true]);
  expect([seesAt(VISION_RADIUS + 1, 0, true), seesAt(three + 1, four, true)]).toEqual([false, false]);
  expect(seesAt(VISION_RADIUS + 1, 0, false)).toBe(true);
});

test('P22: statistics ride along for a second after they changed, and otherwise once a second', () => {
  const t = table();
  const client = t.join();
  t.run(3000);
  const told = listen(t, client);
  t.run(4000);
  const quiet = told.filter(({ header }) => header.hasStats).map(({ header }) => header.tick);
  expect(quiet).toHaveLength(4);
  for (const [i, tick] of quiet.slice(1).entries()) expect(tick - quiet[i]!).toBe(20);
  t.run(500);
  told.length = 0;
  client.setInput({ buttons: Button.buy, aim: 0 });
  t.run(50);
  client.setInput({ buttons: 0, aim: 0 });
  t.run(3000);
  const first = told.findIndex(({ view }) => view.self.purchaseKey === 1);
  expect(first).toBeLessThan(5);
  const after = told.slice(first).map(({ header }) => header.hasStats);
  expect(after.slice(0, 21)).toEqual(new Array(21).fill(true));
  expect(after.slice(21, 40).includes(true)).toBe(false);
  expect(after[40]).toBe(true);
});

test('P24: the dead see from where they died', () => {
  const t = table();
  const [victim, killer, near] = [t.join(), t.join(), t.join(), t.join()];
  t.run(100);
  place(t, [200, 400], [260, 400], [200, 600], [200, 800]);
  const { players } = t.authority.world;
  players.health[victim.player] = 25;
  const told = listen(t, victim);
  killer.setInput({ buttons: Button.fire, aim: 2048 });
  t.run(500);
  killer.setInput({ buttons: 0, aim: 0 });
  near.setInput({ buttons: Button.right, aim: 0 });
  t.run(1000);
  const dead = told.filter(({ view }) => !view.self.alive);
  expect(dead.length).toBeGreaterThan(20);
  for (const { view } of dead) {
    expect([view.self.x, view.self.y]).toEqual([200 * SUBUNITS, 400 * SUBUNITS]);
    expect(idsOf(view)).toEqual([killer.player, near.player]);
  }
  const [first, last] = [dead[0]!.view.players, dead.at(-1)!.view.players];
  expect(last.x[idsOf(dead[0]!.view).indexOf(near.player)], 'the others go on').not.toBe(first.x[1]);
  t.run(3000);
  expect(told.at(-1)!.view.self.alive).toBe(true);
  expect(told.at(-1)!.view.self.x).not.toBe(200 * SUBUNITS);
});

describe('clocks', () => {
  test("P27: the round trip is smoothed by RFC 6298's formulas", () => {
    const clock = new ClockEstimate(50);
    let srttMs = Number.NaN;
    let rttvarMs = Number.NaN;
    for (const [elapsedMs, heldMs] of [
      [100, 20],
      [140, 0],
      [90, 30],
      [500, 254],
    ] as const) {
      clock.roundTrip(elapsedMs, heldMs);
      const sample = elapsedMs - heldMs;
      const isFirst = Number.isNaN(srttMs);
      rttvarMs = isFirst ? sample / 2 : (3 / 4) * rttvarMs + (1 / 4) * Math.abs(srttMs - sample);
      srttMs = isFirst ? sample : (7 / 8) * srttMs + (1 / 8) * sample;
      expect(clock.rttMs).toBeCloseTo(srttMs);
      expect(clock.jitterMs).toBeCloseTo(rttvarMs);
    }
  });

  test('P27: a snapshot echoes when the last input was sent and how long it rested, unless that was too long', () => {
    const t = table();
    t.run(20);
    const client = t.join();
    // The way back takes 60 ms.
    const receive = client.receive.bind(client);
    client.receive = (from, bytes, nowMs) => receive(from, bytes, nowMs + 60);
    let isCutOff = false;
    const told = listen(t, client, (_bytes, way) => way === 'up' && isCutOff);
    t.run(1000);
    for (const { atMs, header } of told.slice(2)) {
      expect(header.heldMs).toBeGreaterThan(0);
      expect(header.echoedTimeMs + header.heldMs).toBe(atMs);
    }
    expect(client.rttMs).toBeCloseTo(60);
    isCutOff = true;
    t.run(2000);
    expect(told.at(-1)!.header.heldMs).toBe(255);
    expect(client.rttMs, 'what is too old says nothing').toBeLessThan(61);
  });

  for (const snapshotRateHz of [20, 10]) {
    test(`P28: others are drawn two intervals and a tick behind the newest tick (${snapshotRateHz} snapshots a second)`, () => {
      const t = table({ snapshotRateHz });
      const [viewer, walker] = [t.join(), t.join()];
      t.run(100);
      place(t, [500, 400], [300, 500]);
      walker.setInput({ buttons: Button.right, aim: 0 });
      const placeAt = new Map<number, number>();
      const { world } = t.authority;
      const delayTicks = (2 * 20) / snapshotRateHz + 1;
      let looks = 0;
      // Snapshots that do not come change nothing about the time of the picture.
      t.drop = (bytes, way) => way === 'down' && bytes[1] === Kind.snapshot && t.nowMs > 1000 && t.nowMs < 1100;
      for (const endMs = t.nowMs + 1700; t.nowMs < endMs; ) {
        t.run(5);
        placeAt.set(world.match.tick[0]!, world.players.x[walker.player]!);
        // A tick's snapshot comes at once.
        const tick = (t.nowMs - 5) / 50 - delayTicks;
        const [before, after] = [placeAt.get(Math.floor(tick)), placeAt.get(Math.ceil(tick))];
        if (before === undefined || after === undefined) continue;
        const { players } = viewer.drawn(t.nowMs - 5)!;
        const expected = before + (after - before) * (tick - Math.floor(tick));
        expect(Math.abs(players.x[0]! - expected), `at ${t.nowMs} ms`).toBeLessThan(0.5 * SUBUNITS);
        looks++;
      }
      expect(looks).toBeGreaterThan(200);
    });
  }
});
