/**
 * Inputs that would end an authority's process if the libraries below it were left to themselves, and random ones. A
 * process that dies of a stranger's message takes everybody's match along; so an honest player watches.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { SIGNALLING_PATH } from '../../links/signalling.ts';
import { LIVE_TOPOLOGIES, LiveMatch, type TestPlayer, until } from './harness.ts';
import {
  framed,
  post,
  type RawPeer,
  randomBody,
  randomFrame,
  randomMessage,
  rawDataChannel,
  rawWebSocket,
  validHello,
} from './raw-attackers.ts';

const [SERVER, HOST] = ['server', 'host'].map((id) => LIVE_TOPOLOGIES.find((topology) => topology.id === id)!);
/** The rate limit would keep most of it from the decoders; here it should get through. */
const UNLIMITED = { authority: { maxMessagesPerS: 1_000_000 } };
/** `FUZZ_MESSAGES=1000000 npx vitest run test/live/remote-kills.test.ts` takes minutes, and is for those who change a transport. */
const RANDOM_MESSAGES = Number(process.env['FUZZ_MESSAGES'] ?? 5000);
const FUZZ_TIMEOUT_MS = 60_000 + RANDOM_MESSAGES;
/** Messages per attacker before the next one takes over; many are thrown out earlier. */
const PER_ATTACKER = 500;
const RANDOM_REQUESTS = 300;

let match: LiveMatch | null = null;
afterEach(async () => {
  const code = await match?.stop();
  if (match) expect(code).toBe(0);
  match = null;
});

async function start(topology = SERVER, options: object = {}): Promise<{ live: LiveMatch; honest: TestPlayer }> {
  match = await LiveMatch.start(topology!, options);
  return { live: match, honest: await match.join('honest') };
}

/** The process is the same and up, and the honest player still gets what it should. */
async function noticesNothing(live: LiveMatch, honest: TestPlayer): Promise<void> {
  await honest.snapshots(10);
  expect(live.isUp, live.complaints).toBe(true);
  expect(honest.closed).toBe('');
  expect(honest.session.state).toBe('playing');
  expect(honest.events.filter(({ type }) => type === 'silent')).toEqual([]);
  expect(honest.session.counters.malformed).toBe(0);
}

interface Assault {
  open(): Promise<RawPeer>;
  hello: Uint8Array;
  message(random: Random): string | Uint8Array;
}

