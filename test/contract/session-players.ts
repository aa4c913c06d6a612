/** Players of the contract's worlds as their sessions know them, live and on virtual time alike. */
import { NO_INPUT } from '../../game/input.ts';
import type { ClientSession } from '../../netcode/client-session.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import type { ContractPlayer } from './contract-world.ts';

abstract class SessionPlayer<S extends ClientSession | LockstepSession> {
  abstract readonly session: S;
  decide: ContractPlayer['decide'] = () => NO_INPUT;

  get slot(): number {
    return this.session.player;
  }

  get snapshots(): number {
    return this.session.counters.snapshots;
  }

  get refusal(): string {
    return this.session.refusal;
  }

  get token(): Uint8Array {
    return this.session.resumeToken!;
  }
}

/** A client of an authority. */
export abstract class ClientPlayer extends SessionPlayer<ClientSession> {
  abstract readonly events: readonly SessionEvent[];

  get view(): View | null {
    const { view } = this.session;
    return view && view.tick >= 0 ? view : null;
  }

  get resumed(): boolean {
    return this.events.some((event) => event.type === 'joined' && event.resumed);
  }

  leave(): void {
    this.session.leave();
  }
}

/** A peer among peers. */
export abstract class PeerPlayer extends SessionPlayer<LockstepSession> {
  get view(): View | null {
    return this.session.view;
  }

  get resumed(): boolean {
    const { roster, self, player } = this.session;
    return player >= 0 && roster.member(self)?.resumes === true;
  }

  async names(): Promise<string[]> {
    return this.session.roster.members.map(({ name }) => name);
  }
}
