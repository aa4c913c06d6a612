/**
 * One peer on virtual time: drives a session that meets others through a rendezvous, dials whom it asks for, and plays
 * by a given brain, as a bot does over real connections.
 */
import type { PlayerInput } from '../game/input.ts';
import type { World } from '../game/world.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { PlayingPeer } from '../netcode/playing-peer.ts';
import { type PeerId, RENDEZVOUS, type SessionEvent } from '../netcode/session.ts';
import type { View } from '../netcode/view.ts';
import { type VirtualClock, Waker } from './clock.ts';
import type { PeerKind } from './peer-kind.ts';
import { PeerLinks } from './peer-links.ts';
import { DIAL_LIMIT_MS, type PeerNetwork } from './peer-network.ts';
import { PeerRecording } from './peer-recording.ts';
import { JOIN_TIMEOUT_MS, type PlayerState } from './player-node.ts';

/** Who plays: the simulator knows no policies and no cheats, it is given what they make. */
export interface SimulatedPeer<S extends PlayingPeer> {
  name: string;
  /** The brain: called right before an input is taken. */
  decide(view: View): PlayerInput;
  /** Its views are recorded. */
  full?: boolean;
  /** Known from a former life. */
  resumeToken?: Uint8Array | undefined;
  /** Stands between the simulator and the honest session: a cheat. */
  wrapSession?(session: S): S;
}

export interface PeerSurroundings<S extends PlayingPeer> {
  readonly clock: VirtualClock;
  readonly network: PeerNetwork;
  readonly kind: PeerKind<S>;
  /** Makes the session of a peer, anew after a crash. */
  makeSession(node: PeerNode<S>): S;
  /** What a session tells. */
  noted(node: PeerNode<S>, event: SessionEvent): void;
  readonly recorder: SwarmRecorder | null;
  /** Who entered the room last as that peer: whom a dial reaches. */
  readonly byPeer: Map<PeerId, PeerNode<S>>;
  nextLink(): number;
  /** Opens the rendezvous' end of a link to a node; returns the link's number. */
  openRendezvous(node: PeerNode<S>): number;
  closeRendezvous(link: number): void;
}

export class PeerNode<S extends PlayingPeer> {
  /** Its number on the network; not its peer id, which the rendezvous gives it. The rendezvous is 0. */
  readonly number: number;
  readonly player: SimulatedPeer<S>;
  session: S;
  state: PlayerState = 'idle';
  isUp = false;
  /** Its link to the rendezvous; 0 for none. What still comes over a former one is lost. */
  rendezvousLink = 0;
  /** When it asked to join. */
  askedMs = 0;
  readonly #around: PeerSurroundings<S>;
  readonly #recording: PeerRecording<S> | null;
  readonly #links = new PeerLinks<PeerNode<S>>();
  readonly #waker: Waker;
  /** Raised when it crashes: what was under way for its former life is void. */
  #life = 0;

  constructor(number: number, player: SimulatedPeer<S>, around: PeerSurroundings<S>) {
    this.number = number;
    this.player = player;
    this.#around = around;
    this.#waker = new Waker(around.clock, () => this.#wake());
    this.#recording = around.recorder ? new PeerRecording(this, around.kind, around.clock, around.recorder) : null;
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
    const { network, closeRendezvous } = this.#around;
    network.cut(this.number);
    for (const end of this.#links.all) {
      end.far.#ended(end.link);
      this.#ended(end.link);
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
    this.#links.clear();
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
    const { clock } = this.#around;
    const peer = from === RENDEZVOUS ? RENDEZVOUS : this.#links.of(link)?.peer;
    // What still comes over a link that is gone is lost.
    if (peer === undefined || (from === RENDEZVOUS && link !== this.rendezvousLink)) return;
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
    this.#doRequests();
    const events = session.takeEvents();
    this.#around.kind.told?.(this, events, this.#around.clock.nowMs);
    for (const event of events) this.#note(event);
    if (events.length > 0) this.#doRequests();
    this.#noteState();
    this.#waker.set(session.nextDueMs);
  }

  #doRequests(): void {
    const { session } = this;
    for (let requests = session.drain(); requests.length > 0; requests = session.drain()) {
      for (const request of requests) {
        if (request.type === 'send') this.#send(request.to, request.bytes);
        else if (request.type === 'connect') this.#dial(request.to);
        else this.#hangUp(request.to);
      }
    }
  }

