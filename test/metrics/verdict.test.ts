/** Levels, sweeps, thresholds, self-checks, cost, records on disk and the report that shows them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { composeRecord } from '../../metrics/compose-record.ts';
import { costOf, monthlyGB, UPLOADS } from '../../metrics/cost.ts';
import { MEASURE_NAMES } from '../../metrics/measures.ts';
import { type CheatPair, parseRecord } from '../../metrics/record.ts';
import { readRun, readRuns, writeRun } from '../../metrics/record-files.ts';
import { cheatCells, groupRuns } from '../../metrics/report/groups.ts';
import { renderReport } from '../../metrics/report/report.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import { checkThreshold, parseThreshold } from '../../metrics/threshold.ts';
import { breaches, contextOf, judgeSweep } from '../../metrics/verdict.ts';
import { measureMatch } from './measured-match.ts';
import { pairOf, recordOf } from './records.ts';

describe('service levels', () => {
  test('a run reaches the best level whose promises it keeps', () => {
    expect(recordOf({ plan: {} }).level).toBe('fast');
    expect(recordOf({ plan: {}, values: { 'action.p95': 200 } }).level).toBe('crowd');
    expect(recordOf({ plan: {}, values: { 'action.p95': 301 } }).level).toBeNull();
    expect(recordOf({ plan: {}, values: { 'tick.p99': 51 } }).level).toBeNull();
    expect(recordOf({ plan: {}, values: { 'joins.ok': 0.998 } }).level).toBeNull();
    expect(recordOf({ plan: {}, values: { 'stalls.count': 1 } }).level).toBeNull();
  });

  test('the base one-way delay is allowed on top', () => {
    expect(recordOf({ plan: { network: 'wifi' }, values: { 'action.p95': 169 } }).level).toBe('fast');
    expect(recordOf({ plan: { network: 'lan' }, values: { 'action.p95': 169 } }).level).toBe('crowd');
  });

  test('what was not measured is not promised', () => {
    const record = recordOf({ plan: {}, values: { 'action.p95': null } });
    expect(record.level).toBeNull();
    const [worst] = breaches('fast', record.measures, contextOf(record));
    expect(worst).toMatchObject({ measure: 'action.p95', value: null });
  });

  test('a participant past its link breaks the level', () => {
    const record = recordOf({ plan: {}, values: { 'up.wire.worst': 6000 } });
    expect(breaches('fast', record.measures, { ...contextOf(record), uplinkKbps: 5000 })[0]!.measure).toBe(
      'up.wire.worst',
    );
  });
});

describe('sweeps', () => {
  const at = (players: number, actionMs: number, status: 'ok' | 'void' = 'ok') =>
    recordOf({
      plan: { players },
      values: { 'action.p95': actionMs },
      status,
      reasons: status === 'void' ? ['bots were late'] : [],
    });

  test('end because the level broke, because bots did, or because nobody asked for more', () => {
    expect(judgeSweep([at(100, 80), at(200, 400)], 'fast')).toMatchObject({
      largest: 100,
      end: { type: 'broke', players: 200 },
    });
    expect(judgeSweep([at(100, 80), at(200, 80, 'void')], 'fast')).toMatchObject({
      largest: 100,
      end: { type: 'at least' },
    });
    expect(judgeSweep([at(200, 90), at(100, 80)], 'fast')).toMatchObject({
      largest: 200,
      end: { type: 'largest tried' },
    });
    expect(judgeSweep([at(100, 500)], 'fast').largest).toBeNull();
  });

  test('a void run is no evidence against a topology, and one broken seed is', () => {
    const verdict = judgeSweep([at(100, 80), at(200, 900, 'void'), at(400, 900)], 'fast');
    expect(verdict.end.type).toBe('at least');
    const seeds = [1, 2, 3].map((seed) =>
      recordOf({ plan: { players: 100, seed }, values: { 'action.p95': seed === 2 ? 160 : 80 } }),
    );
    expect(judgeSweep(seeds, 'fast').end.type).toBe('broke');
  });

  test('runs that differ in more than players and seed are other sweeps', () => {
    const groups = groupRuns([
      at(100, 80),
      at(200, 80),
      recordOf({ plan: { network: 'wifi' } }),
      recordOf({ plan: { cheat: 'speed' } }),
    ]);
    expect(groups.map((group) => group.runs.length)).toEqual([2, 1]);
    expect(groups.every((group) => group.isScreening)).toBe(true);
  });
});

describe('of several runs with the same players and seed', () => {
  const run = (startedAt: string, action: number, status: 'ok' | 'void' | 'partial') => {
    const record = recordOf({ plan: {}, values: { 'action.p95': action }, status });
    return { ...record, about: { ...record.about, startedAt } };
  };
  const counted = (...runs: ReturnType<typeof run>[]) => groupRuns(runs)[0]!.runs;

  test('the last trusted one counts, whatever was stopped or void after it', () => {
    const good = run('2026-11-21T10:00:00.000Z', 80, 'ok');
    const better = run('2026-11-21T11:00:00.000Z', 70, 'ok');
    const stopped = run('2026-11-21T12:00:00.000Z', 900, 'partial');
    const voided = run('2026-11-21T13:00:00.000Z', 900, 'void');
    expect(counted(good, voided, better, stopped)).toEqual([better]);
    expect(counted(stopped, good)).toEqual([good]);
  });

  test('where none can be trusted, the last one says why', () => {
    const voided = run('2026-11-21T10:00:00.000Z', 900, 'void');
    const stopped = run('2026-11-21T11:00:00.000Z', 900, 'partial');
    expect(counted(stopped, voided)).toEqual([stopped]);
  });
});

describe('thresholds', () => {
  test('are read with their units', () => {
    expect(parseThreshold('tick.p99<50ms')).toMatchObject({ measure: 'tick.p99', operator: '<', limit: 50 });
    expect(parseThreshold('joins.ok >= 99.9%').limit).toBeCloseTo(0.999);
    expect(parseThreshold('recovery.p99<2s').limit).toBe(2000);
    expect(parseThreshold('up.worst<=2Mbit/s').limit).toBe(2000);
    expect(parseThreshold('desync.count=0').limit).toBe(0);
  });

  test.each([
    ['tick.p99<50', /unit is missing; allowed: ms, s/],
    ['tick.p99<50kbit/s', /unit 'kbit\/s' does not fit/],
    ['tik.p99<50ms', /no measure 'tik.p99'.*tick/],
    ['tick.p99', /write a measure/],
    ['zzz<1', /known are/],
  ])('%s is refused with what is allowed', (text, message) => {
    expect(() => parseThreshold(text)).toThrow(message);
    expect(() => parseThreshold(text)).toThrow(`--threshold '${text}'`);
  });

  test('hold or not, and say the value', () => {
    const { measures } = recordOf({ plan: {}, values: { 'tick.p99': 12, 'recovery.p99': null } });
    expect(checkThreshold(parseThreshold('tick.p99<50ms'), measures)).toMatchObject({ held: true, value: 12 });
    expect(checkThreshold(parseThreshold('tick.p99>=50ms'), measures)).toMatchObject({ held: false });
    const missing = checkThreshold(parseThreshold('recovery.p99<1s'), measures);
    expect(missing).toMatchObject({ held: false, value: null });
    expect(missing.sentence).toContain('not in this test');
  });
});

describe('costs', () => {
  test('are those of the arithmetic', () => {
    expect(monthlyGB(64)).toBeCloseTo(21.04, 1);
    const cost = costOf({ egressKbps: 64, cores: 0.001, relayedKbps: 0, donatedKbps: 2, donatedWorstKbps: 2 });
    expect(cost.egressCloud).toBeCloseTo(1.79, 1);
    expect(cost.compute).toBeCloseTo(0.023);
    expect(cost.totalMetal).toBeLessThan(cost.totalCloud);
  });

  test('uploads agree with the closed forms', () => {
    const inputs = { players: 10_000, rateHz: 20, inInterest: 20, entityBytes: 16, headerBytes: 93 };
    expect(UPLOADS.fullMesh(inputs) / 1000).toBeCloseTo(174, 0);
    expect(UPLOADS.interestMesh(inputs)).toBeCloseTo(349, 0);
    expect(UPLOADS.listenHost({ ...inputs, players: 32 }) / 1000).toBeCloseTo(2.05, 2);
    expect(UPLOADS.server({ ...inputs, headerBytes: 78 }) / 1000).toBeCloseTo(637, 0);
  });
});

describe('self-checks', () => {
  test('of a run where nothing was recorded fail, each with a sentence', () => {
    const clean = measureMatch({ test: { seed: 1, players: 6 }, seconds: 5 });
    const plan = recordOf({ plan: { topology: 'host', players: 6, simulated: true } }).plan;
    expect(runSelfChecks(clean, plan).every((check) => check.held)).toBe(true);
    const blind = { ...clean, coverage: { ...clean.coverage, viewers: 0, pairs: 0 } };
    const failed = runSelfChecks(blind, plan).filter((check) => !check.held);
    expect(failed.map((check) => check.id)).toEqual(['coverage']);
    expect(failed[0]!.sentence).toContain('nothing says what players saw');
    const record = composeRecord({
      plan,
      evidence: 'simulated',
      audit: clean,
      selfChecks: runSelfChecks(blind, plan),
      context: { tickRateHz: 20, baseOneWayMs: 0, uplinkKbps: null, downlinkKbps: null },
      about: recordOf({ plan: {} }).about,
    });
    expect(record.status).toBe('void');
    expect(record.level).toBeNull();
    expect(record.reasons[0]).toMatch(/^coverage: /);
    expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
    expect(Object.keys(record.measures)).toEqual(MEASURE_NAMES);
  });
});

describe('on disk', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'netbed-records-'));
  });
  afterAll(() => rm(root, { recursive: true }));

  test('a record comes back as it was; a second one of the same name does not overwrite it', async () => {
    const record = recordOf({ plan: { players: 7 } });
    const row = {
      s: 0,
      players: 7,
      ticks: 20,
      tickWorstMs: 1,
      tickMeanMs: 1,
      ageMeanMs: null,
      kills: 0,
      pickups: 0,
      checksums: {},
    };
    const first = await writeRun(root, record, [row]);
    const second = await writeRun(root, record, []);
    expect(second).not.toBe(first);
    expect(await readRun(first)).toEqual({ directory: first, record, series: [row] });
    expect((await readRuns([root])).length).toBe(2);
  });

  test('a file that is no record is named, with what is wrong', async () => {
    const directory = await writeRun(root, recordOf({ plan: { players: 8 } }), []);
    const path = join(directory, 'run.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"status": "ok"', '"status": "fine"'));
    await expect(readRun(directory)).rejects.toThrow(/run\.json[\s\S]*status/);
  });
});

describe('the report', () => {
  const records = [
    recordOf({ plan: { players: 100 } }),
    recordOf({ plan: { players: 400 }, values: { 'action.p95': 420, 'tick.p99': 70 } }),
    recordOf({ plan: { topology: 'host', players: 50, network: 'wifi' }, values: { 'up.worst': 4000 } }),
    recordOf({ plan: { players: 900 }, status: 'void', reasons: ['bots <were> late'] }),
    recordOf({ plan: { players: 100, simulated: true } }),
    recordOf({ plan: { cheat: 'speed', simulated: true }, cheats: [1, 2, 3, 4, 5, 6].map((i) => pairOf(10 + i)) }),
    recordOf({
      plan: { cheat: 'speed', simulated: true },
      cheats: [1, 2, 3, 4, 5, 6].map((i) => pairOf(i - 3.5, { defended: true })),
    }),
  ];
  const html = renderReport({ title: 'A <test>', records, madeAt: 'today', caveats: ['host on lan was not tried'] });

  test('needs nothing but itself: no script, no address to fetch from', () => {
    expect(html.match(/<script|javascript:|@import|url\((?!#)|<link|<img/i)).toBeNull();
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    expect(addresses.filter((address) => !address.startsWith('#'))).toEqual([]);
  });

  test('answers first, and labels its evidence', () => {
    const [answer, table, plots, obtained] = [
      'class="answer"',
      'What each topology carries',
      '>Plots<',
      'How this was obtained',
    ].map((text) => html.indexOf(text));
    expect(answer).toBeGreaterThan(0);
    expect(table).toBeGreaterThan(answer!);
    expect(plots).toBeGreaterThan(table!);
    expect(obtained).toBeGreaterThan(plots!);
    for (const word of ['measured', 'simulated', 'modelled', 'screening', 'void', 'host on lan was not tried'])
      expect(html).toContain(word);
  });

  test('draws every plot at both sizes, with the level’s line', () => {
    expect(html.match(/<svg/g)!.length).toBe(2 * html.match(/<figure/g)!.length);
    expect(html).toContain('fast ≤');
    expect(html).toContain('What cheats gain');
    expect(html).toContain('Live against simulated');
  });

  test('shows foreign text as text', () => {
    expect(html).toContain('bots &lt;were&gt; late');
    expect(html).toContain('<title>A &lt;test&gt;</title>');
  });

  test('does not hold a void run against a topology', () => {
    const onlyVoid = renderReport({
      title: 'Void',
      records: [recordOf({ plan: {}, status: 'void', reasons: ['bots were late'] })],
      madeAt: 'today',
    });
    expect(onlyVoid).toContain('not known');
    expect(onlyVoid).toContain('No run could be trusted');
  });

  test('says that there is nothing when there is nothing', () => {
    expect(renderReport({ title: 'Empty', records: [], madeAt: 'today' })).toContain('no runs yet');
  });

  test('says of cheats that stay open, and of those that come to nothing by themselves, why', () => {
    const why = { open: 'nobody sees it', prevented: 'homes remember' };
    const pairs = (cheat: string, plan: Partial<CheatPair>) =>
      recordOf({ plan: { cheat: 'speed' }, cheats: [pairOf(0, { cheat, defence: null, ...plan })] });
    const told = renderReport({
      title: 'Why',
      records: [pairs('blinding', { open: why.open }), pairs('coin-mint', { prevented: why.prevented })],
      madeAt: 'today',
    });
    expect(told).toMatch(
      /What no defence stops, or none quite:<\/p><ul class="note"><li>blinding on \w+: nobody sees it\.</,
    );
    expect(told).toMatch(
      /without a switch set against it:<\/p><ul class="note"><li>coin-mint on \w+: homes remember\.</,
    );
    for (const title of ['or none quite', 'without a switch']) expect(html).not.toContain(title);
  });

  test('a cheat that pays is told from one that nobody can judge', () => {
    const cells = cheatCells(records);
    expect(cells.map(({ defended, inconclusive }) => [defended, inconclusive])).toEqual([
      [false, false],
      [true, true],
    ]);
  });
});

test('every measure is defined in docs/metrics.md', async () => {
  const text = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  for (const name of MEASURE_NAMES) expect(text, name).toContain(`\`${name}\``);
});
