/** Links that are proven, sealed and not replayed; states that their owners sign for. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { browserMeshCrypto } from '../../links/mesh-crypto-browser.ts';
import { nodeMeshCrypto } from '../../links/mesh-crypto-node.ts';
import { encodeMesh } from '../../netcode/mesh/peer-codec.ts';
import { encodeState } from '../../netcode/mesh/state-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import { SimulatedKeys } from '../../simulator/signing.ts';
import { BAD, type Network, PERFECT, standing, TrustTable } from './trust-table.ts';

function tableOf(count: number, defences: ConstructorParameters<typeof TrustTable>[0], seed = 1, network?: Network) {
  const table = new TrustTable(defences, seed, network);
  for (let id = 1; id <= count; id++) table.seat(id);
  return table;
}

/** All stand, each at its own place, and tell it at every second tick. */
const allStand =
  (table: TrustTable, liar = 0) =>
  (tick: number) => {
    if (tick % 2 === 1) return;
    for (const { id } of table.peers.values()) {
      if (id !== liar) table.tellState(id, standing(tick, 50_000 + id * 100, 50_000));
    }
  };

const believedBy = (table: TrustTable, who: number, whom: number) =>
  table.peers.get(who)!.believed.get(whom)?.length ?? 0;

const LINKS = { handshakes: true, macs: true, replayWindow: true };

describe('proven links', () => {
  for (const [name, network] of Object.entries({ perfect: PERFECT, bad: BAD })) {
    test(`M-T1 both ends prove their keys before anything is told (${name} network)`, () => {
      const table = tableOf(2, LINKS, 3, network);
      table.link(1, 2);
      expect(table.peers.get(1)!.trust.mayTell(2)).toBe(false);
      table.run(5000, allStand(table));
      for (const [who, whom] of [
        [1, 2],
        [2, 1],
      ] as const) {
        expect(table.peers.get(who)!.trust.mayTell(whom)).toBe(true);
        expect(believedBy(table, who, whom)).toBeGreaterThan(30);
        expect(table.peers.get(who)!.trust.counters.badMacs).toBe(0);
        expect(table.peers.get(who)!.trust.counters.badProofs).toBe(0);
      }
    });
  }

  test('M-T1 who has no proof is not believed', () => {
    const table = tableOf(2, { handshakes: true });
    table.tamper = (from, _to, bytes) => (from === 2 && bytes[1] === Kind.meshProof ? [] : [bytes]);
    table.link(1, 2);
    table.run(1000, (tick) => table.inject(2, 1, encodeState(standing(tick, 500, 500))));
    expect(believedBy(table, 1, 2)).toBe(0);
    expect(table.peers.get(1)!.trust.counters.unproven).toBeGreaterThan(10);
  });

  test('M-T1 a proof that was recorded proves nothing on the next link', () => {
    const table = tableOf(2, { handshakes: true });
    const recorded: Uint8Array[] = [];
    table.tamper = (from, _to, bytes) => {
      if (from === 2) recorded.push(bytes);
      return [bytes];
    };
    table.link(1, 2);
    table.run(500);
    table.unlink(1, 2);
    expect(recorded.some((bytes) => bytes[1] === Kind.meshProof)).toBe(true);
    // Somebody else answers in its place, and can say only what it heard.
    table.tamper = (from, _to, bytes) => (from === 2 ? [] : [bytes]);
    table.link(1, 2);
    for (const bytes of recorded.slice()) table.inject(2, 1, bytes, 20);
    table.run(500);
    expect(table.peers.get(1)!.trust.mayTell(2)).toBe(false);
    expect(table.peers.get(1)!.trust.counters.badProofs).toBeGreaterThan(0);
  });

  test('M-T2 the key that was seen first stays, until its owner is started anew', () => {
    const table = tableOf(2, { handshakes: true });
    table.link(1, 2);
    table.run(500);
    table.unlink(1, 2);
    const seat = (life: number) => {
      table.lives.set(2, life);
      table.seat(2, table.keys.forMesh(1002 + life));
      table.link(1, 2);
      table.run(1000);
      const may = table.peers.get(1)!.trust.mayTell(2);
      table.unlink(1, 2);
      return may;
    };
    expect(seat(0)).toBe(false);
    expect(seat(1)).toBe(true);
  });
});