  #send(to: PeerId, bytes: Uint8Array): void {
    const { network } = this.#around;
    if (to === RENDEZVOUS) {
      this.#recording?.carried(to, 'sent', bytes);
      if (this.rendezvousLink > 0) network.send(this.number, RENDEZVOUS, bytes, this.rendezvousLink);
      return;
    }
    const end = this.#links.to(to);
    if (!end) return;
    this.#recording?.carried(to, 'sent', bytes);
    network.send(this.number, end.far.number, bytes, end.link);
  }

  /** Closes a link; the other end hears of it as soon as anything can come there. */
  #hangUp(to: PeerId): void {
    const { session } = this;
    const { clock, network, closeRendezvous } = this.#around;
    if (to === RENDEZVOUS) {
      closeRendezvous(this.rendezvousLink);
      session.linkChanged(RENDEZVOUS, 'down', clock.nowMs);
      this.#rendezvousLost();
      return;
    }
    const end = this.#links.to(to);
    if (end) {
      this.#links.remove(end);
      clock.at(clock.nowMs + network.oneWayMs, () => {
        if (network.areConnected(this.number, end.far.number)) end.far.#ended(end.link);
      });
    }
    session.linkChanged(to, 'down', clock.nowMs);
  }

  /** A link to a peer is gone. */
  #ended(link: number): void {
    const end = this.#links.of(link);
    if (end && this.#links.remove(end)) this.linkChanged(end.peer, 'down');
  }

  #note(event: SessionEvent): void {
    const { session } = this;
    const { clock, byPeer, noted } = this.#around;
    this.#recording?.noted(event);
    noted(this, event);
    if (event.type === 'entered') byPeer.set(event.self, this);
    // Nobody relays to who has left the room.
    if (event.type === 'peerGone' && session.peers.get(event.peer)?.link === 'relayed') {
      session.linkChanged(event.peer, 'down', clock.nowMs);
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

  /** Its player sees something newer, of the world that its session holds. */
  saw(world: World): void {
    this.#recording?.saw(world);
  }

  /** Tries until the other side answers; a pair that cannot connect finds out by the time that passes. */
  #dial(peer: PeerId): void {
    const { clock, network, byPeer } = this.#around;
    const life = this.#life;
    const untilMs = clock.nowMs + DIAL_LIMIT_MS;
    const attempt = (): void => {
      if (!this.isUp || life !== this.#life) return;
      const other = byPeer.get(peer);
      if (other && this.#canLink(other, peer)) {
        this.#link(other, peer);
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

  #canLink(other: PeerNode<S>, peer: PeerId): boolean {
    const { network } = this.#around;
    const isThere = other !== this && other.isUp && other.session.self === peer;
    if (!isThere || network.isBlocked(this.number, other.number)) return false;
    return network.areConnected(this.number, other.number) && this.#canSignal(other, peer);
  }

  /** What diallers have to say goes through the rendezvous, which both must reach, or by a way that the session has. */
  #canSignal(other: PeerNode<S>, peer: PeerId): boolean {
    if (this.session.rendezvous.state !== 'entered' && this.session.canSignal?.(peer)) return true;
    return this.#isAtRendezvous && other.#isAtRendezvous;
  }

  get #isAtRendezvous(): boolean {
    const { network } = this.#around;
    return this.rendezvousLink > 0 && network.isAttached(RENDEZVOUS) && network.areConnected(this.number, RENDEZVOUS);
  }

  #link(other: PeerNode<S>, peer: PeerId): void {
    const { self } = this.session;
    const [mine, theirs] = [this.#links.to(peer), other.#links.to(self)];
    // Both have dialled, and the other one's attempt came first.
    if (mine && mine.link === theirs?.link) return;
    const link = this.#around.nextLink();
    for (const end of [mine, theirs]) if (end) for (const node of [this, other]) node.#ended(end.link);
    this.#links.add({ link, peer, far: other });
    other.#links.add({ link, peer: self, far: this });
    for (const [node, id] of [
      [this, peer],
      [other, self],
    ] as const) {
      node.#recording?.dialled();
      node.linkChanged(id, 'up');
    }
  }
}
