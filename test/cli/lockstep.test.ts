/** `netbed run --topology lockstep` from outside: live, from the rendezvous to the record. */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { NO_INPUT } from '../../game/input.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import { numberOf } from '../../metrics/measures.ts';
import { parseRecord } from '../../metrics/record.ts';
import { readRuns } from '../../metrics/record-files.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { firstDivergence } from '../../netcode/lockstep/replay-bisect.ts';
import { decodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import { Netbed, netbed, processes } from './netbed.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'netbed-test-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const SMALL = ['--topology', 'lockstep', '--players', '6', '--duration', '3s', '--warmup', '500ms'];
const run = (...args: string[]) => netbed('run', ...SMALL, ...args, '--out', out);

describe('a lockstep run, live', () => {
  test('every peer is linked to every other, all hold one world, and one of them tells the truth', async () => {
    const { stdout, stderr } = await run('--json');
    const record = parseRecord(JSON.parse(stdout));
    const { measures, coverage } = record;
    expect(measures['joins.ok']).toMatchObject({ value: 1, evidence: 'measured' });
    expect(measures['desync.count']).toMatchObject({ value: 0 });
    expect(measures['coins.error']).toMatchObject({ value: 0 });
    expect(numberOf(measures, 'links.mean')).toBeCloseTo(5, 1);
    // A busy machine's dials may take longer than is waited for; then a pair is relayed for a moment.
    expect(numberOf(measures, 'relayed.ratio')).toBeLessThan(0.2);
    expect(measures['positionError.sameTick.p95']).toMatchObject({ value: 0 });
    expect(numberOf(measures, 'delay.mean')).toBeGreaterThanOrEqual(50);
    expect(measures['cpu.authority']).toMatchObject({ value: null, why: expect.stringContaining('nobody decides') });
    expect(numberOf(measures, 'cpu.rendezvous')).not.toBeNull();
    expect(coverage).toMatchObject({ players: 6, inputs: 6, viewers: 6 });
    expect(stderr).toMatch(/Starting the rendezvous process/);
    const [stored] = await readRuns([out]);
    expect(stored!.record).toEqual(record);
    expect(readdirSync(stored!.directory).filter((file) => file.startsWith('replay'))).toEqual([]);
  });

  test('with rollback nobody waits, and pairs that cannot connect are relayed', async () => {
    const { stdout } = await run('--rollback', '--network', 'wifi', '--nat-blocked', '50%', '--json');
    const { measures, plan } = parseRecord(JSON.parse(stdout));
    expect(plan).toMatchObject({ rollback: true, natBlockedRatio: 0.5, network: 'wifi' });
    expect(measures['joins.ok']).toMatchObject({ value: 1 });
    expect(measures['desync.count']).toMatchObject({ value: 0 });
    expect(numberOf(measures, 'rollback.rate')).toBeGreaterThan(0);
    expect(numberOf(measures, 'relayed.ratio')).toBeGreaterThan(0);
    expect(numberOf(measures, 'rendezvous.up')).toBeGreaterThan(1);
  });

  test('a planted desync voids the run, is named to the field, and every peer concerned leaves its replay', async () => {
    const { code, stdout, stderr } = await run('--inject', 'desync');
    const [stored] = await readRuns([out]);
    const { record, directory } = stored!;
    expect(record.status).toBe('void');
    const reason = record.reasons.find((text) => text.startsWith('desync:'));
    expect(reason).toMatch(/in section players, field x of entity \d+ is \d+ at player \d+; at peer \d+ it is \d+/);
    expect(stdout).toContain(reason!);
    expect(code).toBe(1);

    const replays = readdirSync(directory).filter((file) => /^replay-peer\d+\.netbed$/.test(file));
    expect(replays.length).toBeGreaterThanOrEqual(2);
    for (const file of replays) expect(stderr).toContain(join(directory, file));
    // One of them does not follow from its own inputs by the rules.
    const parted = replays.filter(
      (file) => firstDivergence(decodeReplay(readFileSync(join(directory, file)))) !== null,
    );
    expect(parted).toHaveLength(1);
  });

  test('Ctrl-C keeps a partial record and leaves no process', async () => {
    const running = new Netbed(['run', ...SMALL, '--duration', '60s', '--out', out]);
    await running.said(/Measuring/);
    const children = running.children();
    expect(children.length).toBeGreaterThanOrEqual(2);
    running.process.kill('SIGINT');
    expect((await running.finish()).code).toBe(3);
    expect(children.filter((pid) => processes().has(pid))).toEqual([]);
    const [stored] = await readRuns([out]);
    expect(stored!.record.status).toBe('partial');
    expect(stored!.record.measures['joins.ok']).toMatchObject({ value: 1 });
  });
});

test('netbed play starts a lockstep match with bots, and a peer that comes plays with them', async () => {
  const running = new Netbed(['play', '--topology', 'lockstep', '--bots', '3', '--no-open']);
  await running.said(/The game is at \S+ \(lockstep\)/);
  const [page] = /http:[^\s]+\//.exec(running.stdout)!;
  const answer = await fetch(`${page}netbed.json`);
  const { topologies } = (await answer.json()) as { topologies: Record<string, { url: string }> };
  const session = new LockstepSession(
    {
      transport: 'datagram',
      name: 'guest',
      room: 'MAIN',
      inputRateHz: 20,
      randomBytes: (into) => {
        randomFillSync(into);
      },
    },
    monotonicMs(),
  );
  const driver = new PeerDriver({
    session,
    end: openNodeDataChannelEnd({ url: topologies['lockstep']!.url }),
    createConnection: createNodePeerConnection,
    timer: systemTimer,
    decide: () => NO_INPUT,
  });
  const pumping = setInterval(() => driver.pump(), 5);
  onTestFinished(() => {
    clearInterval(pumping);
    driver.close();
  });
  await expect.poll(() => session.state, { timeout: 20_000 }).toBe('playing');
  await expect.poll(() => session.roster.members.length, { timeout: 20_000 }).toBe(4);
  const { confirmedTick } = session;
  await expect.poll(() => session.confirmedTick, { timeout: 10_000 }).toBeGreaterThan(confirmedTick + 20);
  running.process.kill('SIGINT');
  expect((await running.finish()).code).toBe(0);
});
