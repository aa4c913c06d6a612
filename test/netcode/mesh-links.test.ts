/** With whom a peer of a mesh is linked, and how it hears of others. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { SUBUNITS } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import { Status } from '../../game/world.ts';
import { NO_SPOTS } from '../../netcode/mesh/ledger/coin-book.ts';
import { RIDE_MS, tileOf } from '../../netcode/mesh/other.ts';
import { decodeMeshSettings, encodeMeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import { decodeState, encodeState } from '../../netcode/mesh/state-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { decodeRendezvous } from '../../netcode/rendezvous-messages.ts';
import { type PeerId, RENDEZVOUS } from '../../netcode/session.ts';
import { MeshAlone } from './mesh-alone.ts';
import { standing } from './trust-table.ts';

/** Sessions look after such things so often. */
const CARE_MS = 50;
const NO_TILE = 0xffff;

const gaps = (times: readonly number[]) => times.slice(1).map((time, i) => time - times[i]!);
const tileAt = (x: number, y: number) => tileOf(x * SUBUNITS, y * SUBUNITS);

/** A neighbour tells of others, each in a tile that begins at x and is 64 units wide, in the row of (·, 100). */
function name(alone: MeshAlone, from: PeerId, ...peers: [peer: PeerId, x: number][]): void {
  alone.say(from, { type: 'meshNear', peers: peers.map(([peer, x]) => ({ peer, tile: tileAt(x, 100) })) });
}

/** Whom it dials from now on, in that time. */
function dialledIn(alone: MeshAlone, ms: number): PeerId[] {
  alone.dialled.length = 0;
  alone.run(ms);
  return alone.dialled.map(({ to }) => to);
}

/** Dies at (x, y) among others; where it returns, which depends on the seed only: one may be there the second time. */
function die(
  x: number,
  y: number,
  others: readonly { x: number; y: number }[] = [],
  whenDead: (alone: MeshAlone) => void = () => {},
) {
  const alone = new MeshAlone(9);
  const { session } = alone;
  const { players } = session.world!;
  alone.stand(x, y);
  alone.meet(2, { x, y: y + 50 });
  for (const [i, place] of others.entries()) alone.meet(i + 3, place);
  alone.run(500);
  players.health[session.player] = 25;
  const shot = { k: 0, ageTicks: 1, x: (x - 40) * SUBUNITS, y: y * SUBUNITS, aim: 0 };
  alone.tell(2, { x, y: y + 50, shots: [shot], tick: session.tick + 1 });
  for (let i = 0; i < 50 && players.status[session.player] === Status.alive; i++) alone.run(5);
  alone.dialled.length = 0;
  alone.sent.length = 0;
  whenDead(alone);
  for (let i = 0; i < 1000 && players.status[session.player] !== Status.alive; i++) alone.run(5);
  const [returnX, returnY] = [players.x[session.player]! / SUBUNITS, players.y[session.player]! / SUBUNITS];
  return { alone, returned: { x: returnX, y: returnY, atMs: alone.nowMs - 5 } };
}

const farFrom = (x: number, y: number) => ({ x: x > 400 ? 100 : 800, y: y > 400 ? 100 : 800 });

