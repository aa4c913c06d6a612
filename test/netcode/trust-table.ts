/** Peers of a mesh reduced to their defences: who is told what, over a network that tests can bend. */
import { type Arena, createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { Other } from '../../netcode/mesh/other.ts';
import { type MeshDefences, type MeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import { type AvatarState, decodeState, encodeState } from '../../netcode/mesh/state-codec.ts';
import type { MeshCrypto } from '../../netcode/mesh/trust/crypto.ts';
import { isOldState } from '../../netcode/mesh/trust/state-window.ts';
import { Trust } from '../../netcode/mesh/trust/trust.ts';
import { Kind, ProtocolError } from '../../netcode/protocol.ts';
import type { PeerId, SessionEvent } from '../../netcode/session.ts';
import { SimulatedKeys } from '../../simulator/signing.ts';

export const LINE = 77;

export interface Network {
  delayMs: number;
  jitterMs: number;
  lossRatio: number;
  duplicateRatio: number;
}

export const PERFECT: Network = { delayMs: 30, jitterMs: 0, lossRatio: 0, duplicateRatio: 0 };
export const BAD: Network = { delayMs: 150, jitterMs: 80, lossRatio: 0.05, duplicateRatio: 0.02 };

export interface SeatedPeer {
  id: PeerId;
  trust: Trust;
  others: Map<PeerId, Other>;
  events: SessionEvent[];
  /** States that were believed, by owner. */
  believed: Map<PeerId, AvatarState[]>;
  /** Its own clock is this far ahead, in ticks. */
  clockTicks: number;
  place: { x: number; y: number } | null;
  counts: { sentBytes: number };
}

interface Flying {
  atMs: number;
  order: number;
  from: PeerId;
  to: PeerId;
  bytes: Uint8Array;
  /** Through the rendezvous: needs no link. */
  isCarried: boolean;
}

export class TrustTable {
  readonly arena: Arena;
  readonly settings: MeshSettings;
  readonly keys: SimulatedKeys;
  readonly peers = new Map<PeerId, SeatedPeer>();
  readonly lives = new Map<PeerId, number>();
  readonly random: Random;
  network: Network;
  nowMs = 0;
  /** The one coin there is: who is in charge of it, and where it lies. */
  home: PeerId = 1;
  coin = { x: 0, y: 0 };
  /** What its homes say of who spent which coin. */
  spentTick: (token: number, by: PeerId) => number | null = () => null;
  /** A test may change, repeat or drop what flies; what it returns arrives. */
  tamper: (from: PeerId, to: PeerId, bytes: Uint8Array) => Uint8Array[] = (_from, _to, bytes) => [bytes];
  #flying: Flying[] = [];
  #order = 0;

  constructor(defences: Partial<MeshDefences>, seed: number, network: Network = PERFECT) {
    this.settings = meshSettings({ ...DEFAULT_MATCH, seed, players: 64 }, { defences });
    this.arena = createArena(this.settings.config);
    this.keys = new SimulatedKeys(seed);
    this.random = new Random(seed, 7);
    this.network = network;
  }

  get tickMs(): number {
    return 1000 / this.settings.config.tickRateHz;
  }

  get tick(): number {
    return Math.floor(this.nowMs / this.tickMs);
  }

  seat(id: PeerId, crypto: MeshCrypto = this.keys.forMesh(id)): SeatedPeer {
    this.lives.set(id, this.lives.get(id) ?? 0);
    const others = new Map<PeerId, Other>();
    const events: SessionEvent[] = [];
    const peer: SeatedPeer = {
      id,
      others,
      events,
      believed: new Map(),
      clockTicks: 0,
      place: null,
      counts: { sentBytes: 0 },
      trust: new Trust({
        arena: this.arena,
        settings: this.settings,
        crypto,
        others,
        randomBytes: (into) => {
          for (let i = 0; i < into.length; i++) into[i] = this.random.below(256);
        },
        self: () => id,
        line: () => LINE,
        lifeOf: (other) => this.lives.get(other) ?? -1,
        tick: () => this.tick + peer.clockTicks,
        place: () => peer.place,
        present: () => this.peers.size,
        homesOf: () => [this.home],
        spentTick: (token, by) => this.spentTick(token, by),
        coinPlace: () => this.coin,
        sendAnyhow: (to, bytes) => this.inject(id, to, bytes, this.network.delayMs, true),
        send: (to, bytes) => this.send(id, to, bytes),
        // Lines between peers resend; here what goes by them is not lost.
        sendReliable: (to, bytes) => this.send(id, to, bytes, true),
        tell: (event) => events.push(event),
        part: (other) => this.unlink(id, other),
      }),
    };
    this.peers.set(id, peer);
    return peer;
  }

  link(a: PeerId, b: PeerId): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const peer = this.peers.get(from)!;
      const other = peer.others.get(to) ?? new Other(to, () => {}, this.nowMs);
      other.slot = to;
      other.link = 'up';
      other.isTold = true;
      peer.others.set(to, other);
    }
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      this.peers.get(from)!.trust.linkChanged(to, 'up', this.nowMs);
  }

  unlink(a: PeerId, b: PeerId): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const other = this.peers.get(from)?.others.get(to);
      if (!other || other.link === 'down') continue;
      other.link = 'down';
      other.state = null;
      this.peers.get(from)!.trust.linkChanged(to, 'down', this.nowMs);
    }
  }

  linkAll(): void {
    const ids = [...this.peers.keys()];
    for (const a of ids) for (const b of ids) if (a < b) this.link(a, b);
  }

  /** As the session sends: through the one point where all passes. */
  send(from: PeerId, to: PeerId, bytes: Uint8Array, isReliable = false): void {
    const peer = this.peers.get(from)!;
    if (peer.others.get(to)?.isReachable !== true) return;
    const sealed = peer.trust.seal(to, bytes);
    if (!sealed) return;
    peer.counts.sentBytes += sealed.length;
    for (const arriving of this.tamper(from, to, sealed)) {
      const copies = this.#below(this.network.duplicateRatio) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (!isReliable && this.#below(this.network.lossRatio)) continue;
        this.inject(from, to, arriving, this.network.delayMs + this.random.below(1 + this.network.jitterMs));
      }
    }
  }

  #below(ratio: number): boolean {
    return ratio > 0 && this.random.below(10_000) < ratio * 10_000;
  }

  /** Puts bytes on their way as if `from` had sent them. */
  inject(from: PeerId, to: PeerId, bytes: Uint8Array, delayMs = 0, isCarried = false): void {
    const atMs = this.nowMs + delayMs;
    this.#flying.push({ atMs, order: this.#order++, from, to, bytes: bytes.slice(), isCarried });
  }

  /** Tells the own state to all, as a session does each tick. `faces`: what to tell whom instead. */
  tellState(from: PeerId, state: AvatarState, faces: (to: PeerId) => AvatarState = () => state): void {
    const peer = this.peers.get(from)!;
    peer.place = { x: state.x, y: state.y };
    peer.trust.told(encodeState(state));
    for (const other of peer.others.values()) {
      if (!other.isReachable || !peer.trust.mayTell(other.id)) continue;
      other.isTold = true;
      this.send(from, other.id, encodeState(faces(other.id)));
    }
  }

  /** Lets time pass; `onTick` plays the avatars. */
  run(ms: number, onTick: (tick: number) => void = () => {}): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      const before = this.tick;
      this.nowMs += 5;
      this.#deliver();
      for (const peer of this.peers.values()) peer.trust.advance(this.nowMs);
      if (this.tick > before) onTick(this.tick);
    }
  }

  #deliver(): void {
    const due = this.#flying.filter(({ atMs }) => atMs <= this.nowMs);
    this.#flying = this.#flying.filter(({ atMs }) => atMs > this.nowMs);
    due.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    for (const flying of due) this.#hear(this.peers.get(flying.to)!, flying);
  }

  #hear(peer: SeatedPeer, { from, bytes, isCarried }: Flying): void {
    const other = peer.others.get(from) ?? new Other(from, () => {}, this.nowMs);
    if (!other.isReachable && !isCarried) return;
    const message = peer.trust.open(from, bytes, isCarried);
    if (!message) return;
    try {
      if (message[1] === Kind.meshState) this.#hearState(peer, other, from, message);
      else if (message[1] === Kind.meshForward) {
        const owner = peer.others.get(message[2]! | (message[3]! << 8));
        if (owner) this.#hearState(peer, owner, from, message.slice(4));
      } else peer.trust.receive(from, message, this.nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  #hearState(peer: SeatedPeer, owner: Other, teller: PeerId, bytes: Uint8Array): void {
    const state = decodeState(bytes, this.arena.size);
    const ownTick = this.tick + peer.clockTicks;
    if (!peer.trust.takes(owner, teller, state.tick, bytes, this.nowMs)) return;
    if (isOldState(this.settings, owner.state?.tick ?? -1, state.tick, ownTick) || state.tick > ownTick + 20) return;
    owner.state = state;
    owner.stateAtMs = this.nowMs;
    owner.isDirect = owner.id === teller;
    if (owner.isDirect) peer.trust.heard(owner, state);
    const known = peer.believed.get(owner.id) ?? [];
    known.push(state);
    peer.believed.set(owner.id, known);
  }

  /** Events of a type that anybody told of. */
  told<T extends SessionEvent['type']>(type: T): Extract<SessionEvent, { type: T }>[] {
    return [...this.peers.values()].flatMap(({ events }) =>
      events.filter((event): event is Extract<SessionEvent, { type: T }> => event.type === type),
    );
  }
}

export function standing(tick: number, x: number, y: number): AvatarState {
  return {
    tick,
    isAlive: true,
    isShielded: false,
    isFighting: false,
    x,
    y,
    aim: 0,
    buttons: 0,
    health: 100,
    deaths: 0,
    shots: [],
    news: new Uint8Array(0),
  };
}
