/**
 * One connection between a player and the authority on virtual time: bytes go in at one end and come out at the other
 * when the link model says so. Both ends learn of its end; what is on its way is then lost.
 */
import type { LinkModel } from '../netcode/link/link-model.ts';
import type { VirtualClock } from './clock.ts';

/** What both ends do with what comes; `ended` is called once per end, with the reason. */
export interface ConnectionEnds {
  authorityReceives(bytes: Uint8Array): void;
  playerReceives(bytes: Uint8Array): void;
  authorityEnded(reason: string): void;
  playerEnded(reason: string): void;
}

export class Connection {
  /** Null for a player in the authority's own process: no time, no loss. */
  readonly up: LinkModel | null;
  readonly down: LinkModel | null;
  readonly #clock: VirtualClock;
  readonly #ends: ConnectionEnds;
  #isOpen = true;

  constructor(clock: VirtualClock, up: LinkModel | null, down: LinkModel | null, ends: ConnectionEnds) {
    this.#clock = clock;
    this.up = up;
    this.down = down;
    this.#ends = ends;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends from the player to the authority. */
  sendUp(bytes: Uint8Array): void {
    this.#send(this.up, bytes, this.#ends.authorityReceives);
  }

  /** Sends from the authority to the player. */
  sendDown(bytes: Uint8Array): void {
    this.#send(this.down, bytes, this.#ends.playerReceives);
  }

  #send(model: LinkModel | null, bytes: Uint8Array, receives: (bytes: Uint8Array) => void): void {
    if (!this.#isOpen) return;
    const nowMs = this.#clock.nowMs;
    const count = model ? model.offer(nowMs, bytes.length) : 1;
    for (let i = 0; i < count; i++) {
      this.#clock.at(model ? model.arrivals[i]! : nowMs, () => {
        if (this.#isOpen) receives(bytes);
      });
    }
    if (model?.broken) this.close('the stream gave up');
  }

  /** Ends it for both, in the next moment: neither end is called back while it is still calling. */
  close(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#clock.at(this.#clock.nowMs, () => {
      this.#ends.authorityEnded(reason);
      this.#ends.playerEnded(reason);
    });
  }

  /** The player's end vanishes without a word: the authority hears nothing more and must find out by itself. */
  abandon(): void {
    this.#isOpen = false;
  }
}
