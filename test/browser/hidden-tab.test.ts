import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { type RunningGame, startGame, Tab } from './game-page.ts';

let browser: Browser;
let game: RunningGame;

beforeAll(async () => {
  game = await startGame(['server', 'host'], ['afk', 'afk'], { scenario: 'everyone' });
  browser = await launchBrowser({ throttlesHiddenTabs: true });
});

afterAll(async () => {
  await browser?.close();
  await game?.close();
});

test.each(['server', 'host'])('under %s a hidden tab does not stall its player', async (topology) => {
  const session = await browser.newBrowserCDPSession();
  const tab = await Tab.open(session, `${game.url}?topology=${topology}&name=Ada&autojoin=1`);
  await expect.poll(async () => (await tab.state())?.joined, { timeout: 20_000 }).toBe(true);
  await Tab.open(session, 'about:blank');
  await expect.poll(async () => (await tab.state())?.hidden, { timeout: 10_000 }).toBe(true);

  // The control: the page's own timers do stall, or this test would prove nothing.
  await tab.evaluate('void (window.wakes = 0, setInterval(() => window.wakes++, 20))');
  const before = (await tab.state())!;
  const beforeX = before.self!.x;
  const beforeMs = performance.now();
  // Away from the nearer wall, so that there is room to walk.
  const key = beforeX > 448 * 256 ? 'KeyA' : 'KeyD';
  await tab.evaluate(`void dispatchEvent(new KeyboardEvent('keydown', { code: '${key}' }))`);
  await expect
    .poll(async () => (await tab.state())!.tick - before.tick, { timeout: 20_000, message: 'snapshots keep coming' })
    .toBeGreaterThan(60);
  const after = (await tab.state())!;
  const elapsedS = (performance.now() - beforeMs) / 1000;
  expect(after.hidden).toBe(true);
  expect(await tab.evaluate<number>('window.wakes')).toBeLessThan(elapsedS * 5);
  // About one per tick; woken by its own timers it would take one per second.
  expect(after.counters['inputs']! - before.counters['inputs']!).toBeGreaterThan((after.tick - before.tick) / 2);
  // The authority has moved it: the inputs did not only leave, they arrived.
  expect(Math.abs(after.self!.x - beforeX)).toBeGreaterThan(100 * 256);
});
