/** What a plan of peers leaves on virtual time: the same record as live, by the same recorders, byte for byte by seed. */
import { describe, expect, test } from 'vitest';
import { policyOf } from '../../bots/policies/index.ts';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { coinsError } from '../../game/world.ts';
import { planOf } from '../../lab/plan-options.ts';
import { SILENT } from '../../lab/progress.ts';
import { playSimulated } from '../../lab/simulate.ts';
import { audit } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import type { Plan } from '../../metrics/plan.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { SimulatedLockstep } from '../../simulator/lockstep.ts';

async function play(fields: Partial<Plan> = {}) {
  const plan = planOf({ topology: 'lockstep', players: 6, durationS: 6, simulated: true, sampleRatio: 1, ...fields });
  const signal = new AbortController().signal;
  const played = await playSimulated({ plan, progress: SILENT, signal });
  const audited = audit(played.authority!, played.swarms, {
    evidence: 'simulated',
    expectedJoins: plan.players,
    quantisation: 0,
    headerBytes: 93,
    authorityPlays: false,
    decides: 'nobody',
    rollback: plan.rollback,
    rendezvous: played.rendezvous ?? null,
    reference: null,
  });
  const failed = runSelfChecks(audited, plan).filter((check) => !check.held);
  const value = (name: MeasureName) => numberOf(audited.measures, name)!;
  return { plan, played, audited, failed, value };
}

describe.each([false, true])('peers on virtual time, rollback %s', (rollback) => {
  test('a clean match is trusted, contradicts nothing, and is the same twice', async () => {
    const match = await play({ rollback, network: 'wifi' });
    expect(match.failed).toEqual([]);
    expect(match.value('desync.count')).toBe(0);
    expect(match.value('coins.error')).toBe(0);
    expect(match.value('conflicts.per1000')).toBe(0);
    // Somebody confirms a tick before the others do.
    expect(match.value('viewError.ratio')).toBeLessThan(0.05);
    expect(match.value('tick.rate')).toBeGreaterThan(19);
    expect(match.value('joins.ok')).toBe(1);
    // Everybody holds the whole world, and is linked to everybody.
    expect(match.value('links.mean')).toBeCloseTo(5, 2);
    expect(match.value('exposure.mean')).toBeGreaterThan(1);
    expect(match.played.authority!.meta.joins).toBe(6);
    const again = await play({ rollback, network: 'wifi' });
    expect(again.played).toEqual(match.played);
    const other = await play({ rollback, network: 'wifi', seed: 2 });
    expect(other.played.authority).not.toEqual(match.played.authority);
  });

  test('a bent bit voids the run, is named to the field, and leaves what both sides executed', async () => {
    const { audited, failed, played } = await play({ rollback, inject: 'desync' });
    expect(failed.map(({ id }) => id)).toEqual(['desync']);
    expect(failed[0]!.sentence).toMatch(/in section players, field x of entity \d+ is/);
    expect(audited.desync).toMatchObject({ section: 'players', field: 'x' });
    const { seen, truth, detectedMs } = audited.desync!;
    expect(Math.abs(seen - truth!)).toBe(1);
    expect(detectedMs).toBeLessThan(2000);
    expect(played.replays!.length).toBeGreaterThan(1);
  });

  test('a link with 50 ms more each way is felt by everybody', async () => {
    const [clean, delayed] = [await play({ rollback }), await play({ rollback, inject: 'delay-link' })];
    expect(delayed.failed).toEqual([]);
    expect(delayed.value('action.p95')).toBeGreaterThan(clean.value('action.p95') + 30);
    // Who predicts need not wait for it.
    if (rollback) expect(delayed.value('echo.p95')).toBeLessThanOrEqual(clean.value('echo.p95') + 1);
    else expect(delayed.value('echo.p95')).toBeGreaterThan(clean.value('echo.p95') + 30);
  });
});

test('a forgotten player makes what viewers see worse, and nothing else', async () => {
  const [clean, forgetful] = [
    await play({ scenario: 'everyone' }),
    await play({ scenario: 'everyone', inject: 'drop-entity' }),
  ];
  expect(forgetful.value('viewError.ratio')).toBeGreaterThan(0.01);
  for (const name of ['tick.p99', 'up.mean', 'exposure.mean', 'coins.error', 'echo.p95', 'delay.mean'] as const) {
    expect(forgetful.value(name), name).toBe(clean.value(name));
  }
});

test('a blocked pair is relayed, and the rendezvous pays for it', async () => {
  const [direct, relayed] = [await play(), await play({ natBlockedRatio: 0.5 })];
  expect(direct.value('relayed.ratio')).toBe(0);
  expect(relayed.failed).toEqual([]);
  expect(relayed.value('relayed.ratio')).toBeGreaterThan(0.2);
  expect(relayed.value('rendezvous.up')).toBeGreaterThan(20 * direct.value('rendezvous.up'));
});

test('when the peer that writes down what is true dies, another one goes on, without a tick twice (seed 3)', () => {
  const config = { ...DEFAULT_MATCH, players: 5, seed: 3 };
  const { capacity, size } = createArena(config);
  const truthRecorder = new AuthorityRecorder({ capacity, arenaSize: size, tickRateHz: config.tickRateHz });
  const match = new SimulatedLockstep({
    settings: lockstepSettings(config),
    seed: 3,
    profile: customProfile({ baseRttMs: 30, jitterScaleMs: 3, lossRatio: 0.02 }),
    inputRateHz: 10,
    truthRecorder,
    peers: Array.from({ length: 5 }, (_, index) => ({
      name: `bot ${index}`,
      decide: policyOf('collector').create(new Random(3, 1000 + index)),
    })),
  });
  expect(match.runUntil(() => match.isSettled, 400)).toBe(true);
  const fromMs = match.clock.nowMs;
  truthRecorder.measure(fromMs, fromMs + 20_000);
  match.run({ ms: 5000 });
  match.nodes[0]!.crash();
  match.run({ ms: 15_000 });
  const { ticks, meta } = decodeAuthority(truthRecorder.finish());
  const numbers = Array.from(ticks.columns.tick.subarray(0, ticks.count));
  expect(numbers).toEqual(numbers.map((_, k) => numbers[0]! + k));
  // Two seconds of silence are waited for, and no tick is lost.
  expect(ticks.count).toBeGreaterThan(17 * config.tickRateHz);
  expect(meta.coinsError).toBe(0);
  expect(meta.leaves).toEqual({ 'dropped by a majority': 1 });
  for (const { session } of match.members) expect(coinsError(session.confirmedWorld!)).toBe(0);
});
