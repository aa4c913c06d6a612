/**
 * One player on virtual time: connects, drives its `ClientSession`, plays by a given brain, and comes back after a lost
 * link, as a bot does over a real connection. A full client's views are recorded.
 */
import type { PlayerInput } from '../game/input.ts';
import { DRAWN_EVERY_MS } from '../metrics/player-notes.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import { ClientSession } from '../netcode/client-session.ts';
import { AUTHORITY, type SessionEvent, type Transport } from '../netcode/session.ts';
import type { View } from '../netcode/view.ts';
import { type VirtualClock, Waker } from './clock.ts';
import type { Connection } from './connection.ts';

/** Who plays: the simulator knows no policies and no cheats, it is given what they make. */
export interface SimulatedPlayer {
  name: string;
  /** The brain: called right before an input is taken. */
  decide(view: View): PlayerInput;
  /** A full client predicts itself and draws others in between; its views are recorded. */
  full: boolean;
  /** Stands between the simulator and the honest session: a cheat. */
  wrapSession?(session: ClientSession): ClientSession;
}

export interface PlayerSurroundings {
  readonly clock: VirtualClock;
  readonly recorder: SwarmRecorder | null;
  readonly inputRateHz: number;
  readonly transport: Transport;
  /** Opens a connection for this player after the time that it takes. */
  connect(node: PlayerNode): void;
}

export type PlayerState = 'idle' | 'joining' | 'playing' | 'lost' | 'failed' | 'crashed';

/** A lost link is opened again after this long. */
const REJOIN_AFTER_MS = 1000;
/** From asking to the first snapshot; longer is a failed join. */
export const JOIN_TIMEOUT_MS = 20_000;

export class PlayerNode {
  readonly index: number;
  readonly player: SimulatedPlayer;
  session: ClientSession;
  state: PlayerState = 'idle';
  /** Events of the session since the match began, for tests that ask for it; see `keepEvents`. */
  readonly events: SessionEvent[] = [];
  keepEvents = false;
  readonly #around: PlayerSurroundings;
  readonly #waker: Waker;
  #connection: Connection | null = null;
  #askedMs = 0;
  #staysAway = false;

  constructor(index: number, player: SimulatedPlayer, around: PlayerSurroundings) {
    this.index = index;
    this.player = player;
    this.#around = around;
    this.#waker = new Waker(around.clock, () => this.#wake());
    this.session = this.#makeSession();
  }

