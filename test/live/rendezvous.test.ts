/** The process of a rendezvous: whom it refuses and how, what it survives, how it ends. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { SIGNALLING_PATH } from '../../links/signalling.ts';
import { monotonicMs } from '../../links/timer.ts';
import { decodeRendezvous } from '../../metrics/rendezvous-recorder.ts';
import { decodeMessage } from '../../netcode/messages.ts';
import { Kind, PROTOCOL_VERSION } from '../../netcode/protocol.ts';
import { encodeRendezvous } from '../../netcode/rendezvous-messages.ts';
import { until } from './harness.ts';
import { LiveRendezvous, type TestPeer } from './peer-harness.ts';
import { post, randomBody, randomMessage, rawDataChannel } from './raw-attackers.ts';

const RANDOM_MESSAGES = Number(process.env['FUZZ_MESSAGES'] ?? 5000);
const RANDOM_REQUESTS = 200;
/** Messages per attacker before the next one takes over. */
const PER_ATTACKER = 500;

let rendezvous: LiveRendezvous | null = null;
afterEach(async () => {
  const code = await rendezvous?.stop();
  if (rendezvous) expect(code).toBe(0);
  rendezvous = null;
});

async function start(...args: Parameters<typeof LiveRendezvous.start>): Promise<LiveRendezvous> {
  rendezvous = await LiveRendezvous.start(...args);
  return rendezvous;
}

/** Two honest peers that are relayed, so that all they hear goes through the process under attack. */
async function relayedPair(live: LiveRendezvous): Promise<[TestPeer, TestPeer]> {
  const natBlocking = { ratio: 1, seed: 1 };
  const ada = await live.entered('ada', { natBlocking });
  const bob = await live.entered('bob', { natBlocking });
  await ada.link(bob.id, 'relayed');
  return [ada, bob];
}

async function noticeNothing(live: LiveRendezvous, [ada, bob]: [TestPeer, TestPeer]): Promise<void> {
  await Promise.all([ada.hears(bob, 'relayed'), bob.hears(ada, 'relayed')]);
  expect(live.isUp, live.complaints).toBe(true);
  expect([ada.closed, bob.closed]).toEqual(['', '']);
  expect(ada.session.rendezvous.counters.malformed).toBe(0);
}

