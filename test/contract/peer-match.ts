/** A match of peers as the contract drives it, live and on virtual time alike. */
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import type { Stranger, Way } from './contract-world.ts';
import type { PeerFacts } from './peer-facts.ts';
import { RawPeer } from './raw-peer.ts';

/** A peer that was let in for somebody who says what he wants to the others. */
export interface EnteredRaw<S extends PlayingPeer> {
  session: S;
  close(): void;
}

export abstract class ContractPeers<S extends PlayingPeer> {
  readonly #facts: PeerFacts<S>;
  readonly #strangers: S[] = [];

  constructor(facts: PeerFacts<S>) {
    this.#facts = facts;
  }

  /** Of all whose programs run. */
  protected abstract readonly running: readonly S[];
  protected abstract enterRaw(raw: RawPeer<S>): EnteredRaw<S>;
  abstract until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>>;

  protected readonly peerWay: Way = {
    name: "a peer's link",
    open: () => this.#openPeerLink(),
    malformed: async () => this.#members.reduce((sum, { counters }) => sum + counters.malformed, 0),
  };

  get #members(): S[] {
    return this.running.filter((session) => this.#facts.isMember(session) && !this.#strangers.includes(session));
  }

  async #openPeerLink(): Promise<Stranger> {
    const raw = new RawPeer<S>();
    const { session, close } = this.enterRaw(raw);
    this.#strangers.push(session);
    await this.until('it is linked to everybody', () => {
      const links = [...session.peers.values()];
      return this.#members.every(({ self }) => links.some(({ id, link }) => id === self && link === 'up'));
    });
    return Object.assign(raw, { close });
  }

  async seated(): Promise<number> {
    return this.#facts.seated(
      this.#members,
      this.#strangers.map(({ self }) => self),
    );
  }

  async present(): Promise<number> {
    return this.#facts.present(this.#members);
  }

  async coinsError(): Promise<number> {
    const count = () => this.#facts.coinsError(this.#members);
    if (this.#facts.settles) await this.until('all coins are where they are said to be', () => count() === 0);
    return count();
  }
}
