/**
 * A real browser and real pages for the tests: the system's Chromium through Playwright, and the project's own code
 * served or bundled by the same Vite that ships it.
 */
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build, createServer, type InlineConfig, preview } from 'vite';
import { CHROMIUM_ADVICE, findChromium } from '../../lab/chromium.ts';

/** SwiftShader draws WebGL, and nothing is fetched but what the test serves. */
const CHROMIUM_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where screenshots and other evidence of a test go; kept by CI when a test fails, ignored by git. */
export const ARTIFACTS = resolve(import.meta.dirname, '../artifacts');

/** Playwright's own arguments that spare hidden tabs what every person's browser does to them. */
const SPARES_HIDDEN_TABS = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

export interface LaunchOptions {
  /** Slow the timers of hidden tabs, as a person's browser does. Default: no, as is usual in tests. */
  throttlesHiddenTabs?: boolean;
}

/** Starts headless Chromium. Throws with advice when the machine has none. The caller closes it. */
export async function launchBrowser({ throttlesHiddenTabs = false }: LaunchOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(`No Chrome or Chromium was found.\n${CHROMIUM_ADVICE}`);
  const ignoreDefaultArgs = throttlesHiddenTabs ? SPARES_HIDDEN_TABS : [];
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS, ignoreDefaultArgs });
}

/** Path for a screenshot of this name under the artifacts folder. */
export function artifactPath(name: string): string {
  mkdirSync(ARTIFACTS, { recursive: true });
  return resolve(ARTIFACTS, name);
}

/** What went wrong inside a page, in order: uncaught errors and `console.error`. A healthy page keeps it empty. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return errors;
}

export interface ServedPage {
  /** Ends in a slash. */
  url: string;
  close(): Promise<void>;
}

function addressOf(server: { address(): string | AddressInfo | null } | null): string {
  const address = server?.address();
  if (!address || typeof address === 'string') throw new Error('the page server has no port');
  return `http://127.0.0.1:${address.port}/`;
}

/** Serves the sources under `root` (a folder with an index.html) as `vite` does while developing, on a free port. */
export async function serveSources(root: string, config: InlineConfig = {}): Promise<ServedPage> {
  const server = await createServer({
    root,
    logLevel: 'warn',
    ...config,
    server: { ...config.server, host: '127.0.0.1', port: 0, hmr: false, watch: null },
  });
  await server.listen();
  return { url: addressOf(server.httpServer), close: () => server.close() };
}

/** Builds `root` into `outDir` as it is shipped, and serves that on a free port. */
export async function serveBuilt(root: string, outDir: string, config: InlineConfig = {}): Promise<ServedPage> {
  const shared: InlineConfig = { root, logLevel: 'warn', ...config };
  await build({ ...shared, build: { ...config.build, outDir, emptyOutDir: true } });
  const server = await preview({ ...shared, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
  return {
    url: addressOf(server.httpServer as { address(): string | AddressInfo | null }),
    close: () => server.close(),
  };
}

/** Bundles one module and all it imports into a single minified script whose exports become `globalThis[name]`. */
export async function bundleScript(entry: string, name: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, minify: true, lib: { entry, name, formats: ['iife'], fileName: name } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (!output || !('output' in output)) throw new Error(`vite built nothing of ${entry}`);
  return output.output[0].code;
}
