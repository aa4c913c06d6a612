/** What a peer of a mesh does with its own avatar, and what it believes of others'. */
import { describe, expect, test } from 'vitest';
import { SUBUNITS } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { Status } from '../../game/world.ts';
import { phaseOf } from '../../netcode/mesh/mesh-session.ts';
import { NO_TILE } from '../../netcode/mesh/other.ts';
import type { ToldShot } from '../../netcode/mesh/state-codec.ts';
import { MeshAlone } from './mesh-alone.ts';

const TICK_MS = 50;
const gaps = (times: readonly number[]) => times.slice(1).map((time, i) => time - times[i]!);

describe('the timeline', () => {
  /** When its ticks were due, and which. */
  function ticking() {
    const alone = new MeshAlone(0);
    const { session } = alone;
    alone.run(1000);
    const ticks: { tick: number; dueMs: number }[] = [];
    session.onTick = (tick, dueMs) => ticks.push({ tick, dueMs });
    /** The room's time is found to be another. */
    const shift = (ms: number) => {
      const { rendezvous } = session;
      const honest = rendezvous.roomTimeMs.bind(rendezvous);
      rendezvous.roomTimeMs = (nowMs) => honest(nowMs) + ms;
    };
    return { alone, session, ticks, shift };
  }

  test("M1: a tick is due when the room's time has come to it", () => {
    const { alone, session, ticks } = ticking();
    alone.run(1000);
    expect(ticks.length).toBeGreaterThan(18);
    for (const { tick, dueMs } of ticks) {
      expect(Math.abs(session.rendezvous.roomTimeMs(dueMs) - tick * TICK_MS)).toBeLessThan(2);
    }
  });

  test('M1: the phases of slots, and of every second or third of them, are spread evenly', () => {
    for (const step of [1, 2, 3]) {
      const phases = Array.from({ length: 24 }, (_, i) => phaseOf(i * step)).sort((a, b) => a - b);
      const apart = [...gaps(phases), 1 + phases[0]! - phases.at(-1)!];
      expect(Math.max(...apart), `every ${step}. slot`).toBeLessThan(3 / 24);
    }
  });

  test('M1: time is bent by a tenth of the difference per tick, by 5 % at most', () => {
    for (const [shiftMs, firstMs] of [
      [-20, 52],
      [20, 48],
      [-100, 52.5],
      [100, 47.5],
    ] as const) {
      const { alone, ticks, shift } = ticking();
      alone.run(200);
      shift(shiftMs);
      ticks.length = 0;
      alone.run(1000);
      const lengths = gaps(ticks.map(({ dueMs }) => dueMs));
      expect(lengths[0]! - firstMs, `${shiftMs} ms`).toBeCloseTo(0, 0);
      for (const length of lengths) expect(Math.abs(length - TICK_MS)).toBeLessThanOrEqual(2.5 + 1e-6);
      if (Math.abs(shiftMs) === 20) expect(Math.abs(lengths[10]! - TICK_MS)).toBeLessThan(1);
    }
  });

  test('M1: after a stall what is older than three ticks is skipped', () => {
    const { alone, session, ticks } = ticking();
    alone.isFrozen = true;
    alone.run(1000);
    alone.isFrozen = false;
    ticks.length = 0;
    alone.run(5);
    const now = Math.floor(session.rendezvous.roomTimeMs(alone.nowMs - 5) / TICK_MS);
    expect(ticks.map(({ tick }) => tick)).toEqual([now - 3, now - 2, now - 1, now]);
  });
});

test('M2: a peer steps its own avatar with each tick, and nobody else', () => {
  const alone = new MeshAlone(1);
  const { players, arena } = alone.session.world!;
  alone.stand(300, 300);
  alone.link(2);
  alone.tell(2, { x: 400, y: 400, buttons: Button.right });
  alone.hold({ buttons: Button.right });
  const from = { tick: alone.session.tick, x: players.x[alone.session.player]! };
  alone.run(800);
  const ticks = alone.session.tick - from.tick;
  expect(ticks).toBeGreaterThanOrEqual(15);
  expect(players.x[alone.session.player]! - from.x).toBe(ticks * arena.rules.playerStep);
  expect(players.x[alone.slotOf(2)]).toBe(400 * SUBUNITS);
});