describe('links that are made', () => {
  test('M9: who is within vision and 128 units is dialled, nearest first, as long as four places are left', () => {
    const alone = new MeshAlone(8, { maxLinks: 8 });
    alone.stand(64, 100);
    alone.meet(2, { x: 100, y: 100 });
    alone.run(200);
    name(alone, 2, [3, 256], [4, 128], [5, 576], [6, 192], [7, 320], [8, 448]);
    expect(dialledIn(alone, 1000)).toEqual([4, 6, 3]);
    const roomy = new MeshAlone(8, { maxLinks: 16 });
    roomy.stand(70, 100);
    roomy.meet(2, { x: 100, y: 100 });
    roomy.run(200);
    roomy.hold({ buttons: Button.right });
    name(roomy, 2, [5, 512], [8, 448], [4, 128]);
    expect(dialledIn(roomy, 100), '410 units to the middle of the tile, and not 474').toEqual([4, 8]);
  });

  test('M9: from vision and 64 units on the one dials that comes nearer', () => {
    const dialled = (buttons: number) => {
      const alone = new MeshAlone(4);
      alone.stand(70, 100);
      alone.meet(2, { x: 100, y: 100 });
      alone.run(200);
      alone.hold({ buttons });
      alone.run(100);
      name(alone, 2, [3, 384], [4, 448]);
      return dialledIn(alone, 200);
    };
    expect(dialled(0)).toEqual([3]);
    expect(dialled(Button.left)).toEqual([3]);
    expect(dialled(Button.right)).toEqual([3, 4]);
  });

  test('M9: who was last heard of a second ago is not dialled: where it is now others tell', () => {
    const alone = new MeshAlone(3, { maxLinks: 8 });
    alone.stand(70, 100);
    alone.meet(2, { x: 100, y: 100 });
    alone.run(200);
    alone.link(3);
    alone.say(3, { type: 'meshPing', tile: tileAt(200, 100), timeMs: 0, echoMs: 0, heldMs: 0xffff });
    alone.run(1100);
    alone.link(3, 'down');
    // Its link was not closed for want of room: it never came up, as far as this peer knows.
    expect(dialledIn(alone, 9000)).toEqual([]);
    name(alone, 2, [3, 200]);
    expect(dialledIn(alone, 200)).toEqual([3]);
  });

  test('M9: a room may not allow more than 64 links', () => {
    const settingsOf = (maxLinks: number) => encodeMeshSettings(meshSettings(DEFAULT_MATCH, { maxLinks }));
    expect(decodeMeshSettings(settingsOf(64)).maxLinks).toBe(64);
    expect(() => decodeMeshSettings(settingsOf(65))).toThrow('65 links');
  });

  test('M9: strangers of whom only the cell is known are dialled until there are two links into that cell', () => {
    const alone = new MeshAlone(6);
    alone.stand(310, 100);
    for (const peer of [2, 3, 4, 5]) alone.enterCell(peer, 1);
    alone.enterCell(6, 256);
    const dialled = dialledIn(alone, 2000);
    expect(dialled.filter((peer) => peer < 6)).toHaveLength(2);
    expect(dialled).toContain(6);
  });

  test('M9: the dead make links where they will be back, in their last 1.5 s', () => {
    const { x, y } = die(100, 100).returned;
    const far = farFrom(x, y);
    const { alone, returned } = die(far.x, far.y, [], (dead) => {
      const near = [
        { peer: 3, tile: tileAt(far.x, far.y) },
        { peer: 4, tile: tileAt(x, y) },
      ];
      dead.say(2, { type: 'meshNear', peers: near });
      dead.run(1000);
      dead.say(2, { type: 'meshNear', peers: near });
    });
    expect([returned.x, returned.y]).toEqual([x, y]);
    const dialled = alone.dialled.filter(({ atMs }) => atMs < returned.atMs);
    expect(dialled.map(({ to }) => to)).toEqual([4]);
    expect(returned.atMs - dialled[0]!.atMs).toBeLessThanOrEqual(1500 + CARE_MS);
    expect(returned.atMs - dialled[0]!.atMs).toBeGreaterThanOrEqual(1500 - 2 * CARE_MS);
  });
});

