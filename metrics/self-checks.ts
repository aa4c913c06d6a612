/**
 * A run that cannot be trusted says so: these checks turn a run void, with the reason. They judge the measurement, not
 * the topology: an authority that is too slow is a finding, bots that are too slow are a broken ruler. In lockstep the
 * match itself waits for the slowest, and its players with it: what waiting explains is a finding too.
 */
import type { Audit } from './auditor.ts';
import { type MeasureName, numberOf } from './measures.ts';
import type { Plan } from './plan.ts';
import type { Desync, SelfCheck } from './record.ts';
import { isInterestMesh, withoutAuthority } from './report/groups.ts';

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
    checkDesync(audit, plan),
    ...(isInterestMesh(plan) ? [checkTimelines(audit, plan), checkLedger(audit, plan), checkRows(audit)] : []),
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

/** Share of the time that peers of a lockstep waited for each other's inputs; 0 where nobody does. */
function waitingOf({ measures }: Checked): number {
  return numberOf(measures, 'stalls.time.ratio') ?? 0;
}

/**
 * Inputs are due at scheduled times whether or not the system keeps up; one that waits for it hides the wait. Lockstep
 * takes no input while it waits: from one percent of the time on that alone moves the 99th percentile of lateness, which
 * then counts from the scheduled time into the action latency, so that nothing is hidden.
 */
function checkOpenLoop(audit: Checked, plan: Plan): SelfCheck {
  const tickMs = 1000 / plan.tickRateHz;
  const usual = atMost(audit, 'open-loop', 'inputs.late.p99', Math.round(tickMs), 'inputs went out late by (p99)');
  const waited = waitingOf(audit);
  if (usual.held || usual.value === null || waited < 0.01) return usual;
  const why = `the match itself waited for inputs in ${round(waited * 100)} % of the time`;
  return { ...usual, held: true, sentence: `inputs went out late by (p99) ${usual.value} ms, as ${why}` };
}

/** Ticks that could not be done had no inputs either. */
function checkInputRate(audit: Checked, plan: Plan): SelfCheck {
  const rate = numberOf(audit.measures, 'inputs.rate') ?? 0;
  const waited = waitingOf(audit);
  const limit = plan.inputRateHz * INPUTS_FLOOR * (1 - Math.min(1, waited));
  const sentence = `${round(rate)} inputs per second and player, planned ${plan.inputRateHz}`;
  const why = waited > 0 ? `; ${round(waited * 100)} % of the time the match waited` : '';
  return check('inputs', rate >= limit, rate, round(limit), sentence + why);
}

function checkActivity({ activity }: Checked): SelfCheck {
  const { ratio, ratioHigh, distance, shots, pickups } = activity;
  const did = `${Math.round(distance)} units, ${round(shots)} shots and ${round(pickups)} pickups per player-minute`;
  if (ratio === null) {
    return check('activity', distance > 0, null, ACTIVITY_FLOOR, `${did}; no reference to compare with`);
  }
  // In a short match of few players a handful of events more or less is chance, and says nothing against it.
  const held = Math.max(ratio, ratioHigh ?? 0) >= ACTIVITY_FLOOR;
  const chance = held && ratio < ACTIVITY_FLOOR ? ', which so few events allow by chance' : '';
  const share = `the least of them is ${Math.round(ratio * 100)} % of the same policies without latency${chance}`;
  return check(
    'activity',
    held,
    ratio,
    ACTIVITY_FLOOR,
    held ? `${did}; ${share}` : `players hardly played: ${did}; ${share}`,
  );
}

function checkDesync({ measures, desync }: Checked, plan: Plan): SelfCheck {
  const count = numberOf(measures, 'desync.count');
  if (count === null) return check('desync', true, null, 0, 'no snapshot was compared with the truth');
  if (isInterestMesh(plan)) {
    const liars = `${count} players were proven to have told two stories`;
    if (count > 0 && plan.cheat !== null) return check('desync', true, count, null, byCheat(liars, plan));
    return check('desync', count === 0, count, 0, count === 0 ? 'nobody was proven to have told two stories' : liars);
  }
  if (count === 0) return check('desync', true, 0, 0, 'no snapshot contradicts the truth of its tick');
  const first = desync ? `first at tick ${desync.tick}: ${describeDesync(desync)}` : 'the first one was not kept';
  const contradictions = `${count} contradictions to the truth or between peers; ${first}`;
  // Where nobody decides, a cheater may part the worlds: that is what it is there for, and no broken ruler.
  if (plan.cheat !== null && withoutAuthority(plan)) {
    return check('desync', true, count, null, byCheat(contradictions, plan));
  }
  return check('desync', false, count, 0, contradictions);
}

/** The truth of a mesh is put together tick by tick: that has a meaning only where owners mean the same by a tick. */
function checkTimelines({ measures }: Checked, plan: Plan): SelfCheck {
  const spreadMs = numberOf(measures, 'timeline.spread.p99');
  const tickMs = 1000 / plan.tickRateHz;
  if (spreadMs === null) return check('timelines', false, null, tickMs, 'no owner recorded a tick');
  const apart = `owners' timelines are ${round(spreadMs)} ms apart (p99)`;
  if (plan.cheat !== null && spreadMs > tickMs) return check('timelines', true, spreadMs, null, byCheat(apart, plan));
  return check('timelines', spreadMs <= tickMs, spreadMs, tickMs, `${apart}; one tick is ${round(tickMs)} ms`);
}

/** Coins that nobody minted, or that are gone, mean that the homes of the coins do not agree on what happened. */
function checkLedger({ measures }: Checked, plan: Plan): SelfCheck {
  const error = numberOf(measures, 'coins.error');
  if (error === null) return check('ledger', false, null, 0, 'nobody counted the ledger after the match');
  const off = `the ledger is off by ${round(error)} coins`;
  if (plan.cheat !== null && error !== 0) return check('ledger', true, error, null, byCheat(off, plan));
  return check('ledger', error === 0, error, 0, error === 0 ? 'every coin is minted, held, lying or spent' : off);
}

/** Rows that were never compared say nothing about who saw whom where. */
function checkRows({ measures }: Checked): SelfCheck {
  const ratio = numberOf(measures, 'divergence.ratio');
  if (ratio === null) return check('rows', false, null, null, "no row of a view was compared with its owner's truth");
  return check(
    'rows',
    true,
    ratio,
    null,
    `${round(ratio * 100)} % of the rows of views differ from their owner's truth`,
  );
}

function byCheat(found: string, { cheat }: Plan): string {
  return `${found}; with the cheat ${cheat} that is a finding`;
}

/** Names section, entity and field, and who held what. */
export function describeDesync({ section, viewer, peer, entity, field, seen, truth }: Desync): string {
  if (peer === null) {
    const held = `viewer ${viewer} held ${field} ${seen} of player ${entity} (section ${section})`;
    return `${held}, the truth was ${truth ?? 'that it was not there'}`;
  }
  const other = truth === null ? `peer ${peer} has no such entity` : `at peer ${peer} it is ${truth}`;
  return `in section ${section}, field ${field} of entity ${entity} is ${seen} at player ${viewer}; ${other}`;
}