describe('telling', () => {
  /** How often peers at these distances are told in two seconds, and in which ticks. */
  function told(
    distances: readonly number[],
    policy: 'need' | 'flat',
    more: { isFighting?: boolean; isAlive?: boolean } = {},
  ) {
    const alone = new MeshAlone(distances.length, { send: policy, sendRateHz: 10 });
    alone.stand(500, 500);
    for (const [i, distance] of distances.entries()) alone.meet(i + 2, { x: 500 + distance, y: 500, ...more });
    alone.run(500);
    alone.sent.length = 0;
    alone.run(2000);
    return distances.map((_, i) => alone.states(i + 2).map(({ state }) => state.tick));
  }

  test('M3: by need the near hear 20 times a second, those in vision 10 times, those just beyond 5 times', () => {
    const counts = told([150, 170, 310, 325, 335, 340], 'need').map(({ length }) => length);
    expect(counts).toEqual([40, 20, 20, 10, 10, 0]);
    expect(told([170, 330], 'need', { isFighting: true }).map(({ length }) => length)).toEqual([40, 10]);
  });

  test('M3: flat all hear alike; not all of them in the same tick', () => {
    const ticks = told([150, 310, 335, 340], 'flat');
    expect(ticks.map(({ length }) => length)).toEqual([20, 20, 20, 0]);
    expect(ticks[1]!.filter((tick) => ticks[0]!.includes(tick))).toEqual([]);
  });

  test('M3: of whom only the tile is known, it is told by that', () => {
    const alone = new MeshAlone(2);
    alone.stand(500, 500);
    for (const [peer, tileX] of [
      [2, 13],
      [3, 14],
    ] as const) {
      alone.link(peer);
      // A tile has 64 units: the nearer one begins at 832, the other at 896.
      alone.say(peer, { type: 'meshPing', tile: 7 * 256 + tileX, timeMs: 0, echoMs: 0, heldMs: 0xffff });
    }
    alone.run(100);
    alone.sent.length = 0;
    alone.run(1000);
    expect([2, 3].map((peer) => alone.states(peer).length)).toEqual([5, 0]);
  });

  test('M3: of two at the edge who know each other’s place one is told on, and the other watches', () => {
    const alone = new MeshAlone(2, { send: 'flat' });
    alone.stand(500, 500);
    // 360 units away: too far to be seen, and too near for who knows the tile only.
    for (const peer of [2, 3]) alone.meet(peer, { x: 860, y: 500 });
    alone.run(1000);
    alone.sent.length = 0;
    alone.run(1000);
    expect([2, 3].map((peer) => alone.states(peer).length)).toEqual([10, 0]);
  });

  test('M3: who is beyond sight for less than a quarter of a second is told nothing meanwhile, and goes on as before', () => {
    const alone = new MeshAlone(2, { send: 'flat' });
    alone.stand(500, 500);
    const at = (x: number) => alone.avatars.set(3, { x, y: 500 });
    alone.meet(3, { x: 800, y: 500 });
    alone.run(1000);
    const pingsWithTile = () => alone.messages('meshPing', 3).filter(({ message }) => message.tile !== NO_TILE);
    alone.sent.length = 0;
    at(860);
    alone.run(200);
    at(800);
    alone.run(800);
    expect(alone.states(3).length).toBeLessThanOrEqual(9);
    expect(alone.states(3).length).toBeGreaterThanOrEqual(7);
    expect(pingsWithTile()).toEqual([]);
    at(860);
    alone.run(400);
    expect(pingsWithTile()).toHaveLength(1);
  });

  test('M3: who has just come into sight is answered at once', () => {
    const alone = new MeshAlone(1);
    alone.stand(500, 500);
    alone.meet(2, { x: 1100, y: 500 });
    alone.run(500);
    expect(alone.states(2)).toEqual([]);
    alone.tell(2, { x: 832, y: 500, tick: alone.session.tick + 1 });
    expect(alone.states(2).map(({ atMs, state }) => [atMs, state.tick])).toEqual([[alone.nowMs, alone.session.tick]]);
  });

  /**
   * Dies where three others look on, and returns: where that was, by peer the first ticks that told of both, and all ticks
   * of which the first peer was told.
   */
  function dieAndReturn(x: number, y: number, sendRateHz = 2) {
    const alone = new MeshAlone(3, { send: 'flat', sendRateHz });
    const { session } = alone;
    const { players } = session.world!;
    alone.stand(x, y);
    for (const [i, peer] of [2, 3, 4].entries()) alone.meet(peer, { x: x - 20 + 20 * i, y: y + 50 });
    alone.run(500);
    players.health[session.player] = 25;
    const shot = { k: 0, ageTicks: 1, x: (x - 50) * SUBUNITS, y: y * SUBUNITS, aim: 0 };
    alone.tell(2, { x: x - 20, y: y + 50, shots: [shot], tick: session.tick + 1 });
    alone.sent.length = 0;
    alone.run(5000);
    const firstTold = (isAlive: boolean) =>
      [2, 3, 4].map((peer) => {
        const told = alone.states(peer).map(({ state }) => state);
        const dead = told.findIndex((state) => !state.isAlive);
        return told.slice(dead).find((state) => state.isAlive === isAlive)?.tick;
      });
    const [returnX, returnY] = [players.x[session.player]! / SUBUNITS, players.y[session.player]! / SUBUNITS];
    const ticks = alone.states(2).map(({ state }) => state.tick);
    return { x: returnX, y: returnY, dead: firstTold(false), alive: firstTold(true), ticks };
  }

  test('M3: deaths and returns go out with the tick', () => {
    // Where it will return depends on the seed only: the second time they are there.
    const { x, y } = dieAndReturn(500, 500);
    const { dead, alive } = dieAndReturn(x, y);
    expect(dead).toEqual(new Array(3).fill(dead[0]));
    expect(alive).toEqual(new Array(3).fill(dead[0]! + 60));
  });

  test('M3: the dead tell twice a second, once their death was told for half a second', () => {
    const { dead, ticks } = dieAndReturn(500, 500, 10);
    const since = ticks.filter((tick) => tick >= dead[0]!).map((tick) => tick - dead[0]!);
    expect(since.filter((ago) => ago < 10).length).toBeGreaterThanOrEqual(5);
    const quiet = since.filter((ago) => ago >= 10 && ago < 60);
    expect(quiet).toHaveLength(5);
    for (const gap of gaps(quiet)) expect(gap).toBe(10);
  });

  test('M3: those who are dead hear half as often', () => {
    expect(told([150, 310], 'flat', { isAlive: false }).map(({ length }) => length)).toEqual([10, 10]);
    expect(told([150, 310], 'need', { isAlive: false }).map(({ length }) => length)).toEqual([20, 10]);
  });
});

