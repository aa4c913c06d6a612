/** `netbed replay` as a user types it: what it prints, and the number it ends with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { netbed as program } from '../../lab/program.ts';
import type { ReplaySummary } from '../../lab/replay/summary.ts';
import { encodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import { recordMatch } from '../netcode/replay-samples.ts';
import { Netbed, netbed } from './netbed.ts';

const folder = mkdtempSync(join(tmpdir(), 'netbed-replay-'));
const path = (name: string) => join(folder, `${name}.replay`);

beforeAll(() => {
  const flip = { tick: 90, section: 'players', field: 'score', entity: 1, bit: 5 } as const;
  const save = (name: string, bytes: Uint8Array) => writeFileSync(path(name), bytes);
  const right = encodeReplay(recordMatch({ ticks: 200 }));
  save('right', right);
  save('late', encodeReplay(recordMatch({ ticks: 150, startTick: 80, peer: 2 })));
  save('wrong', encodeReplay(recordMatch({ ticks: 200, peer: 3, flip })));
  const lied = (tick: number, slot: number, word: number) => (tick === 120 && slot === 3 ? word ^ 16 : word);
  save('lied', encodeReplay(recordMatch({ ticks: 200, peer: 4, input: lied })));
  save('elsewhere', encodeReplay(recordMatch({ ticks: 50, seed: 6 })));
  save('cut', right.subarray(0, 900));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a replay that holds is told in words, and as JSON', async () => {
  const { code, stdout } = await netbed('replay', path('right'));
  expect(stdout).toContain('the tape of peer 1');
  expect(stdout).toMatch(/match\s+seed 5, 20 Hz, uniform/);
  expect(stdout).toMatch(/ticks\s+1 to 200: 200, 10.0 s/);
  expect(stdout).toContain('peer 3 (peer 3) came, slot 2');
  expect(stdout).toMatch(/coins\s+\d+ minted = \d+ held \+ \d+ lying \+ \d+ spent\n/);
  expect(stdout).toContain('All 200 ticks agree with the rules.');
  expect(code).toBe(0);

  const json = await netbed('replay', path('right'), '--json');
  const summary = JSON.parse(json.stdout) as ReplaySummary;
  expect(summary).toMatchObject({ peer: 1, ticks: 200, divergence: null, sameRules: true, isTruncated: false });
  expect(summary.end.players.map(({ name }) => name).sort()).toEqual(['peer 1', 'peer 2', 'peer 3', 'peer 4']);
  expect(summary.end.coins.error).toBe(0);
});

test('one that diverged ends with 1 and says where', async () => {
  const { code, stdout } = await netbed('replay', path('wrong'));
  expect(stdout).toContain('Tick 91 is the first that differs from the rules, in players; 90 ticks before it agree.');
  expect(code).toBe(1);
});

test('--bisect names the tick, the field and the bit', async () => {
  const { code, stdout } = await netbed('replay', path('wrong'), '--bisect');
  expect(stdout).toMatch(/bit 5 of players\.score of 1, (\d+) by the rules and \d+ here/);
  expect(stdout).toContain("the rules give the tape's checksums for 110 ticks");
  expect(code).toBe(1);
});

test("--bisect with another peer's replay says which of them went wrong, and holds where they agree", async () => {
  const { code, stdout } = await netbed('replay', path('right'), '--bisect', path('wrong'));
  expect(stdout).toContain('Their worlds differ from tick 91 on, first in players.');
  expect(stdout).toMatch(/inputs are the same, so .*wrong\.replay is the one that went wrong/);
  expect(code).toBe(1);
  const same = await netbed('replay', path('late'), '--bisect', path('right'));
  expect(same.stdout).toContain('In common: ticks 81 to 150.');
  expect(same.code).toBe(0);
});

test('--bisect names who told two peers different inputs', async () => {
  const { code, stdout } = await netbed('replay', path('right'), '--bisect', path('lied'), '--json');
  const { between, files } = JSON.parse(stdout);
  expect(between.inputs).toMatchObject({ tick: 120, slot: 3 });
  expect(between.inputs.left ^ between.inputs.right).toBe(16);
  // Each by itself follows the rules.
  expect(files.map(({ divergence }: { divergence: unknown }) => divergence)).toEqual([null, null]);
  expect(code).toBe(1);
});

test('--to prints the world at a tick', async () => {
  const { code, stdout } = await netbed('replay', path('late'), '--to', '100');
  expect(stdout).toContain('the world by the rules, tick 100: 4 players');
  expect(code).toBe(0);
  const json = await netbed('replay', path('late'), '--to', '100', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ tick: 100, divergence: null });
});

describe('bad usage ends with 2 and a sentence', () => {
  const MISTAKES: [() => string[], RegExp][] = [
    [() => [path('cut')], /cut\.replay.*cut short: 900 of \d+ bytes/],
    [() => [path('missing')], /missing\.replay.*no such file/],
    [() => ['README.md'], /README\.md.*no netbed replay/],
    [() => [path('late'), '--to', '80000'], /--to 80000.*ticks 80 to 150/],
    [() => [path('late'), '--to', 'noon'], /--to.*noon.*whole numbers/s],
    [() => [path('right'), '--bisect', path('elsewhere')], /of another match.*seed 5 and seed 6/],
    [() => [path('right'), '--bisect', '--watch'], /--watch.*--bisect/],
  ];
  test.each(MISTAKES)('%#', async (args, says) => {
    let said = '';
    const writeErr = (text: string) => {
      said += text;
    };
    expect(await program(['replay', ...args()], { writeOut: () => expect.unreachable(), writeErr })).toBe(2);
    expect(said).toMatch(says);
  });
});

test('--watch serves the page and the file until it is interrupted', async () => {
  const watching = new Netbed(['replay', path('wrong'), '--watch', '--no-open']);
  await watching.said(/plays at http/);
  const url = /plays at (\S+)\. /.exec(watching.stdout)![1]!;
  expect(await (await fetch(url)).text()).toContain('<title>netbed replay</title>');
  const file = await fetch(new URL(new URL(url).searchParams.get('file')!, url));
  expect((await file.bytes()).length).toBe(encodeReplay(recordMatch({ ticks: 200 })).length);
  watching.process.kill('SIGINT');
  expect((await watching.finish()).code).toBe(0);
});
