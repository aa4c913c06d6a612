/** A match of peers as those who play in it know it, live and on virtual time alike: nobody else knows. */
import { coinsError } from '../../game/world.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import type { Stranger, Way } from './contract-world.ts';
import { RawPeer } from './raw-peer.ts';

/** A peer that was let in for somebody who says what he wants to the others. */
export interface EnteredRaw {
  session: LockstepSession;
  close(): void;
}

export abstract class PeerMatch {
  /** Of those who are members now. */
  protected abstract readonly members: readonly LockstepSession[];
  protected abstract enterRaw(raw: RawPeer): EnteredRaw;
  abstract until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>>;

  protected readonly peerWay: Way = {
    name: "a peer's link",
    open: () => this.#openPeerLink(),
    malformed: async () => sumOf(this.members, ({ counters }) => counters.malformed),
  };

  async #openPeerLink(): Promise<Stranger> {
    const raw = new RawPeer();
    const { session, close } = this.enterRaw(raw);
    await this.until('it is linked to everybody', () => {
      const links = [...session.peers.values()];
      return links.length === this.members.length && links.every(({ link }) => link === 'up');
    });
    return Object.assign(raw, { close });
  }

  /** Whose word counts: a member that moves on. */
  get #witness(): LockstepSession {
    return this.members.reduce((best, session) => (session.confirmedTick > best.confirmedTick ? session : best));
  }

  async seated(): Promise<number> {
    return this.#witness.confirmedWorld!.match.players[0]!;
  }

  async present(): Promise<number> {
    return this.#witness.roster.members.length;
  }

  async coinsError(): Promise<number> {
    return sumOf(this.members, ({ confirmedWorld }) => Math.abs(coinsError(confirmedWorld!)));
  }
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
