/** Witnesses: whom they find, how soon, and whom they leave in peace. */
import { describe, expect, test } from 'vitest';
import { isBlocked } from '../../game/arena.ts';
import { PLAYER_RADIUS, TILE } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { movePlayer } from '../../game/step.ts';
import type { MeshDefences } from '../../netcode/mesh/settings.ts';
import type { AvatarState } from '../../netcode/mesh/state-codec.ts';
import { detourOf, judgeMove } from '../../netcode/mesh/trust/judge-moves.ts';
import { majorityOf, rankOf, witnessWeight } from '../../netcode/mesh/trust/witnesses.ts';
import { BAD, type Network, PERFECT, standing, TrustTable } from './trust-table.ts';

const CHEATER = 1;
const WITNESSES: Partial<MeshDefences> = { witnesses: true, replayWindow: true };
const UNIT = 256;

/** A place from which nothing blocks for so many tiles to all sides. */
function openPlace(table: TrustTable, tiles: number): { x: number; y: number } {
  const { arena } = table;
  for (let y = tiles + 1; y < arena.tiles - tiles; y++) {
    for (let x = tiles + 1; x < arena.tiles - tiles; x++) {
      let isFree = true;
      for (let dy = -tiles; dy <= tiles && isFree; dy++) {
        for (let dx = -tiles; dx <= tiles && isFree; dx++) {
          isFree = arena.blocked[(y + dy) * arena.tiles + x + dx] === 0;
        }
      }
      if (isFree) return { x: (x + 0.5) * TILE, y: (y + 0.5) * TILE };
    }
  }
  throw new Error('no open place in this arena');
}

/** Honest neighbours stand around; the cheater's states are what `cheat` makes of an honest one. */
class Square {
  readonly table: TrustTable;
  readonly centre: { x: number; y: number };
  readonly states = new Map<number, AvatarState>();
  everyTicks = 1;

  constructor(seed: number, count = 8, network: Network = PERFECT, defences = WITNESSES) {
    this.table = new TrustTable(defences, seed, network);
    this.centre = openPlace(this.table, 2);
    for (let id = 1; id <= count; id++) this.table.seat(id);
    this.table.linkAll();
    for (let id = 1; id <= count; id++) {
      const x = this.centre.x + (id === CHEATER ? 0 : ((id % 3) - 1) * 40 * UNIT);
      const y = this.centre.y + (id === CHEATER ? 0 : 60 * UNIT + id * 4 * UNIT);
      this.states.set(id, standing(0, x, y));
    }
  }

  run(ms: number, cheat: (state: AvatarState, tick: number) => AvatarState | null): void {
    this.table.run(ms, (tick) => {
      for (const [id, state] of this.states) {
        const now = { ...state, tick };
        const told = id === CHEATER ? cheat(now, tick) : now;
        if (told && (tick + id) % this.everyTicks === 0) this.table.tellState(id, told);
      }
    });
  }

  get bans() {
    return this.table.told('banned');
  }
}

/** Everybody but the cheater has banned it, nobody anybody else, for one reason. */
function expectCaught(square: Square, reason: string): void {
  const { bans } = square;
  expect(new Set(bans.map(({ peer }) => peer))).toEqual(new Set([CHEATER]));
  expect(new Set(bans.map((ban) => ban.reason))).toEqual(new Set([reason]));
  expect(bans.length).toBe(square.states.size - 1);
  expect(square.table.told('accused').every(({ peer }) => peer === CHEATER)).toBe(true);
}

const honest = (state: AvatarState) => state;

describe('who is a witness', () => {
  test('M-T10 everybody draws the same, each period other ones, and no peer is drawn more than others', () => {
    const near = Array.from({ length: 30 }, (_, i) => i + 1);
    const counts = new Array(31).fill(0);
    let changed = 0;
    let before = '';
    for (let period = 0; period < 1000; period++) {
      const panel = near.filter((peer) => peer !== 7 && rankOf(5, period, 7, peer, near) < 3);
      for (const peer of panel) counts[peer]++;
      if (panel.join() !== before) changed++;
      before = panel.join();
    }
    expect(changed).toBeGreaterThan(990);
    // 1,000 panels of about three of 29: about 103 each, give or take 10.
    for (const peer of near) if (peer !== 7) expect(Math.abs(counts[peer] - 103)).toBeLessThan(45);
    expect(witnessWeight(5, 1, 2, 3)).not.toBe(witnessWeight(6, 1, 2, 3));
  });

  test('M-T10 a majority is more than half of those there are', () => {
    expect([1, 2, 3, 10].map((near) => majorityOf(3, near))).toEqual([1, 2, 2, 2]);
    expect(majorityOf(5, 20)).toBe(3);
  });

  test('M-T11 what one witness says bans nobody', () => {
    const square = new Square(3);
    const { table } = square;
    // One liar forges what it sees of the honest subject: no other witness does.
    const liar = table.peers.get(2)!;
    square.run(20_000, honest);
    for (let i = 0; i < 40; i++) {
      const owner = liar.others.get(CHEATER)!;
      const tick = table.tick + 1;
      liar.trust.heard(owner, standing(tick, square.centre.x + (i % 2) * 200_000, square.centre.y));
      square.run(300, honest);
    }
    expect(square.bans.filter(({ by }) => by !== 2)).toEqual([]);
  });
});

