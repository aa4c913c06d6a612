/**
 * A participant of a topology without an authority, or of one whose authority is a peer behind a rendezvous. Drivers
 * need to know no more of it than this: what a peer's dialler answers goes through `rendezvous.signal`.
 */
import type { RendezvousClient } from './rendezvous-client.ts';
import type { PeerId, Session } from './session.ts';

export interface PeerSession extends Session {
  readonly rendezvous: RendezvousClient;
  /** Hands a text to a peer's dialler where that need not go through the rendezvous. False when there is no way. */
  signal?(to: PeerId, payload: string, nowMs: number): boolean;
  /** Whether there is a way to a peer's dialler now. */
  canSignal?(to: PeerId): boolean;
}
