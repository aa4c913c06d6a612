/**
 * Takes part as a peer of a lockstep match: it meets the others at a rendezvous and simulates the world itself.
 */
import { SHIELD_PRICE } from '../../game/constants.ts';
import { Button, type PlayerInput } from '../../game/input.ts';
import { Status } from '../../game/world.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { createBrowserPeerConnection } from '../../links/peer-connection-browser.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import type { LinkProfile } from '../../netcode/link/profiles.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import type { LockstepSettings } from '../../netcode/lockstep/settings.ts';
import type { RosterEntry, SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import { PeerMeasures } from '../panel/peer-measures.ts';
import {
  GOODBYE_MS,
  INPUT_RATE_HZ,
  ownAccess,
  type Participant,
  type ParticipantOptions,
  randomBytes,
} from './participant.ts';

const ROSTER_EVERY_MS = 1000;
/** A wait of this length is worth a line on the screen; shorter ones are seen as a hitch. */
const WAIT_SHOWN_MS = 700;

export interface PeerParticipantOptions extends ParticipantOptions {
  /** Code of the room to enter, or the settings of a new one. */
  room: string | { settings: LockstepSettings; maxPeers: number };
  /** Opens a link to the rendezvous; called again when one was lost. */
  openRendezvous: () => ClientEnd;
}

export class PeerParticipant implements Participant {
  readonly kind = 'peer';
  readonly session: LockstepSession;
  readonly driver: PeerDriver<LockstepSession>;
  readonly measures: PeerMeasures;
  readonly #options: PeerParticipantOptions;
  #waiting = '';
  #rosterDueMs = 0;
  #wasBuying = false;
  #isOver = false;

  constructor(options: PeerParticipantOptions) {
    const { name, timer, room, openRendezvous, hooks } = options;
    this.#options = options;
    const end = openRendezvous();
    const common = { transport: end.transport, name, inputRateHz: INPUT_RATE_HZ, randomBytes };
    this.session = new LockstepSession(
      typeof room === 'string' ? { ...common, room } : { ...common, room: null, ...room },
      timer.nowMs(),
    );
    this.driver = new PeerDriver({
      session: this.session,
      end,
      reopen: openRendezvous,
      createConnection: createBrowserPeerConnection,
      timer,
      access: ownAccess(),
      decide: (view) => this.#decide(view),
      onEvent: (event, nowMs) => this.#onEvent(event, nowMs),
      onClose: (reason) => this.#onClose(reason),
      rescheduled: hooks.onDue,
    });
    this.measures = new PeerMeasures(this.driver);
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.session.counters };
  }

  get truth(): View | null {
    return this.session.confirmedView;
  }

  nameOf(player: number): string {
    return this.session.roster.seats.findLast(({ slot }) => slot === player)?.name ?? '';
  }

  setProfile(profile: LinkProfile): void {
    this.driver.access!.setProfile(profile);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { timer } = this.#options;
    this.session.leave(timer.nowMs());
    this.driver.pump();
    timer.callAt(timer.nowMs() + GOODBYE_MS, () => this.driver.close('left'));
  }

  /** Nobody answers a purchase here: who has too little can know it at once. */
  #decide(view: View): PlayerInput {
    const input = this.#options.sample();
    const isBuying = (input.buttons & Button.buy) !== 0;
    if (isBuying && !this.#wasBuying && view.self.alive && view.self.coins < SHIELD_PRICE) {
      this.#options.hooks.onNotice(`No shield: it costs ${SHIELD_PRICE} coins`);
    }
    this.#wasBuying = isBuying;
    return input;
  }

  pump(): number {
    const { timer, hooks } = this.#options;
    const dueMs = this.driver.pump();
    const nowMs = timer.nowMs();
    if (this.#isOver) return Number.POSITIVE_INFINITY;
    this.measures.sample(nowMs);
    const waiting = this.#whyWaiting(nowMs);
    if (waiting !== this.#waiting) hooks.onWaiting(waiting);
    this.#waiting = waiting;
    if (nowMs >= this.#rosterDueMs && this.session.player >= 0) {
      this.#rosterDueMs = nowMs + ROSTER_EVERY_MS;
      const entries = this.#roster();
      hooks.onRoster(entries, entries.length);
    }
    return dueMs;
  }

  #whyWaiting(nowMs: number): string {
    const { session } = this;
    if (session.halted !== '') return session.halted;
    if (session.self === 0) return 'looking for the others …';
    if (session.role === 'candidate') return 'meeting the others …';
    if (session.player < 0) return 'catching up with the match …';
    const names: string[] = [];
    for (const { id, blockedSinceMs } of session.peers.values()) {
      if (nowMs - blockedSinceMs > WAIT_SHOWN_MS) names.push(session.roster.member(id)?.name ?? `peer ${id}`);
    }
    return names.length === 0 ? '' : `waiting for ${names.join(', ')} …`;
  }

  /** Whoever simulates the world knows everybody's score. */
  #roster(): RosterEntry[] {
    const { players } = this.session.world!;
    const entries: RosterEntry[] = [];
    for (let player = 0; player < players.status.length; player++) {
      if (players.status[player] === Status.empty) continue;
      const name = this.nameOf(player);
      const { score, kills, deaths } = players;
      entries.push({ player, name, score: score[player]!, kills: kills[player]!, deaths: deaths[player]! });
    }
    return entries.sort((a, b) => b.score - a.score || a.player - b.player);
  }

  #onEvent(event: SessionEvent, nowMs: number): void {
    const { hooks } = this.#options;
    this.measures.onEvent(event, nowMs);
    if (event.type === 'entered') hooks.onRoom(event.room);
    else if (event.type === 'desync') hooks.onNotice('Desync: the network panel says where');
    // A member also tells of those whom it refuses itself.
    else if (event.type === 'refused' && this.session.state === 'refused') this.#finish(this.session.refusal);
  }

  #onClose(reason: string): void {
    // Once it has let us in, the match goes on without it.
    if (this.session.self === 0) this.#finish(this.session.refusal || reason);
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.driver.close(reason);
    this.#options.hooks.onEnd(reason);
  }
}
