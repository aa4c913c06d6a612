/** How far from the truth of the same moment players are drawn: full clients tell what they draw about twice a second. */
import { SUBUNITS } from '../../game/constants.ts';
import { Distribution } from '../histogram.ts';
import type { SwarmRecording } from '../swarm-recorder.ts';
import type { Truth } from './truth.ts';

/** In units; a drawn player that is no longer alive is no distance from anything, and is left out. */
export function drawnErrors(swarms: readonly SwarmRecording[], truth: Truth): Distribution {
  const errors = new Distribution();
  for (const { drawn } of swarms) {
    const { atMs, player, x, y } = drawn.columns;
    let k = 0;
    for (let i = 0; i < drawn.count; i++) {
      while (k + 1 < truth.tickCount && truth.startMs[k + 1]! <= atMs[i]!) k++;
      if (k >= truth.tickCount || truth.startMs[k]! > atMs[i]!) continue;
      const row = truth.rowOf(k, player[i]!);
      if (row < 0) continue;
      const dx = x[i]! - truth.x[row]!;
      const dy = y[i]! - truth.y[row]!;
      errors.add(Math.sqrt(dx * dx + dy * dy) / SUBUNITS);
    }
  }
  return errors;
}
