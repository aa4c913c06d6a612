/** What peers that own their avatars tell of each other: who is near, what each outcome was, who is accused. */
import { describe, expect, test } from 'vitest';
import { EventKind } from '../../game/world.ts';
import type { Audit } from '../../metrics/auditor.ts';
import { EQUIVOCATION } from '../../metrics/mesh/mesh-notes.ts';
import { decodeRendezvous, RendezvousRecorder } from '../../metrics/rendezvous-recorder.ts';
import type { SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import {
  AGE_TICKS,
  auditMesh,
  checkOf,
  FROM_MS,
  HEADER_BYTES,
  ownTick,
  PLAN,
  TICK_MS,
  UNIT,
  UNTIL_MS,
  usualPlace,
  value,
  WINDOW_S,
  whyOf,
} from './meshed-match.ts';

describe('neighbours', () => {
  /** Player 1 is out of sight but for these ticks. */
  const sightOf = (from: number, until: number) => (player: number, tick: number) => ({
    ...usualPlace(player, tick),
    ...(player === 1 && (tick < from || tick >= until) ? { x: 2000 * UNIT } : {}),
  });
  const setup = (until: number, tell: (swarm: SwarmRecorder) => void) =>
    auditMesh({ placeOf: sightOf(100, until), ageTicks: () => AGE_TICKS, tell: ([first]) => tell(first!) });
  const MET_MS = 100 * TICK_MS;

  test('take from coming into view to the first direct state', () => {
    const late = setup(200, (swarm) => swarm.mesh.directState(0, 1, MET_MS + 400));
    expect(value(late, 'neighbour.setup.p50')).toBeCloseTo(400, 0);
    const before = setup(200, (swarm) => swarm.mesh.directState(0, 1, MET_MS - 3000));
    expect(value(before, 'neighbour.setup.p50')).toBe(0);
    const again = setup(200, (swarm) => {
      swarm.mesh.directState(0, 1, MET_MS - 3000);
      swarm.mesh.directLost(0, 1, MET_MS - 1);
      swarm.mesh.directState(0, 1, MET_MS + 250);
    });
    expect(value(again, 'neighbour.setup.p99')).toBeCloseTo(250, 0);
  });

  test('who never linked count with all the time in sight, and not at all when that was short', () => {
    expect(
      value(
        setup(140, () => {}),
        'neighbour.setup.p50',
      ),
    ).toBeCloseTo(40 * TICK_MS, -1);
    const short = setup(110, () => {});
    expect(value(short, 'neighbour.setup.p50')).toBeNull();
    expect(whyOf(short, 'neighbour.setup.p50')).toContain('nobody came into view');
    // Who was in view when the tape began had met before.
    expect(value(auditMesh(), 'neighbour.setup.p50')).toBeNull();
  });

  test('links opened, recipients and what was forwarded, inside the window', () => {
    const told = auditMesh({
      tell: ([first, second]) => {
        for (const atMs of [FROM_MS - 1, 5000, 6000]) {
          first!.mesh.linkOpened(atMs);
          second!.mesh.linkOpened(atMs, 2);
          first!.mesh.recipients(2, atMs);
          second!.mesh.recipients(4, atMs);
          first!.mesh.stateSent(30, atMs);
          first!.mesh.stateSent(90, atMs, 3);
          second!.mesh.forwarded(40, atMs);
          first!.links(2, 0, atMs);
          second!.links(5, 1, atMs);
        }
      },
      options: { sendRateHz: 10 },
    });
    expect(value(told, 'links.opened.rate')).toBeCloseTo(6 / 3 / WINDOW_S, 6);
    expect(value(told, 'links.mean')).toBeCloseTo(4, 2);
    expect(value(told, 'links.worst')).toBe(6);
    expect(value(told, 'recipients.mean')).toBeCloseTo(3, 2);
    expect(value(told, 'forwarded.ratio')).toBeCloseTo(80 / (240 + 80), 6);
    // k·f·(h + b): three recipients, ten times a second, 30 bytes and a header.
    expect(value(told, 'up.formula')).toBeCloseTo((3 * 10 * (HEADER_BYTES + 30) * 8) / 1000, 1);
    expect(told.measures['up.formula']).toMatchObject({ evidence: 'modelled' });
    expect(whyOf(auditMesh(), 'up.formula')).toContain('by need');
  });

  test('what links cost besides states, counted and in closed form', () => {
    const told = auditMesh({
      tell: ([first, second]) => {
        for (const one of [first!, second!]) {
          one.mesh.recipients(2, 5000);
          one.links(4, 1, 5000);
        }
        first!.mesh.linkOpened(5000, 3 * WINDOW_S);
        first!.mesh.sent('pings', { messages: 100, bytes: 1000 }, 5000);
        first!.mesh.sent('links', { messages: 3, bytes: 550 }, 5000);
        first!.bytes(0, 5000, 1550, 0, 103, 0);
      },
    });
    const kbps = ((1550 + 103 * HEADER_BYTES) * 8) / 1000 / WINDOW_S;
    expect(value(told, 'up.links')).toBeCloseTo(kbps, 3);
    // Two told links of five, one new one a second.
    const pings = (2 / 1.5) * 17 + 3 * (HEADER_BYTES + 10);
    const formula = told.measures['up.links.formula'];
    expect(formula).toMatchObject({ evidence: 'modelled' });
    expect(formula!.value! / (((pings + 2 * HEADER_BYTES + 145) * 8) / 1000)).toBeCloseTo(1, 2);
    expect(whyOf(auditMesh(), 'up.links')).toContain('no ping');
  });

  test('what was sent by purpose, as its share of the upload of a peer', () => {
    const told = auditMesh({
      tell: ([first, second]) => {
        for (const atMs of [FROM_MS - 1, 5000]) {
          first!.mesh.sent('acks', { messages: 1, bytes: 4 }, atMs);
          first!.mesh.sent('states', { messages: 10, bytes: 200 }, atMs);
          second!.mesh.sent('acks', { messages: 2, bytes: 8 }, atMs);
          first!.bytes(0, atMs, 204, 0, 11, 0);
          second!.bytes(1, atMs, 8, 0, 2, 0);
        }
      },
    });
    const { acks, states } = told.uploads;
    expect(Object.keys(told.uploads)).toEqual(['states', 'acks']);
    expect(acks! / states!).toBeCloseTo((12 + 3 * HEADER_BYTES) / (200 + 10 * HEADER_BYTES), 9);
    expect(acks! + states!).toBeCloseTo(value(told, 'up.wire.mean')!, 5);
  });
});

describe('outcomes on which participants disagree', () => {
  const kill = (tick: number, other: number) => ({ tick, kind: EventKind.kill, other, amount: 0 });
  const grant = (tick: number, other: number) => ({ tick, kind: EventKind.pickup, other, amount: 1 });
  const kindsOf = ({ conflicts }: Audit) => Object.fromEntries(conflicts.map(({ kind, count }) => [kind, count]));
  /** Player 2 alone writes its ticks from here on, and its tally of kills rises at `ticks`. */
  const COUNTS_FROM = 156;
  const withoutTally = (player: number, tick: number) => (player === 2 && tick >= COUNTS_FROM ? null : 0);
  const counting = (swarm: SwarmRecorder, ticks: readonly number[]) => {
    for (let tick = COUNTS_FROM; tick * TICK_MS < UNTIL_MS + 2000; tick++) {
      const kills = ticks.filter((one) => one <= tick).length;
      const times = { dueMs: tick * TICK_MS, startMs: tick * TICK_MS, place: usualPlace(2, tick) };
      swarm.owners.tick(2, ownTick(tick, times, { kills }));
    }
  };

  test('kills: the victim declares them, the killer counts them', () => {
    const agreed = auditMesh({
      lateMs: withoutTally,
      tell: ([first, second]) => {
        first!.owners.outcome(1, kill(150, 2), 7500);
        counting(second!, [160]);
      },
    });
    expect(agreed.conflicts).toEqual([]);
    expect(value(agreed, 'conflicts.per1000')).toBe(0);
    const uncounted = auditMesh({ tell: ([first]) => first!.owners.outcome(1, kill(150, 2), 7500) });
    expect(kindsOf(uncounted)).toEqual({ killUncounted: 1 });
    expect(value(uncounted, 'conflicts.per1000')).toBe(1000);
    expect(uncounted.conflicts[0]!.sentence).toContain('had not counted it');
    const undeclared = auditMesh({ lateMs: withoutTally, tell: ([, second]) => counting(second!, [160, 300]) });
    expect(kindsOf(undeclared)).toEqual({ killUndeclared: 2 });
  });

  test('kills near the ends of the tape are not judged', () => {
    const late = auditMesh({ tell: ([first]) => first!.owners.outcome(1, kill(290, 2), 14_500) });
    expect(late.conflicts).toEqual([]);
    expect(whyOf(late, 'conflicts.per1000')).toContain('5 s');
  });

  test('a coin belongs to one, until its owner dies or has left', () => {
    const twice = (between?: (swarm: SwarmRecorder) => void) =>
      auditMesh({
        tell: ([first, second]) => {
          first!.owners.outcome(1, grant(120, 77), 6000);
          second!.owners.outcome(2, grant(200, 77), 10_000);
          between?.(first!);
        },
      });
    expect(kindsOf(twice())).toEqual({ coinTwice: 1 });
    expect(kindsOf(twice((swarm) => swarm.owners.outcome(1, kill(180, 5), 9000)))).toEqual({});
    expect(kindsOf(twice((swarm) => swarm.owners.outcome(1, kill(210, 5), 10_500)))).toEqual({ coinTwice: 1 });
    const left = auditMesh({
      lateMs: (player, tick) => (player === 1 && tick > 150 ? null : 0),
      tell: ([first, second]) => {
        first!.owners.outcome(1, grant(120, 77), 6000);
        second!.owners.outcome(2, grant(200, 77), 10_000);
      },
    });
    expect(kindsOf(left)).toEqual({});
  });

  test('what is announced and what is granted', () => {
    const { pickup, purchase } = EventKind;
    const mixed = auditMesh({
      tell: ([first]) => {
        const { owners } = first!;
        owners.announced(1, pickup, 70, 7000);
        owners.outcome(1, grant(145, 70), 7250);
        owners.announced(1, pickup, 71, 7000);
        owners.outcome(1, grant(150, 72), 7500);
        owners.announced(1, purchase, 9, 7000);
        // Refused: no outcome, so the announcement was wrong.
        owners.outcome(1, { tick: 150, kind: purchase, other: 9, amount: 0 }, 7500);
      },
    });
    expect(kindsOf(mixed)).toEqual({ pickupUngranted: 1, pickupUnannounced: 1, purchaseUngranted: 1 });
    const silent = auditMesh({ tell: ([first]) => first!.owners.outcome(1, grant(150, 72), 7500) });
    expect(kindsOf(silent)).toEqual({});
  });
});

test('accusations are counted per player-hour and by reason; only proven equivocation is a desync', () => {
  const blamed = auditMesh({
    tell: ([first]) => {
      first!.mesh.accused(0, 1, 'too fast', FROM_MS - 1);
      for (const atMs of [5000, 6000]) first!.mesh.accused(0, 1, 'too fast', atMs);
      for (const by of [0, 2]) first!.mesh.accused(by, 1, EQUIVOCATION, 7000);
    },
  });
  expect(value(blamed, 'accusations.rate')).toBeCloseTo((4 / (3 * WINDOW_S)) * 3600, 3);
  expect(blamed.accusations).toEqual({ 'too fast': 2, [EQUIVOCATION]: 2 });
  expect(value(blamed, 'desync.count')).toBe(1);
  expect(checkOf(blamed, 'desync').held).toBe(false);
  expect(checkOf(blamed, 'desync', { ...PLAN, cheat: 'equivocation' }).held).toBe(true);
});

test('the rendezvous tells its messages, introductions and epochs', () => {
  const recorder = new RendezvousRecorder();
  recorder.measure(FROM_MS, UNTIL_MS);
  [FROM_MS - 1, 5000, 6000, 7000].forEach((atMs, i) => {
    recorder.bytes(atMs, 100, 0);
    recorder.bytes(atMs, 0, 50);
    recorder.totals({ introduced: 4 * (i + 1), epochs: i + 1 }, atMs);
  });
  const rendezvous = decodeRendezvous(recorder.finish());
  const met = auditMesh({ options: { rendezvous } });
  expect(value(met, 'rendezvous.up')).toBeCloseTo((300 * 8) / 1000 / WINDOW_S, 6);
  expect(value(met, 'rendezvous.down')).toBeCloseTo((150 * 8) / 1000 / WINDOW_S, 6);
  expect(value(met, 'rendezvous.messages.rate')).toBeCloseTo(6 / 3 / WINDOW_S, 6);
  expect(value(met, 'rendezvous.introductions.rate')).toBeCloseTo((12 / 3 / WINDOW_S) * 60, 6);
  expect(value(met, 'rendezvous.epochs.rate')).toBeCloseTo((3 / WINDOW_S) * 60, 6);
  expect(whyOf(auditMesh({ options: { rendezvous, decides: 'nobody' } }), 'rendezvous.epochs.rate')).toContain('mesh');
});
