/** What every kind of match owes its players: one suite, run unchanged for all of them, live and on virtual time. */
import { afterEach, describe, expect, test } from 'vitest';
import { Walker } from '../../bots/policies/walking.ts';
import { Button } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { decodeMessage, encodeMessage } from '../../netcode/messages.ts';
import { PROTOCOL_VERSION } from '../../netcode/protocol.ts';
import type { View } from '../../netcode/view.ts';
import type { ContractMatch, ContractOptions, ContractPlayer, ContractWorld } from './contract-world.ts';

export function describeContract(world: ContractWorld): void {
  describe(`a match under ${world.id}`, () => {
    let match: ContractMatch | null = null;

    const start = async (options: ContractOptions = {}): Promise<ContractMatch> => {
      match = await world.start(options);
      return match;
    };

    afterEach(async () => {
      const ended = match;
      match = null;
      if (!ended) return;
      const lost = await ended.coinsError();
      await ended.stop();
      expect(lost, 'coins lost or doubled').toBe(0);
    });

    test('a player joins, moves, and another sees it move', async () => {
      const running = await start({ scenario: 'everyone' });
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      expect(ada.slot).not.toBe(bob.slot);
      meet(ada, bob);
      const seen = () => placeOf(bob.view!, ada.slot);
      const before = await running.until('bob sees ada', seen);
      ada.decide = pacing;
      await running.until('bob sees that ada moved', () => {
        const now = seen();
        return now !== null && Math.abs(now.x - before.x) > 16 * 256;
      });
    });

    test('a late player sees what is there, and the scoreboard names all', async () => {
      const running = await start({ scenario: 'everyone' });
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      const ticks = ada.view!.tick;
      const [cleo] = await joinAll(running, 'cleo');
      expect(cleo.view!.tick).toBeGreaterThan(ticks);
      meet(ada, bob, cleo);
      await running.until('cleo sees both', () => placeOf(cleo.view!, ada.slot) && placeOf(cleo.view!, bob.slot));
      await running.until('both see cleo', () => placeOf(ada.view!, cleo.slot) && placeOf(bob.view!, cleo.slot));
      expect((await cleo.names()).sort()).toEqual(['ada', 'bob', 'cleo']);
    });

    test('who leaves frees its seat, and the others play on', async () => {
      const running = await start({ players: 2 });
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      const { slot } = bob;
      bob.leave();
      await running.until('the seat is free', async () => (await running.seated()) === 1);
      await seesMore(running, ada, 5);
      const [cleo] = await joinAll(running, 'cleo');
      expect(cleo.slot).toBe(slot);
    });

    test('a lost connection keeps its seat for who returns in time', async () => {
      const running = await start();
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      const { slot } = ada;
      ada.cut();
      await running.until('ada is missed', async () => (await running.present()) === 1);
      expect(await running.seated()).toBe(2);
      await seesMore(running, bob, 5);
      ada.comeBack();
      await running.until('ada is back', () => ada.resumed);
      await seesMore(running, ada, 5);
      expect(ada.slot).toBe(slot);
      expect(await running.seated()).toBe(2);
      expect(await running.present()).toBe(2);
    });

    test('who starts its program anew, and has kept its token, gets its seat back', async () => {
      const running = await start();
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      const { slot, token } = ada;
      ada.cut();
      await running.until('ada is missed', async () => (await running.present()) === 1);
      const again = running.enter('ada', token);
      await running.until('ada is back', () => again.resumed);
      await seesMore(running, again, 5);
      expect(again.slot).toBe(slot);
      expect(bob.slot).not.toBe(slot);
      expect(await running.seated()).toBe(2);
    });

    test('a seat that nobody returns to becomes free', async () => {
      const running = await start({ impatient: true });
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      ada.cut();
      await running.until('the seat is free', async () => (await running.seated()) === 1);
      await seesMore(running, bob, 5);
    });

    test('a player that falls silent is taken for gone, and the others play on', async () => {
      const running = await start({ impatient: true });
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      ada.freeze();
      await running.until('the seat is free', async () => (await running.seated()) === 1);
      await seesMore(running, bob, 5);
    });

    test('who comes in and says nothing is sent away', async () => {
      const running = await start({ impatient: true });
      const [ada] = await joinAll(running, 'ada');
      const mute = await running.ways[0]!.open();
      await running.until('it is sent away', () => !mute.isOpen);
      await seesMore(running, ada, 5);
      expect(await running.seated()).toBe(1);
    });

    test('a full match refuses readably, and takes the next when a seat is free', async () => {
      const running = await start({ players: 2 });
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      const cleo = running.enter('cleo');
      expect(await running.until('cleo is refused', () => cleo.refusal)).toMatch(/full: 2 players/);
      ada.leave();
      await running.until('a seat is free', async () => (await running.seated()) === 1);
      await joinAll(running, 'dora');
      await seesMore(running, bob, 5);
    });

    test('another protocol version is refused readably, whoever is spoken to', async () => {
      const running = await start();
      const [ada] = await joinAll(running, 'ada');
      const fields = { protocol: PROTOCOL_VERSION, rulesHash: rulesHash(), name: 'future', token: null };
      const hello = encodeMessage({ type: 'hello', ...fields });
      hello[0] = PROTOCOL_VERSION + 1;
      for (const way of running.ways) {
        const future = await way.open();
        // A hello is repeated until it is answered (P5): over data channels the first may be lost.
        const refusal = await running.until(`an answer over ${way.name}`, () => {
          future.send(hello.slice());
          return future.heard.map(readable).find((message) => message?.type === 'refuse');
        });
        expect(refusal, way.name).toMatchObject({ reason: 'protocol' });
        expect(refusal, way.name).toHaveProperty('text', expect.stringContaining('update the older'));
        future.close();
      }
      await seesMore(running, ada, 5);
      expect(await running.seated()).toBe(1);
    });

    test('garbage is counted, and honest players play on', async () => {
      const running = await start();
      const [ada, bob] = await joinAll(running, 'ada', 'bob');
      for (const way of running.ways) {
        const before = await way.malformed();
        const vandal = await way.open();
        await running.until(`garbage over ${way.name} was counted`, async () => {
          for (let length = 1; length < 60; length++) vandal.send(garbage(length));
          return (await way.malformed()) > before + 30;
        });
        await Promise.all([seesMore(running, ada, 20), seesMore(running, bob, 20)]);
        vandal.close();
      }
      expect(await running.seated()).toBe(2);
      await running.until('only they are there', async () => (await running.present()) === 2);
    });
  });
}