describe('sealed messages', () => {
  test('M-T3 what was changed on its way is dropped and counted', () => {
    const table = tableOf(2, LINKS);
    table.link(1, 2);
    table.run(500);
    table.tamper = (_from, _to, bytes) => {
      const bent = bytes.slice();
      if (bytes[1] === Kind.meshState) bent[8] = bent[8]! ^ 1;
      return [bent];
    };
    table.run(1000, allStand(table));
    expect(believedBy(table, 1, 2)).toBe(0);
    expect(table.peers.get(1)!.trust.counters.badMacs).toBeGreaterThan(5);
  });

  test('M-T3 what was said to one is no word to another, nor back', () => {
    const table = tableOf(3, LINKS);
    table.linkAll();
    table.run(500);
    table.tamper = (from, to, bytes) => {
      if (bytes[1] === Kind.meshState && from === 1 && to === 2) {
        table.inject(1, 3, bytes, 10);
        table.inject(2, 1, bytes, 10);
        return [];
      }
      return [bytes];
    };
    table.run(1000, (tick) => table.send(1, 2, encodeState(standing(tick, 900, 900))));
    expect(believedBy(table, 3, 1)).toBe(0);
    expect(believedBy(table, 1, 2)).toBe(0);
  });

  test('M-T4 what came before does not count twice; what overtook it does no harm', () => {
    for (const replayWindow of [true, false]) {
      const table = tableOf(2, { ...LINKS, replayWindow });
      table.link(1, 2);
      table.run(500);
      let recorded: Uint8Array | null = null;
      table.tamper = (_from, _to, bytes) => {
        if (bytes[1] === Kind.meshState) recorded ??= bytes;
        return [bytes];
      };
      table.run(1500, (tick) => table.tellState(1, standing(tick, 1000 + tick, 1000)));
      const before = believedBy(table, 2, 1);
      table.inject(1, 2, recorded!);
      table.run(20);
      expect(believedBy(table, 2, 1) - before).toBe(replayWindow ? 0 : 1);
      expect(table.peers.get(2)!.trust.counters.replayed).toBe(replayWindow ? 1 : 0);
    }
  });

  test('M-T4 reordering and duplicates cost nothing but themselves', () => {
    const table = tableOf(2, LINKS, 5, { delayMs: 100, jitterMs: 200, lossRatio: 0, duplicateRatio: 0.2 });
    table.link(1, 2);
    table.run(2000);
    table.run(10_000, allStand(table));
    const ticks = table.peers
      .get(2)!
      .believed.get(1)!
      .map(({ tick }) => tick);
    expect(ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]!)).toBe(true);
    // Of states 100 ms apart that arrive within 200 ms of each other, some are overtaken.
    expect(ticks.length).toBeGreaterThan(60);
    expect(table.peers.get(2)!.trust.counters.badMacs).toBe(0);
  });
});

describe('heads', () => {
  const HEADS = { handshakes: true, heads: true };

  test('M-T5 honest states fit the heads of their owners, on a bad network too', () => {
    const table = tableOf(5, { ...HEADS, macs: true, replayWindow: true }, 8, BAD);
    table.linkAll();
    table.run(60_000, allStand(table));
    expect(table.told('equivocation')).toEqual([]);
    expect(table.told('banned')).toEqual([]);
    expect(believedBy(table, 1, 2)).toBeGreaterThan(400);
    const { heads } = table.peers.get(1)!.trust.counters.costs;
    expect(heads.sentMessages).toBeGreaterThan(200);
  });

  test('M-T6 who tells half of them another place is found out by those, and not by the others', () => {
    const table = tableOf(6, HEADS, 2);
    table.linkAll();
    table.run(1000);
    table.run(4000, (tick) => {
      allStand(table, 1)(tick);
      const face = (to: number) => standing(tick, to % 2 === 0 ? 40_000 : 90_000, 50_000);
      table.tellState(1, face(2), face);
    });
    const banned = table.told('banned');
    expect(banned.length).toBeGreaterThan(0);
    expect(banned.every(({ peer, reason }) => peer === 1 && reason === 'two stories')).toBe(true);
    expect(banned.map(({ by }) => by).sort()).toEqual([3, 5]);
  });

  test('M-T7 two signed heads of one second are proof to all who know the key', () => {
    const table = tableOf(6, HEADS, 4);
    table.linkAll();
    table.run(1000);
    // The liar is two programs with one key: each tells its half a whole story.
    const twin = new TrustTable(HEADS, 4);
    twin.nowMs = table.nowMs;
    for (let id = 1; id <= 6; id++) twin.seat(id);
    twin.keys.forMesh(1);
    twin.linkAll();
    const whole: Uint8Array[] = [];
    twin.tamper = (from, to, bytes) => {
      if (from === 1 && to === 2 && bytes[1] === Kind.meshHead) whole.push(bytes);
      return [bytes];
    };
    table.tamper = (from, to, bytes) => {
      if (from !== 1 || to % 2 === 0 || bytes[1] !== Kind.meshHead) return [bytes];
      return whole.splice(0);
    };
    const proven = () => table.told('equivocation').filter(({ isProven }) => isProven);
    for (let i = 0; i < 200 && proven().length === 0; i++) {
      twin.run(50, (tick) => twin.tellState(1, standing(tick, 90_000, 50_000)));
      table.run(50, (tick) => {
        allStand(table, 1)(tick);
        const face = (to: number) => standing(tick, to % 2 === 0 ? 40_000 : 90_000, 50_000);
        table.tellState(1, face(2), face);
      });
    }
    expect(proven().length).toBeGreaterThan(0);
    table.run(1000, allStand(table, 1));
    const banned = table.told('banned');
    expect(new Set(banned.map(({ peer }) => peer))).toEqual(new Set([1]));
    expect(banned.map(({ by }) => by).sort()).toEqual([2, 3, 4, 5, 6]);
  });

  test('M-T8 a forward that its owner did not sign for is believed no more, and its owner is not blamed', () => {
    const table = tableOf(4, HEADS, 6);
    table.linkAll();
    // Three and one do not hear each other: two forwards, and lies.
    table.tamper = (from, to, bytes) => (from === 1 && to === 3 && bytes[1] === Kind.meshState ? [] : [bytes]);
    table.run(1000);
    table.run(8000, (tick) => {
      allStand(table)(tick);
      const state = encodeState(standing(tick, 10_000, 10_000));
      table.send(2, 3, encodeMesh({ type: 'meshForward', peer: 1, state }));
    });
    const liars = table.told('accused');
    expect(liars.map(({ by, peer, reason }) => [by, peer, reason])).toEqual([[3, 2, 'forged forward']]);
    expect(table.told('banned')).toEqual([]);
    const places = table.peers.get(3)!.believed.get(1)!;
    const last = places.at(-1)!.tick;
    expect(table.tick - last).toBeGreaterThan(20);
  });

  test('M-T9 who signs nothing is parted from', () => {
    const table = tableOf(3, HEADS, 7);
    table.linkAll();
    table.tamper = (from, _to, bytes) => (from === 1 && bytes[1] === Kind.meshHead ? [] : [bytes]);
    table.run(13_000, allStand(table));
    expect(table.told('banned').map(({ peer, reason }) => [peer, reason])).toEqual([
      [1, 'unsigned states'],
      [1, 'unsigned states'],
    ]);
  });
});

