/** A hand-made match of a mesh, whose every number can be worked out: what its peers would have recorded of themselves. */
import { type Audit, type AuditOptions, audit } from '../../metrics/auditor.ts';
import type { AuthorityRecording } from '../../metrics/authority-recorder.ts';
import { type MeasureName, numberOf } from '../../metrics/measures.ts';
import { mergeTruth } from '../../metrics/mesh/merge-truth.ts';
import type { OwnTick } from '../../metrics/mesh/owner-notes.ts';
import { planSchema } from '../../metrics/plan.ts';
import { runSelfChecks } from '../../metrics/self-checks.ts';
import { decodeSwarm, SwarmRecorder, type SwarmRecording } from '../../metrics/swarm-recorder.ts';

export const UNIT = 256;
export const TICK_MS = 50;
export const TICK_RATE_HZ = 20;
export const CAPACITY = 8;
export const ARENA_SIZE = 2 ** 22;
export const FROM_MS = 2000;
export const UNTIL_MS = 14_000;
export const HEADER_BYTES = 93;
/** Ticks that a state is on its way. */
export const AGE_TICKS = 3;
/** How long an own tick takes. */
export const STEP_MS = 2;

export const WINDOW_S = (UNTIL_MS - FROM_MS) / 1000;
export const PLAN = planSchema.parse({ topology: 'mesh', players: 3, durationS: WINDOW_S, inputRateHz: TICK_RATE_HZ });

export const value = (result: Audit, name: MeasureName) => numberOf(result.measures, name);
export const whyOf = (result: Audit, name: MeasureName) => result.measures[name].why ?? '';
export const checkOf = (result: Audit, id: string, plan = PLAN) =>
  runSelfChecks(result, plan).find((c) => c.id === id)!;

export interface Plant {
  /** Where a player is at a tick; null: dead or gone. Left out: player 1 walks a unit a tick 100 units from player 0. */
  placeOf?: (player: number, tick: number) => { x: number; y: number } | null;
  /** ms by which a player comes late to a tick; null: it misses the tick. */
  lateMs?: (player: number, tick: number) => number | null;
  /** ms by which a player's idea of when ticks are due is off. */
  offMs?: (player: number) => number;
  /** How much later than the room's a player's ticks are due. */
  phaseOf?: (player: number) => number;
  /** What the first peer takes the row of the second one for, and where it sees it besides. */
  ageTicks?: (tick: number) => number;
  offset?: (tick: number) => number;
  /** Adds what a test is about. */
  tell?: (recorders: readonly SwarmRecorder[]) => void;
  options?: Partial<AuditOptions>;
}

/** Player 2 is out of everybody's sight. */
export function usualPlace(player: number, tick: number): { x: number; y: number } {
  if (player === 0) return { x: 400 * UNIT, y: 400 * UNIT };
  return player === 1 ? { x: (500 + (tick % 20)) * UNIT, y: 400 * UNIT } : { x: 4000 * UNIT, y: 400 * UNIT };
}

/** Players 0 and 1 of one process, player 2 of another. 0 is a measured viewer and sees 1 as it was three ticks ago. */
export function recordMesh(plant: Plant = {}): SwarmRecording[] {
  const { placeOf = usualPlace, lateMs = () => 0, offMs = () => 0, phaseOf = () => 0 } = plant;
  const { ageTicks = () => AGE_TICKS, offset } = plant;
  const recorders = [0, 1].map(() => new SwarmRecorder({ capacity: CAPACITY, fullClients: 0 }));
  for (const recorder of recorders) recorder.measure(FROM_MS, UNTIL_MS);
  for (let tick = 0; tick * TICK_MS < UNTIL_MS + 2500; tick++) {
    for (let player = 0; player < 3; player++) {
      const late = lateMs(player, tick);
      if (late === null) continue;
      const recorder = recorders[player >> 1]!;
      const phaseMs = phaseOf(player);
      const dueMs = tick * TICK_MS + phaseMs + offMs(player);
      const startMs = dueMs + late;
      recorder.input(player, tick, dueMs, startMs);
      recorder.owners.tick(player, ownTick(tick, { dueMs, startMs, place: placeOf(player, tick) }, { phaseMs }));
      if (player !== 0) continue;
      const self = placeOf(0, tick)!;
      const seen = placeOf(1, tick - AGE_TICKS);
      recorder.snapshot(0, startMs, {
        tick,
        self: { player: 0, alive: true, ...self, score: 0, kills: 0, deaths: 0, purchaseKey: 0 },
        players: {
          count: seen ? 1 : 0,
          id: Int32Array.of(1),
          x: Int32Array.of((seen?.x ?? 0) + (offset?.(tick) ?? 0)),
          y: Int32Array.of(seen?.y ?? 0),
          ageTicks: Int32Array.of(ageTicks(tick)),
        },
      });
    }
  }
  plant.tell?.(recorders);
  return recorders.map((recorder) => decodeSwarm(recorder.finish()));
}

export function ownTick(
  tick: number,
  { dueMs, startMs, place }: { dueMs: number; startMs: number; place: { x: number; y: number } | null },
  standing: Partial<OwnTick> = {},
): OwnTick {
  return {
    tick,
    dueMs,
    phaseMs: 0,
    startMs,
    endMs: startMs + STEP_MS,
    alive: place !== null,
    x: place?.x ?? 0,
    y: place?.y ?? 0,
    inputTick: tick,
    score: 0,
    kills: 0,
    deaths: 0,
    purchaseKey: 0,
    coins: 0,
    ...standing,
  };
}

export function merged(swarms: readonly SwarmRecording[]): AuthorityRecording {
  return mergeTruth(swarms, { capacity: CAPACITY, arenaSize: ARENA_SIZE, tickRateHz: TICK_RATE_HZ });
}

export function auditMesh(plant: Plant = {}): Audit {
  const swarms = recordMesh(plant);
  return audit(merged(swarms), swarms, {
    evidence: 'measured',
    expectedJoins: 3,
    quantisation: 0,
    headerBytes: HEADER_BYTES,
    authorityPlays: false,
    decides: 'owners',
    ledger: { error: 0, minted: 40, held: 10, lying: 25, spent: 5 },
    reference: null,
    ...plant.options,
  });
}
