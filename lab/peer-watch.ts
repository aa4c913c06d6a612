/** Watches a match of peers on virtual time for who is noticed, and keeps what cheaters say of themselves. */
import { type CheatNotes, noNotes } from '../bots/cheats/index.ts';
import type { BotRole } from '../bots/swarm/assign.ts';
import type { PeerId, SessionEvent } from '../netcode/session.ts';
import type { Blame, CheatWatch } from './cheat-pairs.ts';

/** What several say within this time is one thing. */
const SAME_MS = 1000;

export class PeerWatch implements CheatWatch {
  readonly notes = new Map<number, CheatNotes>();
  readonly blames: Blame[] = [];
  desyncMs: number | null = null;

  /** Where a cheater counts what it does; kept for those who cheat. */
  notesOf({ index, cheat }: BotRole): CheatNotes {
    const notes = noNotes();
    if (cheat !== null) this.notes.set(index, notes);
    return notes;
  }

  /** What a peer says; `playerOf`: the player that has a peer's seat, as far as that peer knows. */
  noted(event: SessionEvent, playerOf: (peer: PeerId) => number, nowMs: number): void {
    if (event.type === 'desync') this.desyncMs ??= nowMs;
    if (event.type === 'equivocation' || event.type === 'accused' || event.type === 'banned') {
      this.#blame(playerOf(event.peer), nowMs);
    }
    // Nobody leaves a match of bots of its own will.
    if (event.type === 'left') this.#blame(event.player, nowMs);
  }

  /** All others say so, one shortly after the other. */
  #blame(player: number, nowMs: number): void {
    if (player < 0) return;
    const last = this.blames.findLast((blame) => blame.player === player);
    if (!last || nowMs - last.atMs > SAME_MS) this.blames.push({ player, atMs: nowMs });
  }
}
