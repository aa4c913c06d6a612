/** A mesh in pages: tabs and bots own their avatars, tell each other of them, and nobody waits for a tab that has gone. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PageState } from '../../game-client/main.ts';
import { artifactPath, launchBrowser, watchErrors } from './browser.ts';
import {
  brightnessDeviation,
  collectUntil,
  type RunningMesh,
  startMesh,
  stateOf,
  Tab,
  waitForState,
  walkUntil,
} from './game-page.ts';

const PATIENCE = { timeout: 20_000, interval: 100 };
const BOTS = ['wander', 'afk', 'afk'];

let browser: Browser;
let mesh: RunningMesh;
/** Tabs of one browser, so that they can tell each other the truth. */
let context: BrowserContext;

beforeAll(async () => {
  mesh = await startMesh(BOTS, { topology: 'mesh', scenario: 'everyone', players: 16 });
  browser = await launchBrowser({ throttlesHiddenTabs: true });
  context = await browser.newContext({ viewport: { width: 960, height: 600 } });
});

afterAll(async () => {
  await browser?.close();
  await mesh?.close();
});

async function join(name: string): Promise<{ page: Page; errors: string[] }> {
  const page = await context.newPage();
  const errors = watchErrors(page);
  await page.goto(`${mesh.url}?topology=mesh&name=${name}&autojoin=1`);
  await waitForState(page, `${name} joins`, ({ joined, self }) => joined && self!.alive);
  return { page, errors };
}

/** Waits until every page knows of so many seats. */
async function allCount(pages: readonly Page[], seats: number): Promise<void> {
  for (const page of pages) await waitForState(page, `${seats} seats`, ({ mesh }) => mesh?.seated.length === seats);
}

const inSight = (state: PageState, player: number) => state.players.find(({ id }) => id === player);

/** Lets one page come near to another, and then see how the other walks. */
async function seesWalk(watcher: Page, walker: Page): Promise<void> {
  const { player, self } = await waitForState(walker, 'the walker is alive', (state) => state.self?.alive === true);
  const there = { x: self!.unitsX, y: self!.unitsY };
  const near = await walkUntil(
    watcher,
    () => there,
    (state) => inSight(state, player) !== undefined,
    20_000,
  );
  const before = inSight(near, player)!;
  // Towards the middle, where no wall is near.
  const keys = [before.x > 448 ? 'KeyA' : 'KeyD', before.y > 448 ? 'KeyW' : 'KeyS'];
  for (const key of keys) await walker.keyboard.down(key);
  await waitForState(watcher, 'it is seen to move', (state) => {
    const now = inSight(state, player);
    return now !== undefined && Math.hypot(now.x - before.x, now.y - before.y) > 30;
  });
  for (const key of keys) await walker.keyboard.up(key);
}

/** A page that no longer speaks and no longer hears. */
async function crash(page: Page): Promise<void> {
  page.goto('chrome://crash').catch(() => {});
  await page.waitForEvent('crash');
}

test('three tabs and three bots play one match, each with what it is told', async () => {
  const { page: ada, errors } = await join('Ada');
  const { page: grace } = await join('Grace');
  const { page: linus } = await join('Linus');
  await allCount([ada, grace, linus], 6);
  await seesWalk(ada, grace);
  await seesWalk(grace, ada);
  await seesWalk(linus, ada);

  // A shot that others see.
  await ada.mouse.move(700, 300);
  const { player } = await stateOf(ada);
  await ada.mouse.down();
  await waitForState(ada, 'the shot is on its way', ({ ownShots }) => ownShots > 0);
  await ada.mouse.up();

  // Coins, which their homes record, and a shield for five of them.
  const before = await collectUntil(ada, ({ self }) => self!.coins >= 5, 60_000);
  expect(before.score).toBeGreaterThanOrEqual(5);
  await ada.keyboard.press('KeyB');
  // Coins that are claimed meanwhile add to both.
  const spent = ({ self, score }: PageState) => score - self!.coins;
  await waitForState(
    ada,
    'the shield is bought',
    (state) => state.self!.shield > 0 && spent(state) - spent(before) === 5,
  );

  // The panel, and what is drawn of links and of what is believed.
  await ada.keyboard.press('KeyN');
  await expect.poll(() => ada.$$eval('.mesh-peers [data-link=direct]', (rows) => rows.length), PATIENCE).toBe(5);
  for (const name of ['links', 'ghosts']) await ada.click(`.toggle:has([data-toggle=${name}])`);
  await waitForState(ada, 'other tabs tell the truth', ({ mesh }) => mesh!.truePlaces.length > 0);
  const picture = await ada.screenshot({ path: artifactPath('mesh.png') });
  expect(await brightnessDeviation(ada, picture)).toBeGreaterThan(8);
  expect(await ada.textContent('.unknown:not([hidden])')).toMatch(/nobody tells/);

  // One tab says goodbye, another has no time to.
  const { player: closed } = await stateOf(grace);
  await grace.close({ runBeforeUnload: false });
  await waitForState(ada, 'a closed tab is gone', ({ mesh }) => !mesh!.seated.includes(closed));
  const { player: crashed } = await stateOf(linus);
  await crash(linus);
  const left = await waitForState(
    ada,
    'a crashed tab is gone',
    (state) =>
      !state.mesh!.seated.includes(crashed) &&
      inSight(state, crashed) === undefined &&
      state.mesh!.links.every((link) => link.player !== crashed),
  );
  expect(left.player).toBe(player);
  expect(errors).toEqual([]);
  await ada.close();
}, 120_000);

