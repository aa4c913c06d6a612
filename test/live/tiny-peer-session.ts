/**
 * The smallest peer session: it enters a room, dials whom it is told to, greets everybody it is linked to again and again,
 * and remembers what it heard and how. For tests of what carries sessions; also bundled for pages.
 */
import { Outbox } from '../../netcode/outbox.ts';
import type { PeerSession } from '../../netcode/peer-session.ts';
import { RendezvousClient, type RendezvousClientOptions } from '../../netcode/rendezvous-client.ts';
import { type LinkState, type PeerId, RENDEZVOUS, type Request, type SessionEvent } from '../../netcode/session.ts';

const GREET_EVERY_MS = 50;

export interface TinyOptions extends Omit<RendezvousClientOptions, 'transport'> {
  /** Newcomers dial those who are there, all dial all at once, or nobody dials by itself. */
  dials: 'present' | 'everybody' | 'nobody';
}

/** What was heard of one peer. */
export interface Heard {
  direct: number;
  relayed: number;
  texts: string[];
}

export class TinyPeerSession implements PeerSession {
  readonly rendezvous: RendezvousClient;
  readonly links = new Map<PeerId, LinkState>();
  readonly heard = new Map<PeerId, Heard>();
  /** Every change of every link, in order. */
  readonly changes: string[] = [];
  readonly #outbox = new Outbox({ sentMessages: 0, sentBytes: 0 });
  readonly #options: TinyOptions;
  readonly #passing: SessionEvent[] = [];
  #greetDueMs: number;

  constructor(options: TinyOptions, startMs: number) {
    this.#options = options;
    this.rendezvous = new RendezvousClient({ ...options, transport: 'datagram' }, this.#outbox, startMs);
    this.#greetDueMs = startMs;
  }

  linkChanged(peer: PeerId, state: LinkState, nowMs: number): void {
    if (peer === RENDEZVOUS) {
      this.rendezvous.linkChanged(state, nowMs);
      return;
    }
    this.links.set(peer, state);
    this.changes.push(`${peer} ${state}`);
  }

  receive(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    if (from !== RENDEZVOUS) {
      this.#hear(from, bytes, 'direct');
      return;
    }
    const carried = this.rendezvous.receive(bytes, nowMs);
    if (carried) this.#hear(carried.from, carried.bytes, 'relayed');
  }

  #hear(peer: PeerId, bytes: Uint8Array, way: 'direct' | 'relayed'): void {
    const heard = this.heard.get(peer) ?? { direct: 0, relayed: 0, texts: [] };
    this.heard.set(peer, heard);
    heard[way] += 1;
    const text = new TextDecoder().decode(bytes);
    if (!heard.texts.includes(text)) heard.texts.push(text);
  }

  setInput(): void {}

  advance(nowMs: number): boolean {
    this.rendezvous.advance(nowMs);
    if (nowMs >= this.#greetDueMs) {
      this.#greetDueMs = nowMs + GREET_EVERY_MS;
      for (const peer of this.links.keys()) this.say(peer, `hello from ${this.#options.name}`);
    }
    return false;
  }

  /** Says something to a peer, by the way that its link is. */
  say(peer: PeerId, text: string): void {
    const bytes = new TextEncoder().encode(text);
    const link = this.links.get(peer);
    if (link === 'up') this.#outbox.send(peer, 'unreliable', bytes);
    else if (link === 'relayed') this.rendezvous.relay(peer, bytes);
  }

  dial(peer: PeerId): void {
    this.#ask({ type: 'connect', to: peer });
  }

  hangUp(peer: PeerId): void {
    this.#ask({ type: 'disconnect', to: peer, reason: 'hung up' });
  }

  readonly #asked: Request[] = [];
  #ask(request: Request): void {
    this.#asked.push(request);
  }

  get nextDueMs(): number {
    return Math.min(this.#greetDueMs, this.rendezvous.nextDueMs);
  }

  drain(): readonly Request[] {
    // Events come out of the outbox after requests; what they bring about must still be asked for.
    for (const event of this.#outbox.takeEvents()) {
      this.#passing.push(event);
      const { dials } = this.#options;
      if (event.type === 'entered' && dials !== 'nobody') for (const peer of event.peers) this.dial(peer);
      if (event.type === 'peerCame' && dials === 'everybody') this.dial(event.peer);
    }
    return [...this.#outbox.drain(), ...this.#asked.splice(0)];
  }

  takeEvents(): readonly SessionEvent[] {
    return this.#passing.splice(0);
  }
}

/** Changes of links without the relays that only bridged the dial of a slow machine. */
export function withoutBridges(changes: readonly string[]): string[] {
  return changes.filter((change, i) => {
    const [peer] = change.split(' ');
    const next = changes.slice(i + 1).find((later) => later.startsWith(`${peer} `));
    return change !== `${peer} relayed` || next !== `${peer} up`;
  });
}
