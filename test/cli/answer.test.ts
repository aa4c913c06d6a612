/** `answer`, `report` and `play` from outside, at the least size that still goes all the way. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TOPOLOGIES } from '../../netcode/topologies/index.ts';
import { Netbed, netbed, processes } from './netbed.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'netbed-test-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

/** A report is one file: nothing in it is fetched. */
function expectSelfContained(html: string): void {
  expect(html).toMatch(/<svg/);
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
}

test('answer plays its ramps, says what it found and writes the report', async () => {
  const steps = ['--players', 'server:6', '--no-cheats', '--out', out, '--runs', join(out, 'runs')];
  const { code, stdout, stderr } = await netbed('answer', ...steps, '--json');
  expect(stderr).toMatch(/server on lan, 6 players/);
  expect(code).toBe(0);
  const { verdicts, records, report } = JSON.parse(stdout) as {
    verdicts: { topology: string; network: string; screening: boolean; fast: { largest: number | null } }[];
    records: { plan: { players: number } }[];
    report: string;
  };
  expect(verdicts.map(({ topology, network }) => `${topology} ${network}`)).toEqual(['server lan', 'server wifi']);
  expect(verdicts.every(({ screening }) => screening)).toBe(true);
  expect(records.every(({ plan }) => plan.players === 6)).toBe(true);
  const html = readFileSync(report, 'utf8');
  expectSelfContained(html);
  expect(html).toMatch(/screening/);
  expect(html).not.toMatch(/10,000/);
}, 120_000);

test('report makes a page from runs', async () => {
  const runs = join(out, 'runs');
  await netbed('run', '--players', '10', '--duration', '3s', '--simulated', '--out', runs);
  const page = join(out, 'page', 'report.html');
  const { code, stdout } = await netbed('report', runs, '--out', page);
  expect(stdout).toMatch(/1 run$/m);
  expect(code).toBe(0);
  expectSelfContained(readFileSync(page, 'utf8'));
});

test('play serves the page with a match of every topology, and Ctrl-C ends everything', async () => {
  const game = new Netbed(['play', '--bots', '2', '--no-open']);
  await game.said(/The game is at/);
  const url = /http:\S+/.exec(game.stdout)![0];
  expect(await (await fetch(url)).text()).toMatch(/<canvas|<script/);
  const { topologies } = (await (await fetch(`${url}netbed.json`)).json()) as {
    topologies: Record<string, { url: string }>;
  };
  expect(Object.keys(topologies)).toEqual(TOPOLOGIES.map(({ id }) => id));
  const children = game.children();
  expect(children.length).toBeGreaterThanOrEqual(4);
  game.process.kill('SIGINT');
  const { code } = await game.finish();
  expect(code).toBe(0);
  expect(children.every((pid) => !processes().has(pid))).toBe(true);
});