test('a tab that is hidden plays on: its ticks keep their pace, and others stay linked with it', async () => {
  const { page: stays } = await join('Ada');
  const session = await browser.newBrowserCDPSession();
  const hidden = await Tab.open(session, `${mesh.url}?topology=mesh&name=Grace&autojoin=1`);
  await expect.poll(async () => (await hidden.state())?.joined, PATIENCE).toBe(true);
  const other = await Tab.open(session, 'about:blank');
  await expect.poll(async () => (await hidden.state())?.hidden, PATIENCE).toBe(true);
  // The control: the page's own timers do stall, or this test would prove nothing.
  await hidden.evaluate('void (window.wakes = 0, setInterval(() => window.wakes++, 20))');
  const before = (await hidden.state())!;
  const beforeMs = performance.now();
  await expect.poll(async () => (await hidden.state())!.tick - before.tick, PATIENCE).toBeGreaterThan(40);
  const elapsedS = (performance.now() - beforeMs) / 1000;
  expect(await hidden.evaluate<number>('window.wakes')).toBeLessThan(elapsedS * 5);
  const player = await hidden.evaluate<number>('netbed.state().player');
  const { mesh: seen } = await stateOf(stays);
  expect(seen!.seated).toContain(player);
  expect(seen!.links.find((link) => link.player === player)?.reach).toBe('direct');
  await hidden.close();
  await other.close();
  await stays.close();
}, 60_000);

test('in a defended room pages sign what they tell and are believed; a page that was loaded anew too', async () => {
  const host = await context.newPage();
  const errors = watchErrors(host);
  await host.goto(mesh.url);
  await host.click('[data-rooms=mesh]');
  await host.click('.toggle:has([data-part=defended])');
  await host.click('[data-part=make-button]');
  const { room, player } = await waitForState(host, 'the room is made', (state) => state.joined && state.room !== '');
  const guest = await context.newPage();
  await guest.goto(`${mesh.url}?topology=mesh&room=${room}&name=Guest&autojoin=1`);
  for (const time of ['first', 'second']) {
    await waitForState(guest, `the guest is in, the ${time} time`, ({ joined, self }) => joined && self!.alive);
    await allCount([host, guest], 2);
    await seesWalk(host, guest);
    await seesWalk(guest, host);
    if (time === 'first') await guest.reload();
  }
  const { mesh: seen } = await stateOf(guest);
  expect(seen!.links.find((link) => link.player === player)?.reach).toBe('direct');
  expect(errors).toEqual([]);
  await host.close();
  await guest.close();
}, 90_000);

test('a room is made by a page, and found by its code; one of another topology is refused in words', async () => {
  const host = await context.newPage();
  await host.goto(mesh.url);
  const makeRoom = async (topology: string) => {
    await host.click(`[data-rooms=${topology}]`);
    await host.click('[data-part=make-button]');
    return (await waitForState(host, 'the room is made', (state) => state.joined && state.room !== '')).room;
  };
  const guest = await context.newPage();
  const enter = (room: string) => guest.goto(`${mesh.url}?topology=mesh&room=${room}&name=Guest&autojoin=1`);
  await enter(await makeRoom('mesh'));
  await allCount([host, guest], 2);
  // Names come with the seats, whoever is in sight.
  await expect.poll(() => host.textContent('.scoreboard'), PATIENCE).toContain('Guest');

  await host.keyboard.press('Escape');
  await enter(await makeRoom('lockstep'));
  await expect.poll(() => guest.textContent('[data-part=notice]'), PATIENCE).toMatch(/^this room is no mesh: /);
  await host.close();
  await guest.close();
}, 60_000);
