/**
 * A planted fault (`--inject desync`): in the middle of the measured time, for one tick, the truth that an authority writes
 * down is not what it has told its players. A run that does not notice this would notice nothing.
 */
import { SUBUNITS } from '../../game/constants.ts';
import { AuthorityRecorder, type TickReport } from '../../metrics/authority-recorder.ts';

/** Far beyond what rounding explains, and near enough to stay in view. */
const SHIFT = 8 * SUBUNITS;

export class LyingRecorder extends AuthorityRecorder {
  #lieAtMs = Number.POSITIVE_INFINITY;

  override measure(fromMs: number, untilMs: number): void {
    super.measure(fromMs, untilMs);
    this.#lieAtMs = (fromMs + untilMs) / 2;
  }

  override tick(report: TickReport): void {
    if (report.startMs < this.#lieAtMs) {
      super.tick(report);
      return;
    }
    this.#lieAtMs = Number.POSITIVE_INFINITY;
    const { x } = report.world.players;
    for (let id = 0; id < x.length; id++) x[id]! += SHIFT;
    super.tick(report);
    for (let id = 0; id < x.length; id++) x[id]! -= SHIFT;
  }
}
