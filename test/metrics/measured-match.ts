/** Whole matches on virtual time with recorders attached, audited as a run is. Faults are planted between session and recorder. */
import { type ActivityRates, type Audit, audit } from '../../metrics/auditor.ts';
import { AuthorityRecorder, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { decodeSwarm, type SeenView, SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import { OFFSET_STEP } from '../../netcode/snapshot-codec.ts';
import type { SimulatedMatch } from '../../simulator/match.ts';
import { simulateMatch, type TestMatch } from '../simulated/simulate-match.ts';

/** Joins are over and inputs flow by then. */
export const FROM_MS = 4000;

export interface Measured {
  test: TestMatch;
  seconds?: number;
  /** Changes what is recorded of a viewer, given the session's own view: copy it before changing it. */
  distort?: (viewer: number, view: SeenView) => SeenView;
  /** Lag that the bot process claims. */
  lagMs?: number;
  quantisation?: number;
  reference?: ActivityRates | null;
  /** Does something to the match after everybody has joined. */
  plant?: (match: SimulatedMatch) => void;
}

class DistortingRecorder extends SwarmRecorder {
  distort: Measured['distort'];

  override snapshot(player: number, nowMs: number, view: SeenView): void {
    super.snapshot(player, nowMs, this.distort?.(player, view) ?? view);
  }
}

export interface MeasuredMatch extends Audit {
  /** Bytes of both recordings. */
  recordings: Uint8Array[];
}

export function measureMatch({ test, seconds = 20, distort, lagMs, plant, ...options }: Measured): MeasuredMatch {
  const capacity = test.players + Math.max(8, test.players >> 5);
  const swarm = new DistortingRecorder({ capacity, fullClients: test.players });
  swarm.distort = distort;
  const untilMs = FROM_MS + seconds * 1000;
  swarm.measure(FROM_MS, untilMs);
  // The arena's size follows from the config, which the match makes; a bound serves the recorder as well.
  const authority = new AuthorityRecorder({ capacity, arenaSize: 2 ** 22, tickRateHz: 20 });
  authority.measure(FROM_MS, untilMs);
  const match = simulateMatch({ ...test, options: { authorityRecorder: authority, playersRecorder: swarm } });
  match.run({ ms: FROM_MS - 1000 });
  plant?.(match);
  match.run({ ms: 1000 });
  for (let ms = 0; ms < seconds * 1000; ms += 20) {
    match.run({ ms: 20 });
    if (lagMs !== undefined) swarm.lag(lagMs, match.clock.nowMs - 1);
  }
  match.run({ ms: 2500 });
  const recordings = [authority.finish(), swarm.finish()];
  const result = audit(decodeAuthority(recordings[0]!), [decodeSwarm(recordings[1]!)], {
    evidence: 'simulated',
    expectedJoins: test.players,
    quantisation: options.quantisation ?? OFFSET_STEP,
    headerBytes: 93,
    authorityPlays: false,
    reference: options.reference ?? null,
  });
  return { ...result, recordings };
}