  #makeSession(): ClientSession {
    const { transport, inputRateHz, clock } = this.#around;
    const { name, full } = this.player;
    const session = new ClientSession({ name, transport, inputRateHz, prediction: full }, clock.nowMs);
    return this.player.wrapSession?.(session) ?? session;
  }

  /** Asks to join. */
  join(): void {
    const { clock, recorder } = this.#around;
    const askedMs = clock.nowMs;
    this.state = 'joining';
    this.#askedMs = askedMs;
    recorder?.asked();
    this.#around.connect(this);
    clock.at(askedMs + JOIN_TIMEOUT_MS, () => {
      if (this.#askedMs === askedMs) this.#fail(`no snapshot within ${JOIN_TIMEOUT_MS / 1000} s`);
    });
  }

  #fail(reason: string): void {
    if (this.state !== 'joining') return;
    this.state = 'failed';
    this.#around.recorder?.joinFailed(reason);
    this.#connection?.close(reason);
  }

  /** The connection is open. */
  linkUp(connection: Connection): void {
    if (this.#staysAway || this.state === 'crashed' || this.state === 'failed') {
      connection.close('not wanted any more');
      return;
    }
    this.#connection = connection;
    this.session.linkChanged(AUTHORITY, 'up', this.#around.clock.nowMs);
    this.#perform();
  }

  /** The connection ended. */
  linkDown(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    const { clock, recorder } = this.#around;
    this.#connection = null;
    this.session.linkChanged(AUTHORITY, 'down', clock.nowMs);
    this.#perform();
    if (this.state === 'joining') this.#fail(reason);
    if (this.state !== 'playing' && this.state !== 'lost') return;
    if (this.state === 'playing') recorder?.disconnected(reason, clock.nowMs);
    this.state = 'lost';
    if (!this.#staysAway) clock.at(clock.nowMs + REJOIN_AFTER_MS, () => this.#rejoin());
  }

  #rejoin(): void {
    if (this.state === 'lost' && !this.#connection && !this.#staysAway) this.#around.connect(this);
  }

  /** Cuts its link; it stays away until `reconnect`. */
  disconnect(): void {
    this.#staysAway = true;
    this.#connection?.close('unplugged');
  }

  /** Comes back with the session it had: its resume token asks for its seat. */
  reconnect(): void {
    this.#staysAway = false;
    this.#rejoin();
  }

  /** Its process dies: nobody is told, and all that it knew is gone. */
  crash(): void {
    this.#connection?.abandon();
    this.#connection = null;
    this.state = 'crashed';
    this.#waker.set(Number.POSITIVE_INFINITY);
  }

  /** After a crash: joins anew, with a token that its page had kept, or as a stranger. */
  restart(resumeToken: Uint8Array | null = null): void {
    this.session = this.#makeSession();
    this.session.resumeToken = resumeToken;
    this.#staysAway = false;
    this.join();
  }

  receive(bytes: Uint8Array): void {
    if (this.state === 'crashed') return;
    const { clock, recorder } = this.#around;
    const { session } = this;
    session.receive(AUTHORITY, bytes, clock.nowMs);
    if (session.player >= 0) recorder?.bytes(session.player, clock.nowMs, 0, bytes.length, 0, 1);
    this.#perform();
  }

  #wake(): void {
    const { session } = this;
    const { nowMs } = this.#around.clock;
    do {
      if (session.view && session.wantsInput(nowMs)) session.setInput(this.player.decide(session.view));
    } while (session.advance(nowMs));
    this.#perform();
  }

  #perform(): void {
    const { session } = this;
    const { clock, recorder } = this.#around;
    for (const request of session.drain()) {
      if (request.type === 'disconnect') this.#connection?.close(request.reason);
      if (request.type !== 'send' || !this.#connection) continue;
      if (session.player >= 0) recorder?.bytes(session.player, clock.nowMs, request.bytes.length, 0, 1, 0);
      this.#connection.sendUp(request.bytes);
    }
    for (const event of session.takeEvents()) this.#note(event);
    this.#waker.set(session.nextDueMs);
  }

  #note(event: SessionEvent): void {
    const { clock, recorder } = this.#around;
    const { session } = this;
    if (this.keepEvents) this.events.push(event);
    switch (event.type) {
      case 'snapshot':
        if (this.state === 'joining') recorder?.joined(this.#askedMs, clock.nowMs);
        if (this.state === 'joining' && this.player.full) this.#drawNext();
        this.state = 'playing';
        if (!this.player.full) return;
        recorder?.snapshot(session.player, clock.nowMs, session.view!);
        return;
      case 'input':
        recorder?.input(session.player, event.tick, event.dueMs, clock.nowMs);
        if (this.player.full) recorder?.echo(clock.nowMs - event.dueMs + session.tickMs, clock.nowMs);
        return;
      case 'corrected':
        recorder?.corrected(event.distance, clock.nowMs);
        return;
      case 'refused':
        this.#fail(`refused: ${event.text}`);
        return;
      case 'silent':
        this.#connection?.close('silence');
        return;
    }
  }

  #drawNext(): void {
    const { clock, recorder } = this.#around;
    if (!recorder) return;
    const view = this.state === 'playing' ? this.session.drawn(clock.nowMs) : null;
    if (view) recorder.drawn(this.session.player, clock.nowMs, view);
    clock.at(clock.nowMs + DRAWN_EVERY_MS, () => this.#drawNext());
  }
}