describe('who breaks the rules is found', () => {
  for (const seed of [1, 2, 3]) {
    test(`M-T12 teleport: jumps of 200 units every five seconds (seed ${seed})`, () => {
      const square = new Square(seed);
      square.run(6000, honest);
      const beganMs = square.table.nowMs;
      const inward = square.centre.x < square.table.arena.size / 2 ? 1 : -1;
      square.run(10_000, (state, tick) => ({
        ...state,
        x: state.x + (Math.floor(tick / 100) % 2) * inward * 200 * UNIT,
      }));
      expectCaught(square, 'too far');
      expect(square.table.nowMs - beganMs).toBeLessThan(12_000);
    });

    test(`M-T12 speed: half as fast again, at ten states a second (seed ${seed})`, () => {
      const square = new Square(seed);
      square.everyTicks = 2;
      square.run(4000, honest);
      const { playerStep } = square.table.arena.rules;
      let x = square.centre.x;
      let direction = 1;
      square.run(3000, (state) => {
        x += direction * 1.5 * playerStep;
        if (Math.abs(x - square.centre.x) > 60 * UNIT) direction = -direction;
        return { ...state, x: Math.round(x) };
      });
      expectCaught(square, 'too far');
    });

    test(`M-T13 fire: at twice the rate (seed ${seed})`, () => {
      const square = new Square(seed);
      square.run(4000, honest);
      const { cooldownTicks, shotLifeTicks } = square.table.arena.rules;
      const fired = [0, 0, 0];
      let next = 0;
      square.run(4000, (state, tick) => {
        if (tick % (cooldownTicks / 2) === 0) fired[next++ % 3] = tick;
        const { x, y } = state;
        const shots = fired
          .map((at, k) => ({ k, ageTicks: tick - at, x, y, aim: 1024 }))
          .filter(({ ageTicks }) => ageTicks < shotLifeTicks);
        return { ...state, shots };
      });
      expectCaught(square, 'fired too soon');
    });

    test(`M-T13 shots that begin where the avatar is not (seed ${seed})`, () => {
      const square = new Square(seed);
      square.run(4000, honest);
      const { cooldownTicks } = square.table.arena.rules;
      let at = 0;
      square.run(4000, (state, tick) => {
        if (tick % cooldownTicks === 0) at = tick;
        const shots = [{ k: 0, ageTicks: tick - at, x: state.x + 100 * UNIT, y: state.y, aim: 0 }];
        return at > 0 ? { ...state, shots } : state;
      });
      expectCaught(square, 'fired elsewhere');
    });

    test(`M-T14 god mode: what hits it does not hurt (seed ${seed})`, () => {
      const square = new Square(seed);
      square.run(4000, (state) => shootAt(square, honest(state)));
      square.run(12_000, (state) => shootAt(square, state));
      expectCaught(square, 'ignored hits');
    });

    test(`M-T14 health that comes back by itself (seed ${seed})`, () => {
      const square = new Square(seed);
      square.run(4000, honest);
      square.run(3000, (state, tick) => ({ ...state, health: 50 + (tick % 40) }));
      expectCaught(square, 'health rose');
    });
  }

  test('M-T14 god mode is found on a bad network as well', () => {
    const square = new Square(6, 8, BAD);
    square.run(4000, (state) => shootAt(square, honest(state)));
    square.run(25_000, (state) => shootAt(square, state));
    expectCaught(square, 'ignored hits');
  });

  test('M-T12 who comes back from the dead too soon', () => {
    const square = new Square(9);
    square.run(4000, honest);
    square.run(8000, (state, tick) => {
      const phase = tick % 80;
      const deaths = Math.floor(tick / 80);
      return phase < 20 ? { ...state, deaths, isAlive: false, health: 0 } : { ...state, deaths };
    });
    expectCaught(square, 'respawned too soon');
  });

  test('M-T12 who tells those whom it left a tile far from its last place', () => {
    const square = new Square(4);
    square.run(4000, honest);
    for (const peer of square.table.peers.values()) {
      if (peer.id !== CHEATER) peer.trust.heardTile(peer.others.get(CHEATER)!, 3 * 256 + 3 + 40);
    }
    square.run(1000, () => null);
    expectCaught(square, 'jumped away');
  });

  test('M-T15 a banned peer comes in by no new link', () => {
    const square = new Square(2);
    square.run(4000, honest);
    square.run(3000, (state, tick) => ({ ...state, x: state.x + (tick % 2) * 300 * UNIT }));
    expectCaught(square, 'too far');
    const before = square.table.peers.get(2)!.believed.get(CHEATER)!.length;
    square.table.link(CHEATER, 2);
    square.run(2000, honest);
    expect(square.table.peers.get(2)!.believed.get(CHEATER)!.length).toBe(before);
    expect(square.table.peers.get(2)!.others.get(CHEATER)!.isReachable).toBe(false);
  });
});

