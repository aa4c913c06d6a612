/**
 * Runs a `PeerSession` live: over a link to the rendezvous, and over direct links to peers that its dialler makes. It does
 * what the session asks for, and hands over what came. Where a direct link does not come about in time it says
 * `relayed`, and from then on the session itself sends to that peer through the rendezvous.
 *
 * Like a `ClientDriver` it lets time pass only when `pump` is called; dialling and network conditions have a timer.
 */
import { isNatBlocked } from '../netcode/link/nat.ts';
import type { PeerSession } from '../netcode/peer-session.ts';
import { Kind } from '../netcode/protocol.ts';
import { RELAY_HEADER_BYTES } from '../netcode/rendezvous-messages.ts';
import { type LinkState, type PeerId, RENDEZVOUS, type Request, type SessionEvent } from '../netcode/session.ts';
import { Access, type AccessOptions } from './access.ts';
import { type Decide, letPlay } from './client-driver.ts';
import { type ClientEnd, createEndStats, type EndStats } from './client-end.ts';
import { addStats, Dialler } from './dialler.ts';
import type { ConnectionFactory } from './peer-connection.ts';
import type { Timer } from './timer.ts';

export type { Played } from './client-driver.ts';

export interface NatBlocking {
  /** Share of pairs that cannot connect directly. */
  ratio: number;
  /** The same for everybody of a run. */
  seed: number;
}

export interface PeerDriverOptions<S extends PeerSession> {
  session: S;
  /** The link to the rendezvous; another may be given to `attach` when it has closed. */
  end: ClientEnd;
  /** Opens another link to the rendezvous, when one was lost that had led into a room; tried until it succeeds. */
  reopen?: (() => ClientEnd) | undefined;
  createConnection: ConnectionFactory;
  timer: Timer;
  /** How bad this participant's access to the network is made; without it the links are as they are. */
  access?: Omit<AccessOptions, 'timer'> | undefined;
  natBlocking?: NatBlocking | undefined;
  /** Plays for the participant: called right before an input is sampled, if the session has a player. */
  decide?: Decide | undefined;
  /** Called per event, inside `pump` or right after a message. */
  onEvent?: ((event: SessionEvent, nowMs: number) => void) | undefined;
  /** Called when a link to the rendezvous closed, or did not come up; the others live on. */
  onClose?: ((reason: string) => void) | undefined;
  /** Something that came has made the session want a `pump` earlier than the last one said. */
  rescheduled?: ((dueMs: number) => void) | undefined;
}

/** Messages and bytes of sessions, without framing. */
export interface Traffic {
  sentMessages: number;
  sentBytes: number;
  receivedMessages: number;
  receivedBytes: number;
}

/** How a peer is reached, for panels and records. */
export interface PeerReach {
  peer: PeerId;
  link: 'direct' | 'relayed' | 'none';
  /** What direct links have carried. */
  direct: EndStats;
  /** What went through the rendezvous, its envelope of a few bytes left out. */
  relayed: Traffic;
}

/** A lost rendezvous is tried again this often. */
const REOPEN_EVERY_MS = 2000;

export class PeerDriver<S extends PeerSession = PeerSession> {
  readonly session: S;
  readonly dialler: Dialler;
  /** Null when the links are as they are. */
  readonly access: Access | null;
  decide: PeerDriverOptions<S>['decide'];
  readonly #options: PeerDriverOptions<S>;
  readonly #links = new Map<PeerId, LinkState>();
  readonly #relayed = new Map<PeerId, Traffic>();
  /** What links to the rendezvous that are gone have carried. */
  readonly #pastRendezvous = createEndStats();
  #end!: ClientEnd;
  #isPerforming = false;
  #isClosed = false;
  #cancelReopening: () => void = () => {};
  #saidDueMs = Number.POSITIVE_INFINITY;

