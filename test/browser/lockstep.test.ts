/** Lockstep in pages: tabs and bots are equal peers, rooms are found by their codes, and nobody waits for a closed tab. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PageState } from '../../game-client/main.ts';
import type { LockstepParticipant } from '../../game-client/match/lockstep-participant.ts';
import { decodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import { artifactPath, launchBrowser, watchErrors } from './browser.ts';
import { joinGame, type RunningMesh, startMesh, stateOf, Tab, waitForState, walkUntil } from './game-page.ts';

/** Silent for two seconds a peer is dropped, and to agree on that takes up to half a second. */
const DROP_WITHIN_MS = 2500;
/** Who says goodbye is dropped without that silence. */
const LEAVE_WITHIN_MS = 1500;
const PATIENCE = { timeout: 20_000, interval: 100 };

let browser: Browser;
let mesh: RunningMesh;
const open: Page[] = [];

beforeAll(async () => {
  mesh = await startMesh(['wander', 'afk', 'afk'], { scenario: 'everyone', players: 16 });
  browser = await launchBrowser({ throttlesHiddenTabs: true });
});

afterEach(async () => {
  for (const page of open.splice(0)) await page.context().close();
  // Whoever has left is dropped before the next test counts who is there.
  await expect.poll(async () => (await mesh.rendezvous.status()).rooms[0]!.members.length, PATIENCE).toBe(3);
});

afterAll(async () => {
  await browser?.close();
  await mesh?.close();
});

async function join(name: string): Promise<Page> {
  const page = await joinGame(browser, mesh.url, 'lockstep', name);
  open.push(page);
  return page;
}

async function openPage(search = ''): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  open.push(page);
  const errors = watchErrors(page);
  await page.goto(`${mesh.url}${search}`);
  return { page, errors };
}

interface Pauses {
  /** How long at most the final tick stood still, as far as the page could run. */
  longestMs: number;
  /** Whom the page said it waits for. */
  waits: string[];
}

/** Begins to note the pauses of a page; asking again tells them. */
async function watchPauses(page: Page): Promise<() => Promise<Pauses>> {
  await page.evaluate(() => {
    /** Looked at three times as often; a page that is kept from looking longer than this could not have played on either. */
    const MOST_MS = 60;
    let tick = -1;
    let standsMs = 0;
    let lookedMs = performance.now();
    const watch: Pauses = { longestMs: 0, waits: [] };
    // The timers of a page that is shown keep their pace.
    setInterval(() => {
      const { confirmedTick } = window.netbed.state().peer!;
      const nowMs = performance.now();
      standsMs += Math.min(nowMs - lookedMs, MOST_MS);
      watch.longestMs = Math.max(watch.longestMs, standsMs);
      lookedMs = nowMs;
      if (confirmedTick > tick) standsMs = 0;
      tick = Math.max(tick, confirmedTick);
      const waiting = document.querySelector('.waiting:not([hidden])')?.textContent;
      if (waiting && !watch.waits.includes(waiting)) watch.waits.push(waiting);
    }, 20);
    Object.assign(window, { pauses: watch });
  });
  return () => page.evaluate(() => (window as unknown as { pauses: Pauses }).pauses);
}

/** Waits until every page has a number of members in its view. */
async function allCount(pages: readonly Page[], members: number): Promise<void> {
  for (const page of pages) {
    await waitForState(page, `${members} members`, ({ peer }) => peer?.members.length === members);
  }
}

test('three tabs and three bots play one match: all see each other move, and all hold the same world', async () => {
  const pages = [await join('Ada'), await join('Grace'), await join('Linus')];
  await allCount(pages, 6);
  const states = await Promise.all(pages.map(stateOf));
  expect(states.map(({ peer }) => peer!.peers.map(({ link }) => link))).toEqual(Array(3).fill(Array(5).fill('direct')));

  for (const walker of pages) {
    for (const watcher of pages) if (watcher !== walker) await seesWalk(watcher, walker);
  }

  // The same tick everywhere, tabs and bots.
  await expect
    .poll(async () => {
      const ticks = await Promise.all(pages.map(async (page) => (await stateOf(page)).peer!.confirmedTick));
      const tick = Math.min(...ticks) - 5;
      const inPages = await Promise.all(pages.map((page) => page.evaluate((at) => window.netbed.checksumAt(at), tick)));
      const all = [...inPages, ...(await mesh.checksums(tick))];
      return all.includes(null) ? 'not reached' : new Set(all).size;
    }, PATIENCE)
    .toBe(1);
  for (const page of pages) {
    const { peer } = await waitForState(
      page,
      'checksums were compared',
      (state) => state.peer!.checks.state === 'agree',
    );
    expect(peer!.checks.text).toMatch(/^\d+ checks? agrees?$/);
  }
}, 120_000);

