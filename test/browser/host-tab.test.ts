/** A host in a tab: the page of one player is the authority, and others join it by the code of its room. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { artifactPath, launchBrowser, watchErrors } from './browser.ts';
import { type RunningMesh, startMesh, stateOf, waitForState, walkUntil } from './game-page.ts';

let browser: Browser;
let mesh: RunningMesh;
const open: Page[] = [];
/** A guest looks for a host that is gone for nine seconds. */
const LOOKED_FOR_MS = 10_000;

beforeAll(async () => {
  mesh = await startMesh([]);
  browser = await launchBrowser();
});

afterEach(async () => {
  for (const page of open.splice(0)) await page.context().close();
});

afterAll(async () => {
  await browser?.close();
  await mesh?.close();
});

async function openPage(search = ''): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 960, height: 600 } });
  open.push(page);
  const errors = watchErrors(page);
  await page.goto(`${mesh.url}${search}`);
  return { page, errors };
}

/** Hosts in a new page; returns the code of its room. */
async function host(): Promise<{ page: Page; errors: string[]; room: string }> {
  const { page, errors } = await openPage();
  await page.fill('[data-part=name]', 'Ada');
  await page.click('[data-rooms=host]');
  await page.screenshot({ path: artifactPath('host-dialog.png') });
  await page.click('[data-part=make-button]');
  const { room } = await waitForState(page, 'it hosts', (state) => state.joined && state.room !== '');
  expect(await page.textContent('.invitation .code')).toBe(room);
  return { page, errors, room };
}

test('a second tab joins the match of a tab, and sees its player move', async () => {
  const { page: ada, errors, room } = await host();
  const { page: grace } = await openPage(`?topology=host&room=${room}&name=Grace&autojoin=1`);
  await waitForState(grace, 'the guest has joined', ({ joined }) => joined);
  // The names come from the authority: it is the same match.
  await expect.poll(() => ada.textContent('.scoreboard tbody'), { timeout: 10_000 }).toMatch(/Grace/);
  await expect.poll(() => grace.textContent('.scoreboard tbody'), { timeout: 10_000 }).toMatch(/Ada/);

  const { player, self } = await stateOf(ada);
  const there = () => ({ x: self!.unitsX, y: self!.unitsY });
  await walkUntil(grace, there, ({ players }) => players.some(({ id }) => id === player), 30_000);
  const before = (await stateOf(grace)).players.find(({ id }) => id === player)!;
  const moved = grace.waitForFunction(
    ([id, x, y]) => {
      const now = window.netbed.state().players.find((other) => other.id === id);
      return now !== undefined && Math.hypot(now.x - x, now.y - y) > 30;
    },
    [player, before.x, before.y] as const,
    { polling: 20, timeout: 20_000 },
  );
  // Towards the middle, where no wall is near.
  await ada.keyboard.down(before.x > 448 ? 'KeyA' : 'KeyD');
  await ada.keyboard.down(before.y > 448 ? 'KeyW' : 'KeyS');
  await moved;
  expect(errors).toEqual([]);
}, 90_000);

test('the sliders of a host make its guests’ links worse, not its own', async () => {
  const { page: ada, room } = await host();
  const { page: grace } = await openPage(`?topology=host&room=${room}&name=Grace&autojoin=1`);
  await waitForState(grace, 'a short round trip', ({ rttMs }) => rttMs < 200);
  await ada.keyboard.press('KeyN');
  await ada.fill('[data-field=baseRttMs]', '400');
  await waitForState(grace, 'the round trip grows', ({ rttMs }) => rttMs > 350);
  await waitForState(ada, 'its own is as short as before', ({ rttMs }) => rttMs < 200);
});

test('when the host leaves, its guest looks for it for a while, and is then told so on the menu', async () => {
  const { page: ada, room } = await host();
  const { page: grace } = await openPage(`?topology=host&room=${room}&name=Grace&autojoin=1`);
  await waitForState(grace, 'the guest has joined', ({ joined }) => joined);
  // The guest's clock, which the test can put forward.
  await grace.evaluate(() => {
    const { now } = performance;
    let skippedMs = 0;
    performance.now = () => now.call(performance) + skippedMs;
    Object.assign(window, {
      skip: (ms: number) => {
        skippedMs += ms;
      },
    });
  });
  await ada.keyboard.press('Escape');
  await grace.waitForSelector('.waiting:not([hidden])');
  expect(await grace.textContent('.waiting')).toBe('the link broke – coming back …');
  expect(await grace.isHidden('#menu')).toBe(true);
  await grace.evaluate((ms) => (window as unknown as { skip: (ms: number) => void }).skip(ms), LOOKED_FOR_MS);
  await grace.waitForSelector('#menu:not([hidden])', { timeout: 30_000 });
  expect(await grace.textContent('[data-part=notice]')).toMatch(/the host (of this room )?has left/);
}, 90_000);

test('a room that nobody hosts is refused in words', async () => {
  const { page } = await openPage('?topology=host&room=NOWHER&autojoin=1');
  await expect
    .poll(() => page.textContent('[data-part=notice]'), { timeout: 20_000 })
    .toBe('there is no room NOWHER: check the code, or make a new room');
});
