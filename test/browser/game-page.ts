/** Real matches and real pages that join them, for the tests of the game in a browser. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { expect } from 'vitest';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import type { PageState } from '../../game-client/main.ts';
import { buildPage, type RunningPage, servePage } from '../../game-client/serve.ts';
import { encodeSettings, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { encodeMeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import { LiveRendezvous } from '../live/peer-harness.ts';

const STARTED_WITHIN_MS = 20_000;

export interface RunningGame {
  /** The page; ends in a slash. */
  url: string;
  close(): Promise<void>;
}

/** Starts a match per topology, each in a process of its own, builds the page and serves it. The caller closes it. */
export async function startGame(
  topologies: readonly string[],
  bots: readonly string[],
  config: Partial<MatchConfig> = {},
): Promise<RunningGame> {
  const children: ChildProcess[] = [];
  const stopChildren = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  try {
    const urls: Record<string, { url: string }> = {};
    for (const topology of topologies) {
      const script = join(import.meta.dirname, 'lively-authority.ts');
      const child = fork(script, [topology, bots.join(','), JSON.stringify(config)]);
      children.push(child);
      urls[topology] = await addressFrom(child);
    }
    await buildPage();
    const page: RunningPage = await servePage({ topologies: urls });
    return {
      url: page.url,
      async close() {
        await page.close();
        stopChildren();
      },
    };
  } catch (error) {
    stopChildren();
    throw error;
  }
}

export interface RunningMesh extends RunningGame {
  rendezvous: LiveRendezvous;
  /** In lockstep: checksums of the bots' worlds after a tick; null where it is not reached yet, or no longer kept. */
  checksums(tick: number): Promise<(number | null)[]>;
}

/** Starts a rendezvous, a process with bots that are peers, builds the page and serves it. The caller closes it. */
export async function startMesh(
  bots: readonly string[],
  {
    topology = 'lockstep',
    rollback = false,
    ...config
  }: Partial<MatchConfig> & { topology?: 'lockstep' | 'mesh'; rollback?: boolean } = {},
): Promise<RunningMesh> {
  const match = { ...DEFAULT_MATCH, players: bots.length + 8, ...config };
  const { players } = match;
  const room =
    topology === 'mesh'
      ? { settings: [...encodeMeshSettings(meshSettings(match))], maxPeers: players, seats: players }
      : { settings: [...encodeSettings(lockstepSettings(match, { rollback }))], maxPeers: players };
  // The match begins with its rendezvous: nobody remembers another.
  const rendezvous = await LiveRendezvous.start({ room, rendezvous: { recoverMs: 0 } });
  let child: ChildProcess | null = null;
  try {
    if (bots.length > 0) {
      child = fork(join(import.meta.dirname, 'lively-mesh.ts'), [topology, rendezvous.url, bots.join(',')]);
      await addressFrom(child);
    }
    await buildPage();
    const page = await servePage({ topologies: { [topology]: { url: rendezvous.url } } });
    return {
      url: page.url,
      rendezvous,
      checksums: (tick) => askForChecksums(child!, tick),
      async close() {
        await page.close();
        child?.kill('SIGKILL');
        await rendezvous.stop();
      },
    };
  } catch (error) {
    child?.kill('SIGKILL');
    await rendezvous.stop();
    throw error;
  }
}

function askForChecksums(child: ChildProcess, tick: number): Promise<(number | null)[]> {
  return new Promise((resolve) => {
    const heard = (answer: { tick: number; checksums: (number | null)[] }) => {
      if (answer.tick !== tick) return;
      child.off('message', heard);
      resolve(answer.checksums);
    };
    child.on('message', heard);
    child.send(tick);
  });
}

function addressFrom(child: ChildProcess): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('the match did not start in time')), STARTED_WITHIN_MS);
    child.once('message', (message) => {
      clearTimeout(limit);
      resolve(message as { url: string });
    });
    child.once('exit', (code) => {
      clearTimeout(limit);
      reject(new Error(`the match ended before it began (exit code ${code})`));
    });
  });
}

export function stateOf(page: Page): Promise<PageState> {
  return page.evaluate(() => window.netbed.state());
}

/** Waits until the page's state satisfies `holds`, and returns it. Fails with the last state seen. */
export async function waitForState(
  page: Page,
  what: string,
  holds: (state: PageState) => boolean,
  withinMs = 20_000,
): Promise<PageState> {
  let last: PageState | undefined;
  await expect
    .poll(
      async () => {
        last = await stateOf(page);
        return holds(last);
      },
      { timeout: withinMs, interval: 50, message: what },
    )
    .toBe(true);
  return last!;
}