describe('a rendezvous', () => {
  test('tells who enters about the room, and knows who is there', async () => {
    const live = await start();
    const ada = await live.entered('ada');
    const bob = await live.entered('bob');
    expect([...bob.session.rendezvous.settings!]).toEqual([1, 2, 3]);
    await until('ada knows bob by name', () => ada.session.rendezvous.nameOf(bob.id) === 'bob');
    const status = await live.status();
    expect(status.rooms).toMatchObject([{ code: 'MAIN', maxPeers: 8, peers: [{ name: 'ada' }, { name: 'bob' }] }]);
    expect(status.rssBytes).toBeGreaterThan(1e6);
    expect(status.userUs).toBeGreaterThan(0);
    bob.stop();
    await until('bob is gone', async () => (await live.status()).rooms[0]!.peers.length === 1);
  });

  test('refuses an unknown room and a full one in words, and makes rooms', async () => {
    const live = await start({ room: { settings: 'AQID', maxPeers: 1 } });
    const lost = live.enter('lost', { room: 'NOWHER' });
    await until('it is refused', () => lost.session.rendezvous.state === 'refused');
    expect(lost.session.rendezvous.refusal).toMatch(/there is no room NOWHER: check the code/);
    const ada = await live.entered('ada');
    expect([...ada.session.rendezvous.settings!]).toEqual([1, 2, 3]);
    const bob = live.enter('bob');
    await until('it is refused', () => bob.session.rendezvous.state === 'refused');
    expect(bob.session.rendezvous.refusal).toBe('room MAIN is full: 1 peers');
    const cleo = await live.entered('cleo', { create: { settings: new Uint8Array([9]), maxPeers: 2 } });
    const { room } = cleo.session.rendezvous;
    expect(room).toMatch(/^[2-9A-Z]{6}$/);
    const dora = await live.entered('dora', { room: room! });
    await dora.hears(cleo);
  });

  test('refuses another version and other rules in words', async () => {
    const live = await start();
    for (const [reason, text] of [
      ['protocol', /update the older/],
      ['rules', /rules of the game differ/],
    ] as const) {
      const enter = encodeRendezvous({
        ...{ type: 'enter', protocol: PROTOCOL_VERSION, rulesHash: 1, name: 'x' },
        ...{ room: 'MAIN', create: null, reclaim: null },
      });
      if (reason === 'protocol') enter[0] = PROTOCOL_VERSION + 1;
      const end = openNodeDataChannelEnd({ url: live.url });
      let answer: ReturnType<typeof decodeMessage> | null = null;
      end.onMessage = (bytes) => {
        answer ??= decodeMessage(bytes);
      };
      // Repeated until it is answered: over data channels the first may be lost.
      const refusal = await until('an answer', () => {
        end.send('reliable', new Uint8Array(enter));
        return answer;
      });
      expect(refusal).toMatchObject({ type: 'refuse', reason, text: expect.stringMatching(text) });
      end.close();
    }
  });

  test('survives the text `null` and other texts on a data channel', async () => {
    const live = await start();
    const pair = await relayedPair(live);
    const attacker = await rawDataChannel(live.url);
    for (const text of ['null', '{}', '[]', 'true', '']) attacker.send(text);
    await until('they were counted', async () => (await live.status()).transport.malformedMessages >= 4);
    await noticeNothing(live, pair);
    attacker.close();
  });

  test('survives `{}` as remote description', async () => {
    const live = await start();
    const pair = await relayedPair(live);
    const offer = (await (await post(`${live.url}${SIGNALLING_PATH}/connections`, '')).json()) as { id: string };
    const response = await post(`${live.url}${SIGNALLING_PATH}/connections/${offer.id}/remote-description`, '{}');
    expect(response.status).toBe(400);
    await noticeNothing(live, pair);
  });

  test(
    `survives ${RANDOM_MESSAGES} random messages and ${RANDOM_REQUESTS} random requests`,
    async () => {
      const live = await start({ rendezvous: { maxMessagesPerS: 1_000_000 } });
      const pair = await relayedPair(live);
      const random = new Random(5, 0);
      const enter = encodeRendezvous({
        ...{ type: 'enter', protocol: PROTOCOL_VERSION, rulesHash: rulesHash(), name: 'mallory' },
        ...{ room: 'MAIN', create: null, reclaim: null },
      });
      for (let sent = 0; sent < RANDOM_MESSAGES; ) {
        const attacker = await rawDataChannel(live.url);
        if (random.below(2) === 0) attacker.send(enter);
        for (let i = 0; i < PER_ATTACKER && attacker.isOpen(); i++, sent++) {
          attacker.send(bent(random));
          // Now and then everybody else gets a turn, or nothing of this would be simultaneous.
          if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        attacker.close();
      }
      const root = `${live.url}${SIGNALLING_PATH}`;
      for (let i = 0; i < RANDOM_REQUESTS; i++) {
        const step = ['remote-description', 'additional-candidates', 'close', 'x', ''][random.below(5)];
        await post(`${root}/connections/${'a'.repeat(24)}/${step}`, randomBody(random)).catch(() => {});
      }
      const { counters, transport } = await live.status();
      expect(counters.malformed).toBeGreaterThan(RANDOM_MESSAGES / 10);
      expect(transport.faultyMessages).toBe(0);
      await noticeNothing(live, pair);
    },
    60_000 + RANDOM_MESSAGES,
  );

  test('answers pages of this machine and of named origins, not of strangers', async () => {
    const live = await start({ origins: ['https://play.example.org'] });
    const statusFor = async (origin: string) =>
      (await fetch(`${live.url}${SIGNALLING_PATH}/connections`, { method: 'POST', headers: { origin } })).status;
    expect(await statusFor('https://example.org')).toBe(403);
    expect(await statusFor('https://play.example.org')).toBe(200);
    expect(await statusFor('http://localhost:1234')).toBe(200);
  });

  test('records what it relays, and what that costs', async () => {
    const live = await start();
    const pair = await relayedPair(live);
    const fromMs = monotonicMs();
    await live.ask({ type: 'measure', fromMs, untilMs: fromMs + 1500 }, 'measuring');
    await until('the window is over', () => monotonicMs() > fromMs + 1500);
    await noticeNothing(live, pair);
    const file = join(tmpdir(), `netbed-rendezvous-${process.pid}.bin`);
    try {
      const { bytes } = await live.ask({ type: 'collect', file }, 'collected');
      const recording = await readFile(file);
      expect(recording.length).toBe(bytes);
      const { meta, resources } = decodeRendezvous(recording);
      expect(meta.fromMs).toBe(fromMs);
      // Both say hello twenty times a second, in some 20 bytes.
      expect(meta.sentBytes).toBeGreaterThan(400);
      expect(meta.receivedBytes).toBeGreaterThan(400);
      expect(resources.count).toBeGreaterThan(0);
    } finally {
      await rm(file, { force: true });
    }
  });

  test('names a port in use, and ends', async () => {
    const live = await start();
    await expect(LiveRendezvous.start({ port: live.port })).rejects.toThrow(
      /cannot listen on 127\.0\.0\.1:\d+: something else listens there/,
    );
  });

  test('says what is wrong with a room that it cannot have', async () => {
    await expect(LiveRendezvous.start({ room: { settings: Array(2000).fill(0), maxPeers: 8 } })).rejects.toThrow(
      /room MAIN: settings of 2000 bytes/,
    );
  });

  test('ends by itself when its parent goes away', async () => {
    const live = await start();
    await live.entered('ada');
    live.child.disconnect();
    await until('the process is gone', () => !live.isUp);
    expect(live.child.exitCode).toBe(0);
  });

  test('ends at Ctrl-C, and tells the peers by closing their links', async () => {
    const live = await start();
    const ada = await live.entered('ada');
    live.child.kill('SIGINT');
    await until('the process is gone', () => !live.isUp);
    expect(live.child.exitCode).toBe(0);
    await until('ada has noticed', () => ada.closed);
    expect(ada.session.rendezvous.state).toBe('lost');
  });
});

/** A random message, half of them with a kind that only a rendezvous knows. */
function bent(random: Random): string | Uint8Array {
  const message = randomMessage(random);
  if (typeof message === 'string' || message.length < 2 || random.below(2) === 0) return message;
  const bytes = new Uint8Array(message);
  bytes[0] = PROTOCOL_VERSION;
  bytes[1] = Kind.enter + random.below(Kind.heartbeat - Kind.enter + 1);
  return bytes;
}
