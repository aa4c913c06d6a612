/** Players of the contract's worlds as their sessions know them, live and on virtual time alike. */
import { NO_INPUT } from '../../game/input.ts';
import type { ClientSession } from '../../netcode/client-session.ts';
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import type { ContractPlayer } from './contract-world.ts';
import type { PeerFacts } from './peer-facts.ts';

abstract class SessionPlayer<S extends ClientSession | PlayingPeer> {
  abstract readonly session: S;
  /** What its session told. */
  abstract readonly events: readonly SessionEvent[];
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

  get resumed(): boolean {
    return this.events.some((event) => event.type === 'joined' && event.player === this.slot && event.resumed);
  }

  get token(): Uint8Array {
    return this.session.resumeToken!;
  }
}

/** A client of an authority. */
export abstract class ClientPlayer extends SessionPlayer<ClientSession> {
  get view(): View | null {
    const { view } = this.session;
    return view && view.tick >= 0 ? view : null;
  }

  leave(): void {
    this.session.leave();
  }
}

/** A peer among peers. */
export abstract class PeerPlayer<S extends PlayingPeer> extends SessionPlayer<S> {
  protected abstract readonly facts: PeerFacts<S>;

  get view(): View | null {
    return this.session.view;
  }

  async names(): Promise<string[]> {
    return this.facts.names(this.session);
  }
}