describe('believing', () => {
  test('M4: a state that is not newer, or more than 20 ticks ahead, is dropped', () => {
    const alone = new MeshAlone(1);
    const { session } = alone;
    const { players } = session.world!;
    alone.stand(500, 500);
    alone.link(2);
    const xAfter = (tick: number, x: number) => {
      alone.tell(2, { x, y: 500, tick });
      return players.x[alone.slotOf(2)]! / SUBUNITS;
    };
    const { tick } = session;
    expect(xAfter(tick, 400)).toBe(400);
    expect([xAfter(tick, 401), xAfter(tick - 1, 402)], 'old').toEqual([400, 400]);
    expect(session.counters.oldStates).toBe(2);
    expect(xAfter(tick + 22, 403), 'early').toBe(400);
    expect(session.counters.earlyStates).toBe(1);
    expect(xAfter(tick + 20, 404)).toBe(404);
  });

  test('M5: of whom nothing was told for a second, or who tells its tile, is believed to be nowhere', () => {
    const alone = new MeshAlone(2);
    alone.stand(500, 500);
    const seen = () => {
      const { players } = alone.session.view!;
      return [...players.id.subarray(0, players.count)];
    };
    alone.meet(2, { x: 600, y: 500 });
    alone.meet(3, { x: 600, y: 600 });
    alone.run(100);
    expect(seen()).toHaveLength(2);
    alone.avatars.delete(2);
    alone.run(900);
    expect(seen()).toHaveLength(2);
    alone.run(200);
    expect(seen()).toEqual([alone.slotOf(3)]);
    alone.avatars.delete(3);
    const ping = { type: 'meshPing', timeMs: 0, echoMs: 0, heldMs: 0xffff } as const;
    alone.say(3, { ...ping, tile: 0xffff });
    alone.run(50);
    expect(seen(), 'it tells no tile').toEqual([alone.slotOf(3)]);
    alone.say(3, { ...ping, tile: 20 * 256 + 20 });
    alone.run(50);
    expect(seen()).toEqual([]);
  });
});