describe('neighbours', () => {
  test('M10: every 0.5 s three are asked: the one farthest ahead, and any others', () => {
    const alone = new MeshAlone(5);
    alone.stand(300, 300);
    const places = [
      [2, 280, 300],
      [3, 480, 500],
      [4, 450, 200],
      [5, 300, 400],
    ] as const;
    for (const [peer, x, y] of places) alone.meet(peer, { x, y });
    alone.hold({ buttons: Button.right | Button.left });
    alone.run(200);
    // It wants to go right, and stays where it is.
    alone.hold({ buttons: Button.right });
    alone.sent.length = 0;
    for (let i = 0; i < 200; i++) {
      alone.run(50);
      alone.stand(300, 300);
    }
    const asks = alone.messages('meshAsk');
    // They go out with the next states, within a tenth of a second.
    const times = asks.map(({ atMs }) => atMs).filter((atMs, i) => i === 0 || atMs - asks[i - 1]!.atMs > 200);
    for (const gap of gaps(times)) expect(Math.abs(gap - 500)).toBeLessThanOrEqual(CARE_MS + RIDE_MS);
    for (const time of times) {
      const asked = asks.filter(({ atMs }) => atMs >= time && atMs <= time + RIDE_MS).map(({ to }) => to);
      expect(asked).toContain(3);
      expect(asked).toHaveLength(3);
    }
    expect(new Set(asks.map(({ to }) => to))).toEqual(new Set([2, 3, 4, 5]));
    expect(asks[0]!.message).toMatchObject({ buttons: Button.right });
    expect([...asks.at(-1)!.message.known].sort()).toEqual([2, 3, 4, 5]);
  });

  test('M10: who is asked names those alive whom it hears itself, and forwards their states for 1 s where they may be seen', () => {
    const alone = new MeshAlone(10);
    alone.stand(400, 400);
    alone.meet(2, { x: 300, y: 400 });
    alone.meet(3, { x: 350, y: 400 });
    alone.meet(4, { x: 500, y: 400 });
    // Near enough to be linked with soon, not to be seen.
    alone.meet(5, { x: 300 + 420, y: 400 });
    alone.meet(6, { x: 300 + 470, y: 400 });
    alone.meet(8, { x: 350, y: 450, isAlive: false });
    alone.run(200);
    const told = encodeState(standing(alone.session.tick, 320 * SUBUNITS, 400 * SUBUNITS));
    alone.say(3, { type: 'meshForward', peer: 7, state: told });
    alone.sent.length = 0;
    const askedMs = alone.nowMs;
    alone.say(2, { type: 'meshAsk', x: 300 * SUBUNITS, y: 400 * SUBUNITS, buttons: 0, known: [3], coins: NO_SPOTS });
    expect(alone.messages('meshNear').map(({ to, message }) => [to, message.peers])).toEqual([
      [
        2,
        [
          { peer: 4, tile: tileAt(500, 400) },
          { peer: 5, tile: tileAt(720, 400) },
        ],
      ],
    ]);
    alone.run(3000);
    const forwards = alone.messages('meshForward');
    expect(new Set(forwards.map(({ to, message }) => `${message.peer} to ${to}`))).toEqual(new Set(['4 to 2']));
    expect(forwards.length).toBeGreaterThanOrEqual(19);
    expect(forwards.at(-1)!.atMs - askedMs).toBeLessThanOrEqual(1000);
    const { x } = decodeState(forwards[0]!.message.state, alone.session.arena!.size);
    expect(x).toBe(500 * SUBUNITS);
  });

  test('M10: who is known to be out of reach is not answered; of who is dead, or new, nothing is known', () => {
    const isAnswered = (asker: { x: number; y: number } | null) => {
      const alone = new MeshAlone(3);
      alone.stand(400, 400);
      alone.meet(3, { x: 500, y: 400 });
      if (asker) alone.meet(2, asker);
      else alone.link(2);
      alone.run(100);
      alone.say(2, { type: 'meshAsk', x: 400 * SUBUNITS, y: 400 * SUBUNITS, buttons: 0, known: [], coins: NO_SPOTS });
      return alone.messages('meshNear', 2).length > 0;
    };
    expect(isAnswered({ x: 400 + 440, y: 400 })).toBe(true);
    expect(isAnswered({ x: 400 + 456, y: 400 })).toBe(false);
    expect(isAnswered(null)).toBe(true);
  });

  test('M10: the dead ask six, as if in the middle of the cell where they will be back', () => {
    const { x, y } = die(100, 100).returned;
    const far = farFrom(x, y);
    const there = [0, 1, 2, 3, 4, 5, 6].map((i) => ({ x, y: y + (y > 400 ? -8 : 8) * i }));
    const { alone, returned } = die(far.x, far.y, there);
    const asks = alone.messages('meshAsk').filter(({ atMs }) => atMs < returned.atMs);
    const times = [...new Set(asks.map(({ atMs }) => atMs))];
    expect(times.length).toBeGreaterThanOrEqual(2);
    for (const time of times) expect(asks.filter(({ atMs }) => atMs === time)).toHaveLength(6);
    const middle = (at: number) => Math.min(Math.floor(at / 320) * 320 + 160, alone.session.arena!.size / SUBUNITS - 1);
    for (const { message } of asks) {
      expect([message.x / SUBUNITS, message.y / SUBUNITS]).toEqual([middle(x), middle(y)]);
    }
  });
});

