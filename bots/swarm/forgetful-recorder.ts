/**
 * A planted fault (`--inject drop-entity`): the first measured viewer never notes the first player that it meets. What
 * viewers see and how old it is must then look worse, and nothing else may.
 */
import { type SeenView, SwarmRecorder } from '../../metrics/swarm-recorder.ts';

export class ForgetfulRecorder extends SwarmRecorder {
  #viewer = -1;
  #forgotten = -1;

  override snapshot(player: number, nowMs: number, view: SeenView, heldBeyondVision = 0): void {
    if (this.#viewer < 0) this.#viewer = player;
    super.snapshot(player, nowMs, player === this.#viewer ? this.#without(view) : view, heldBeyondVision);
  }

  #without(view: SeenView): SeenView {
    const { count, id, x, y, ageTicks } = view.players;
    if (this.#forgotten < 0 && count > 0) this.#forgotten = id[0]!;
    const kept = Array.from({ length: count }, (_, row) => row).filter((row) => id[row] !== this.#forgotten);
    const pick = (column: Int32Array) => Int32Array.from(kept, (row) => column[row]!);
    const players = { count: kept.length, id: pick(id), x: pick(x), y: pick(y) };
    return { ...view, players: ageTicks ? { ...players, ageTicks: pick(ageTicks) } : players };
  }
}