describe('shots', () => {
  const shotAt = (x: number, y: number, ageTicks: number, aim = 0): ToldShot => {
    return { k: 0, ageTicks, x: x * SUBUNITS, y: y * SUBUNITS, aim };
  };

  test('M6: a shot is told with every state while it could fly, as it was fired', () => {
    const alone = new MeshAlone(1);
    const { rules } = alone.session.arena!;
    alone.stand(500, 500);
    alone.meet(2, { x: 600, y: 500 });
    alone.run(500);
    alone.sent.length = 0;
    alone.hold({ buttons: Button.fire, aim: 512 });
    alone.run(60);
    alone.hold({ buttons: Button.right, aim: 0 });
    alone.run(2000);
    const states = alone.states(2);
    const firstAt = states.findIndex(({ state }) => state.shots.length > 0);
    const withShots = states.slice(firstAt, firstAt + rules.shotLifeTicks);
    const [first] = withShots[0]!.state.shots;
    expect(first).toMatchObject({ ageTicks: 0, aim: 512 });
    expect(withShots.map(({ state }) => state.shots)).toEqual(withShots.map((_, ageTicks) => [{ ...first, ageTicks }]));
    expect(states[firstAt + rules.shotLifeTicks]!.state.shots).toEqual([]);
  });

  test('M6: whoever hears of a shot flies it from where it was fired', () => {
    const alone = new MeshAlone(1);
    const { world, arena } = alone.session;
    alone.stand(500, 500);
    alone.link(2);
    alone.run(100);
    alone.tell(2, { x: 400, y: 700, shots: [shotAt(400, 700, 3)] });
    const shot = alone.slotOf(2) * 3;
    const { shotStep, shotLifeTicks } = arena!.rules;
    expect(world!.shots.x[shot]).toBe(400 * SUBUNITS + 3 * shotStep);
    const { tick } = alone.session;
    alone.run(200);
    const flown = 3 + alone.session.tick - tick;
    expect(world!.shots.x[shot]).toBe(400 * SUBUNITS + flown * shotStep);
    expect(world!.shots.life[shot]).toBe(shotLifeTicks - flown);
  });

  test('M6: one that is told ahead of its tick is not flown before that', () => {
    const alone = new MeshAlone(1);
    const { session } = alone;
    const { world, arena } = session;
    alone.stand(1000, 100);
    alone.meet(2, { x: 400, y: 700 });
    alone.avatars.delete(2);
    const fired = session.tick + 2;
    alone.tell(2, { x: 400, y: 700, shots: [shotAt(400, 700, 0)], tick: fired });
    const shot = alone.slotOf(2) * 3;
    for (const flown of [0, 0, 1, 2]) {
      const { tick } = session;
      while (session.tick === tick) alone.run(5);
      expect(world!.shots.x[shot], `tick ${session.tick - fired}`).toBe(400 * SUBUNITS + flown * arena!.rules.shotStep);
    }
  });

  /** Health after a shot that came this way, told late, while the victim walked down from (500, 500). */
  function healthAfter(shot: ToldShot): number {
    const alone = new MeshAlone(1);
    const { session } = alone;
    alone.link(2);
    alone.stand(500, 500);
    alone.run(300);
    alone.hold({ buttons: Button.down });
    alone.run(400);
    alone.tell(2, { x: 400, y: 500, shots: [shot] });
    alone.run(20);
    return session.world!.players.health[session.player]!;
  }

  test('M7: the victim decides, by where it was when the shot came by', () => {
    // It stood at (500, 500) until 8 ticks ago, and is 72 units further down now.
    expect(healthAfter(shotAt(430, 500, 12)), 'it stood there then').toBe(75);
    expect(healthAfter(shotAt(430, 572, 12)), 'it stands there now').toBe(100);
    expect(healthAfter(shotAt(430, 500, 2)), 'it was gone by then').toBe(100);
  });

  test('M7: others are only seen to be hit', () => {
    const alone = new MeshAlone(2);
    const { shots, players } = alone.session.world!;
    alone.stand(500, 500);
    alone.meet(2, { x: 600, y: 600 });
    alone.meet(3, { x: 700, y: 600 });
    alone.run(100);
    alone.tell(2, { x: 600, y: 600, shots: [shotAt(600, 600, 0)], tick: alone.session.tick + 1 });
    const shot = alone.slotOf(2) * 3;
    expect(shots.life[shot]).toBeGreaterThan(0);
    // From now on nobody says how it is.
    alone.avatars.delete(3);
    alone.run(400);
    expect(shots.life[shot]).toBe(0);
    expect(players.health[alone.slotOf(3)]).toBe(100);
    expect(alone.messages('meshKill')).toEqual([]);
  });

  test('M8: a victim tells whose shot it was that it died, once and reliably', () => {
    const alone = new MeshAlone(2);
    const { session } = alone;
    const { players } = session.world!;
    alone.meet(2, { x: 700, y: 500 });
    alone.meet(3, { x: 700, y: 600 });
    alone.stand(500, 500);
    alone.run(100);
    players.health[session.player] = 25;
    alone.tell(2, { x: 700, y: 500, shots: [shotAt(440, 500, 2)], tick: session.tick + 1 });
    alone.run(2000);
    expect(players.status[session.player]).toBe(Status.dead);
    const kills = alone.messages('meshKill');
    expect(kills).toMatchObject([{ to: 2, isReliable: true, message: { deaths: 1 } }]);
  });

  test('M8: a death that is told again counts once', () => {
    const alone = new MeshAlone(2);
    const { players } = alone.session.world!;
    for (const peer of [2, 3]) alone.link(peer);
    const killsAfter = (from: number, deaths: number) => {
      alone.say(from, { type: 'meshKill', deaths, shotTick: 7 });
      return players.kills[alone.session.player];
    };
    expect([killsAfter(2, 1), killsAfter(2, 1), killsAfter(3, 1), killsAfter(2, 2)]).toEqual([1, 1, 2, 3]);
  });
});
