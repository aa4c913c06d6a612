import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { artifactPath, launchBrowser, watchErrors } from './browser.ts';
import {
  brightnessDeviation,
  collectUntil,
  joinGame,
  type RunningGame,
  startGame,
  stateOf,
  waitForState,
  walkUntil,
} from './game-page.ts';

/** Most stand still, so that there are coins for a slow machine's page too; two walk and shoot now and then. */
const BOTS = [...Array<string>(8).fill('afk'), 'wander', 'wander'];

let browser: Browser;
let game: RunningGame;
const open: Page[] = [];

beforeAll(async () => {
  game = await startGame(['server', 'host'], BOTS, { scenario: 'everyone' });
  browser = await launchBrowser();
});

afterEach(async () => {
  for (const page of open.splice(0)) await page.context().close();
});

afterAll(async () => {
  await browser?.close();
  await game?.close();
});

async function join(topology: string, name: string): Promise<Page> {
  const page = await joinGame(browser, game.url, topology, name);
  open.push(page);
  return page;
}

test('the menu offers the running topologies and joins the one that is clicked', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  open.push(page);
  const errors = watchErrors(page);
  await page.goto(game.url);
  await page.fill('[data-part=name]', 'Grace');
  await page.screenshot({ path: artifactPath('menu.png') });
  await page.click('[data-topology=server]');
  const state = await waitForState(page, 'joined from the menu', ({ joined }) => joined);
  expect(state.topology).toBe('server');
  await expect.poll(() => page.textContent('.scoreboard tbody'), { timeout: 10_000 }).toContain('Grace');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#menu:not([hidden])');
  expect(errors).toEqual([]);
});

describe.each(['server', 'host'])('%s', (topology) => {
  test('a browser joins, walks and shoots, and its picture is not blank', async () => {
    const page = await join(topology, 'Ada');
    const errors = watchErrors(page);
    // Alive and not against a wall to the left: whoever was shot meanwhile starts again.
    const before = await waitForState(page, 'in the arena', ({ self }) => self?.alive === true);
    await page.keyboard.down('KeyA');
    await waitForState(page, 'walks to the left', ({ self }) => (self?.unitsX ?? 0) < before.self!.unitsX - 40);
    await page.keyboard.up('KeyA');

    await page.mouse.move(480, 100);
    await page.mouse.down();
    await waitForState(page, 'its shot is in the air', ({ ownShots }) => ownShots > 0);
    const png = await page.screenshot();
    await page.mouse.up();
    writeFileSync(artifactPath(`game-${topology}.png`), png);
    expect(await brightnessDeviation(page, png)).toBeGreaterThan(8);
    expect(errors).toEqual([]);
  });

  test('a browser collects coins and buys a shield with five of them', async () => {
    const page = await join(topology, 'Grace');
    const first = await collectUntil(page, ({ score, self }) => score > 0 && self!.coins > 0, 30_000);
    expect(first.score).toBeGreaterThan(0);
    await collectUntil(page, ({ self }) => self!.alive && self!.coins >= 5, 45_000);
    await page.keyboard.press('KeyB');
    const bought = await waitForState(page, 'the purchase is answered', ({ self }) => self!.purchaseKey > 0);
    expect(bought.self!.shield).toBeGreaterThan(0);
  }, 90_000);

  test('a second tab sees the first one move', async () => {
    const first = await join(topology, 'Ada');
    const second = await join(topology, 'Grace');
    const { player, self } = await stateOf(first);
    // They may appear farther apart than one can see.
    const there = () => ({ x: self!.unitsX, y: self!.unitsY });
    await walkUntil(second, there, ({ players }) => players.some(({ id }) => id === player), 20_000);
    // Asked inside the page: whoever walks away from the other is out of its sight within two seconds.
    const before = await second.waitForFunction(
      (id) => window.netbed.state().players.find((other) => other.id === id),
      player,
      { polling: 20, timeout: 20_000 },
    );
    const moved = second.waitForFunction(
      ([id, x, y]) => {
        const now = window.netbed.state().players.find((other) => other.id === id);
        return now !== undefined && Math.hypot(now.x - x, now.y - y) > 30;
      },
      await before.evaluate((other) => [other!.id, other!.x, other!.y] as const),
      { polling: 20, timeout: 20_000 },
    );
    for (const key of ['KeyW', 'KeyD']) await first.keyboard.down(key);
    await moved;
  });
});

test('on a phone one thumb walks and the other shoots', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  open.push(page);
  await page.goto(`${game.url}?topology=server&name=Tim&autojoin=1`);
  const before = await waitForState(page, 'in the arena', ({ joined, self }) => joined && self?.alive === true);
  const touch = await context.newCDPSession(page);
  const thumbs = (...points: [x: number, y: number, id: number][]) => points.map(([x, y, id]) => ({ x, y, id }));
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: thumbs([90, 600, 1]) });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: thumbs([40, 600, 1]) });
  await waitForState(page, 'walks to the left', ({ self }) => (self?.unitsX ?? 0) < before.self!.unitsX - 30);
  await touch.send('Input.dispatchTouchEvent', {
    type: 'touchStart',
    touchPoints: thumbs([40, 600, 1], [300, 600, 2]),
  });
  await waitForState(page, 'its shot is in the air', ({ ownShots }) => ownShots > 0);
  await page.screenshot({ path: artifactPath('phone.png') });
});

test('a link that breaks is made again, and the player keeps its seat and its coins', async () => {
  const page = await browser.newPage();
  open.push(page);
  // Keeps the page's sockets, so that the test can cut them as a network would.
  await page.addInitScript(() => {
    const sockets: WebSocket[] = [];
    const Original = window.WebSocket;
    window.WebSocket = class extends Original {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
    Object.assign(window, { cutSockets: () => sockets.splice(0).forEach((socket) => void socket.close()) });
  });
  await page.goto(`${game.url}?topology=server&name=Linus&autojoin=1`);
  await waitForState(page, 'joined', ({ joined }) => joined);
  const before = await collectUntil(page, ({ self }) => self!.alive && self!.coins > 0, 30_000);
  await page.evaluate(() => (window as unknown as { cutSockets: () => void }).cutSockets());
  await waitForState(page, 'noticed', ({ joined }) => !joined);
  await page.waitForSelector('.waiting:not([hidden])');
  const after = await waitForState(page, 'joined again', ({ joined, tick }) => joined && tick > before.tick + 10);
  expect(after.player).toBe(before.player);
  expect(after.score).toBeGreaterThanOrEqual(before.score);
  await page.waitForSelector('.waiting', { state: 'hidden' });
});

test('the sliders of the network panel make the link worse, and the toggles switch the netcode', async () => {
  const page = await join('host', 'Ada');
  await page.keyboard.press('KeyN');
  await page.waitForSelector('.panel:not([hidden])');
  const { rttMs } = await waitForState(page, 'a round trip is known', (state) => Number.isFinite(state.rttMs));
  await page.fill('[data-field=baseRttMs]', '400');
  await waitForState(page, 'the round trip grows', (state) => state.rttMs > rttMs + 200);
  for (const toggle of ['prediction', 'interpolation', 'ghosts']) {
    await page.click(`[data-toggle=${toggle}] + i`);
  }
  expect(await page.isChecked('[data-toggle=prediction]')).toBe(false);
  expect(await page.isChecked('[data-toggle=ghosts]')).toBe(true);
  await page.screenshot({ path: artifactPath('network-panel.png') });
  await page.click('[data-preset=none]');
  await waitForState(page, 'and shrinks again', (state) => state.rttMs < rttMs + 150);
});
