/** A cheat's own copy of the world, which it may step ahead of what is final. */
import { saveWorld } from '../../game/world.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { WorldLine } from '../../netcode/lockstep/world-line.ts';

export class WorldAhead {
  readonly line: WorldLine;
  readonly #session: LockstepSession;
  readonly #state: Uint8Array;

  /** For a session that plays. */
  constructor(session: LockstepSession) {
    this.line = new WorldLine(session.arena!, 2);
    this.#session = session;
    this.#state = new Uint8Array(this.line.world.bytes.length);
  }

  /** Begins anew at the world that is final. */
  follow(): void {
    this.line.startAt(saveWorld(this.#session.confirmedWorld!, this.#state));
  }
}
