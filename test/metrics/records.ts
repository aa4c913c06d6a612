/** Records for tests of verdicts and reports: plausible ones, made up, varied by what a test names. */
import { MEASURE_NAMES, MEASURES, type MeasureName, type Measures } from '../../metrics/measures.ts';
import { type Plan, planSchema } from '../../metrics/plan.ts';
import type { CheatPair, RunRecord } from '../../metrics/record.ts';
import { contextOf, levelOf } from '../../metrics/verdict.ts';

export interface MadeUp {
  plan: Partial<Plan>;
  values?: Partial<Record<MeasureName, number | null>>;
  status?: RunRecord['status'];
  reasons?: string[];
  cheats?: CheatPair[];
}

const GOOD: Partial<Record<MeasureName, number>> = {
  'tick.p50': 4,
  'tick.p99': 12,
  'tick.rate': 20,
  'stalls.count': 0,
  'action.p50': 45,
  'action.p95': 80,
  'age.near.p99': 160,
  'desync.count': 0,
  'joins.ok': 1,
  'down.mean': 60,
  'down.wire.mean': 72,
  'up.mean': 2,
  'up.wire.mean': 9,
  'up.worst': 2,
  'up.wire.worst': 9,
  'cpu.authority': 20,
};

export function recordOf({ plan, values = {}, status = 'ok', reasons = [], cheats = [] }: MadeUp): RunRecord {
  const full = planSchema.parse({ topology: 'server', players: 100, durationS: 10, ...plan });
  const evidence = full.simulated ? 'simulated' : 'measured';
  const all: Partial<Record<MeasureName, number | null>> = { ...GOOD, ...values };
  const measures = Object.fromEntries(
    MEASURE_NAMES.map((name) => {
      const { unit } = MEASURES[name];
      const value = all[name] ?? null;
      return [name, value === null ? { value, unit, why: 'not in this test' } : { value, unit, evidence }];
    }),
  ) as Measures;
  const record: RunRecord = {
    recordVersion: 1,
    status,
    reasons,
    plan: full,
    evidence,
    measures,
    level: null,
    baseOneWayMs: full.network === 'wifi' ? 20 : 0.1,
    uplinkKbps: null,
    downlinkKbps: null,
    coverage: { players: full.players, inputs: full.players, viewers: 10, pairs: 300, measuredS: 10, truncated: false },
    activity: { distance: 9000, shots: 80, pickups: 40, kills: 9, killsInterval: [8, 10], ratio: 0.96, ratioHigh: 1 },
    selfChecks: [
      { id: 'activity', held: true, value: 0.96, limit: 0.5, sentence: 'players moved, shot and collected' },
      ...reasons.map((sentence) => ({ id: 'bots.lag', held: false, value: 31, limit: 20, sentence })),
    ],
    desync: null,
    conflicts: [],
    ledger: null,
    accusations: {},
    uploads: {},
    cheats,
    failures: {},
    about: {
      startedAt: `2026-11-21T10:00:${String(full.players % 60).padStart(2, '0')}.000Z`,
      wallS: 14,
      machine: { cpu: 'Example CPU', cores: 2, memoryMb: 8000, os: 'linux' },
      versions: { node: '24.21.0' },
      commit: 'abcdef0',
    },
  };
  return { ...record, level: status === 'ok' ? levelOf(measures, contextOf(record)) : null };
}

export function pairOf(gain: number, plan: Partial<CheatPair> = {}): CheatPair {
  return {
    cheat: 'speed',
    othersScorePerMin: null,
    defence: 'timeBucket',
    defended: false,
    open: null,
    prevented: null,
    cheater: 1,
    twin: 2,
    scorePerMin: 20 + gain,
    twinScorePerMin: 20,
    distancePerMin: 12_000,
    twinDistancePerMin: 8000,
    exposure: 0,
    twinExposure: 0,
    attempts: null,
    accepted: null,
    detected: null,
    detectMs: null,
    attributed: null,
    innocentsBlamed: 0,
    ...plan,
  };
}
