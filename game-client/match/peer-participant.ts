/**
 * Takes part as a peer among peers, whatever they agree on with each other: it meets them at a rendezvous, which may be
 * lost and come back, and is linked to them directly. What is about one kind of session is left to `lockstep-participant`
 * and `mesh-participant`.
 */
import type { PlayerInput } from '../../game/input.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { browserMeshCrypto } from '../../links/mesh-crypto-browser.ts';
import { createBrowserPeerConnection } from '../../links/peer-connection-browser.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import type { LinkProfile } from '../../netcode/link/profiles.ts';
import type { MeshCrypto } from '../../netcode/mesh/trust/crypto.ts';
import type { PeerOptions, PlayingPeer } from '../../netcode/playing-peer.ts';
import type { RosterEntry, SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import {
  GOODBYE_MS,
  INPUT_RATE_HZ,
  type NetworkOverlay,
  ownAccess,
  type Participant,
  type ParticipantHooks,
  type ParticipantOptions,
  type PlayedSession,
  randomBytes,
} from './participant.ts';

const ROSTER_EVERY_MS = 1000;

export interface PeerParticipantOptions extends ParticipantOptions {
  /** Opens a link to the rendezvous; called again when one was lost. */
  openRendezvous: () => ClientEnd;
}

/** What every session of a page is made from. */
export type Birth = Omit<PeerOptions, 'room' | 'resumeToken'> & {
  /** Of use where the peers of a match sign. */
  crypto: MeshCrypto;
};

/** What the network panel notes of a peer. */
export interface PeerMeasures {
  onEvent(event: SessionEvent, nowMs: number): void;
  /** Called often. */
  sample(nowMs: number): void;
}

export type PageSession = PlayingPeer & PlayedSession;

export abstract class PeerParticipant<S extends PageSession> implements Participant {
  abstract readonly measures: PeerMeasures;
  readonly session: S;
  readonly driver: PeerDriver<S>;
  readonly overlay: NetworkOverlay | null = null;
  protected readonly hooks: ParticipantHooks;
  readonly #options: PeerParticipantOptions;
  #waiting = '';
  #rosterDueMs = 0;
  #isOver = false;

  constructor(options: PeerParticipantOptions, makeSession: (birth: Birth, nowMs: number) => S) {
    const { name, timer, openRendezvous, hooks } = options;
    this.#options = options;
    this.hooks = hooks;
    const end = openRendezvous();
    const birth = {
      transport: end.transport,
      name,
      inputRateHz: INPUT_RATE_HZ,
      randomBytes,
      crypto: browserMeshCrypto(),
    };
    this.session = makeSession(birth, timer.nowMs());
    this.driver = new PeerDriver<S>({
      session: this.session,
      end,
      reopen: openRendezvous,
      createConnection: createBrowserPeerConnection,
      timer,
      access: ownAccess(),
      decide: (view) => this.decide(options.sample(), view),
      onEvent: (event, nowMs) => this.#onEvent(event, nowMs),
      onClose: (reason) => this.#onClose(reason),
      rescheduled: hooks.onDue,
    });
  }

  abstract nameOf(player: number): string;

  /** Why there is nothing to play just now; empty while there is. */
  protected abstract whyWaiting(nowMs: number): string;

  /** Everybody in the match with what is known of their scores, in the order of the scoreboard. */
  protected abstract roster(): RosterEntry[];

  /** The input for the next tick, from what is pressed. */
  protected decide(input: PlayerInput, _view: View): PlayerInput {
    return input;
  }

  protected heard(_event: SessionEvent): void {}

  /** Lets time pass for what is not the session's. */
  protected passed(_nowMs: number): void {}

  /** It is over: lets go of what is not the driver's. */
  protected ended(): void {}

  get counters(): Readonly<Record<string, number>> {
    return { ...this.session.counters };
  }

  get truth(): View | null {
    return this.session.confirmedView;
  }

  setProfile(profile: LinkProfile): void {
    this.driver.access!.setProfile(profile);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#end();
    const { timer } = this.#options;
    this.session.leave(timer.nowMs());
    this.driver.pump();
    timer.callAt(timer.nowMs() + GOODBYE_MS, () => this.driver.close('left'));
  }

  pump(): number {
    const { hooks } = this;
    const dueMs = this.driver.pump();
    const nowMs = this.#options.timer.nowMs();
    // Its session may refuse a room, too, that has let it in.
    if (this.session.state === 'refused') this.#finish(this.session.refusal);
    if (this.#isOver) return Number.POSITIVE_INFINITY;
    this.measures.sample(nowMs);
    this.passed(nowMs);
    const waiting = this.whyWaiting(nowMs);
    if (waiting !== this.#waiting) hooks.onWaiting(waiting);
    this.#waiting = waiting;
    if (nowMs >= this.#rosterDueMs && this.session.player >= 0) {
      this.#rosterDueMs = nowMs + ROSTER_EVERY_MS;
      const entries = this.roster();
      hooks.onRoster(entries, entries.length);
    }
    return dueMs;
  }

  #onEvent(event: SessionEvent, nowMs: number): void {
    this.measures.onEvent(event, nowMs);
    if (event.type === 'entered') this.hooks.onRoom(event.room);
    else this.heard(event);
  }

  #onClose(reason: string): void {
    // Once it has let us in, the match goes on without it.
    if (this.session.self === 0) this.#finish(this.session.refusal || reason);
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#end();
    this.driver.close(reason);
    this.hooks.onEnd(reason);
  }

  #end(): void {
    this.#isOver = true;
    this.ended();
  }
}
