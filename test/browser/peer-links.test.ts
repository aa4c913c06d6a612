/** Peers in real pages: with each other, with peers in Node, and as host and guests of a match in a tab. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { openPeerEnd } from '../../links/tab-host.ts';
import { systemTimer } from '../../links/timer.ts';
import { TestPlayer } from '../live/harness.ts';
import { LiveRendezvous } from '../live/peer-harness.ts';
import { withoutBridges } from '../live/tiny-peer-session.ts';
import { bundleScript, launchBrowser, watchErrors } from './browser.ts';
import type * as entry from './peer-entry.ts';

/** In a page, `peers` is what the entry exports; `report` is what a test keeps there between its questions. */
declare global {
  interface Window {
    peers: typeof entry;
    report: () => entry.PeerReport;
    match: () => { snapshots: number; closed: string };
  }
}

let browser: Browser;
let server: Server;
let origin: string;
let rendezvous: LiveRendezvous;
const pages: Page[] = [];

beforeAll(async () => {
  const script = await bundleScript(join(import.meta.dirname, 'peer-entry.ts'), 'peers');
  // The rendezvous answers this machine's pages; a blank one has no origin.
  server = createServer((request, response) => {
    const isScript = request.url === '/peers.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><link rel="icon" href="data:,"><script src="/peers.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

beforeEach(async () => {
  rendezvous = await LiveRendezvous.start();
});

afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close();
  expect(await rendezvous.stop()).toBe(0);
});

async function openPage(): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage();
  pages.push(page);
  const errors = watchErrors(page);
  await page.goto(origin);
  return { page, errors };
}

/** A page whose peer is in the room. */
async function enter(name: string, natBlocking?: { ratio: number; seed: number }) {
  const { page, errors } = await openPage();
  await page.evaluate(
    ([url, peer, blocking]) => {
      window.report = window.peers.enterRoom(url, peer, blocking);
    },
    [rendezvous.url, name, natBlocking] as const,
  );
  const report = () => page.evaluate(() => window.report());
  await expect.poll(async () => (await report()).state, { timeout: 15_000 }).toBe('entered');
  return { page, errors, report, id: (await report()).id };
}

/** Messages that one page heard of a peer, by one way. */
async function heardBy(
  report: () => Promise<entry.PeerReport>,
  peer: number,
  way: 'direct' | 'relayed' = 'direct',
): Promise<number> {
  return (await report()).heard.find((heard) => heard.peer === peer)?.[way] ?? 0;
}

const PATIENCE = { timeout: 15_000, interval: 50 };

test('two pages talk directly, and a page that closes is noticed at once', async () => {
  const ada = await enter('ada');
  const bob = await enter('bob');
  await expect.poll(() => heardBy(ada.report, bob.id), PATIENCE).toBeGreaterThan(3);
  await expect.poll(() => heardBy(bob.report, ada.id), PATIENCE).toBeGreaterThan(3);
  expect((await ada.report()).heard[0]!.texts).toEqual(['hello from bob']);
  expect(withoutBridges((await ada.report()).changes)).toEqual([`${bob.id} up`]);
  await bob.page.goto('about:blank');
  // Its connection alone would take six seconds to be found dead.
  await expect
    .poll(async () => withoutBridges((await ada.report()).changes), { timeout: 5000, interval: 50 })
    .toEqual([`${bob.id} up`, `${bob.id} down`]);
  expect(ada.errors).toEqual([]);
});

test.each(['page', 'node'])(
  'a page and a peer in Node talk directly, whichever dials (here: the %s)',
  async (dials) => {
    const enterNode = () => rendezvous.entered('node');
    const first = dials === 'page' ? await enterNode() : null;
    const page = await enter('page');
    const node = first ?? (await enterNode());
    await expect.poll(() => heardBy(page.report, node.id), PATIENCE).toBeGreaterThan(3);
    await expect.poll(() => node.session.heard.get(page.id)?.direct ?? 0, PATIENCE).toBeGreaterThan(3);
    expect(node.driver.dialler.counters.dialled).toBe(dials === 'node' ? 1 : 0);
    expect(node.driver.dialler.counters.malformedSignals).toBe(0);
    expect(page.errors).toEqual([]);
  },
);

test('a page that cannot connect is relayed', async () => {
  const natBlocking = { ratio: 1, seed: 1 };
  const node = await rendezvous.entered('node', { natBlocking });
  const page = await enter('page', natBlocking);
  await expect.poll(() => heardBy(page.report, node.id, 'relayed'), PATIENCE).toBeGreaterThan(3);
  await expect.poll(() => node.session.heard.get(page.id)?.relayed ?? 0, PATIENCE).toBeGreaterThan(3);
  expect((await page.report()).changes).toEqual([`${node.id} relayed`]);
});

test('a page hosts a match for another page and for a player in Node', async () => {
  const { page: host, errors } = await openPage();
  const room = await host.evaluate((url) => window.peers.host(url), rendezvous.url);
  expect(room).toMatch(/^[2-9A-Z]{6}$/);
  const { page: guest } = await openPage();
  await guest.evaluate(
    ([url, code]) => {
      window.match = window.peers.join(url, 'ada', code);
    },
    [rendezvous.url, room] as const,
  );
  const end = openPeerEnd({
    ...{ name: 'bob', room, timer: systemTimer, createConnection: createNodePeerConnection },
    openRendezvous: () => openNodeDataChannelEnd({ url: rendezvous.url }),
  });
  const bob = new TestPlayer('bob', end);
  try {
    await bob.snapshots(20);
    await expect.poll(() => end.carrier.driver.linkOf(1), PATIENCE).toBe('direct');
    const progress = () => guest.evaluate(() => window.match().closed || window.match().snapshots);
    await expect.poll(progress, PATIENCE).toBeGreaterThan(20);
    bob.session.requestRoster(0, 10, systemTimer.nowMs());
    const { entries } = await bob.event('roster');
    expect(entries.map(({ name }) => name).sort()).toEqual(['ada', 'bob']);
    await host.goto('about:blank');
    await expect.poll(() => guest.evaluate(() => window.match().closed), PATIENCE).toMatch(/the (peer|host)/);
    await expect.poll(() => bob.closed, PATIENCE).not.toBe('');
    expect(errors).toEqual([]);
  } finally {
    bob.stop();
  }
});
