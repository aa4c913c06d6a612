/**
 * One peer on virtual time: drives a session that meets others through a rendezvous, dials whom it asks for, and plays
 * by a given brain, as a bot does over real connections.
 */
import type { PlayerInput } from '../game/input.ts';
import type { World } from '../game/world.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { LockstepSession } from '../netcode/lockstep/lockstep-session.ts';
import { type PeerId, RENDEZVOUS, type SessionEvent } from '../netcode/session.ts';
import type { View } from '../netcode/view.ts';
import { type VirtualClock, Waker } from './clock.ts';
import { DIAL_LIMIT_MS, type PeerNetwork } from './peer-network.ts';
import { PeerRecording } from './peer-recording.ts';
import { JOIN_TIMEOUT_MS, type PlayerState } from './player-node.ts';
import type { TruthKeeper } from './truth-keeper.ts';

/** Who plays: the simulator knows no policies and no cheats, it is given what they make. */
export interface SimulatedPeer {
  name: string;
  /** The brain: called right before an input is taken. */
  decide(view: View): PlayerInput;
  /** Its views are recorded. */
  full?: boolean;
  /** Known from a former life. */
  resumeToken?: Uint8Array | undefined;
  /** Stands between the simulator and the honest session: a cheat. */
  wrapSession?(session: LockstepSession): LockstepSession;
}

export interface PeerSurroundings {
  readonly clock: VirtualClock;
  readonly network: PeerNetwork;
  /** Makes the session of a peer, anew after a crash. */
  makeSession(node: PeerNode): LockstepSession;
  /** What a session tells. */
  noted(node: PeerNode, event: SessionEvent): void;
  readonly recorder: SwarmRecorder | null;
  /** Writes down for all what was true. */
  readonly truth: TruthKeeper | null;
  /** The node that has a peer id in the room. */
  nodeOf(peer: PeerId): PeerNode | undefined;
  /** The peer id of a node's number; 0 or less for one that has none. */
  peerOf(number: number): PeerId;
  /** Opens the rendezvous' end of a link to a node; returns the link's number. */
  openRendezvous(node: PeerNode): number;
  closeRendezvous(link: number): void;
}

export class PeerNode {
  /** Its number on the network; not its peer id, which the rendezvous gives it. The rendezvous is 0. */
  readonly number: number;
  readonly player: SimulatedPeer;
  session: LockstepSession;
  state: PlayerState = 'idle';
  isUp = false;
  /** Its link to the rendezvous; 0 for none. What still comes over a former one is lost. */
  rendezvousLink = 0;
  /** When it asked to join. */
  askedMs = 0;
  readonly #around: PeerSurroundings;
  readonly #recording: PeerRecording | null;
  readonly #waker: Waker;
  /** Raised when it crashes: what was under way for its former life is void. */
  #life = 0;

  constructor(number: number, player: SimulatedPeer, around: PeerSurroundings) {
    this.number = number;
    this.player = player;
    this.#around = around;
    this.#waker = new Waker(around.clock, () => this.#wake());
    this.#recording = around.recorder ? new PeerRecording(this, around.clock, around.recorder) : null;
    this.session = around.makeSession(this);
  }

  /** Asks to join. */
  join(): void {
    const { clock, network } = this.#around;
    const askedMs = clock.nowMs;
    this.isUp = true;
    this.state = 'joining';
    this.askedMs = askedMs;
    this.#recording?.asked();
    clock.at(askedMs + JOIN_TIMEOUT_MS, () => {
      if (this.askedMs === askedMs) this.#fail(`not let in within ${JOIN_TIMEOUT_MS / 1000} s`);
    });
    network.attach(this.number, (from, bytes, link) => this.#receive(from, bytes, link));
    this.#dialRendezvous();
    this.#perform();
  }

  #dialRendezvous(): void {
    const { clock, network } = this.#around;
    const life = this.#life;
    clock.at(clock.nowMs + network.setupMs, () => {
      if (!this.isUp || life !== this.#life) return;
      if (!network.isAttached(RENDEZVOUS) || !network.areConnected(this.number, RENDEZVOUS)) {
        this.#dialRendezvous();
        return;
      }
      this.rendezvousLink = this.#around.openRendezvous(this);
      this.linkChanged(RENDEZVOUS, 'up');
    });
  }

  #fail(reason: string): void {
    if (this.state !== 'joining') return;
    this.state = 'failed';
    this.#recording?.failed(reason);
  }

  /** Cuts all its links, as a lost network does; the other ends are told. It stays away until `reconnect`. */
  disconnect(): void {
    const { network, nodeOf, closeRendezvous } = this.#around;
    network.cut(this.number);
    for (const { id, link } of [...this.session.peers.values()]) {
      if (link !== 'up') continue;
      nodeOf(id)?.linkChanged(this.session.self, 'down');
      this.linkChanged(id, 'down');
    }
    if (this.rendezvousLink === 0) return;
    closeRendezvous(this.rendezvousLink);
    this.linkChanged(RENDEZVOUS, 'down');
  }

  /** Comes back with the session it had. */
  reconnect(): void {
    this.#around.network.restore(this.number);
  }

