/**
 * Runs before the tests: sees to it that there is a browser to drive. On a Debian machine as root it installs Debian's
 * own chromium, which is how a bare container becomes able to run the tests; anywhere else it says what to install.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CHROMIUM_ADVICE, findChromium } from '../../lab/chromium.ts';

/** True on Debian itself; Ubuntu's package of that name only points to a snap. */
function isDebian(): boolean {
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** Runs a step with its output shown as it comes; throws with the step's name when it fails. */
function run(title: string, command: string, args: string[]): void {
  console.log(`${title}: ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) throw new Error(`${title} failed (${error?.message ?? `exit code ${status}`})`);
}

function installDebianChromium(): void {
  run('Reading package lists', 'apt-get', ['update', '-q']);
  run('Installing chromium, about 300 MB and a minute or two', 'apt-get', [
    ...['install', '-y', '-q', '--no-install-recommends'],
    ...['chromium', 'fonts-dejavu-core'],
  ]);
}

function ensureChromium(): void {
  if (findChromium() !== null) return;
  console.log('No Chrome or Chromium here, and the tests drive one.');
  if (isDebian() && process.getuid?.() === 0) installDebianChromium();
  if (findChromium() === null) throw new Error(`No Chrome or Chromium was found.\n${CHROMIUM_ADVICE}`);
}

try {
  ensureChromium();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
