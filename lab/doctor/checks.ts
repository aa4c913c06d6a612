/**
 * What netbed needs of a machine, tried and not guessed: sockets are bound, a data channel carries a message, the browser
 * is run. Each check ends in a line that says what was found and, when it is a problem, what to do.
 */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { Child } from '../children.ts';
import { CHROMIUM_ADVICE, findChromium } from '../chromium.ts';
import { OWN_FILES, openFileLimit } from './open-files.ts';

export interface Finding {
  id: string;
  /** What was looked at, in a word or two. */
  title: string;
  ok: boolean;
  /** False: netbed works without it, and the line says what does not. */
  needed: boolean;
  found: string;
  /** What to do about a problem. */
  advice?: string;
}

const LEAST_NODE = 24;
/** Below this a default run of some hundred players already fails. */
const LEAST_OPEN_FILES = 1024;
const PROBE_LIMIT_MS = 15_000;

function checkNode(): Finding {
  const ok = Number(process.versions.node.split('.')[0]) >= LEAST_NODE;
  const found = `${process.versions.node} at ${process.execPath}`;
  const advice = 'Run `npm ci`: it installs Node 24 beside the other dependencies.';
  return { id: 'node', title: 'Node', ok, needed: true, found, advice };
}

function checkCores(): Finding {
  const cores = availableParallelism();
  const found = `${cores} ${cores === 1 ? 'core' : 'cores'}`;
  const advice = 'With one core the bots and the authority measure each other: use --simulated, or few players.';
  return { id: 'cores', title: 'Cores', ok: cores >= 2, needed: false, found, advice };
}

function checkOpenFiles(): Finding {
  const limit = openFileLimit();
  const players = limit - OWN_FILES;
  const found =
    limit === Number.POSITIVE_INFINITY ? 'no limit' : `${limit} per process: up to ${players} players on one server`;
  const advice = `Raise it with \`ulimit -n ${LEAST_OPEN_FILES}\` or more in the shell that runs netbed.`;
  return { id: 'files', title: 'Open files', ok: limit >= LEAST_OPEN_FILES, needed: true, found, advice };
}

async function checkTcp(): Promise<Finding> {
  const finding = { id: 'tcp', title: 'TCP ports', needed: true };
  try {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    return { ...finding, ok: true, found: 'a port of 127.0.0.1 can be bound' };
  } catch (error) {
    const advice = 'Something forbids listening on the loopback interface: look at the sandbox or firewall.';
    return { ...finding, ok: false, found: (error as Error).message, advice };
  }
}

async function checkUdp(): Promise<Finding> {
  const finding = { id: 'udp', title: 'UDP ports', needed: true };
  const socket = createSocket('udp4');
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return { ...finding, ok: true, found: 'a port of 127.0.0.1 can be bound' };
  } catch (error) {
    const advice = 'WebRTC needs UDP on the loopback interface: look at the sandbox or firewall.';
    return { ...finding, ok: false, found: (error as Error).message, advice };
  } finally {
    socket.close();
  }
}

/** Also asked before a run over data channels. */
export async function checkWebRtc(): Promise<Finding> {
  const probe = new Child<never, { type: 'probed'; problem: string | null }>(
    'the WebRTC probe',
    new URL('./webrtc-probe.ts', import.meta.url),
  );
  const problem = await probe.message('probed', PROBE_LIMIT_MS).then(
    (message) => message.problem,
    (error: Error) => error.message,
  );
  await probe.stop();
  const advice =
    'Run `npm ci` again; node-datachannel ships binaries for Linux (glibc and musl), macOS and Windows. ' +
    'If it loads, see that UDP on 127.0.0.1 is allowed. Without it only --topology server and --simulated run.';
  const found = problem ?? 'a data channel over loopback carried a message';
  return { id: 'webrtc', title: 'WebRTC', ok: problem === null, needed: true, found, advice };
}

async function checkBrowser(): Promise<Finding> {
  const finding = { id: 'browser', title: 'Browser', needed: false };
  try {
    const path = findChromium();
    if (path === null) {
      return {
        ...finding,
        ok: false,
        found: 'no Chrome or Chromium (only the tests need one)',
        advice: CHROMIUM_ADVICE,
      };
    }
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    return { ...finding, ok: true, found: `${stdout.trim()} at ${path}` };
  } catch (error) {
    return { ...finding, ok: false, found: (error as Error).message.split('\n')[0]!, advice: CHROMIUM_ADVICE };
  }
}

/** All checks, in the order of their lines. */
export async function examine(): Promise<Finding[]> {
  return Promise.all([
    checkNode(),
    checkCores(),
    checkOpenFiles(),
    checkTcp(),
    checkUdp(),
    checkWebRtc(),
    checkBrowser(),
  ]);
}