  constructor(options: PeerDriverOptions<S>) {
    const { session, end, createConnection, timer, access, decide } = options;
    this.#options = options;
    this.session = session;
    this.decide = decide;
    this.access = access ? new Access({ ...access, timer }) : null;
    this.dialler = new Dialler({
      createConnection,
      timer,
      access: this.access,
      self: () => session.rendezvous.self,
      isBlocked: (peer) => this.#isBlocked(peer),
      onSignal: (peer, payload) => {
        const nowMs = timer.nowMs();
        if (session.signal) session.signal(peer, payload, nowMs);
        else session.rendezvous.signal(peer, payload, nowMs);
        this.#perform();
      },
      onUp: (peer) => this.#report(peer, 'up'),
      onMessage: (peer, bytes) => {
        session.receive(peer, bytes, timer.nowMs());
        this.#perform();
      },
      onFailed: (peer) => this.#report(peer, this.#canRelay(peer) ? 'relayed' : 'down'),
      onDown: (peer) => this.#report(peer, 'down'),
    });
    this.attach(end);
  }

  /** The link to the rendezvous. */
  get end(): ClientEnd {
    return this.#end;
  }

  #isBlocked(peer: PeerId): boolean {
    const { natBlocking, session } = this.#options;
    return natBlocking ? isNatBlocked(natBlocking.seed, natBlocking.ratio, session.rendezvous.self, peer) : false;
  }

  #canRelay(peer: PeerId): boolean {
    const { rendezvous } = this.session;
    return rendezvous.state === 'entered' && rendezvous.peers.has(peer);
  }

  /** Takes a new link to the rendezvous: the session enters its room again as who it was. */
  attach(bare: ClientEnd): void {
    const { timer, onClose } = this.#options;
    if (this.#end) addStats(this.#pastRendezvous, this.#end.stats);
    this.#cancelReopening();
    const end = this.access ? this.access.condition(bare, RENDEZVOUS) : bare;
    this.#end = end;
    end.onOpen = () => {
      this.session.linkChanged(RENDEZVOUS, 'up', timer.nowMs());
      this.#perform();
    };
    end.onMessage = (bytes) => {
      const from = relayPeer(bytes);
      if (from !== null) {
        const traffic = this.#relayedOf(from);
        traffic.receivedMessages += 1;
        traffic.receivedBytes += bytes.length - RELAY_HEADER_BYTES;
      }
      this.session.receive(RENDEZVOUS, bytes, timer.nowMs());
      this.#perform();
    };
    end.onClose = (reason) => {
      if (this.#end !== end) return;
      this.session.linkChanged(RENDEZVOUS, 'down', timer.nowMs());
      // The others are told that we are gone, and drop what was relayed to us: both sides dial anew.
      for (const [peer, link] of this.#links) if (link === 'relayed') this.#report(peer, 'down');
      this.#perform();
      this.#reopenLater();
      onClose?.(reason);
    };
  }

  /** A rendezvous that never let us in, or does so no more, is not asked again; nor one that we have left. */
  #reopenLater(): void {
    const { reopen, timer } = this.#options;
    const { self, state } = this.session.rendezvous;
    if (!reopen || this.#isClosed || self === 0 || state !== 'lost') return;
    this.#cancelReopening = timer.callAt(timer.nowMs() + REOPEN_EVERY_MS, () => this.attach(reopen()));
  }

  /** Lets time pass; returns when it next wants to be called (`nextDueMs` of the session). */
  pump(): number {
    const { session } = this;
    letPlay(session, this.decide, this.#options.timer.nowMs());
    this.#perform();
    this.#saidDueMs = session.nextDueMs;
    return this.#saidDueMs;
  }

  /** Closes every link. A session that should say goodbye does so before, and is pumped. */
  close(reason = 'closed by this side'): void {
    this.#isClosed = true;
    this.#cancelReopening();
    this.dialler.close(reason);
    this.#end.close(reason);
  }

  #report(peer: PeerId, state: LinkState): void {
    this.#links.set(peer, state);
    this.session.linkChanged(peer, state, this.#options.timer.nowMs());
    this.#perform();
  }

  /** Does what the session asks for until it asks for nothing more; what that brings about waits its turn. */
  #perform(): void {
    if (this.#isPerforming) return;
    this.#isPerforming = true;
    try {
      for (;;) {
        const requests = this.session.drain();
        for (const request of requests) this.#do(request);
        const events = this.session.takeEvents();
        for (const event of events) this.#tell(event);
        if (requests.length === 0 && events.length === 0) break;
      }
    } finally {
      this.#isPerforming = false;
    }
    const dueMs = this.session.nextDueMs;
    if (dueMs >= this.#saidDueMs) return;
    this.#saidDueMs = dueMs;
    this.#options.rescheduled?.(dueMs);
  }

  #do(request: Request): void {
    const { to } = request;
    switch (request.type) {
      case 'send':
        if (to === RENDEZVOUS) this.#sendToRendezvous(request);
        else this.dialler.send(to, request.bytes);
        return;
      case 'connect':
        if (to !== RENDEZVOUS) this.dialler.dial(to);
        return;
      case 'disconnect':
        if (to === RENDEZVOUS) {
          this.#end.close(request.reason);
        } else {
          this.dialler.hangUp(to, request.reason);
          if (this.linkOf(to) !== 'none') this.#report(to, 'down');
        }
        return;
    }
  }

  #sendToRendezvous({ channel, bytes }: Extract<Request, { type: 'send' }>): void {
    const to = relayPeer(bytes);
    if (to !== null) {
      const traffic = this.#relayedOf(to);
      traffic.sentMessages += 1;
      traffic.sentBytes += bytes.length - RELAY_HEADER_BYTES;
    }
    this.#end.send(channel, bytes);
  }

  #tell(event: SessionEvent): void {
    if (event.type === 'signal') this.dialler.signal(event.peer, event.payload);
    // Nobody relays to who has left the room; a direct link ends by itself.
    if (event.type === 'peerGone' && this.#links.get(event.peer) === 'relayed') this.#report(event.peer, 'down');
    this.#options.onEvent?.(event, this.#options.timer.nowMs());
  }

  #relayedOf(peer: PeerId): Traffic {
    let traffic = this.#relayed.get(peer);
    if (!traffic) {
      traffic = { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0 };
      this.#relayed.set(peer, traffic);
    }
    return traffic;
  }

  /** How a peer is reached. */
  linkOf(peer: PeerId): PeerReach['link'] {
    const state = this.#links.get(peer) ?? 'down';
    return state === 'up' ? 'direct' : state === 'relayed' ? 'relayed' : 'none';
  }

  /** Everybody who is or was reached, or should have been. */
  reach(): PeerReach[] {
    const peers = new Set([...this.dialler.peers, ...this.#relayed.keys()]);
    return [...peers]
      .sort((a, b) => a - b)
      .map((peer) => ({
        peer,
        link: this.linkOf(peer),
        direct: this.dialler.statsOf(peer),
        relayed: { ...this.#relayedOf(peer) },
      }));
  }

  /** What all links have carried; `rendezvous` is all that its link did, relayed messages included. */
  totals(): { direct: EndStats; relayed: Traffic; rendezvous: EndStats } {
    const direct = createEndStats();
    const relayed: Traffic = { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0 };
    for (const reach of this.reach()) {
      addStats(direct, reach.direct);
      for (const name of Object.keys(relayed) as (keyof Traffic)[]) relayed[name] += reach.relayed[name];
    }
    const rendezvous = addStats(addStats(createEndStats(), this.#pastRendezvous), this.#end.stats);
    return { direct, relayed, rendezvous };
  }
}

/** Whom a message on the link to the rendezvous is relayed to or from; null when it is not a relayed one. */
function relayPeer(bytes: Uint8Array): PeerId | null {
  if (bytes.length < RELAY_HEADER_BYTES || bytes[1] !== Kind.relay) return null;
  return bytes[2]! | (bytes[3]! << 8);
}
