/**
 * A replay that can be played from anywhere: it is stepped through once when it is opened, which finds the ticks that
 * differ from the rules and keeps a state every so often, so that any tick is a few steps away.
 */
import type { World } from '../../game/world.ts';
import { type Replay, Replayer } from '../../netcode/lockstep/replay-tape.ts';

/** A kept state is a few kilobytes, the steps between two a few milliseconds. */
const KEEP_EVERY_TICKS = 200;
/** Stepped at a stretch before the page may draw again. */
const STRETCH_MS = 30;

/** Where everything was one tick before: what is drawn lies in between. */
export interface Places {
  x: Int32Array;
  y: Int32Array;
  shotX: Int32Array;
  shotY: Int32Array;
}

export class Film {
  readonly replay: Replay;
  /** By tick from the first: 1 where the checksums of the tape are not those of the rules. */
  readonly differs: Uint8Array;
  readonly before: Places;
  readonly #replayer: Replayer;
  readonly #kept: Int32Array[] = [];

  constructor(replay: Replay) {
    this.replay = replay;
    this.differs = new Uint8Array(replay.ticks.length);
    this.#replayer = new Replayer(replay);
    const { players, shots } = this.world;
    const like = (column: Int32Array) => new Int32Array(column.length);
    this.before = { x: like(players.x), y: like(players.y), shotX: like(shots.x), shotY: like(shots.y) };
    this.#kept.push(this.world.words.slice());
  }

  get world(): World {
    return this.#replayer.world;
  }

  get tick(): number {
    return this.#replayer.tick;
  }

  get startTick(): number {
    return this.replay.startTick;
  }

  get endTick(): number {
    return this.#replayer.endTick;
  }

  /** The first tick that differs from the rules; null when none does. */
  get firstDifferent(): number | null {
    const at = this.differs.indexOf(1);
    return at < 0 ? null : this.startTick + 1 + at;
  }

  /** Steps through all of it once; `onShare` hears how much is done, from 0 to 1. */
  async develop(onShare: (share: number) => void): Promise<void> {
    const replayer = this.#replayer;
    while (!replayer.isAtEnd) {
      const untilMs = performance.now() + STRETCH_MS;
      while (!replayer.isAtEnd && performance.now() < untilMs) {
        const differs = replayer.step().length > 0;
        const done = replayer.tick - this.startTick;
        this.differs[done - 1] = differs ? 1 : 0;
        if (done % KEEP_EVERY_TICKS === 0) this.#kept.push(replayer.world.words.slice());
      }
      onShare((replayer.tick - this.startTick) / Math.max(1, this.replay.ticks.length));
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.seek(this.startTick);
  }

  /** Steps once; false at the end. */
  next(): boolean {
    if (this.#replayer.isAtEnd) return false;
    this.#notePlaces();
    this.#replayer.step();
    return true;
  }

  /** Goes to the world after a tick, within the film. */
  seek(tick: number): void {
    const target = Math.max(this.startTick, Math.min(this.endTick, tick));
    // The tick before is needed as well, for what lies in between.
    const from = Math.max(0, target - 1 - this.startTick);
    const kept = Math.min(this.#kept.length - 1, Math.floor(from / KEEP_EVERY_TICKS));
    this.#replayer.load(this.startTick + kept * KEEP_EVERY_TICKS, this.#kept[kept]!);
    this.#notePlaces();
    while (this.tick < target) this.next();
  }

  #notePlaces(): void {
    const { players, shots } = this.world;
    this.before.x.set(players.x);
    this.before.y.set(players.y);
    this.before.shotX.set(shots.x);
    this.before.shotY.set(shots.y);
  }
}