/** Three of the others fire at the one in the middle, past everybody else, as far as they tell. */
function shootAt(square: Square, state: AvatarState): AvatarState {
  const { cooldownTicks, shotLifeTicks } = square.table.arena.rules;
  for (const [id, aim, sideX, sideY] of [
    [2, 2048, 1, 0],
    [3, 0, -1, 0],
    [4, 1024, 0, -1],
  ] as const) {
    const shooter = square.states.get(id)!;
    const x = state.x + sideX * 70 * UNIT;
    const y = state.y + sideY * 70 * UNIT;
    const fired = Math.floor(state.tick / (2 * cooldownTicks)) * 2 * cooldownTicks;
    const ageTicks = state.tick - fired;
    const shots = fired > 0 && ageTicks < shotLifeTicks ? [{ k: 0, ageTicks, x, y, aim }] : [];
    square.states.set(id, { ...shooter, x, y, shots });
  }
  return state;
}

describe('who keeps the rules is left in peace', () => {
  test('M-T16 whoever is hit and shows it, and whoever walks, on a bad network', () => {
    for (const seed of [11, 12, 13, 14]) {
      const square = new Square(seed, 10, BAD);
      const { arena } = square.table;
      let health = 100;
      let deaths = 0;
      let deadUntil = 0;
      const moves = new Map<number, number>();
      // Out of the lines of fire, where nobody tells of a hit.
      const { x: middleX, y: middleY } = square.centre;
      const isSafe = (x: number, y: number) => Math.min(Math.abs(x - middleX), Math.abs(y - middleY)) > 50 * UNIT;
      for (const [id, other] of square.states) {
        if (id > 4)
          square.states.set(id, { ...other, x: middleX + (id % 2 === 0 ? 90 : -90) * UNIT, y: middleY + 90 * UNIT });
      }
      square.run(60_000, (state) => {
        shootAt(square, state);
        const { tick } = state;
        // The others walk, three of them shoot from where they stand.
        for (const [id, other] of square.states) {
          if (id <= 4) continue;
          if (tick % 20 === id) moves.set(id, square.table.random.below(16));
          const bodies = { x: Int32Array.of(other.x), y: Int32Array.of(other.y) };
          movePlayer(bodies, 0, moves.get(id) ?? Button.right, arena);
          if (isSafe(bodies.x[0]!, bodies.y[0]!)) {
            square.states.set(id, { ...other, x: bodies.x[0]!, y: bodies.y[0]! });
          }
        }
        // A shot needs three ticks for 70 units; both arrive at once.
        const isHit = tick % (2 * arena.rules.cooldownTicks) === 3;
        if (deadUntil > 0 && tick >= deadUntil) {
          deadUntil = 0;
          health = 100;
        } else if (isHit && deadUntil === 0 && tick > 20) {
          health -= 75;
          if (health <= 0) {
            health = 0;
            deaths++;
            deadUntil = tick + arena.rules.respawnTicks;
          }
        }
        return { ...state, health, deaths, isAlive: deadUntil === 0 };
      });
      expect(square.table.told('accused')).toEqual([]);
    }
  });

  test('M-T16 every move that the rules allow is allowed, at any gap between states', () => {
    const { table } = new Square(5);
    const { arena, random } = table;
    for (let round = 0; round < 300; round++) {
      const bodies = { x: Int32Array.of(0), y: Int32Array.of(0) };
      do {
        bodies.x[0] = random.below(arena.size);
        bodies.y[0] = random.below(arena.size);
      } while (isBlocked(arena, bodies.x[0]!, bodies.y[0]!, PLAYER_RADIUS));
      let before = standing(0, bodies.x[0]!, bodies.y[0]!);
      let buttons = 0;
      for (let tick = 1; tick < 200; tick++) {
        if (random.below(8) === 0) buttons = random.below(16);
        movePlayer(bodies, 0, buttons, arena);
        if (random.below(6) > 0) continue;
        const now = standing(tick, bodies.x[0]!, bodies.y[0]!);
        expect(judgeMove(arena, before, now, before.tick)).toEqual([]);
        before = now;
      }
    }
  });

  test('M-T12 through a wall is farther than around it', () => {
    const { arena } = new Square(5).table;
    const tile = arena.blocked.indexOf(1);
    const x = (tile % arena.tiles) * TILE;
    const y = Math.floor(tile / arena.tiles) * TILE + TILE / 2;
    const from = { x: x - 20 * UNIT, y };
    const to = { x: x + TILE + 20 * UNIT, y };
    expect(detourOf(arena, from, to)).toBeGreaterThan(104 * UNIT * 1.2);
    expect(detourOf(arena, from, { x: from.x, y: from.y + 10 })).toBe(0);
  });
});
