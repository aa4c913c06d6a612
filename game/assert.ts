/** A broken promise of ours: stop before the world diverges further. The world's mistakes are errors, not assertions. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
