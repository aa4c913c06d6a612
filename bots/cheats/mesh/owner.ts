/**
 * What the cheats of a mesh share: an owner that does as it likes with its own avatar. Its session believes what stands in
 * its world, tells it to those in sight and signs for it, so that no defence can be angry with a forged message.
 */
import { Status, type World } from '../../../game/world.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import type { Other } from '../../../netcode/mesh/other.ts';
import type { PeerId } from '../../../netcode/session.ts';
import { type CheatNotes, noteAttempt } from '../cheat.ts';

/** It plays honestly for so long after it has its seat: others have met it by then, and nothing is owed to chance. */
export const HONEST_MS = 5000;
/** Whoever has had enough of a cheater hangs up within this, or does not. */
const SETTLED_MS = 3000;
/** More tries than that are not looked at again: 20 a second for the time above. */
const MOST_WAITING = 100;

/** The own avatar after a tick of its own. */
export interface Own {
  readonly honest: MeshSession;
  readonly world: World;
  readonly slot: number;
  readonly tick: number;
  readonly nowMs: number;
  readonly isAlive: boolean;
}

interface Try {
  atMs: number;
  told: readonly PeerId[];
}

/**
 * Tries that everybody in sight is told of. One has worked when, seconds later, most of those who were told still listen:
 * that is all that a cheater hears of having been found out.
 */
export class Audience {
  readonly #honest: MeshSession;
  readonly #notes: CheatNotes;
  readonly #tries: Try[] = [];

  constructor(honest: MeshSession, notes: CheatNotes) {
    this.#honest = honest;
    this.#notes = notes;
    notes.accepted = 0;
  }

  tried(nowMs: number): void {
    const told = [...this.#honest.peers.values()].filter((other) => other.isReachable && other.isTold);
    // What nobody hears is no cheat.
    if (told.length === 0 || this.#tries.length >= MOST_WAITING) return;
    noteAttempt(this.#notes, nowMs);
    this.#tries.push({ atMs: nowMs, told: told.map(({ id }) => id) });
  }

  look(nowMs: number): void {
    const { peers } = this.#honest;
    while (this.#tries.length > 0 && nowMs - this.#tries[0]!.atMs >= SETTLED_MS) {
      const { told } = this.#tries.shift()!;
      const listening = told.filter((id) => peers.get(id)?.isReachable);
      if (2 * listening.length > told.length) this.#notes.accepted!++;
    }
  }
}

/**
 * Members of a session that calls `act` after each tick of the own avatar: what it writes into the world holds from the
 * next tick on. The player sees itself where the world then has it.
 */
export function ownTicks(honest: MeshSession, act: (own: Own) => void): Partial<MeshSession> {
  let seatedMs = Number.POSITIVE_INFINITY;
  return {
    get view() {
      const { view, world, player } = honest;
      if (!view || !world) return view;
      view.self.x = world.players.x[player]!;
      view.self.y = world.players.y[player]!;
      return view;
    },
    advance(nowMs) {
      const { tick: before } = honest;
      const isMoreDue = honest.advance(nowMs);
      const { world, player: slot, tick } = honest;
      if (!world || slot < 0) {
        seatedMs = Number.POSITIVE_INFINITY;
        return isMoreDue;
      }
      seatedMs = Math.min(seatedMs, nowMs);
      if (tick !== before && nowMs - seatedMs >= HONEST_MS) {
        act({ honest, world, slot, tick, nowMs, isAlive: world.players.status[slot] === Status.alive });
      }
      return isMoreDue;
    },
  };
}

/** The nearest living player whose place is known; null for nobody. */
export function nearestOther({ honest, world, slot, nowMs }: Own): Other | null {
  const [x, y] = [world.players.x[slot]!, world.players.y[slot]!];
  let best: Other | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const other of honest.peers.values()) {
    if (!other.hasPlace(nowMs) || !other.state!.isAlive) continue;
    const distance = other.distanceTo(x, y, nowMs);
    if (distance >= bestDistance) continue;
    best = other;
    bestDistance = distance;
  }
  return best;
}
