/**
 * A whole match of peers without an authority on virtual time: the sessions that run over data channels, a rendezvous,
 * and between them the one link model. The same options give the same bytes in the same order, whatever the machine.
 */
import { createArena } from '../game/arena.ts';
import { Random } from '../game/random.ts';
import type { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import type { RendezvousRecorder } from '../metrics/rendezvous-recorder.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { LinkProfile } from '../netcode/link/profiles.ts';
import { Acceptor } from '../netcode/lockstep/ballot.ts';
import { LockstepSession } from '../netcode/lockstep/lockstep-session.ts';
import { encodeSettings, type LockstepSettings } from '../netcode/lockstep/settings.ts';
import { DEFAULT_RENDEZVOUS, type RendezvousOptions } from '../netcode/rendezvous-options.ts';
import { RendezvousSession } from '../netcode/rendezvous-session.ts';
import { type PeerId, RENDEZVOUS, type SessionEvent } from '../netcode/session.ts';
import { Waker } from './clock.ts';
import { PeerNetwork } from './peer-network.ts';
import { PeerNode, type PeerSurroundings, type SimulatedPeer } from './peer-node.ts';
import { SimulatedKeys } from './signing.ts';
import { SimulatedStranger } from './stranger.ts';
import { TruthKeeper } from './truth-keeper.ts';
import { VirtualMatch } from './virtual-match.ts';

/** Peers ask to join this far apart. */
const JOIN_SPACING_MS = 10;
/** The streams of a match's seed besides the links' own. */
const TOKEN_STREAM = 400;
export const ROOM = 'MAIN';
/** Numbers on the network of those who are no peers. */
const FIRST_STRANGER = 0x8000;

export interface PeerMatchOptions {
  settings: LockstepSettings;
  seed: number;
  profile: LinkProfile;
  inputRateHz: number;
  peers: readonly SimulatedPeer[];
  natBlockedRatio?: number;
  /** Those after the first so many do not join by themselves: `nodes[i].join()`. */
  joining?: number;
  onEvent?: (node: PeerNode, event: SessionEvent, nowMs: number) => void;
  /** What was true, written down by one of the peers for all. */
  truthRecorder?: AuthorityRecorder | null;
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

export class SimulatedPeerMatch extends VirtualMatch {
  readonly network: PeerNetwork;
  readonly nodes: PeerNode[] = [];
  rendezvous: RendezvousSession;
  readonly #options: PeerMatchOptions;
  readonly #waker: Waker;
  readonly #around: PeerSurroundings;
  readonly #guests = new Map<number, Guest>();
  #lastLink = 0;
  #strangers = 0;
  readonly #randomBytes: (into: Uint8Array) => void;

  constructor(options: PeerMatchOptions) {
    super();
    const { settings, seed, profile, inputRateHz, natBlockedRatio = 0 } = options;
    const { clock } = this;
    this.#options = options;
    const keys = new SimulatedKeys(seed);
    const tokens = new Random(seed, TOKEN_STREAM);
    this.#randomBytes = (into) => {
      for (let i = 0; i < into.length; i++) into[i] = tokens.below(256);
    };
    this.network = new PeerNetwork({ clock, seed, profile, natBlockedRatio });
    this.rendezvous = this.#makeRendezvous(settings);
    this.#waker = new Waker(clock, () => this.#wakeRendezvous());
    this.network.attach(RENDEZVOUS, (_from, bytes, link) => {
      options.rendezvousRecorder?.bytes(clock.nowMs, 0, bytes.length);
      this.rendezvous.receive(link, bytes, clock.nowMs);
      this.#performRendezvous();
    });
    const { truthRecorder, peersRecorder } = options;
    const { capacity } = createArena(settings.config);
    this.#around = {
      clock,
      network: this.network,
      recorder: peersRecorder ?? null,
      truth: truthRecorder ? new TruthKeeper(truthRecorder, capacity) : null,
      makeSession: (node) => {
        const { name, wrapSession, resumeToken } = node.player;
        const randomBytes = this.#randomBytes;
        const resume = resumeToken ? { resumeToken } : {};
        const session = new LockstepSession(
          {
            transport: 'datagram',
            name,
            room: ROOM,
            inputRateHz,
            randomBytes,
            crypto: keys.of(node.number),
            ...resume,
          },
          clock.nowMs,
        );
        session.onConfirmed = (world, tick) => node.confirmed(world, tick);
        return wrapSession?.(session) ?? session;
      },
      noted: (node, event) => options.onEvent?.(node, event, clock.nowMs),
      nodeOf: (peer) => this.nodes.find(({ session, isUp }) => isUp && session.self === peer),
      peerOf: (number) => this.nodes[number - 1]!.session.self,
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
  add(peer: SimulatedPeer): PeerNode {
    const node = new PeerNode(this.nodes.length + 1, peer, this.#around);
    this.nodes.push(node);
    return node;
  }

  #makeRendezvous(settings: LockstepSettings): RendezvousSession {
    const room = { code: ROOM, settings: encodeSettings(settings), maxPeers: 64 };
    const acceptorOf = () => new Acceptor();
    const options = { ...DEFAULT_RENDEZVOUS, ...this.#options.rendezvous, rooms: [room], acceptorOf };
    return new RendezvousSession(
      { ...options, transport: 'datagram', randomBytes: this.#randomBytes },
      this.clock.nowMs,
    );
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
    return 1000 / this.#options.settings.config.tickRateHz;
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

  /** The nodes whose sessions are members now. */
  get members(): PeerNode[] {
    return this.nodes.filter(({ isUp, session }) => isUp && session.role === 'member');
  }

  /** The checksum of each member's final world, brought to the newest tick that all of them have. */
  checksums(): number[] {
    const members = this.members;
    const tick = Math.min(...members.map(({ session }) => session.confirmedTick));
    return members.map(({ session }) => session.checksumAt(tick) ?? -1);
  }

  /** Whether all members have equal worlds, as far as all of them are. */
  agree(): boolean {
    return new Set(this.checksums()).size === 1;
  }

  /** Parts of the network by node; the rendezvous is in the first one. */
  split(parts: readonly (readonly PeerNode[])[]): void {
    this.network.split(parts.map((part) => part.map(({ number }) => number)));
  }

  heal(): void {
    this.network.split([]);
  }

  peer(id: PeerId): PeerNode | undefined {
    return this.nodes.find(({ session, isUp }) => isUp && session.self === id);
  }
}
