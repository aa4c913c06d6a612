/** Where the playing of a film is: its time runs at a chosen speed, stands still, or jumps. */
import type { View } from '../../netcode/view.ts';
import type { Film } from './film.ts';
import { Picture } from './picture.ts';

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;
/** Follows nobody: all is seen from above. */
export const ABOVE = -1;
/** A page that was hidden goes on where it was. */
const LONGEST_FRAME_MS = 250;

export class Player {
  readonly film: Film;
  speed = 1;
  isPlaying = true;
  /** From above the arena's middle is drawn so many sub-units higher: the reel covers what is below. */
  raised = 0;
  #following = ABOVE;
  #jumped = false;
  /** In ticks; between two of them what is drawn lies in between. */
  #position: number;
  #drawnMs = Number.NaN;
  readonly #picture: Picture;

  constructor(film: Film) {
    this.film = film;
    this.#position = film.startTick;
    this.#picture = new Picture(film);
  }

  /** The newest whole tick that has been reached. */
  get tick(): number {
    return Math.floor(this.#position);
  }

  get following(): number {
    return this.#following;
  }

  follow(slot: number): void {
    this.#following = slot;
    this.#jumped = true;
  }

  /** Whether the player that is followed is there now; otherwise all is seen from above. */
  get isAbove(): boolean {
    return this.#following === ABOVE || !this.#picture.has(this.#following);
  }

  /** True once after time or the point of view has jumped: nothing can be concluded from what was drawn before. */
  takeJump(): boolean {
    const jumped = this.#jumped;
    this.#jumped = false;
    return jumped;
  }

  toggle(): void {
    if (!this.isPlaying && this.tick >= this.film.endTick) this.seek(this.film.startTick);
    this.isPlaying = !this.isPlaying;
  }

  seek(tick: number): void {
    const { startTick, endTick } = this.film;
    this.#position = Math.max(startTick, Math.min(endTick, Math.round(tick)));
    this.film.seek(this.#position);
    this.#jumped = true;
  }

  /** Lets time pass, and returns what is to be seen now. */
  drawn(nowMs: number): View {
    const passedMs = Math.min(LONGEST_FRAME_MS, Number.isNaN(this.#drawnMs) ? 0 : nowMs - this.#drawnMs);
    this.#drawnMs = nowMs;
    if (this.isPlaying) this.#advance((passedMs / 1000) * this.film.replay.settings.config.tickRateHz * this.speed);
    const share = this.#position - (this.film.tick - 1);
    return this.isAbove ? this.#picture.fromAbove(share, this.raised) : this.#picture.ofPlayer(this.#following, share);
  }

  #advance(ticks: number): void {
    const { film } = this;
    this.#position = Math.min(film.endTick, this.#position + ticks);
    while (film.tick < this.#position) film.next();
    if (this.#position >= film.endTick) this.isPlaying = false;
  }
}
