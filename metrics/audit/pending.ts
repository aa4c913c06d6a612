/**
 * Inputs whose effect one viewer does not hold yet: a short unordered list per viewer, compacted in place whenever
 * something arrives. An input is given up two seconds after it was due.
 */
export const GIVE_UP_MS = 2000;

export class Pending {
  count = 0;
  actor = new Int32Array(64);
  /** Index of the tick on the tape that first reflects it. */
  index = new Int32Array(64);
  dueMs = new Float64Array(64);

  push(actor: number, index: number, dueMs: number): void {
    if (this.count === this.actor.length) this.#grow();
    this.actor[this.count] = actor;
    this.index[this.count] = index;
    this.dueMs[this.count++] = dueMs;
  }

  /** Hands over each entry; what `isDone` says true of is taken out. */
  settle(isDone: (actor: number, index: number, dueMs: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const actor = this.actor[i]!;
      const index = this.index[i]!;
      const dueMs = this.dueMs[i]!;
      if (isDone(actor, index, dueMs)) continue;
      this.actor[kept] = actor;
      this.index[kept] = index;
      this.dueMs[kept++] = dueMs;
    }
    this.count = kept;
  }

  #grow(): void {
    const { actor, index, dueMs } = this;
    this.actor = new Int32Array(actor.length * 2);
    this.index = new Int32Array(actor.length * 2);
    this.dueMs = new Float64Array(actor.length * 2);
    this.actor.set(actor);
    this.index.set(index);
    this.dueMs.set(dueMs);
  }
}
