/**
 * Sprites by entity id, reused: what is seen keeps its sprite, what is no longer seen gives it back. After the first
 * crowded second nothing is allocated.
 */
export interface Pooled {
  /** Number of the last frame in which the entity was seen. */
  seenFrame: number;
}

export class EntityPool<T extends Pooled> {
  readonly #live = new Map<number, T>();
  readonly #free: T[] = [];
  readonly #make: () => T;
  #frame = 0;

  constructor(make: () => T) {
    this.#make = make;
  }

  get size(): number {
    return this.#live.size;
  }

  get(id: number): T | undefined {
    return this.#live.get(id);
  }

  /** Begins a frame; each entity seen in it is then asked for with `take`. */
  begin(): void {
    this.#frame += 1;
  }

  /** The sprite of an entity that is in view. `appeared` is called when it had none. */
  take(id: number, appeared: (sprite: T, id: number) => void): T {
    let sprite = this.#live.get(id);
    if (!sprite) {
      sprite = this.#free.pop() ?? this.#make();
      this.#live.set(id, sprite);
      appeared(sprite, id);
    }
    sprite.seenFrame = this.#frame;
    return sprite;
  }

  /** Ends a frame: `gone` is called for each sprite whose entity was not seen in it. */
  end(gone: (sprite: T, id: number) => void): void {
    for (const [id, sprite] of this.#live) {
      if (sprite.seenFrame === this.#frame) continue;
      gone(sprite, id);
      this.#live.delete(id);
      this.#free.push(sprite);
    }
  }
}
