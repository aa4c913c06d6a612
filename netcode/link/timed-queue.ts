/**
 * A binary heap of items by time; items of one time come out in the order in which they were put in, so that a run does
 * not depend on the heap's inner order. O(log n) each way. Times are any numbers; the simulator uses whole microseconds.
 */
export class TimedQueue<T> {
  #times: number[] = [];
  #sequences: number[] = [];
  #items: T[] = [];
  #sequence = 0;

  get length(): number {
    return this.#items.length;
  }

  /** Time of the next item; Infinity when there is none. */
  get nextTime(): number {
    return this.#items.length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
  }

  push(time: number, item: T): void {
    const sequence = this.#sequence++;
    let at = this.#items.length;
    this.#items.push(item);
    this.#times.push(time);
    this.#sequences.push(sequence);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      // A parent of the same time was put in earlier.
      if (this.#times[parent]! <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#place(at, time, sequence, item);
  }

  /** Takes out the next item; undefined when there is none. */
  pop(): T | undefined {
    const count = this.#items.length;
    if (count === 0) return undefined;
    const first = this.#items[0];
    const item = this.#items.pop()!;
    const time = this.#times.pop()!;
    const sequence = this.#sequences.pop()!;
    if (count > 1) this.#sink(time, sequence, item);
    return first;
  }

  clear(): void {
    this.#times = [];
    this.#sequences = [];
    this.#items = [];
  }

  #sink(time: number, sequence: number, item: T): void {
    const count = this.#items.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && this.#isBefore(child + 1, this.#times[child]!, this.#sequences[child]!)) child++;
      if (!this.#isBefore(child, time, sequence)) break;
      this.#move(child, at);
      at = child;
    }
    this.#place(at, time, sequence, item);
  }

  #isBefore(at: number, time: number, sequence: number): boolean {
    return this.#times[at]! < time || (this.#times[at] === time && this.#sequences[at]! < sequence);
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#times[from]!, this.#sequences[from]!, this.#items[from]!);
  }

  #place(at: number, time: number, sequence: number, item: T): void {
    this.#times[at] = time;
    this.#sequences[at] = sequence;
    this.#items[at] = item;
  }
}
