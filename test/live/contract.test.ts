/** What every topology owes its players, over real sockets: one suite, run for each entry of the registry. */
import { afterEach, describe, expect, test } from 'vitest';
import { Button } from '../../game/input.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { decodeMessage, encodeMessage } from '../../netcode/messages.ts';
import { PROTOCOL_VERSION } from '../../netcode/protocol.ts';
import { LIVE_TOPOLOGIES, LiveMatch, type MatchOptions, until } from './harness.ts';

/** Waits until an end can send, or fails with the reason why it closed instead. */
async function opened(end: ClientEnd): Promise<ClientEnd> {
  let closed = '';
  end.onClose = (reason) => {
    closed = reason;
  };
  await until(
    () => `the end opens (${closed})`,
    () => end.state === 'open',
  );
  return end;
}

for (const topology of LIVE_TOPOLOGIES) {
  describe(`a live match under '${topology.id}'`, () => {
    let match: LiveMatch | null = null;
    const start = async (options: MatchOptions = {}): Promise<LiveMatch> => {
      match = await LiveMatch.start(topology, options);
      return match;
    };
    afterEach(async () => {
      const code = await match?.stop();
      if (match) expect(code).toBe(0);
      match = null;
    });

    test('a player joins, moves, and another sees it move', async () => {
      const { match: live } = { match: await start({ config: { scenario: 'everyone' } }) };
      const [ada, bob] = await Promise.all([live.join('ada'), live.join('bob')]);
      const seen = () => {
        const { count, id, x } = bob.view!.players;
        for (let i = 0; i < count; i++) if (id[i] === ada.session.player) return x[i]!;
        return null;
      };
      const before = await until('bob sees ada', () => seen() ?? false);
      // An obstacle may stand on one side, not on both.
      ada.input = { buttons: Button.right, aim: 0 };
      const moved = () => Math.abs((seen() ?? (before as number)) - (before as number)) > 16 * 256;
      const turn = setInterval(() => {
        ada.input = { buttons: ada.input.buttons === Button.right ? Button.left : Button.right, aim: 0 };
      }, 1500);
      await until('bob sees that ada moved', moved).finally(() => clearInterval(turn));
      expect(ada.session.player).not.toBe(bob.session.player);
    });

    test('a late player sees what is there, and the scoreboard names all', async () => {
      const live = await start();
      await live.join('ada');
      await live.join('bob');
      const late = await live.join('cleo');
      late.session.requestRoster(0, 10, performance.now());
      const { total, entries } = await late.event('roster');
      expect(total).toBe(3);
      expect(entries.map(({ name }) => name).sort()).toEqual(['ada', 'bob', 'cleo']);
    });

    test('who leaves frees its seat at once, and the others play on', async () => {
      const live = await start({ config: { players: 2 } });
      const ada = await live.join('ada');
      const bob = await live.join('bob');
      bob.session.leave();
      await until('the seat is free', async () => (await live.status()).players === 1);
      await ada.snapshots(5);
      const cleo = await live.join('cleo');
      expect(cleo.session.player).toBe(bob.session.player);
    });

    test('a lost connection keeps its seat for who returns in time', async () => {
      const live = await start();
      const ada = await live.join('ada');
      await live.join('bob');
      const seat = ada.session.player;
      ada.cut();
      await until('the link is down', async () => (await live.status()).peers === 1);
      expect((await live.status()).players).toBe(2);
      ada.comeBack(topology.openEnd(live.url));
      await until('ada is back', () => ada.events.some((event) => event.type === 'joined' && event.resumed));
      await ada.snapshots(5);
      expect(ada.session.player).toBe(seat);
      expect((await live.status()).players).toBe(2);
    });

    test('a seat that nobody returns to becomes free', async () => {
      const live = await start({ authority: { seatHoldMs: 200 } });
      const ada = await live.join('ada');
      await live.join('bob');
      ada.cut();
      await until('the seat is free', async () => (await live.status()).players === 1);
    });

    test('a silent peer is taken for gone', async () => {
      const live = await start({ authority: { silenceMs: 1000, seatHoldMs: 200 } });
      const ada = await live.join('ada');
      const mute = await opened(topology.openEnd(live.url));
      await until('it is sent away', () => mute.state === 'closed');
      await ada.snapshots(5);
      expect((await live.status()).driver.disconnected).toBe(1);
    });

    test('a full match refuses readably, and takes the next when a seat is free', async () => {
      const live = await start({ config: { players: 2 } });
      const ada = await live.join('ada');
      await live.join('bob');
      const cleo = live.enter('cleo');
      const { reason, text } = await cleo.event('refused');
      expect(reason).toBe('full');
      expect(text).toMatch(/full: 2 players/);
      ada.session.leave();
      await until('a seat is free', async () => (await live.status()).players === 1);
      await live.join('dora');
    });

    test('another protocol version is refused readably', async () => {
      const live = await start();
      const end = await opened(topology.openEnd(live.url));
      const hello = encodeMessage({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        rulesHash: rulesHash(),
        name: 'future',
        token: null,
      });
      hello[0] = PROTOCOL_VERSION + 1;
      let answer: ReturnType<typeof decodeMessage> | null = null;
      end.onMessage = (bytes) => {
        answer ??= decodeMessage(bytes);
      };
      // A hello is repeated until it is answered (P5): over data channels the first may be lost.
      const refusal = await until('an answer', () => {
        end.send('reliable', hello.slice());
        return answer;
      });
      expect(refusal).toMatchObject({ type: 'refuse', reason: 'protocol' });
      expect(refusal).toHaveProperty('text', expect.stringContaining('update the older'));
      end.close();
    });

    test('garbage is counted, and an honest player notices nothing', async () => {
      const live = await start();
      const ada = await live.join('ada');
      const end = await opened(topology.openEnd(live.url));
      for (let length = 1; length < 60; length++) {
        end.send(
          'unreliable',
          Uint8Array.from({ length }, (_, i) => (length * 31 + i * 17) & 0xff),
        );
      }
      await until('it was counted', async () => (await live.status()).session.malformed! > 30);
      await ada.snapshots(20);
      expect(ada.session.counters.malformed).toBe(0);
      end.close();
    });

    test('a port in use is named, and the process ends', async () => {
      const live = await start();
      await expect(LiveMatch.start(topology, { port: live.port })).rejects.toThrow(
        /cannot listen on 127\.0\.0\.1:\d+: something else listens there/,
      );
    });

    test('nobody listening is a sentence, not a hang', async () => {
      const live = await start();
      const { url } = live;
      await live.stop();
      let closed = '';
      const end = topology.openEnd(url);
      end.onClose = (reason) => {
        closed = reason;
      };
      expect(await until('the end gives up', () => closed)).toMatch(/nobody listens at http:/);
    });

    test('a process whose parent goes away ends by itself', async () => {
      const live = await start();
      await live.join('ada');
      live.child.disconnect();
      await until('the process is gone', () => !live.isUp);
      expect(live.child.exitCode).toBe(0);
    });
  });
}