describe('the rendezvous', () => {
  /** What it is told of cells in twenty seconds. */
  function cellsTold(neighbourX: number) {
    const alone = new MeshAlone(2);
    alone.stand(700, 330);
    alone.meet(2, { x: neighbourX, y: 330 });
    alone.run(6000);
    alone.sent.length = 0;
    alone.run(20_000);
    const told = alone.said(Kind.cell, RENDEZVOUS).map(({ bytes }) => decodeRendezvous(bytes));
    return told.flatMap((message) => (message.type === 'cell' ? [message] : []));
  }

  test('M11: knows cells of 320 units; it is asked for strangers every 5 s, or 0.5 s while nobody is in sight', () => {
    const inSight = cellsTold(600);
    expect(new Set(inSight.map(({ cell }) => cell))).toEqual(new Set([256 + 2]));
    expect(inSight.filter(({ asks }) => asks).length).toBe(4);
    const alone = cellsTold(350).filter(({ asks }) => asks).length;
    expect(alone).toBeGreaterThanOrEqual(36);
    expect(alone).toBeLessThanOrEqual(40);
  });
});

describe('links that are closed', () => {
  /** Neighbours at these distances. */
  function among(distances: readonly number[], others: number, maxLinks: number): MeshAlone {
    const alone = new MeshAlone(others, { maxLinks });
    alone.stand(64, 100);
    for (const [i, distance] of distances.entries()) alone.meet(i + 2, { x: 64 + distance, y: 100 });
    return alone;
  }

  test('M12: past the limit the farthest goes, but none within 0.5 s of coming up', () => {
    const alone = among([100, 300, 150, 200, 250], 5, 4);
    alone.run(490);
    expect(alone.hungUp).toEqual([]);
    alone.run(2 * CARE_MS);
    expect(alone.hungUp.map(({ to }) => to)).toEqual([3]);
    alone.avatars.delete(3);
    alone.run(1000);
    alone.meet(3, { x: 64 + 300, y: 100 });
    alone.run(2 * CARE_MS);
    expect(
      alone.hungUp.map(({ to }) => to),
      'the newcomer is farther, and has only just come',
    ).toEqual([3, 6]);
  });

  test('M12: for somebody in sight who is 64 units nearer a link is closed that is 2 s old', () => {
    const closedFor = (x: number, ageMs: number) => {
      const alone = among([100, 150, 330, 200], 5, 4);
      alone.run(ageMs);
      name(alone, 2, [6, x]);
      const dialled = dialledIn(alone, 200);
      return { closed: alone.hungUp.map(({ to }) => to), dialled };
    };
    // The middle of the tile at 256 is 224 units away, that of the one at 320 is 288.
    expect(closedFor(256, 3000)).toEqual({ closed: [4], dialled: [6] });
    expect(closedFor(320, 3000), 'not near enough').toEqual({ closed: [], dialled: [] });
    expect(closedFor(256, 1500), 'too young').toEqual({ closed: [], dialled: [] });
  });

  test('M12: who was turned away waits for 8 s, or until it is 64 units nearer and may be in sight', () => {
    const dialledAfter = (x: number, wasAt = 300) => {
      const alone = among([100, wasAt], 3, 16);
      alone.run(2000);
      alone.avatars.delete(3);
      alone.link(3, 'down');
      const downMs = alone.nowMs;
      alone.dialled.length = 0;
      alone.hold({ buttons: Button.right });
      while (alone.dialled.length === 0 && alone.nowMs < downMs + 10_000) {
        // Beyond where the other may be in sight one must want to come nearer; it stays where it is.
        alone.run(50);
        alone.stand(64, 100);
        name(alone, 2, [3, x]);
      }
      expect(alone.dialled.map(({ to }) => to)).toEqual([3]);
      return alone.dialled[0]!.atMs - downMs;
    };
    expect(dialledAfter(64 * 5), '12 units nearer').toBeGreaterThanOrEqual(8000);
    expect(dialledAfter(64 * 5)).toBeLessThan(8600);
    expect(dialledAfter(64 * 4), '76 units nearer').toBeLessThan(1000);
    expect(dialledAfter(64 * 7, 500), '84 units nearer, and not in sight').toBeGreaterThanOrEqual(8000);
  });
});

