/**
 * Where others really are, as far as it can be known: tabs of one browser that play the same match tell each other, beside
 * the network, when one of them asks. It is for looking at netcode, and nothing is played by it. Players of other browsers and
 * bots have no part in it.
 */
import { Status } from '../../game/world.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';

const CHANNEL = 'netbed-truth';
const ASK_EVERY_MS = 500;
/** Who was asked answers for so long; who has not told for so long is not believed. */
const HOLDS_MS = 1200;

/** A player's own place, in sub-units. */
export interface TruePlace {
  player: number;
  x: number;
  y: number;
}

/** Told from tab to tab; `match` tells apart those who play in different ones. */
type Word =
  | { type: 'ask'; match: string }
  | { type: 'place'; match: string; player: number; x: number; y: number; isAlive: boolean };

export class TruePlaces {
  readonly #session: MeshSession;
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #told = new Map<number, TruePlace & { atMs: number }>();
  #nowMs = Number.NEGATIVE_INFINITY;
  #wantedMs = Number.NEGATIVE_INFINITY;
  #askDueMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #toldTick = -1;

  constructor(session: MeshSession) {
    this.#session = session;
    this.#channel.onmessage = ({ data }) => this.#hear(data as Word);
  }

  /** What other tabs have told. As long as this is called from time to time, they are asked. */
  at(nowMs: number): TruePlace[] {
    this.#wantedMs = nowMs;
    return [...this.#told.values()].filter(({ atMs }) => nowMs - atMs < HOLDS_MS);
  }

  /** Call often: asks, and answers. */
  pump(nowMs: number): void {
    this.#nowMs = nowMs;
    const match = this.#match;
    if (match === null) return;
    if (nowMs - this.#wantedMs < ASK_EVERY_MS && nowMs >= this.#askDueMs) {
      this.#askDueMs = nowMs + ASK_EVERY_MS;
      this.#say({ type: 'ask', match });
    }
    const { tick, player, world } = this.#session;
    if (nowMs - this.#askedMs > HOLDS_MS || tick === this.#toldTick) return;
    this.#toldTick = tick;
    const { x, y, status } = world!.players;
    const isAlive = status[player] === Status.alive;
    this.#say({ type: 'place', match, player, x: x[player]!, y: y[player]!, isAlive });
  }

  close(): void {
    this.#channel.close();
  }

  /** Null while there is nothing to be played. */
  get #match(): string | null {
    const { epoch, player, rendezvous } = this.#session;
    return epoch && player >= 0 ? `${rendezvous.room} ${epoch.line}` : null;
  }

  #say(word: Word): void {
    this.#channel.postMessage(word);
  }

  #hear(word: Word): void {
    if (word.match !== this.#match) return;
    if (word.type === 'ask') this.#askedMs = this.#nowMs;
    else if (word.isAlive) this.#told.set(word.player, { ...word, atMs: this.#nowMs });
    else this.#told.delete(word.player);
  }
}