/** Names of players who join one after the other, and play when this resolves. */
async function joinAll<N extends string[]>(
  match: ContractMatch,
  ...names: N
): Promise<{ [I in keyof N]: ContractPlayer }> {
  const joined: ContractPlayer[] = [];
  for (const name of names) {
    const player = match.enter(name);
    await match.until(`${name} plays`, () => player.slot >= 0 && player.view);
    joined.push(player);
  }
  return joined as { [I in keyof N]: ContractPlayer };
}

async function seesMore(match: ContractMatch, player: ContractPlayer, snapshots: number): Promise<void> {
  const until = player.snapshots + snapshots;
  await match.until(`${snapshots} more snapshots came`, () => player.snapshots >= until);
}

function placeOf({ players }: View, slot: number): { x: number } | null {
  for (let i = 0; i < players.count; i++) if (players.id[i] === slot) return { x: players.x[i]! };
  return null;
}

/** They walk to the middle, for two who have only just come may be out of each other's sight. */
function meet(...players: ContractPlayer[]): void {
  for (const player of players) {
    const walker = new Walker(new Random(player.slot, 0));
    player.decide = (view) => ({ buttons: walker.towards(view, view.arena.size >> 1, view.arena.size >> 1), aim: 0 });
  }
}

/** To and fro: an obstacle may stand on one side, not on both. */
function pacing({ tick }: View) {
  return { buttons: Math.floor(tick / 30) % 2 === 0 ? Button.right : Button.left, aim: 0 };
}

const garbage = (length: number) => Uint8Array.from({ length }, (_, i) => (length * 31 + i * 17) & 0xff);

/** What it says in words, if it says anything that somebody without a session can read. */
function readable(bytes: Uint8Array) {
  try {
    return decodeMessage(bytes);
  } catch {
    return null;
  }
}
