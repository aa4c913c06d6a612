/**
 * The links of one peer to others on virtual time: each end by the number that its peer has in the room. A link belongs to
 * the two programs between which it was made: when one of them dies the other is not told, and what it still says is lost.
 */
import type { PeerId } from '../netcode/session.ts';

/** One end of a link. */
export interface PeerEnd<N> {
  /** Tells links apart that follow each other between the same two. */
  readonly link: number;
  /** Who is at the other end, as the rendezvous numbers it. */
  readonly peer: PeerId;
  readonly far: N;
}

export class PeerLinks<N> {
  readonly #byPeer = new Map<PeerId, PeerEnd<N>>();
  readonly #byLink = new Map<number, PeerEnd<N>>();

  to(peer: PeerId): PeerEnd<N> | undefined {
    return this.#byPeer.get(peer);
  }

  of(link: number): PeerEnd<N> | undefined {
    return this.#byLink.get(link);
  }

  get all(): PeerEnd<N>[] {
    return [...this.#byPeer.values()];
  }

  add(end: PeerEnd<N>): void {
    this.#byPeer.set(end.peer, end);
    this.#byLink.set(end.link, end);
  }

  /** False when it is gone already. */
  remove(end: PeerEnd<N>): boolean {
    if (this.#byPeer.get(end.peer) === end) this.#byPeer.delete(end.peer);
    return this.#byLink.delete(end.link);
  }

  clear(): void {
    this.#byPeer.clear();
    this.#byLink.clear();
  }
}
