/** What is particular to one transport or end, over real sockets. What all share is in contract.test.ts. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Button } from '../../game/input.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { openColyseusEnd } from '../../links/colyseus.ts';
import { openThinColyseusEnd } from '../../links/colyseus-thin.ts';
import { conditionEnd } from '../../links/conditioned.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import { decodeAuthority } from '../../metrics/authority-recorder.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { encodeMessage } from '../../netcode/messages.ts';
import type { ArenaState } from '../../server/schema.ts';
import { LIVE_TOPOLOGIES, LiveMatch, until } from './harness.ts';
import { framed, rawWebSocket, validHello } from './raw-attackers.ts';

const [SERVER, HOST] = ['server', 'host'].map((id) => LIVE_TOPOLOGIES.find((topology) => topology.id === id)!);

let match: LiveMatch | null = null;
afterEach(async () => {
  const code = await match?.stop();
  if (match) expect(code).toBe(0);
  match = null;
});

test('the official SDK plays beside a thin client, and sees the metadata and the top ten', async () => {
  match = await LiveMatch.start(SERVER!);
  const thin = await match.join('thin');
  const end = openColyseusEnd({ url: match.url });
  const sdk = match.enter('sdk', end);
  await sdk.snapshots(5);
  const state = () => end.room?.state as unknown as ArenaState | undefined;
  await until('both are in the state', () => state()?.players === 2 && state()?.top.length === 2);
  expect(state()).toMatchObject({ seats: 8, tickRateHz: 20 });
  expect([...state()!.top].map(({ name }) => name).sort()).toEqual(['sdk', 'thin']);
  expect(state()!.tickMs).toBeGreaterThan(0);
  expect(thin.session.player).not.toBe(sdk.session.player);
  expect(end.stats.malformedMessages).toBe(0);
});

test('an SDK client that lost its connection returns to its seat', async () => {
  match = await LiveMatch.start(SERVER!);
  const sdk = match.enter('sdk', openColyseusEnd({ url: match.url }));
  await sdk.snapshots(2);
  const seat = sdk.session.player;
  sdk.cut();
  sdk.comeBack(openColyseusEnd({ url: match.url }));
  await until('it is back', () => sdk.events.some((event) => event.type === 'joined' && event.resumed));
  expect(sdk.session.player).toBe(seat);
});

for (const [topology, open] of [
  [SERVER!, openThinColyseusEnd],
  [HOST!, openNodeDataChannelEnd],
] as const) {
  test(`a conditioned link makes the round trip under '${topology.id}' as long as its profile says`, async () => {
    match = await LiveMatch.start(topology);
    const near = await match.join('near');
    const end = conditionEnd({
      end: open({ url: match.url }),
      timer: systemTimer,
      profile: customProfile({ baseRttMs: 120 }),
      seed: 1,
      participant: 1,
    });
    const far = match.enter('far', end);
    await until('both know their round trip', () => far.session.rttMs > 0 && near.session.rttMs > 0);
    await far.snapshots(20);
    // Compared with a neighbour at the same time: a busy machine lengthens both, though not always alike.
    await until(
      () => `the round trips differ by the profile (${far.session.rttMs} ms and ${near.session.rttMs} ms)`,
      () => far.session.rttMs - near.session.rttMs > 100,
    );
    expect(far.session.counters.snapshotsMissed).toBe(0);
  });
}

test('a host plays itself, without a socket', async () => {
  match = await LiveMatch.start(HOST!, { settings: { dedicated: false } });
  const ada = await match.join('ada');
  expect((await match.status()).players).toBe(2);
  ada.session.requestRoster(0, 10, monotonicMs());
  const { entries } = await ada.event('roster');
  expect(entries.map(({ name }) => name).sort()).toEqual(['ada', 'host']);
});

for (const topology of LIVE_TOPOLOGIES) {
  test(`the authority of '${topology.id}' records what it is asked to`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'netbed-'));
    try {
      match = await LiveMatch.start(topology);
      const ada = await match.join('ada');
      ada.input = { buttons: Button.left, aim: 0 };
      const fromMs = monotonicMs();
      await match.ask({ type: 'measure', fromMs, untilMs: fromMs + 1000 }, 'measuring');
      await until('the window is over', () => monotonicMs() > fromMs + 1000);
      const file = join(folder, 'authority.bin');
      await match.ask({ type: 'collect', file }, 'collected');
      const { meta, ticks, truth } = decodeAuthority(await readFile(file));
      expect(meta).toMatchObject({ fromMs, joins: 1, tickRateHz: 20 });
      expect(ticks.count).toBeGreaterThan(5);
      expect(truth.count).toBeGreaterThan(5);
      expect(meta.sentDatagrams).toBeGreaterThan(5);
      expect(meta.receivedBytes).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test('a client that never reads is skipped, then cut off, and costs the others nothing', async () => {
  match = await LiveMatch.start(SERVER!, { authority: { maxMessagesPerS: 1_000_000 } });
  const honest = await match.join('honest');
  const deaf = await rawWebSocket(match.url);
  deaf.send(framed(validHello(rulesHash())));
  deaf.stopReading();
  const request = framed(encodeMessage({ type: 'rosterRequest', first: 0, count: 25 }));
  await until('it is cut off', async () => {
    for (let i = 0; i < 5000; i++) deaf.send(request);
    return (await match!.status()).peers === 1;
  });
  expect((await match.status()).driver.skippedMessages).toBeGreaterThan(0);
  await honest.snapshots(20);
  expect(honest.session.state).toBe('playing');
  deaf.close();
});

for (const topology of LIVE_TOPOLOGIES) {
  test(`an authority of '${topology.id}' that was stopped for seconds skips that time, and the match goes on`, async () => {
    match = await LiveMatch.start(topology);
    const ada = await match.join('ada');
    const before = await match.status();
    // As a laptop does that is closed and opened again.
    process.kill(match.child.pid!, 'SIGSTOP');
    await until('ada misses it', () => ada.events.some(({ type }) => type === 'silent'));
    process.kill(match.child.pid!, 'SIGCONT');
    // Done and skipped ticks together are the time that has passed: nothing is lived through twice.
    await until('its clock is right again', async () => {
      const { atMs, driver } = await match!.status();
      const passedTicks = ((atMs - before.atMs) * 20) / 1000;
      const countedTicks = driver.ticks - before.driver.ticks + driver.skippedTicks;
      return driver.skippedTicks > 40 && Math.abs(countedTicks - passedTicks) < 3;
    });
    ada.cut();
    ada.comeBack(topology.openEnd(match.url));
    await until('ada is back', () => ada.events.some((event) => event.type === 'joined' && event.resumed));
    await ada.snapshots(10);
    expect((await match.status()).players).toBe(1);
  });
}

test('the monitor page answers on this machine', async () => {
  match = await LiveMatch.start(SERVER!);
  const page = await fetch(`${match.url}/monitor`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');
  const rooms = (await (await fetch(`${match.url}/monitor/api`)).json()) as { rooms: { name: string }[] };
  expect(rooms.rooms.map(({ name }) => name)).toEqual(['arena']);
});
