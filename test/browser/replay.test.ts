/** A replay in the page: it plays, seeks, follows a player, and says where it goes wrong. */
import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReplayState } from '../../game-client/replay/main.ts';
import { buildPage, REPLAY_FILE, REPLAY_PAGE, type RunningPage, servePage } from '../../game-client/serve.ts';
import { encodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import { recordMatch } from '../netcode/replay-samples.ts';
import { artifactPath, launchBrowser, watchErrors } from './browser.ts';
import { brightnessDeviation } from './game-page.ts';

const FLIPPED_TICK = 150;

let browser: Browser;
let served: RunningPage;

beforeAll(async () => {
  const wrong = recordMatch({
    ticks: 240,
    flip: { tick: FLIPPED_TICK, section: 'players', field: 'score', entity: 1, bit: 5 },
  });
  const right = recordMatch({ ticks: 240 });
  await buildPage();
  const files = {
    [REPLAY_FILE]: encodeReplay(wrong),
    '/right.replay': encodeReplay(right),
    '/cut.replay': encodeReplay(right).subarray(0, 900),
  };
  served = await servePage({ topologies: {}, files });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const stateOf = (page: Page): Promise<ReplayState> => page.evaluate(() => window.netbedReplay.state());

async function openReplay(address: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const errors = watchErrors(page);
  await page.goto(`${served.url}${address}`);
  return { page, errors };
}

async function until(page: Page, what: string, holds: (state: ReplayState) => boolean): Promise<ReplayState> {
  let last: ReplayState | undefined;
  const look = async () => {
    last = await stateOf(page);
    return holds(last);
  };
  await expect.poll(look, { timeout: 20_000, interval: 50, message: what }).toBe(true);
  return last!;
}

test('a replay plays from above, and its picture is not blank', async () => {
  const { page, errors } = await openReplay(REPLAY_PAGE);
  const playing = await until(page, 'it plays', ({ ready, tick }) => ready && tick > 5);
  expect(playing).toMatchObject({ firstTick: 1, lastTick: 240, playing: true, following: -1, speed: 1 });
  await until(page, 'all players are drawn', ({ playersInView }) => playersInView >= 3);
  const png = await page.screenshot();
  writeFileSync(artifactPath('replay-above.png'), png);
  expect(await brightnessDeviation(page, png)).toBeGreaterThan(8);
  expect(errors).toEqual([]);
  await page.close();
});

test('it goes to where the checksums differ, steps, seeks, and follows a player', async () => {
  const { page, errors } = await openReplay(REPLAY_PAGE);
  const { firstDifferent } = await until(page, 'it is open', ({ ready }) => ready);
  expect(firstDifferent).toBe(FLIPPED_TICK + 1);
  await page.click('[data-part=verdict]');
  await until(page, 'it stands at that tick', ({ tick, playing }) => tick === FLIPPED_TICK + 1 && !playing);
  const mark = await page.$eval('.reel-marks .differs', (element) => [
    Number.parseFloat(element.style.left),
    Number.parseFloat(element.style.width),
  ]);
  expect(mark[0]).toBeCloseTo((FLIPPED_TICK / 240) * 100);
  expect(mark[0]! + mark[1]!).toBeCloseTo(100);

  await page.keyboard.press('ArrowLeft');
  await until(page, 'a tick back', ({ tick }) => tick === FLIPPED_TICK);
  await page.fill('[data-part=seek]', '60');
  await until(page, 'the slider was moved', ({ tick }) => tick === 60);
  await page.click('.cast tr[data-slot="2"]');
  await until(page, 'the third player is followed', ({ following }) => following === 2);

  await page.click('.reel-speeds button:last-child');
  await page.click('[data-part=play]');
  const later = await until(page, 'it plays on at eight times the speed', ({ tick }) => tick > 100);
  expect(later.speed).toBe(8);
  const png = await page.screenshot();
  writeFileSync(artifactPath('replay-player.png'), png);
  expect(await brightnessDeviation(page, png)).toBeGreaterThan(8);
  await until(page, 'it stops at its end', ({ tick, playing }) => tick === 240 && !playing);
  expect(errors).toEqual([]);
  await page.close();
});

test('one that agrees says so, and one that is cut short says why it does not play', async () => {
  const right = await openReplay('replay.html?file=/right.replay');
  await until(right.page, 'it is open', ({ ready }) => ready);
  expect(await right.page.textContent('[data-part=verdict]')).toBe('all 240 ticks agree');
  expect(await right.page.$('.reel-marks i')).toBeNull();
  const cut = await openReplay('replay.html?file=/cut.replay');
  await until(cut.page, 'it says why', ({ notice }) => /cut short: 900 of \d+ bytes/.test(notice));
  expect([...right.errors, ...cut.errors]).toEqual([]);
});
