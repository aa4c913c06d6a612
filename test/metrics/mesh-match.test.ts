/**
 * Whole matches on virtual time, written down twice: by the authority, and as if every player owned its avatar. Both must
 * come to the same numbers, so that those of a mesh can stand beside those of a server.
 */
import { describe, expect, test } from 'vitest';
import { EventKind, Status } from '../../game/world.ts';
import { type Audit, audit } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority, type TickReport } from '../../metrics/authority-recorder.ts';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import { mergeTruth } from '../../metrics/mesh/merge-truth.ts';
import { ownTickOf } from '../../metrics/mesh/owner-notes.ts';
import { decodeSwarm, type SeenView, SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import { OFFSET_STEP } from '../../netcode/snapshot-codec.ts';
import { simulateMatch } from '../simulated/simulate-match.ts';

const PLAYERS = 16;
const FROM_MS = 4000;
const SECONDS = 12;
const TICK_RATE_HZ = 20;

/** Tells what the authority did as every player's own doing. */
class DividingRecorder extends AuthorityRecorder {
  readonly #swarm: SwarmRecorder;
  /** By tick and slot: where the living were. */
  readonly places = new Map<number, Map<number, { x: number; y: number }>>();

  constructor(swarm: SwarmRecorder, capacity: number) {
    super({ capacity, arenaSize: 2 ** 22, tickRateHz: TICK_RATE_HZ });
    this.#swarm = swarm;
  }

  override tick(report: TickReport): void {
    super.tick(report);
    const { world, executedInputTick, tick, dueMs, startMs, endMs } = report;
    const { players, events, match } = world;
    const living = new Map<number, { x: number; y: number }>();
    for (let slot = 0; slot < match.playerLimit[0]!; slot++) {
      if (players.status[slot] === Status.empty) continue;
      const times = { tick, dueMs, phaseMs: 0, startMs, endMs, inputTick: executedInputTick[slot]! };
      this.#swarm.owners.tick(slot, ownTickOf(world, slot, times));
      if (players.status[slot] === Status.alive) living.set(slot, { x: players.x[slot]!, y: players.y[slot]! });
    }
    this.places.set(tick, living);
    for (let i = 0; i < events.count; i++) {
      const kind = events.kind[i]!;
      if (kind === EventKind.fire) this.#swarm.owners.fired(startMs);
      // Coins of this world have ids that are used again, which tokens of a mesh are not.
      if (kind !== EventKind.kill && kind !== EventKind.purchase) continue;
      const outcome = { tick, kind, other: events.b[i]!, amount: events.amount[i]! };
      this.#swarm.owners.outcome(events.a[i]!, outcome, startMs);
    }
  }
}

/** A row of each view is as old as its player's slot says, and where that player was then. */
class AgeingRecorder extends SwarmRecorder {
  places: DividingRecorder['places'] | null = null;

  override snapshot(player: number, nowMs: number, view: SeenView): void {
    super.snapshot(player, nowMs, this.places ? aged(view, this.places) : view);
  }
}

function aged(view: SeenView, places: DividingRecorder['places']): SeenView {
  const { count, id } = view.players;
  const old = { count: 0, id: id.slice(), x: new Int32Array(count), y: new Int32Array(count) };
  const ageTicks = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const age = (id[row]! * 7 + view.tick) % 5;
    const place = places.get(view.tick - age)?.get(id[row]!);
    if (!place) continue;
    old.id[old.count] = id[row]!;
    old.x[old.count] = place.x;
    old.y[old.count] = place.y;
    ageTicks[old.count++] = age;
  }
  return { ...view, players: { ...old, ageTicks } };
}

function play(seed: number, isAgeing = false): { served: Audit; owned: Audit } {
  const capacity = PLAYERS + 8;
  const swarm = new AgeingRecorder({ capacity, fullClients: PLAYERS });
  const authority = new DividingRecorder(swarm, capacity);
  if (isAgeing) swarm.places = authority.places;
  for (const recorder of [swarm, authority]) recorder.measure(FROM_MS, FROM_MS + SECONDS * 1000);
  const match = simulateMatch({
    seed,
    players: PLAYERS,
    latencyMs: 40,
    jitterMs: 5,
    options: { authorityRecorder: authority, playersRecorder: swarm },
  });
  match.run({ ms: FROM_MS + SECONDS * 1000 + 2500 });
  const swarms = [decodeSwarm(swarm.finish())];
  const options = {
    evidence: 'simulated',
    expectedJoins: PLAYERS,
    quantisation: OFFSET_STEP,
    headerBytes: 93,
    authorityPlays: false,
    reference: null,
  } as const;
  const truth = mergeTruth(swarms, { capacity, arenaSize: 2 ** 22, tickRateHz: TICK_RATE_HZ });
  return {
    served: audit(decodeAuthority(authority.finish()), swarms, options),
    owned: audit(truth, swarms, { ...options, decides: 'owners' }),
  };
}

const SAME: MeasureName[] = [
  'action.p50',
  'action.p95',
  'action.p99',
  'ownAction.p95',
  'age.near.p99',
  'age.all.p95',
  'age.all.p99',
  'positionError.p95',
  'positionError.sameTick.p95',
  'inconsistency.mean',
  'viewError.ratio',
  'exposure.mean',
];

describe.each([1, 2, 3])('a match written down by all players (seed %i)', (seed) => {
  test('comes to the numbers that the authority’s recording comes to', () => {
    const { served, owned } = play(seed);
    for (const name of SAME) {
      expect(numberOf(served.measures, name), name).not.toBeNull();
      expect(numberOf(owned.measures, name), name).toBeCloseTo(numberOf(served.measures, name)!, 6);
    }
    const { distance, shots, kills } = served.activity;
    expect(owned.activity).toMatchObject({ distance, shots, kills });
    expect(kills).toBeGreaterThan(0);
    expect(numberOf(owned.measures, 'divergence.ratio')).toBe(0);
    expect(numberOf(owned.measures, 'timeline.spread.p99')).toBe(0);
    expect(numberOf(owned.measures, 'conflicts.per1000')).toBe(0);
    expect(owned.tallies.map(({ scorePerMin: _, ...tally }) => tally)).toEqual(
      served.tallies.map(({ scorePerMin: _, ...tally }) => tally),
    );
    // An authority counts what the dead score when they are back, which may be after the end.
    for (const [i, { scorePerMin }] of served.tallies.entries()) {
      expect(owned.tallies[i]!.scorePerMin).toBeGreaterThanOrEqual(scorePerMin);
    }
    expect(owned.coverage).toEqual(served.coverage);
  });

  test('rows of different ages are each their owner’s truth, and cost as much age as they are old', () => {
    const { owned: fresh } = play(seed);
    const { served, owned } = play(seed, true);
    expect(numberOf(owned.measures, 'divergence.ratio')).toBe(0);
    const p95 = (audited: Audit) => numberOf(audited.measures, 'age.all.p95')!;
    expect(p95(owned)).toBeGreaterThan(p95(fresh) + 2 * (1000 / TICK_RATE_HZ));
    // The rows themselves differ from the truth of the view's tick by what was walked since.
    expect(numberOf(served.measures, 'positionError.p95')).toBeGreaterThan(
      numberOf(fresh.measures, 'positionError.p95')!,
    );
  });
});
