/**
 * A whole match of peers on virtual time: the sessions that run over data channels, a rendezvous, and between them the one
 * link model. The same options give the same bytes in the same order, whatever the machine. What peers agree on is the
 * business of their kind (peer-kind.ts).
 */
import { Random } from '../game/random.ts';
import type { RendezvousRecorder } from '../metrics/rendezvous-recorder.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { LinkProfile } from '../netcode/link/profiles.ts';
import type { PlayingPeer } from '../netcode/playing-peer.ts';
import { DEFAULT_RENDEZVOUS, type RendezvousOptions } from '../netcode/rendezvous-options.ts';
import { RendezvousSession } from '../netcode/rendezvous-session.ts';
import { type PeerId, RENDEZVOUS, type SessionEvent } from '../netcode/session.ts';
import { Waker } from './clock.ts';
import { type PeerKind, ROOM } from './peer-kind.ts';
import { PeerNetwork } from './peer-network.ts';
import { PeerNode, type PeerSurroundings, type SimulatedPeer } from './peer-node.ts';
import { SimulatedStranger } from './stranger.ts';
import { VirtualMatch } from './virtual-match.ts';

/** Peers ask to join this far apart. */
const JOIN_SPACING_MS = 10;
/** The streams of a match's seed besides the links' own. */
const TOKEN_STREAM = 400;
/** Numbers on the network of those who are no peers. */
const FIRST_STRANGER = 0x8000;

export interface PeerMatchOptions<S extends PlayingPeer> {
  seed: number;
  profile: LinkProfile;
  inputRateHz: number;
  peers: readonly SimulatedPeer<S>[];
  natBlockedRatio?: number;
  /** Those after the first so many do not join by themselves: `nodes[i].join()`. */
  joining?: number;
  onEvent?: (node: PeerNode<S>, event: SessionEvent, nowMs: number) => void;
  peersRecorder?: SwarmRecorder | null;
  rendezvousRecorder?: RendezvousRecorder | null;
  /** What differs from DEFAULT_RENDEZVOUS. */
  rendezvous?: Partial<RendezvousOptions>;
}

/** Who has a link to the rendezvous. */
interface Guest {
  /** On the network. */
  readonly number: number;
  rendezvousLink: number;
  linkChanged(peer: PeerId, state: 'down'): void;
}

export abstract class PeerMatch<S extends PlayingPeer> extends VirtualMatch {
  readonly network: PeerNetwork;
  readonly nodes: PeerNode<S>[] = [];
  rendezvous: RendezvousSession;
  readonly #options: PeerMatchOptions<S>;
  readonly #kind: PeerKind<S>;
  readonly #waker: Waker;
  readonly #around: PeerSurroundings<S>;
  readonly #guests = new Map<number, Guest>();
  #lastLink = 0;
  #strangers = 0;
  readonly #randomBytes: (into: Uint8Array) => void;

