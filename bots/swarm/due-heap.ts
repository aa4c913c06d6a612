/**
 * Who is due next. A binary heap of numbered members ordered by the time at which each wants to be called, with the
 * place of every member kept beside it, so that a due time can be changed in place: one timer then serves thousands of
 * sessions. Each operation costs O(log n) and allocates nothing.
 */
export class DueHeap {
  readonly #dueMs: Float64Array;
  /** Members in heap order, and where each one is in it; −1: not waiting. */
  readonly #heap: Int32Array;
  readonly #place: Int32Array;
  #size = 0;

  constructor(members: number) {
    this.#dueMs = new Float64Array(members).fill(Number.POSITIVE_INFINITY);
    this.#heap = new Int32Array(members);
    this.#place = new Int32Array(members).fill(-1);
  }

  /** When the first of all is due; Infinity when nobody waits. */
  get nextMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#dueMs[this.#heap[0]!]!;
  }

  /** The member that is due first, −1 when nobody waits. It stays until its time is changed. */
  get next(): number {
    return this.#size === 0 ? -1 : this.#heap[0]!;
  }

  /** Sets when a member is due; Infinity takes it out. */
  set(member: number, dueMs: number): void {
    const place = this.#place[member]!;
    const before = this.#dueMs[member]!;
    this.#dueMs[member] = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) {
      if (place >= 0) this.#remove(place, member);
    } else if (place < 0) {
      this.#rise(this.#size++, member);
    } else if (dueMs < before) {
      this.#rise(place, member);
    } else if (dueMs > before) {
      this.#sink(place, member);
    }
  }

  #remove(place: number, member: number): void {
    this.#place[member] = -1;
    const last = this.#heap[--this.#size]!;
    if (last === member) return;
    if (this.#rise(place, last) === place) this.#sink(place, last);
  }

  #rise(from: number, member: number): number {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above]!;
      if (this.#dueMs[other]! <= this.#dueMs[member]!) break;
      heap[at] = other;
      this.#place[other] = at;
      at = above;
    }
    heap[at] = member;
    this.#place[member] = at;
    return at;
  }

  #sink(from: number, member: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#size) break;
      if (below + 1 < this.#size && this.#dueMs[heap[below + 1]!]! < this.#dueMs[heap[below]!]!) below++;
      const other = heap[below]!;
      if (this.#dueMs[other]! >= this.#dueMs[member]!) break;
      heap[at] = other;
      this.#place[other] = at;
      at = below;
    }
    heap[at] = member;
    this.#place[member] = at;
  }
}
