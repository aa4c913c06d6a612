/**
 * Garbage collected while nobody is due. V8 collects what is young when its space is full, which among many peers is in the
 * middle of what makes garbage: the loop is held up while it is behind already. Whoever knows when the loop will sleep can
 * have it done then. Needs `--expose-gc` (lab/launch/cores.ts); without, nothing is done, and V8 chooses the moment.
 */

/** Sooner than V8 would with 16 MB of young space and 24 peers (540 ms): then half as much has come together. */
const EVERY_MS = 300;

export class IdleCollector {
  readonly #collect = globalThis.gc;
  #dueMs = 0;

  /** The loop would sleep now. True when garbage was collected instead, so that time has passed. */
  collect(nowMs: number): boolean {
    if (!this.#collect || nowMs < this.#dueMs) return false;
    this.#dueMs = nowMs + EVERY_MS;
    this.#collect({ type: 'minor', execution: 'sync' });
    return true;
  }
}
