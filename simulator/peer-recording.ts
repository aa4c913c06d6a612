/** What one peer on virtual time tells the recorders about itself, as a bot does over real connections. */
import type { World } from '../game/world.ts';
import { SIGNALLED_BYTES, SIGNALS } from '../metrics/cost.ts';
import {
  DRAWN_EVERY_MS,
  isPlayerEvent,
  livingOthers,
  notePlayerEvent,
  SAMPLE_EVERY_MS,
} from '../metrics/player-notes.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { PlayingPeer } from '../netcode/playing-peer.ts';
import { Kind } from '../netcode/protocol.ts';
import { RELAY_HEADER_BYTES } from '../netcode/rendezvous-messages.ts';
import { type PeerId, RENDEZVOUS, type SessionEvent } from '../netcode/session.ts';
import type { VirtualClock } from './clock.ts';
import type { PeerKind } from './peer-kind.ts';
import type { PeerNode } from './peer-node.ts';

export class PeerRecording<S extends PlayingPeer> {
  readonly #node: PeerNode<S>;
  readonly #kind: PeerKind<S>;
  readonly #clock: VirtualClock;
  readonly #recorder: SwarmRecorder;
  #isSampling = false;

  constructor(node: PeerNode<S>, kind: PeerKind<S>, clock: VirtualClock, recorder: SwarmRecorder) {
    this.#node = node;
    this.#kind = kind;
    this.#clock = clock;
    this.#recorder = recorder;
  }

  asked(): void {
    this.#recorder.asked();
  }

  joined(askedMs: number): void {
    this.#recorder.joined(askedMs, this.#clock.nowMs);
    if (this.#isSampling) return;
    this.#isSampling = true;
    this.#sample();
    if (this.#node.player.full) this.#draw();
  }

  failed(reason: string): void {
    this.#recorder.joinFailed(reason);
  }

  disconnected(reason: string): void {
    this.#recorder.disconnected(reason, this.#clock.nowMs);
  }

  /** A message that its links carried. What is relayed goes to and comes from the rendezvous. */
  carried(peer: PeerId, way: 'sent' | 'received', bytes: Uint8Array): void {
    const { player } = this.#node.session;
    if (player < 0) return;
    const { length } = bytes;
    const relayed = peer === RENDEZVOUS && bytes[1] === Kind.relay ? length - RELAY_HEADER_BYTES : 0;
    const { nowMs } = this.#clock;
    if (way === 'sent') this.#recorder.bytes(player, nowMs, length, 0, 1, 0, relayed);
    else this.#recorder.bytes(player, nowMs, 0, length, 0, 1, relayed);
  }

  /**
   * A link was made: both ends have told each other through the rendezvous how they can be reached. What is below messages
   * (checks of candidates, DTLS, SCTP) counts here as little as live.
   */
  dialled(): void {
    const { player } = this.#node.session;
    if (player < 0) return;
    const { nowMs } = this.#clock;
    this.#recorder.bytes(player, nowMs, SIGNALLED_BYTES, SIGNALLED_BYTES, SIGNALS, SIGNALS);
    this.#recorder.mesh.sent('links', { messages: SIGNALS, bytes: SIGNALLED_BYTES }, nowMs);
  }

  /** What the player sees of a world that is newer, and how many more its peer could look at. */
  saw(world: World): void {
    const { session, player } = this.#node;
    if (!player.full || session.player < 0) return;
    const view = session.confirmedView;
    if (!view) return;
    const beyond = livingOthers(world, session.player) - view.players.count;
    this.#recorder.snapshot(session.player, this.#clock.nowMs, view, beyond);
  }

  noted(event: SessionEvent): void {
    if (!isPlayerEvent(event)) return;
    const { session, player } = this.#node;
    const who = { player: session.player, full: player.full ?? false, tickMs: session.tickMs };
    notePlayerEvent(this.#recorder, who, event, this.#clock.nowMs);
  }

  #sample(): void {
    const { state } = this.#node;
    const { nowMs } = this.#clock;
    if (state === 'playing') this.#kind.sample(this.#node, this.#recorder, nowMs);
    this.#clock.at(nowMs + SAMPLE_EVERY_MS, () => this.#sample());
  }

  #draw(): void {
    const { session, state } = this.#node;
    const { nowMs } = this.#clock;
    const view = state === 'playing' ? session.drawn(nowMs) : null;
    if (view && session.player >= 0) this.#recorder.drawn(session.player, nowMs, view);
    this.#clock.at(nowMs + DRAWN_EVERY_MS, () => this.#draw());
  }
}