describe('cryptography', () => {
  const providers = {
    node: () => [nodeMeshCrypto(), nodeMeshCrypto()] as const,
    browser: () => [browserMeshCrypto(), browserMeshCrypto()] as const,
    'a page and Node': () => [browserMeshCrypto(), nodeMeshCrypto()] as const,
    'Node and a page': () => [nodeMeshCrypto(), browserMeshCrypto()] as const,
    simulated: () => {
      const keys = new SimulatedKeys(1);
      return [keys.forMesh(1), keys.forMesh(2)] as const;
    },
  };
  for (const [name, create] of Object.entries(providers)) {
    test(`two agree on a secret, and only what was signed is signed (${name})`, () => {
      const [a, b] = create();
      const text = new Uint8Array([1, 2, 3]);
      expect(a.agree(b.exchangeKey)).toEqual(b.agree(a.exchangeKey));
      expect(a.agree(b.exchangeKey)).toHaveLength(32);
      expect(a.agree(new Uint8Array(32))).toBeNull();
      const signature = a.sign(text);
      expect(b.verify(a.publicKey, text, signature)).toBe(true);
      expect(b.verify(a.publicKey, new Uint8Array([1, 2, 4]), signature)).toBe(false);
      expect(b.verify(b.publicKey, text, signature)).toBe(false);
      expect(b.verify(new Uint8Array(3), text, signature)).toBe(false);
      expect(b.verify(a.publicKey, text, new Uint8Array(3))).toBe(false);
      expect(a.hash(text)).toEqual(b.hash(text));
      const key = a.agree(b.exchangeKey)!;
      expect(a.mac(key, text)).toEqual(b.mac(key, text));
      expect(a.mac(key, text)).not.toEqual(a.mac(a.publicKey, text));
    });
  }

  test("the MAC is the standard's", () => {
    const key = new Uint8Array(32).fill(7);
    for (const length of [0, 1, 55, 64, 200]) {
      const bytes = new Uint8Array(length).fill(length);
      const theirs = createHmac('sha256', key).update(bytes).digest();
      for (const { mac } of [nodeMeshCrypto(), browserMeshCrypto()]) {
        expect(mac(key, bytes)).toEqual(new Uint8Array(theirs));
      }
    }
  });

  test('the secrets of 32 bytes yield the same keys again', () => {
    const seeds = { signing: new Uint8Array(32).fill(1), exchange: new Uint8Array(32).fill(2) };
    expect(nodeMeshCrypto(seeds).exchangeKey).toEqual(nodeMeshCrypto(seeds).exchangeKey);
    expect(nodeMeshCrypto(seeds).publicKey).toEqual(nodeMeshCrypto(seeds).publicKey);
    expect(browserMeshCrypto(seeds).exchangeKey).toEqual(nodeMeshCrypto(seeds).exchangeKey);
    expect(browserMeshCrypto(seeds).publicKey).toEqual(nodeMeshCrypto(seeds).publicKey);
  });
});
