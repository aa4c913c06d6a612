/**
 * Where this machine keeps a Chrome or Chromium. The tests drive one, and `netbed doctor` reports it. Looked for, in
 * this order: CHROME_PATH, the usual names on PATH, the usual places of each system, and Playwright's own cache.
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const PLACES: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    join(homedir(), 'Applications/Google Chrome.app/Contents/MacOS/Google Chrome'),
  ],
  win32: [process.env['PROGRAMFILES'], process.env['PROGRAMFILES(X86)'], process.env['LOCALAPPDATA']]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'Google/Chrome/Application/chrome.exe')),
  linux: ['/usr/bin/chromium', '/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', '/snap/bin/chromium'],
};

/** What to tell somebody whose machine has no browser. */
export const CHROMIUM_ADVICE = [
  'Install Google Chrome or Chromium, for example one of',
  '  Debian:                 apt-get install chromium',
  '  Ubuntu, Fedora, macOS:  npx playwright-core install chromium   (fetches a copy for this user)',
  'or set CHROME_PATH to the program of one that is installed elsewhere.',
].join('\n');

/** Path of a Chrome or Chromium that can be run, or null. Throws when CHROME_PATH is set and cannot be run. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const asked = env['CHROME_PATH'];
  if (asked) {
    if (isProgram(asked)) return asked;
    throw new Error(`CHROME_PATH is '${asked}', which is not a program that can be run. Correct it or unset it.`);
  }
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES.map((name) => join(folder, name + suffix)));
  const candidates = [...onPath, ...(PLACES[process.platform] ?? []), ...playwrightPlaces(env)];
  return candidates.find(isProgram) ?? null;
}

/** Browsers that `playwright-core install chromium` has put into the user's cache, newest first. */
function playwrightPlaces(env: NodeJS.ProcessEnv): string[] {
  const home = homedir();
  const caches: Partial<Record<NodeJS.Platform, string>> = {
    linux: join(env['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'ms-playwright'),
    darwin: join(home, 'Library/Caches/ms-playwright'),
    win32: join(env['LOCALAPPDATA'] ?? home, 'ms-playwright'),
  };
  const cache = env['PLAYWRIGHT_BROWSERS_PATH'] ?? caches[process.platform];
  if (!cache) return [];
  const programs = [
    'chrome-linux64/chrome',
    'chrome-linux/chrome',
    'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-win64/chrome.exe',
    'chrome-win/chrome.exe',
  ];
  try {
    return readdirSync(cache)
      .filter((folder) => /^chromium-\d+$/.test(folder))
      .sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)))
      .flatMap((folder) => programs.map((program) => join(cache, folder, program)));
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
