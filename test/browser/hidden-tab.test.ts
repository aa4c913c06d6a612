import type { Browser, CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PageState } from '../../game-client/main.ts';
import { launchBrowser } from './browser.ts';
import { type RunningGame, startGame } from './game-page.ts';

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

/**
 * A tab that may be hidden. Playwright keeps its own pages visible whatever happens, so this one is opened beside it, and
 * asked over the browser's own connection.
 */
class Tab {
  readonly #session: CDPSession;
  readonly #sessionId: string;
  readonly #waiting = new Map<number, (answer: { result?: { result?: { value?: unknown } } }) => void>();
  #lastId = 0;

  private constructor(session: CDPSession, sessionId: string) {
    this.#session = session;
    this.#sessionId = sessionId;
    session.on('Target.receivedMessageFromTarget', (event) => {
      if (event.sessionId !== sessionId) return;
      const answer = JSON.parse(event.message);
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  static async open(session: CDPSession, url: string): Promise<Tab> {
    const { targetId } = await session.send('Target.createTarget', { url });
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    return new Tab(session, sessionId);
  }

  async evaluate<T>(expression: string): Promise<T> {
    const id = ++this.#lastId;
    const answer = new Promise<{ result?: { result?: { value?: unknown } } }>((resolve) =>
      this.#waiting.set(id, resolve),
    );
    const params = { expression, returnByValue: true, awaitPromise: true };
    const message = JSON.stringify({ id, method: 'Runtime.evaluate', params });
    await this.#session.send('Target.sendMessageToTarget', { sessionId: this.#sessionId, message });
    return (await answer).result?.result?.value as T;
  }

  /** NaN is not JSON: what a test asks of the state holds none. */
  state(): Promise<Pick<PageState, 'joined' | 'tick' | 'counters' | 'hidden' | 'self'> | undefined> {
    return this.evaluate(
      '(({ joined, tick, counters, hidden, self }) => ({ joined, tick, counters, hidden, self }))(netbed.state())',
    );
  }
}

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
  expect((after.counters['inputs']! - before.counters['inputs']!) / elapsedS).toBeGreaterThan(15);
  // The authority has moved it: the inputs did not only leave, they arrived.
  expect(Math.abs(after.self!.x - beforeX)).toBeGreaterThan(100 * 256);
});
