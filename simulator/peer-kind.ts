/**
 * What differs between matches of peers: what room they meet in, how a session is made, and who writes down what is true.
 * `PeerMatch` and `PeerNode` know only that a session is a `PlayingPeer`. One object is made per match.
 */
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { Birth, PlayingPeer } from '../netcode/playing-peer.ts';
import type { RendezvousOptions, RoomPlan } from '../netcode/rendezvous-options.ts';
import type { SessionEvent } from '../netcode/session.ts';
import type { PeerNode } from './peer-node.ts';

/** Code of the room that a simulated rendezvous begins with. */
export const ROOM = 'MAIN';

export interface PeerKind<S extends PlayingPeer> {
  readonly room: Omit<RoomPlan, 'code'>;
  readonly tickRateHz: number;
  /** What their rendezvous needs besides the usual. */
  readonly rendezvous: Partial<RendezvousOptions>;
  /** The session of a peer, anew after a crash. It calls `node.saw` whenever its player sees something newer. */
  makeSession(node: PeerNode<S>, birth: Birth, startMs: number): S;
  /** Notes what is sampled once a second. */
  sample(node: PeerNode<S>, recorder: SwarmRecorder, nowMs: number): void;
  /** A session was called; what it tells. */
  told?(node: PeerNode<S>, events: readonly SessionEvent[], nowMs: number): void;
}