  constructor(options: PeerMatchOptions<S>, kind: PeerKind<S>) {
    super();
    const { seed, profile, inputRateHz, natBlockedRatio = 0 } = options;
    const { clock } = this;
    this.#options = options;
    this.#kind = kind;
    const tokens = new Random(seed, TOKEN_STREAM);
    this.#randomBytes = (into) => {
      for (let i = 0; i < into.length; i++) into[i] = tokens.below(256);
    };
    this.network = new PeerNetwork({ clock, seed, profile, natBlockedRatio });
    this.#waker = new Waker(clock, () => this.#wakeRendezvous());
    this.rendezvous = this.#makeRendezvous(options.rendezvous);
    this.#attachRendezvous();
    const birth = { transport: 'datagram', room: ROOM, inputRateHz, randomBytes: this.#randomBytes } as const;
    this.#around = {
      clock,
      network: this.network,
      kind,
      recorder: options.peersRecorder ?? null,
      makeSession: (node) => {
        const { name, wrapSession, resumeToken } = node.player;
        const resume = resumeToken ? { resumeToken } : {};
        const session = kind.makeSession(node, { ...birth, name, ...resume }, clock.nowMs);
        return wrapSession?.(session) ?? session;
      },
      noted: (node, event) => options.onEvent?.(node, event, clock.nowMs),
      byPeer: new Map(),
      nextLink: () => ++this.#lastLink,
      openRendezvous: (node) => this.#openLink(node),
      closeRendezvous: (link) => this.#closeLink(link),
    };
    for (const peer of options.peers) this.add(peer);
    this.nodes.slice(0, options.joining).forEach((node, index) => {
      clock.at(index * JOIN_SPACING_MS, () => node.join());
    });
    this.#performRendezvous();
  }

  /** One more peer; it is yet to join. */
  add(peer: SimulatedPeer<S>): PeerNode<S> {
    const node = new PeerNode(this.nodes.length + 1, peer, this.#around);
    this.nodes.push(node);
    return node;
  }

  #makeRendezvous(options: Partial<RendezvousOptions> = {}): RendezvousSession {
    const { room, rendezvous } = this.#kind;
    const maxPeersPerRoom = Math.max(DEFAULT_RENDEZVOUS.maxPeersPerRoom, room.maxPeers);
    return new RendezvousSession(
      {
        ...DEFAULT_RENDEZVOUS,
        maxPeersPerRoom,
        ...rendezvous,
        ...options,
        rooms: [{ code: ROOM, ...room }],
        transport: 'datagram',
        randomBytes: this.#randomBytes,
      },
      this.clock.nowMs,
    );
  }

  #attachRendezvous(): void {
    const { clock } = this;
    this.network.attach(RENDEZVOUS, (_from, bytes, link) => {
      // What still comes over a link to one before this is lost.
      if (!this.#guests.has(link)) return;
      this.#options.rendezvousRecorder?.bytes(clock.nowMs, 0, bytes.length);
      this.rendezvous.receive(link, bytes, clock.nowMs);
      this.#performRendezvous();
    });
  }

  /** Its process dies: nobody is told, and all that it knew is gone. */
  killRendezvous(): void {
    this.network.detach(RENDEZVOUS);
    this.#guests.clear();
    this.#waker.set(Number.POSITIVE_INFINITY);
  }

  /** Another one takes its place, which knows the room's settings and nothing else. */
  restartRendezvous(options: Partial<RendezvousOptions> = {}): void {
    this.killRendezvous();
    this.rendezvous = this.#makeRendezvous({ ...this.#options.rendezvous, ...options });
    this.#attachRendezvous();
    this.#performRendezvous();
  }

  #wakeRendezvous(): void {
    while (this.rendezvous.advance(this.clock.nowMs));
    this.#performRendezvous();
  }

  #performRendezvous(): void {
    for (const request of this.rendezvous.drain()) {
      if (request.type === 'connect') continue;
      const guest = this.#guests.get(request.to);
      if (!guest) continue;
      if (request.type === 'send') {
        this.#options.rendezvousRecorder?.bytes(this.clock.nowMs, request.bytes.length, 0);
        this.#options.rendezvousRecorder?.totals(this.rendezvous.counters, this.clock.nowMs);
        this.network.send(RENDEZVOUS, guest.number, request.bytes, request.to);
        continue;
      }
      this.#closeLink(request.to);
      // Who is cut off hears nothing of it, and finds out by the silence.
      const isTold = guest.rendezvousLink === request.to && this.network.areConnected(RENDEZVOUS, guest.number);
      if (isTold) guest.linkChanged(RENDEZVOUS, 'down');
    }
    this.rendezvous.takeEvents();
    this.#waker.set(this.rendezvous.nextDueMs);
  }

  #openLink(guest: Guest): number {
    const link = ++this.#lastLink;
    this.#guests.set(link, guest);
    this.rendezvous.linkChanged(link, 'up', this.clock.nowMs);
    this.#performRendezvous();
    return link;
  }

  #closeLink(link: number): void {
    if (!this.#guests.delete(link)) return;
    this.rendezvous.linkChanged(link, 'down', this.clock.nowMs);
    this.#performRendezvous();
  }

  /** Opens a link to the rendezvous for somebody who is no peer. */
  stranger(): SimulatedStranger {
    const number = FIRST_STRANGER + this.#strangers++;
    const stranger = new SimulatedStranger({
      send: (bytes) => this.network.send(number, RENDEZVOUS, bytes, guest.rendezvousLink),
      close: () => this.#closeLink(guest.rendezvousLink),
    });
    const guest = { number, rendezvousLink: 0, linkChanged: () => stranger.ended() };
    this.network.attach(number, (_from, bytes) => stranger.heard.push(bytes));
    guest.rendezvousLink = this.#openLink(guest);
    return stranger;
  }

  get tickMs(): number {
    return 1000 / this.#kind.tickRateHz;
  }

  get isSettled(): boolean {
    const { joining = this.nodes.length } = this.#options;
    return this.nodes.slice(0, joining).every(({ state }) => state === 'playing' || state === 'failed');
  }

  get slots(): number[] {
    return this.nodes.map(({ session }) => session.player);
  }

  setProfile(profile: LinkProfile): void {
    this.network.setProfile(profile);
  }

  delayLink(index: number, eachWayMs: number): void {
    this.network.delay(index + 1, eachWayMs);
  }

  /** Parts of the network by node; the rendezvous is in the first one. */
  split(parts: readonly (readonly PeerNode<S>[])[]): void {
    this.network.split(parts.map((part) => part.map(({ number }) => number)));
  }

  heal(): void {
    this.network.split([]);
  }

  peer(id: PeerId): PeerNode<S> | undefined {
    return this.nodes.findLast(({ session, isUp }) => isUp && session.self === id);
  }
}
