/**
 * A run that cannot be trusted says so: these checks turn a run void, with the reason. They judge the measurement, not
 * the topology: an authority that is too slow is a finding, bots that are too slow are a broken ruler.
 */
import type { Audit } from './auditor.ts';
import { type MeasureName, numberOf } from './measures.ts';
import type { Plan } from './plan.ts';
import type { SelfCheck } from './record.ts';

/** Past this the numbers describe the bots. */
export const BOTS_LAG_LIMIT_MS = 20;
/** Share of the reference's activity below which players are taken for standing around. */
export const ACTIVITY_FLOOR = 0.5;
/** With fewer of the planned players inside, it was a match of another size. */
export const JOINS_FLOOR = 0.5;
/** Share of the planned inputs that must have been sent. */
export const INPUTS_FLOOR = 0.9;

type Checked = Pick<Audit, 'measures' | 'activity' | 'coverage' | 'desync'>;

/** Runs all checks; a run is void when one of them is not held. */
export function runSelfChecks(audit: Checked, plan: Plan): SelfCheck[] {
  return [
    checkRecorded(audit),
    checkCoverage(audit, plan),
    checkJoins(audit),
    checkBotsLag(audit),
    checkOpenLoop(audit, plan),
    checkInputRate(audit, plan),
    checkActivity(audit),
    checkDesync(audit),
  ];
}

const round = (value: number) => Math.round(value * 1000) / 1000;

function check(id: string, held: boolean, value: number | null, limit: number | null, sentence: string): SelfCheck {
  return { id, held, value: value === null ? null : round(value), limit, sentence };
}

/** A limit on one measure; a measure that could not be taken fails unless `without` says why it may be missing. */
function atMost(
  audit: Checked,
  id: string,
  name: MeasureName,
  limit: number,
  what: string,
  without?: string,
): SelfCheck {
  const value = numberOf(audit.measures, name);
  if (value === null) return check(id, without !== undefined, null, limit, without ?? `${what}: not recorded`);
  const held = value <= limit;
  return check(
    id,
    held,
    value,
    limit,
    `${what} ${round(value)} ms; ${held ? 'allowed' : 'allowed are only'} ${limit} ms`,
  );
}

function checkRecorded({ measures, coverage }: Checked): SelfCheck {
  const rate = numberOf(measures, 'tick.rate') ?? 0;
  const held = rate > 0 && coverage.measuredS > 0;
  return check(
    'recorded',
    held,
    coverage.measuredS,
    0,
    held ? `${coverage.measuredS} s recorded` : 'nothing was recorded',
  );
}

function checkCoverage({ coverage }: Checked, plan: Plan): SelfCheck {
  const { viewers, pairs, truncated } = coverage;
  const seen = viewers > 0 && (pairs > 0 || plan.players < 2);
  const sentence = truncated
    ? 'a recorder was full and dropped rows: measure fewer players, or for a shorter time'
    : seen
      ? `${viewers} viewers were measured, ${pairs} pairs met`
      : `${viewers} viewers were measured and ${pairs} pairs met: nothing says what players saw`;
  return check('coverage', seen && !truncated, viewers, 1, sentence);
}

function checkJoins({ measures }: Checked): SelfCheck {
  const ratio = numberOf(measures, 'joins.ok') ?? 0;
  const held = ratio >= JOINS_FLOOR;
  const percent = `${round(ratio * 100)} % of the players joined`;
  return check('joins', held, ratio, JOINS_FLOOR, held ? percent : `only ${percent}: this was a match of another size`);
}

function checkBotsLag(audit: Checked): SelfCheck {
  const virtual = isSimulated(audit);
  return atMost(
    audit,
    'bots.lag',
    'bots.lag.p99',
    BOTS_LAG_LIMIT_MS,
    'event-loop lag p99 of the worst bot process',
    virtual ? 'virtual time: bots cannot lag' : undefined,
  );
}

function isSimulated({ measures }: Checked): boolean {
  const rate = measures['inputs.rate'];
  return rate !== undefined && rate.value !== null && rate.evidence === 'simulated';
}

/** Inputs are due at scheduled times whether or not the system keeps up; one that waits for it hides the wait. */
function checkOpenLoop(audit: Checked, plan: Plan): SelfCheck {
  const tickMs = 1000 / plan.tickRateHz;
  return atMost(audit, 'open-loop', 'inputs.late.p99', Math.round(tickMs), 'inputs went out late by (p99)');
}

function checkInputRate({ measures }: Checked, plan: Plan): SelfCheck {
  const rate = numberOf(measures, 'inputs.rate') ?? 0;
  const limit = plan.inputRateHz * INPUTS_FLOOR;
  const held = rate >= limit;
  return check('inputs', held, rate, limit, `${round(rate)} inputs per second and player, planned ${plan.inputRateHz}`);
}

function checkActivity({ activity }: Checked): SelfCheck {
  const { ratio, distance, shots, pickups } = activity;
  const did = `${Math.round(distance)} units, ${round(shots)} shots and ${round(pickups)} pickups per player-minute`;
  if (ratio === null) {
    return check('activity', distance > 0, null, ACTIVITY_FLOOR, `${did}; no reference to compare with`);
  }
  const held = ratio >= ACTIVITY_FLOOR;
  const share = `the least of them is ${Math.round(ratio * 100)} % of the same policies without latency`;
  return check(
    'activity',
    held,
    ratio,
    ACTIVITY_FLOOR,
    held ? `${did}; ${share}` : `players hardly played: ${did}; ${share}`,
  );
}

function checkDesync({ measures, desync }: Checked): SelfCheck {
  const count = numberOf(measures, 'desync.count');
  if (count === null) return check('desync', true, null, 0, 'no snapshot was compared with the truth');
  if (count === 0) return check('desync', true, 0, 0, 'no snapshot contradicts the truth of its tick');
  const first = desync
    ? `first at tick ${desync.tick}: viewer ${desync.viewer} held ${desync.field} ${desync.seen} of player ` +
      `${desync.entity}, the truth was ${desync.truth ?? 'that it was not there'}`
    : 'the first one was not kept';
  return check('desync', false, count, 0, `${count} snapshots contradict the truth; ${first}`);
}