async function assault({ open, hello, message }: Assault, honest: TestPlayer, seed: number): Promise<void> {
  const random = new Random(seed, 0);
  for (let sent = 0; sent < RANDOM_MESSAGES; ) {
    const attacker = await open();
    // Half of them sit down first, so that what needs a seat is reached too.
    if (random.below(2) === 0) attacker.send(hello);
    for (let i = 0; i < PER_ATTACKER && attacker.isOpen(); i++, sent++) {
      attacker.send(message(random));
      // Now and then everybody else gets a turn, or nothing of this would be simultaneous.
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await honest.snapshots(1);
    attacker.close();
  }
}

describe('a host peer', () => {
  test('survives the text `null` on a data channel', async () => {
    const { live, honest } = await start(HOST);
    const attacker = await rawDataChannel(live.url);
    attacker.send('null');
    await noticesNothing(live, honest);
    attacker.close();
  });

  test('survives `{}` as remote description', async () => {
    const { live, honest } = await start(HOST);
    const offer = (await (await post(`${live.url}${SIGNALLING_PATH}/connections`, '')).json()) as { id: string };
    const response = await post(`${live.url}${SIGNALLING_PATH}/connections/${offer.id}/remote-description`, '{}');
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/\{ sdp, type: "answer" \}/);
    await noticesNothing(live, honest);
  });

  test('survives a link that is closed while it opens', async () => {
    const { live, honest } = await start(HOST);
    for (let i = 0; i < 5; i++) {
      const root = `${live.url}${SIGNALLING_PATH}/connections`;
      const { id } = (await (await post(root, '')).json()) as { id: string };
      const closing = [post(`${root}/${id}/close`, ''), post(`${root}/${id}/close`, '')];
      const describing = post(`${root}/${id}/remote-description`, '{"sdp":"v=0\\r\\na=fingerprint:","type":"answer"}');
      await Promise.all([...closing, describing]);
      const attacker = await rawDataChannel(live.url);
      attacker.close();
    }
    await noticesNothing(live, honest);
  });

  test(
    `survives ${RANDOM_MESSAGES} random messages on data channels`,
    async () => {
      const { live, honest } = await start(HOST, UNLIMITED);
      const hello = validHello(rulesHash());
      await assault({ open: () => rawDataChannel(live.url), hello, message: randomMessage }, honest, 1);
      expect((await live.status()).session.malformed).toBeGreaterThan(RANDOM_MESSAGES / 10);
      await noticesNothing(live, honest);
    },
    FUZZ_TIMEOUT_MS,
  );

  test(`survives ${RANDOM_REQUESTS} random requests`, async () => {
    const { live, honest } = await start(HOST);
    const random = new Random(2, 0);
    const root = `${live.url}${SIGNALLING_PATH}`;
    let id = '';
    for (let i = 0; i < RANDOM_REQUESTS; i++) {
      if (i % 30 === 0) {
        const response = await post(`${root}/connections`, randomBody(random));
        // It may say that too many are being made: then the last one serves again.
        if (response.ok) id = ((await response.json()) as { id: string }).id;
      }
      const step = ['remote-description', 'additional-candidates', 'close', 'x', ''][random.below(5)];
      const whose = random.below(3) === 0 ? 'a'.repeat(24) : id;
      // Closing for real is the step above; here the link should stay to be asked.
      if (step === 'close' && whose === id) continue;
      await post(`${root}/connections/${whose}/${step}`, randomBody(random)).catch(() => {});
    }
    await noticesNothing(live, honest);
  });

  test('gives places that were asked for and not taken back', async () => {
    const { live, honest } = await start(HOST, { config: { players: 2 } });
    const root = `${live.url}${SIGNALLING_PATH}/connections`;
    const statuses: number[] = [];
    // Capacity is the players and a reserve of eight; one of them is the honest player's.
    for (let i = 0; i < 12; i++) statuses.push((await post(root, '')).status);
    expect(statuses.filter((status) => status === 200).length).toBe(9);
    expect(statuses.at(-1)).toBe(503);
    await noticesNothing(live, honest);
  });

  test('does not answer pages of strangers', async () => {
    const { live } = await start(HOST);
    const response = await fetch(`${live.url}${SIGNALLING_PATH}/connections`, {
      method: 'POST',
      headers: { origin: 'https://example.org' },
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toMatch(/example\.org may not join/);
  });
});

describe('a server', () => {
  test(
    `survives ${RANDOM_MESSAGES} random frames on WebSockets`,
    async () => {
      const { live, honest } = await start(SERVER, UNLIMITED);
      const hello = framed(validHello(rulesHash()));
      await assault({ open: () => rawWebSocket(live.url), hello, message: randomFrame }, honest, 3);
      expect((await live.status()).session.malformed).toBeGreaterThan(RANDOM_MESSAGES / 10);
      await noticesNothing(live, honest);
    },
    FUZZ_TIMEOUT_MS,
  );

  test(`survives ${RANDOM_REQUESTS} random requests`, async () => {
    const { live, honest } = await start(SERVER);
    const random = new Random(4, 0);
    const methods = ['join', 'joinOrCreate', 'create', 'joinById', 'reconnect', 'constructor', '__proto__'];
    const rooms = ['arena', 'nowhere', '__proto__', '%00', 'a'.repeat(500), ''];
    for (let i = 0; i < RANDOM_REQUESTS; i++) {
      const path = `matchmake/${methods[random.below(methods.length)]}/${rooms[random.below(rooms.length)]}`;
      const type = ['application/json', 'text/plain', ''][random.below(3)]!;
      await post(`${live.url}/${path}`, randomBody(random), type).catch(() => {});
    }
    await noticesNothing(live, honest);
  });

  test('has one room, which strangers cannot multiply', async () => {
    const { live, honest } = await start(SERVER);
    for (const method of ['create', 'joinOrCreate']) {
      const response = await post(`${live.url}/matchmake/${method}/arena`, '{}');
      expect(response.ok).toBe(false);
    }
    const unknown = await post(`${live.url}/matchmake/join/nowhere`, '{}');
    expect(((await unknown.json()) as { error: string }).error).toMatch(/nowhere/);
    await noticesNothing(live, honest);
  });
});

test('who floods is thrown out, and the others notice nothing', async () => {
  const { live, honest } = await start(SERVER);
  const attacker = await rawWebSocket(live.url);
  const message = framed(validHello(rulesHash()));
  await until('it is thrown out', () => {
    for (let i = 0; i < 100; i++) attacker.send(message);
    return !attacker.isOpen();
  });
  expect((await live.status()).session.overRate).toBeGreaterThan(0);
  await noticesNothing(live, honest);
});
