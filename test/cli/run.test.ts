/** `netbed run` from outside: what it prints, leaves behind and ends with, whatever happens on the way. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRecord } from '../../metrics/record.ts';
import { readRuns } from '../../metrics/record-files.ts';
import { Netbed, netbed, processes } from './netbed.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'netbed-test-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const SMALL = ['--players', '8', '--duration', '2s', '--warmup', '500ms'];
const run = (...args: string[]) => netbed('run', ...args, '--out', out);
const onlyRun = async () => {
  const runs = await readRuns([out]);
  expect(runs).toHaveLength(1);
  return runs[0]!.record;
};

describe('a run that is whole', () => {
  for (const topology of ['server', 'host']) {
    test(`${topology}, live: --json prints the record and nothing else`, async () => {
      const { stdout, stderr } = await run('--topology', topology, ...SMALL, '--json');
      const record = parseRecord(JSON.parse(stdout));
      expect(record.measures['joins.ok']).toMatchObject({ value: 1, evidence: 'measured' });
      expect(record.measures['coins.error']).toMatchObject({ value: 0 });
      expect(record.measures['desync.count']).toMatchObject({ value: 0 });
      expect(record.coverage.players).toBe(8);
      expect(await onlyRun()).toEqual(record);
      expect(stderr).toMatch(/Measuring 8 players/);
    });
  }

  test('simulated: the same plan twice gives the same record but for its about', async () => {
    const plan = ['--topology', 'host', '--network', 'wifi', '--players', '10', '--duration', '5s', '--simulated'];
    const [a, b] = await Promise.all([run(...plan, '--json'), run(...plan, '--json')]);
    const withoutAbout = (text: string) => ({ ...parseRecord(JSON.parse(text)), about: null });
    expect(withoutAbout(a.stdout)).toEqual(withoutAbout(b.stdout));
    expect(withoutAbout(a.stdout).status).toBe('ok');
  });

  test('a threshold that fails ends with 1, one that holds with 0', async () => {
    const plan = ['--players', '8', '--duration', '3s', '--simulated'];
    const held = await run(...plan, '--threshold', 'joins.ok>=100%', '--threshold', 'down.mean<10Mbit/s');
    expect(held.stderr).toMatch(/joins\.ok>=100%: held/);
    expect(held.code).toBe(0);
    const failed = await run(...plan, '--threshold', 'action.p50<1us');
    expect(failed.stderr).toMatch(/action\.p50<1us: failed/);
    expect(failed.code).toBe(1);
  });

  test('a cheat is recorded beside its honest twin', async () => {
    const cheat = ['--cheat', 'speed', '--cheaters', '4', '--no-time-bucket', '--policy', 'wander', '--simulated'];
    await run('--players', '12', '--duration', '20s', ...cheat);
    const { cheats } = await onlyRun();
    expect(cheats).toHaveLength(4);
    for (const pair of cheats) expect(pair).toMatchObject({ cheat: 'speed', defence: 'timeBucket', defended: false });
    const walked = (pick: (pair: (typeof cheats)[number]) => number) =>
      cheats.reduce((sum, pair) => sum + pick(pair), 0);
    expect(walked((pair) => pair.distancePerMin)).toBeGreaterThan(1.25 * walked((pair) => pair.twinDistancePerMin));
  });
});

describe('a run that cannot be trusted is void, says why and ends with 1', () => {
  const cases: [string, string[], string][] = [
    ['players who stand still', ['--policy', 'afk', '--simulated'], 'activity'],
    ['an injected desync', ['--inject', 'desync'], 'desync'],
    ['overloaded bots', ['--inject', 'overload'], 'bots.lag'],
  ];
  for (const [what, args, check] of cases) {
    test(what, async () => {
      const { code, stdout } = await run(...SMALL, ...args);
      const record = await onlyRun();
      expect(record.status).toBe('void');
      expect(record.reasons.some((reason) => reason.startsWith(`${check}:`))).toBe(true);
      expect(record.level).toBeNull();
      expect(stdout).toMatch(/void/);
      expect(code).toBe(1);
    });
  }
});

describe('a run that ends before its time', () => {
  const LONG = ['--players', '8', '--duration', '60s', '--warmup', '500ms', '--out'];
  const commandsOf = (pids: number[]) => pids.map((pid) => [pid, processes().get(pid)?.command ?? ''] as const);
  const areGone = (pids: number[]) => pids.every((pid) => !processes().has(pid));

  test('Ctrl-C keeps a partial record and leaves no process', async () => {
    const running = new Netbed(['run', '--topology', 'host', ...LONG, out]);
    await running.said(/Measuring/);
    const children = running.children();
    expect(children.length).toBeGreaterThanOrEqual(2);
    running.process.kill('SIGINT');
    const { code } = await running.finish();
    expect(code).toBe(3);
    expect(areGone(children)).toBe(true);
    const record = await onlyRun();
    expect(record.status).toBe('partial');
    expect(record.reasons[0]).toMatch(/stopped by the user/);
    expect(record.measures['joins.ok']).toMatchObject({ value: 1 });
  });

  test('an authority that is killed ends the run with 3 and a readable record', async () => {
    const running = new Netbed(['run', '--topology', 'server', ...LONG, out]);
    await running.said(/Measuring/);
    const children = running.children();
    const [authority] = commandsOf(children).find(([, command]) => command.includes('server/main'))!;
    process.kill(authority, 'SIGKILL');
    const { code, stdout } = await running.finish();
    expect(code).toBe(3);
    expect(stdout).toMatch(/server process was ended by SIGKILL/);
    expect(areGone(children)).toBe(true);
    const record = await onlyRun();
    expect(record.status).toBe('partial');
    expect(record.reasons[0]).toMatch(/server process was ended by SIGKILL/);
  });

  test('when the command itself is killed, its processes end by themselves', async () => {
    const running = new Netbed(['run', '--topology', 'server', ...LONG, out]);
    await running.said(/Measuring/);
    const children = running.children();
    running.process.kill('SIGKILL');
    await running.finish();
    await expect.poll(() => areGone(children), { timeout: 10_000 }).toBe(true);
  });

  test('a port that is in use is named, before anything is measured', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await expect.poll(() => squatter.listening).toBe(true);
    const { port } = squatter.address() as { port: number };
    const { code, stderr, stdout } = await run(...SMALL, '--port', String(port));
    squatter.close();
    expect(stderr).toMatch(new RegExp(`${port}.*choose another port`, 's'));
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });
});