  /** Its process dies: nobody is told, and all that it knew is gone. */
  crash(): void {
    this.isUp = false;
    this.state = 'crashed';
    this.rendezvousLink = 0;
    this.#life++;
    this.#around.network.detach(this.number);
    this.#waker.set(Number.POSITIVE_INFINITY);
  }

  /** After a crash: a new process that may know who it was. */
  restart(): void {
    this.session = this.#around.makeSession(this);
    this.join();
  }

  /** Says goodbye and goes. */
  leave(): void {
    this.session.leave(this.#around.clock.nowMs);
    this.#perform();
    this.crash();
    this.state = 'idle';
  }

  linkChanged(peer: PeerId, state: 'up' | 'down' | 'relayed'): void {
    if (!this.isUp) return;
    this.session.linkChanged(peer, state, this.#around.clock.nowMs);
    if (peer === RENDEZVOUS && state === 'down') this.#rendezvousLost();
    this.#perform();
  }

  /** Nothing is relayed any more, and the others were told that this one is gone: links begin anew on both sides. */
  #rendezvousLost(): void {
    this.rendezvousLink = 0;
    for (const { id, link } of [...this.session.peers.values()]) {
      if (link === 'relayed') this.session.linkChanged(id, 'down', this.#around.clock.nowMs);
    }
    this.#dialRendezvous();
  }

  #receive(from: number, bytes: Uint8Array, link: number): void {
    if (from === RENDEZVOUS && link !== this.rendezvousLink) return;
    const { clock } = this.#around;
    const peer = from === RENDEZVOUS ? RENDEZVOUS : this.#around.peerOf(from);
    if (from !== RENDEZVOUS && peer <= 0) return;
    this.#recording?.carried(peer, 'received', bytes);
    this.session.receive(peer, bytes, clock.nowMs);
    this.#perform();
  }

  #wake(): void {
    const { nowMs } = this.#around.clock;
    for (;;) {
      const { session } = this;
      const view = session.wantsInput(nowMs) ? session.view : null;
      if (view) session.setInput(this.player.decide(view));
      if (!session.advance(nowMs)) break;
    }
    this.#perform();
  }

  #perform(): void {
    const { session } = this;
    const { network, nodeOf, clock, truth } = this.#around;
    for (const request of session.drain()) {
      if (request.type === 'send') {
        const to = request.to === RENDEZVOUS ? RENDEZVOUS : nodeOf(request.to)?.number;
        if (to === undefined) continue;
        this.#recording?.carried(request.to, 'sent', request.bytes);
        if (to !== RENDEZVOUS) network.send(this.number, to, request.bytes);
        else if (this.rendezvousLink > 0) network.send(this.number, to, request.bytes, this.rendezvousLink);
      } else if (request.type === 'connect') {
        this.#dial(request.to);
      } else if (request.to === RENDEZVOUS) {
        this.#around.closeRendezvous(this.rendezvousLink);
        session.linkChanged(RENDEZVOUS, 'down', clock.nowMs);
        this.#rendezvousLost();
      }
    }
    const events = session.takeEvents();
    truth?.noted(this, events, clock.nowMs);
    for (const event of events) this.#note(event);
    this.#noteState();
    this.#waker.set(session.nextDueMs);
  }

  #note(event: SessionEvent): void {
    const { session } = this;
    this.#recording?.noted(event);
    this.#around.noted(this, event);
    // Nobody relays to who has left the room.
    if (event.type === 'peerGone' && session.peers.get(event.peer)?.link === 'relayed') {
      session.linkChanged(event.peer, 'down', this.#around.clock.nowMs);
    }
  }

  #noteState(): void {
    const { session } = this;
    const isPlaying = session.state === 'playing';
    if (this.state === 'joining' && session.state === 'refused') this.#fail(`refused: ${session.refusal}`);
    else if (this.state === 'joining' && isPlaying) {
      this.state = 'playing';
      this.#recording?.joined(this.askedMs);
    } else if (this.state === 'playing' && !isPlaying) {
      this.state = 'lost';
      this.#recording?.disconnected('dropped by the others');
    } else if (this.state === 'lost' && isPlaying) this.state = 'playing';
  }

  /** A tick is final in its world. */
  confirmed(world: World, tick: number): void {
    this.#recording?.confirmed(world);
    this.#around.truth?.confirmed(this, world, tick, this.#around.clock.nowMs);
  }

  /** Tries until the other side answers; a pair that cannot connect finds out by the time that passes. */
  #dial(peer: PeerId): void {
    const { clock, network } = this.#around;
    const life = this.#life;
    const untilMs = clock.nowMs + DIAL_LIMIT_MS;
    const attempt = (): void => {
      if (!this.isUp || life !== this.#life) return;
      const other = this.#around.nodeOf(peer);
      if (other && !network.isBlocked(this.number, other.number) && network.areConnected(this.number, other.number)) {
        this.linkChanged(peer, 'up');
        other.linkChanged(this.session.self, 'up');
      } else if (clock.nowMs >= untilMs) {
        const { rendezvous } = this.session;
        const canRelay = rendezvous.state === 'entered' && rendezvous.peers.has(peer);
        this.linkChanged(peer, canRelay ? 'relayed' : 'down');
      } else {
        clock.at(Math.min(untilMs, clock.nowMs + network.setupMs), attempt);
      }
    };
    clock.at(clock.nowMs + network.setupMs, attempt);
  }
}