describe('pings', () => {
  test('M13: come every 0.4 to 1.5 s, the longer the farther the other is, and tell the tile to whom nothing else is told', () => {
    const alone = new MeshAlone(5);
    alone.stand(64, 100);
    alone.meet(2, { x: 164, y: 100 });
    // It tells its place, from beyond where it is told: it will be seen coming.
    alone.meet(6, { x: 64 + 400, y: 100 });
    // Of these the tile is known: their middles are 32, 160 and 416 units beyond where they would be told.
    const tiles = [7, 9, 13];
    for (const i of tiles.keys()) alone.link(i + 3);
    const pass = (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        alone.run(1000);
        for (const [j, x] of tiles.entries()) {
          alone.say(j + 3, { type: 'meshPing', tile: tileAt(64 * x, 100), timeMs: 0, echoMs: 0, heldMs: 0xffff });
        }
      }
    };
    pass(3);
    alone.sent.length = 0;
    pass(12);
    const everyMs = [1500, 400, 1100, 1500, 1500];
    for (const [i, ms] of everyMs.entries()) {
      const pings = alone.messages('meshPing', i + 2);
      expect(pings.length).toBeGreaterThan(6);
      for (const gap of gaps(pings.map(({ atMs }) => atMs))) {
        expect(gap, `to peer ${i + 2}`).toBeGreaterThanOrEqual(ms);
        expect(gap, `to peer ${i + 2}`).toBeLessThanOrEqual(ms + (i === 0 ? RIDE_MS : CARE_MS));
      }
      const tile = i === 0 ? NO_TILE : tileAt(64, 100);
      expect(new Set(pings.map(({ message }) => message.tile))).toEqual(new Set([tile]));
    }
  });

  test('M13: a link over which nothing came for 4 s is closed', () => {
    const alone = new MeshAlone(2);
    alone.stand(64, 100);
    alone.meet(2, { x: 100, y: 100 });
    alone.link(3);
    const upMs = alone.nowMs;
    alone.run(8000);
    expect(alone.hungUp.map(({ to }) => to)).toEqual([3]);
    expect(alone.hungUp[0]!.atMs - upMs).toBeGreaterThan(4000);
    expect(alone.hungUp[0]!.atMs - upMs).toBeLessThanOrEqual(4000 + 2 * CARE_MS);
  });
});

describe('diallers', () => {
  test('M14: speak through the rendezvous; where it is gone, through the neighbour that named the other', () => {
    const alone = new MeshAlone(3);
    const { session } = alone;
    alone.stand(64, 100);
    alone.meet(2, { x: 100, y: 100 });
    alone.run(200);
    name(alone, 2, [3, 192]);
    alone.sent.length = 0;
    expect(session.signal(3, 'offer', alone.nowMs)).toBe(true);
    alone.run(50);
    expect(alone.said(Kind.signal, RENDEZVOUS)).toHaveLength(1);
    expect(alone.messages('meshSignal')).toEqual([]);
    alone.isOffline = true;
    session.linkChanged(RENDEZVOUS, 'down', alone.nowMs);
    expect(session.signal(3, 'offer again', alone.nowMs)).toBe(true);
    alone.run(50);
    expect(alone.messages('meshSignal')).toMatchObject([
      { to: 2, isReliable: true, message: { way: 'to', peer: 3, payload: 'offer again' } },
    ]);
    expect(session.signal(4, 'nobody named it', alone.nowMs)).toBe(false);
    alone.say(2, { type: 'meshSignal', way: 'from', peer: 3, payload: 'answer' });
    alone.run(5);
    expect(alone.events).toContainEqual({ type: 'signal', peer: 3, payload: 'answer' });
  });

  test('M14: a neighbour hands on 40 signals a second for one peer', () => {
    const alone = new MeshAlone(3);
    for (const peer of [2, 3]) alone.link(peer);
    const handedOn = (from: PeerId, to: PeerId, count: number) => {
      alone.sent.length = 0;
      for (let i = 0; i < count; i++) alone.say(from, { type: 'meshSignal', way: 'to', peer: to, payload: `${i}` });
      return alone.messages('meshSignal', to).map(({ message }) => message);
    };
    const first = handedOn(2, 3, 50);
    expect(first).toHaveLength(40);
    expect(first[0]).toEqual({ type: 'meshSignal', way: 'from', peer: 2, payload: '0' });
    expect(handedOn(3, 2, 10), 'another one’s').toHaveLength(10);
    expect(handedOn(2, 4, 5), 'no link leads there').toEqual([]);
    alone.run(500);
    expect(handedOn(2, 3, 5)).toEqual([]);
    alone.run(600);
    expect(handedOn(2, 3, 5)).toHaveLength(5);
  });
});