/** Lets one page come near to another, and then see how the other walks. */
async function seesWalk(watcher: Page, walker: Page): Promise<void> {
  const { player, self } = await waitForState(walker, 'the walker is alive', (state) => state.self?.alive === true);
  const there = { x: self!.unitsX, y: self!.unitsY };
  const inSight = ({ players }: PageState) => players.find(({ id }) => id === player);
  const near = await walkUntil(
    watcher,
    () => there,
    (state) => inSight(state) !== undefined,
    30_000,
  );
  const before = inSight(near)!;
  const moved = watcher.waitForFunction(
    ([id, x, y]) => {
      const now = window.netbed.state().players.find((other) => other.id === id);
      return now !== undefined && Math.hypot(now.x - x, now.y - y) > 30;
    },
    [player, before.x, before.y] as const,
    { polling: 20, timeout: 20_000 },
  );
  // Towards the middle, where no wall is near.
  const keys = [before.x > 448 ? 'KeyA' : 'KeyD', before.y > 448 ? 'KeyW' : 'KeyS'];
  for (const key of keys) await walker.keyboard.down(key);
  await moved;
  for (const key of keys) await walker.keyboard.up(key);
}

test('a tab that closes, or that vanishes without a word, does not stop the others for longer than it takes to drop it', async () => {
  const stays = await join('Ada');
  const closes = await join('Grace');
  const vanishes = await join('Linus');
  await allCount([stays, closes, vanishes], 6);

  const afterClose = await watchPauses(stays);
  await closes.close({ runBeforeUnload: false });
  await allCount([stays], 5);
  expect((await afterClose()).longestMs).toBeLessThan(LEAVE_WITHIN_MS);

  const afterVanish = await watchPauses(stays);
  // A page that crashes says nothing.
  vanishes.goto('chrome://crash').catch(() => {});
  await allCount([stays], 4);
  await stays.waitForSelector('.waiting', { state: 'hidden' });
  const { longestMs, waits } = await afterVanish();
  expect(longestMs).toBeLessThan(DROP_WITHIN_MS);
  expect(waits).toContain('waiting for Linus …');
  const { tick } = await stateOf(stays);
  await waitForState(stays, 'the match goes on', (state) => state.tick > tick + 20);
}, 120_000);

test('a tab that is hidden does not stop the others', async () => {
  const stays = await join('Ada');
  const session = await browser.newBrowserCDPSession();
  const hidden = await Tab.open(session, `${mesh.url}?topology=lockstep&name=Grace&autojoin=1`);
  await expect.poll(async () => (await hidden.state())?.joined, PATIENCE).toBe(true);
  await allCount([stays], 5);
  const other = await Tab.open(session, 'about:blank');
  await expect.poll(async () => (await hidden.state())?.hidden, PATIENCE).toBe(true);
  // The control: the page's own timers do stall, or this test would prove nothing.
  await hidden.evaluate('void (window.wakes = 0, setInterval(() => window.wakes++, 20))');

  const before = (await hidden.state())!;
  const beforeMs = performance.now();
  const pauses = await watchPauses(stays);
  await expect.poll(async () => (await hidden.state())!.tick - before.tick, PATIENCE).toBeGreaterThan(100);
  const elapsedS = (performance.now() - beforeMs) / 1000;
  expect(await hidden.evaluate<number>('window.wakes')).toBeLessThan(elapsedS * 5);
  expect((await pauses()).longestMs).toBeLessThan(1000);
  expect((await stateOf(stays)).peer!.members.length).toBe(5);
  await hidden.close();
  await other.close();
}, 120_000);

