/**
 * One peer of a mesh, of whom a test sees all that it says, among others who have seats and say what the test lets them
 * say. Nothing takes time on its way. Places are in units.
 */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { SUBUNITS } from '../../game/constants.ts';
import type { PlayerInput } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { messagesIn } from '../../netcode/mesh/bundle.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import { decodeMesh, encodeMesh, type MeshMessage } from '../../netcode/mesh/peer-codec.ts';
import { encodeMeshSettings, type MeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import { type AvatarState, decodeState, encodeState } from '../../netcode/mesh/state-codec.ts';
import { decodeMessage, encodeMessage } from '../../netcode/messages.ts';
import { Outbox } from '../../netcode/outbox.ts';
import { Kind } from '../../netcode/protocol.ts';
import { RendezvousClient } from '../../netcode/rendezvous-client.ts';
import { DEFAULT_RENDEZVOUS, RendezvousSession } from '../../netcode/rendezvous-session.ts';
import { type PeerId, RENDEZVOUS, type SessionEvent } from '../../netcode/session.ts';
import { standing } from './trust-table.ts';

const STEP_MS = 5;
const SELF = 1;

export interface Sent {
  atMs: number;
  to: PeerId;
  /** Unwrapped, where it was reliable. */
  bytes: Uint8Array;
  isReliable: boolean;
}

export type Told = Partial<AvatarState> & { x: number; y: number };

function kindsIn(bytes: Uint8Array): number[] {
  return (bytes[1] === Kind.meshBundle ? messagesIn(bytes) : [bytes]).map((message) => message[1]!);
}

export class MeshAlone {
  readonly session: MeshSession;
  readonly rendezvous: RendezvousSession;
  nowMs = 0;
  sent: Sent[] = [];
  /** The same as it went out, with the kinds of what was in each. */
  readonly datagrams: { atMs: number; to: PeerId; kinds: number[] }[] = [];
  dialled: { atMs: number; to: PeerId }[] = [];
  hungUp: { atMs: number; to: PeerId }[] = [];
  readonly events: SessionEvent[] = [];
  /** Whose states come with each tick: where they stand. */
  readonly avatars = new Map<PeerId, Told>();
  /** Its process stands still. */
  isFrozen = false;
  /** The rendezvous hears and says nothing more. */
  isOffline = false;
  readonly #others: { link: number; client: RendezvousClient; outbox: Outbox }[] = [];

  /** Everybody has a seat when this returns: itself is peer 1, the others are 2 and on. */
  constructor(others: number, settings: Partial<MeshSettings> = {}, config: Partial<typeof DEFAULT_MATCH> = {}) {
    const players = 16;
    const encoded = encodeMeshSettings(meshSettings({ ...DEFAULT_MATCH, players, inView: 2, ...config }, settings));
    const random = new Random(8, 8);
    const randomBytes = (into: Uint8Array) => {
      for (let i = 0; i < into.length; i++) into[i] = random.below(256);
    };
    const rooms = [{ code: 'MAIN', settings: encoded, maxPeers: players, seats: players }];
    this.rendezvous = new RendezvousSession(
      { ...DEFAULT_RENDEZVOUS, transport: 'datagram', rooms, recoverMs: 0, randomBytes },
      0,
    );
    const birth = { transport: 'datagram', room: 'MAIN', name: '' } as const;
    this.session = new MeshSession({ ...birth, inputRateHz: 20, randomBytes }, 0);
    this.rendezvous.linkChanged(SELF, 'up', 0);
    this.session.linkChanged(RENDEZVOUS, 'up', 0);
    this.run(50);
    for (let peer = SELF + 1; peer <= SELF + others; peer++) {
      const outbox = new Outbox({ sentMessages: 0, sentBytes: 0 });
      const client = new RendezvousClient({ ...birth, create: null }, outbox, this.nowMs);
      this.#others.push({ link: peer, client, outbox });
      this.rendezvous.linkChanged(peer, 'up', this.nowMs);
      client.linkChanged('up', this.nowMs);
      this.run(10);
    }
    while (this.session.player < 0 || this.session.epoch?.seats.length !== others + 1) this.run(50);
    this.session.arena!.blocked.fill(0);
    this.run(2000);
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += STEP_MS) this.#step();
  }

  #step(): void {
    const { nowMs, session, rendezvous } = this;
    const before = session.tick;
    while (!this.isFrozen && session.advance(nowMs));
    this.#perform();
    if (session.tick > before) for (const [peer, told] of this.avatars) this.tell(peer, told);
    for (const { link, client, outbox } of this.#others) {
      client.advance(nowMs);
      for (const request of outbox.drain()) {
        if (request.type === 'send') rendezvous.receive(link, request.bytes, nowMs);
      }
      outbox.takeEvents();
    }
    rendezvous.advance(nowMs);
    for (const request of rendezvous.drain()) {
      if (request.type !== 'send') continue;
      if (request.to !== SELF)
        this.#others.find(({ link }) => link === request.to)?.client.receive(request.bytes, nowMs);
      else if (!this.isOffline && !this.isFrozen) session.receive(RENDEZVOUS, request.bytes, nowMs);
    }
    this.#perform();
  }

  #perform(): void {
    const { nowMs, session } = this;
    for (let requests = session.drain(); requests.length > 0; requests = session.drain()) {
      for (const request of requests) {
        if (request.type === 'connect') this.dialled.push({ atMs: nowMs, to: request.to });
        else if (request.type === 'disconnect') {
          this.hungUp.push({ atMs: nowMs, to: request.to });
          session.linkChanged(request.to, 'down', nowMs);
        } else {
          if (request.to === RENDEZVOUS && !this.isOffline) this.rendezvous.receive(SELF, request.bytes, nowMs);
          this.datagrams.push({ atMs: nowMs, to: request.to, kinds: kindsIn(request.bytes) });
          this.#note(request.to, request.bytes);
        }
      }
    }
    this.events.push(...session.takeEvents());
  }

  #note(to: PeerId, bytes: Uint8Array): void {
    if (to !== RENDEZVOUS && bytes[1] === Kind.meshBundle) {
      for (const message of messagesIn(bytes)) this.#note(to, message);
      return;
    }
    const wrapped = bytes[1] === Kind.reliable ? decodeMessage(bytes) : null;
    if (wrapped?.type !== 'reliable') {
      this.sent.push({ atMs: this.nowMs, to, bytes, isReliable: false });
      return;
    }
    this.sent.push({ atMs: this.nowMs, to, bytes: wrapped.inner, isReliable: true });
    if (to !== RENDEZVOUS) this.hear(to, encodeMessage({ type: 'ack', next: (wrapped.sequence + 1) & 0xffff }));
  }

  /** Something comes from a peer; what it answers is noted at once. */
  hear(from: PeerId, bytes: Uint8Array): void {
    this.session.receive(from, bytes, this.nowMs);
    this.#perform();
  }

  say(from: PeerId, message: MeshMessage): void {
    this.hear(from, encodeMesh(message));
  }

  /** A peer tells its state, as of the newest tick here unless it says otherwise. */
  tell(from: PeerId, { x, y, ...more }: Told): void {
    const state = { ...standing(this.session.tick, Math.round(x * SUBUNITS), Math.round(y * SUBUNITS)), ...more };
    this.hear(from, encodeState(state));
  }

  /** Links with a peer, which from now on tells that it stands there. */
  meet(peer: PeerId, told: Told): void {
    this.avatars.set(peer, told);
    this.link(peer);
    this.tell(peer, told);
  }

  /** A peer tells the rendezvous which cell it is in. */
  enterCell(peer: PeerId, cell: number): void {
    this.#others.find(({ link }) => link === peer)!.client.tellCell(cell, false, this.nowMs);
  }

  link(peer: PeerId, state: 'up' | 'down' = 'up'): void {
    this.session.linkChanged(peer, state, this.nowMs);
    this.#perform();
  }

  /** Puts the own avatar somewhere. */
  stand(x: number, y: number): void {
    const { players } = this.session.world!;
    players.x[this.session.player] = x * SUBUNITS;
    players.y[this.session.player] = y * SUBUNITS;
  }

  hold(input: Partial<PlayerInput>): void {
    this.session.setInput({ buttons: 0, aim: 0, ...input });
  }

  slotOf(peer: PeerId): number {
    return this.session.epoch!.seatOf(peer)!.slot;
  }

  /** What was said of a kind, to everybody or to one. */
  said(kind: number, to?: PeerId): Sent[] {
    return this.sent.filter(
      (one) => one.bytes[1] === kind && (to === undefined ? one.to !== RENDEZVOUS : one.to === to),
    );
  }

  states(to: PeerId): { atMs: number; state: AvatarState }[] {
    const { size } = this.session.arena!;
    return this.said(Kind.meshState, to).map(({ atMs, bytes }) => ({ atMs, state: decodeState(bytes, size) }));
  }

  messages<T extends MeshMessage['type']>(type: T, to?: PeerId) {
    return this.said(Kind[type], to).map(({ bytes, ...one }) => {
      return { ...one, message: decodeMesh(bytes, this.session.arena!.size) as MeshMessage & { type: T } };
    });
  }
}