/** Opens a tab of its own context and joins without the menu. */
export async function joinGame(browser: Browser, url: string, topology: string, name: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 960, height: 600 } });
  await page.goto(`${url}?topology=${topology}&name=${name}&autojoin=1`);
  await waitForState(page, `${name} joins ${topology}`, ({ joined }) => joined);
  return page;
}

const KEYS = { up: 'KeyW', left: 'KeyA', down: 'KeyS', right: 'KeyD' } as const;
type Direction = keyof typeof KEYS;

interface Place {
  x: number;
  y: number;
}

/** Walks with the keyboard to the nearest coin, again and again, until `done`. Fails after `withinMs`. */
export function collectUntil(page: Page, done: (state: PageState) => boolean, withinMs: number): Promise<PageState> {
  return walkUntil(page, nearestCoin, done, withinMs);
}

/** Where the nearest coin lies; with none in sight the middle of the arena, which has some. */
function nearestCoin({ self, coins }: PageState): Place {
  const distance = ({ x, y }: Place) => (x - self!.unitsX) ** 2 + (y - self!.unitsY) ** 2;
  return coins.toSorted((a, b) => distance(a) - distance(b))[0] ?? { x: 448, y: 448 };
}

/**
 * Walks with the keyboard towards `goal`, in units, until `done`. Whoever is stuck behind an obstacle walks across, to one
 * side and then to the other, each time farther. Fails after `withinMs`.
 */
export async function walkUntil(
  page: Page,
  goal: (state: PageState) => Place,
  done: (state: PageState) => boolean,
  withinMs: number,
): Promise<PageState> {
  const held = new Set<Direction>();
  const hold = async (wanted: readonly Direction[]) => {
    for (const direction of Object.keys(KEYS) as Direction[]) {
      if (wanted.includes(direction) === held.has(direction)) continue;
      if (held.delete(direction)) await page.keyboard.up(KEYS[direction]);
      else {
        held.add(direction);
        await page.keyboard.down(KEYS[direction]);
      }
    }
  };
  const endMs = performance.now() + withinMs;
  let lastX = 0;
  let lastY = 0;
  let movedMs = performance.now();
  let detourMs = 400;
  let detourEndMs = 0;
  let side = 1;
  for (;;) {
    const state = await stateOf(page);
    const { self } = state;
    if (!self || done(state)) {
      await hold([]);
      expect(self).not.toBeNull();
      return state;
    }
    const nowMs = performance.now();
    if (nowMs > endMs) throw new Error(`not done after ${withinMs} ms: ${JSON.stringify(state)}`);
    const { unitsX: x, unitsY: y } = self;
    if (Math.abs(x - lastX) + Math.abs(y - lastY) > 2) movedMs = nowMs;
    lastX = x;
    lastY = y;
    const target = goal(state);
    let dx = target.x - x;
    let dy = target.y - y;
    if (nowMs - movedMs > 400) {
      detourMs *= 1.5;
      detourEndMs = nowMs + detourMs;
      movedMs = detourEndMs;
      side = -side;
    }
    if (nowMs < detourEndMs) [dx, dy] = [side * (-dy || 40), side * (dx || 40)];
    const wanted: Direction[] = [];
    if (Math.abs(dx) > 6) wanted.push(dx > 0 ? 'right' : 'left');
    if (Math.abs(dy) > 6) wanted.push(dy > 0 ? 'down' : 'up');
    await hold(wanted);
  }
}

/** Spread of brightness over a PNG, 0 to 127: a blank picture has none. The page decodes it. */
export async function brightnessDeviation(page: Page, png: Buffer): Promise<number> {
  return page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let sum = 0;
    let squares = 0;
    for (let at = 0; at < data.length; at += 4) {
      const brightness = (data[at]! + data[at + 1]! + data[at + 2]!) / 3;
      sum += brightness;
      squares += brightness * brightness;
    }
    const count = data.length / 4;
    return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  }, png.toString('base64'));
}

/**
 * A tab that may be hidden. Playwright keeps its own pages visible whatever happens, so this one is opened beside it, and
 * asked over the browser's own connection.
 */
export class Tab {
  readonly #session: CDPSession;
  readonly #sessionId: string;
  readonly #targetId: string;
  readonly #waiting = new Map<number, (answer: { result?: { result?: { value?: unknown } } }) => void>();
  #lastId = 0;

  private constructor(session: CDPSession, sessionId: string, targetId: string) {
    this.#targetId = targetId;
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
    return new Tab(session, sessionId, targetId);
  }

  async close(): Promise<void> {
    await this.#session.send('Target.closeTarget', { targetId: this.#targetId });
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