test('a room that is made in one tab is joined from another by its code', async () => {
  const { page: ada, errors } = await openPage();
  await ada.fill('[data-part=name]', 'Ada');
  await ada.click('[data-rooms=lockstep]');
  await ada.screenshot({ path: artifactPath('room-dialog.png') });
  await ada.click('[data-part=make-button]');
  const { room, peer } = await waitForState(ada, 'the room is made', (state) => state.joined && state.room !== '');
  expect(room).toMatch(/^[2-9A-Z]{6}$/);
  expect(peer!.rollback).toBe(true);
  expect(await ada.textContent('.invitation .code')).toBe(room);
  const link = (await ada.getAttribute('.invitation a', 'href'))!;
  await ada.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await ada.click('[data-part=copy-link]');
  await expect.poll(() => ada.textContent('[data-part=copy-link]')).toBe('Copied');
  expect(await ada.evaluate(() => navigator.clipboard.readText())).toBe(link);

  // Typed in small letters; the link fills the code in by itself.
  const { page: grace } = await openPage();
  await grace.click('[data-rooms=lockstep]');
  await grace.fill('[data-part=code]', room.toLowerCase());
  await grace.click('[data-part=join] button');
  const { page: linus } = await openPage(new URL(link).search);
  expect(await linus.inputValue('[data-part=code]')).toBe(room);
  await linus.click('[data-part=join] button');
  await allCount([ada, grace, linus], 3);
  expect((await stateOf(grace)).room).toBe(room);
  await waitForState(ada, 'checksums agree', (state) => state.peer!.checks.state === 'agree');

  await ada.keyboard.press('KeyN');
  await expect.poll(() => ada.textContent('.peers tbody'), PATIENCE).toMatch(/direct.*direct/);
  expect(await ada.textContent('.checks')).toMatch(/checks? agree/);
  await ada.fill('[data-field=baseRttMs]', '300');
  await waitForState(ada, 'the round trip grows', (state) => state.rttMs > 200);
  // Nobody can predict when somebody turns.
  await expect
    .poll(async () => {
      for (const key of ['KeyA', 'KeyD', 'KeyW', 'KeyS']) await grace.keyboard.press(key, { delay: 100 });
      return ada.textContent('[data-part=rollbacks]');
    }, PATIENCE)
    .toMatch(/^([1-9]|0\.[1-9]).* \/s$/);
  await ada.screenshot({ path: artifactPath('network-panel-peers.png') });
  expect(errors).toEqual([]);
}, 120_000);

test('a world that has parted is named to the field, and its replay can be saved', async () => {
  const { page: ada } = await openPage();
  await ada.click('[data-rooms=lockstep]');
  await ada.click('[data-part=make-button]');
  const { room } = await waitForState(ada, 'the room is made', (state) => state.joined && state.room !== '');
  const { page: grace } = await openPage(`?topology=lockstep&room=${room}&name=Grace&autojoin=1`);
  await allCount([ada, grace], 2);
  await waitForState(ada, 'checksums agree', (state) => state.peer!.checks.state === 'agree');
  // One bit of one player's place, in one page, right before checksums are told.
  await grace.evaluate(() => {
    const { session } = window.netbed.participant() as LockstepParticipant;
    let isDone = false;
    session.onConfirmed = (world, tick) => {
      if (isDone || tick % 20 !== 19) return;
      isDone = true;
      world.players.x[0]! ^= 1;
    };
  });
  const { peer } = await waitForState(ada, 'the desync is found', (state) => state.peer!.checks.state === 'desync');
  expect(peer!.checks.text).toMatch(/desync|checksums differ/);
  await ada.keyboard.press('KeyN');
  await expect
    .poll(() => ada.textContent('.checks'), PATIENCE)
    .toMatch(/^desync with Grace at tick \d+: players 0, x is \d+ here and \d+ there$/);
  await ada.screenshot({ path: artifactPath('desync.png') });
  const download = ada.waitForEvent('download');
  await ada.click('[data-part=save]');
  const path = await (await download).path();
  const replay = decodeReplay(new Uint8Array(await readFile(path)));
  expect(replay.ticks.length).toBeGreaterThan(20);
  expect(replay.desyncs).toMatchObject([{ section: 'players', field: 'x', entity: 0 }]);
}, 60_000);

test('who is left with fewer than half waits, and says so over the scene', async () => {
  const { page: ada } = await openPage();
  await ada.click('[data-rooms=lockstep]');
  await ada.click('[data-part=make-button]');
  const { room } = await waitForState(ada, 'the room is made', (state) => state.joined && state.room !== '');
  const search = `?topology=lockstep&room=${room}&autojoin=1`;
  const others = [(await openPage(search)).page, (await openPage(search)).page];
  await allCount([ada, ...others], 3);
  for (const page of others) page.goto('chrome://crash').catch(() => {});
  const text = 'only 1 of 3 peers can hear each other here: this side waits for the others';
  await expect.poll(() => ada.textContent('.waiting:not([hidden])'), PATIENCE).toBe(text);
  const { peer } = await stateOf(ada);
  expect(peer!.halted).toBe(text);
}, 60_000);

test('an unknown room is refused in words, on the menu', async () => {
  const { page } = await openPage('?topology=lockstep&room=NOWHER&autojoin=1');
  await expect
    .poll(() => page.textContent('[data-part=notice]'), PATIENCE)
    .toBe('there is no room NOWHER: check the code, or make a new room');
  expect(await page.isVisible('[data-rooms=lockstep]')).toBe(true);
});
