/**
 * One bot: a policy at the controls of a client session over a real connection. It joins once and says honestly how that
 * went; a link that is lost while it plays is counted, and opened again so that the match keeps its players.
 */
import { ClientDriver } from '../../links/client-driver.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import type { Timer } from '../../links/timer.ts';
import type { SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import { ClientSession } from '../../netcode/client-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { cheatOf } from '../cheats/index.ts';
import type { BotRole } from './assign.ts';
import { brainOf } from './brain.ts';

/** From asking to the first snapshot; longer is a failed join. */
export const JOIN_TIMEOUT_MS = 20_000;
/** A lost link is opened again after this long, and so often at most. */
const REJOIN_AFTER_MS = 1000;
const MOST_REJOINS = 5;
/** Often enough for what full clients draw; see SwarmRecorder.drawn. */
const DRAWN_EVERY_MS = 500;

export type BotState = 'idle' | 'joining' | 'playing' | 'lost' | 'failed' | 'left';

/** What a bot needs of its swarm. */
export interface BotSurroundings {
  readonly recorder: SwarmRecorder;
  readonly inputRateHz: number;
  nowMs(): number;
  openEnd(role: BotRole, timer: Timer): ClientEnd;
  /** The bot's next due time may have changed. */
  rescheduled(bot: Bot): void;
  /** The one attempt to join came out. */
  joinSettled(bot: Bot, failure: string | null): void;
}

export class Bot {
  readonly role: BotRole;
  state: BotState = 'idle';
  /** Slot in the match; −1 before it has one. */
  player = -1;
  askedMs = 0;
  readonly #around: BotSurroundings;
  readonly #decide: ReturnType<typeof brainOf>;
  #driver: ClientDriver | null = null;
  #session: ClientSession | null = null;
  /** What a conditioned link waits for: its messages are due with the bot, in the swarm's one loop. */
  #heldDueMs = Number.POSITIVE_INFINITY;
  #deliverHeld: () => void = () => {};
  readonly #timer: Timer;
  #rejoinMs = Number.POSITIVE_INFINITY;
  #rejoins = 0;
  #drawnDueMs = 0;
  /** Bytes and messages already reported, of the current end. */
  #reported = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };

  constructor(role: BotRole, around: BotSurroundings) {
    this.role = role;
    this.#around = around;
    this.#decide = brainOf(role);
    this.#timer = { nowMs: around.nowMs, callAt: (atMs, callback) => this.#hold(atMs, callback) };
  }

  /** Asks to join. */
  join(): void {
    this.askedMs = this.#around.nowMs();
    this.state = 'joining';
    this.#around.recorder.asked();
    this.#open();
  }

  /** When `pump` next has something to do. */
  get nextDueMs(): number {
    const session = this.#session?.nextDueMs ?? Number.POSITIVE_INFINITY;
    const joining = this.state === 'joining' ? this.askedMs + JOIN_TIMEOUT_MS : Number.POSITIVE_INFINITY;
    return Math.min(session, this.#heldDueMs, this.#rejoinMs, joining);
  }

  pump(nowMs: number): void {
    if (this.state === 'joining' && nowMs >= this.askedMs + JOIN_TIMEOUT_MS) {
      this.#fail(`no snapshot within ${JOIN_TIMEOUT_MS / 1000} s`);
      return;
    }
    if (nowMs >= this.#rejoinMs) this.#open();
    if (this.#heldDueMs <= nowMs) {
      this.#heldDueMs = Number.POSITIVE_INFINITY;
      this.#deliverHeld();
    }
    if (this.#session && this.#session.nextDueMs <= nowMs) this.#driver?.pump();
    if (this.role.full && this.state === 'playing' && nowMs >= this.#drawnDueMs) this.#noteDrawn(nowMs);
  }

  /** Tells the recorder what its link has carried since the last call. */
  reportBytes(nowMs: number): void {
    const stats = this.#driver?.end.stats;
    if (!stats || this.player < 0) return;
    const before = this.#reported;
    this.#around.recorder.bytes(
      this.player,
      nowMs,
      stats.sentBytes - before.sentBytes,
      stats.receivedBytes - before.receivedBytes,
      stats.sentMessages - before.sentMessages,
      stats.receivedMessages - before.receivedMessages,
    );
    this.#reported = { ...stats };
  }

  /** Leaves the match for good. */
  leave(): void {
    if (this.state !== 'failed') this.state = 'left';
    this.#rejoinMs = Number.POSITIVE_INFINITY;
    this.#driver?.close('the run is over');
  }

  #hold(atMs: number, callback: () => void): () => void {
    this.#heldDueMs = atMs;
    this.#deliverHeld = callback;
    this.#around.rescheduled(this);
    return () => {
      this.#heldDueMs = Number.POSITIVE_INFINITY;
    };
  }

  #open(): void {
    this.#rejoinMs = Number.POSITIVE_INFINITY;
    const end = this.#around.openEnd(this.role, this.#timer);
    this.#reported = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
    if (this.#driver) this.#driver.attach(end);
    else this.#driver = this.#makeDriver(end);
    // What arrived may have given the session something new to wait for.
    const deliver = end.onMessage;
    end.onMessage = (bytes) => {
      deliver(bytes);
      this.#around.rescheduled(this);
    };
    const opened = end.onOpen;
    end.onOpen = () => {
      opened();
      this.#around.rescheduled(this);
    };
  }

  #makeDriver(end: ClientEnd): ClientDriver {
    const { role } = this;
    const { inputRateHz, nowMs } = this.#around;
    const options = { name: `bot ${role.index}`, transport: end.transport, inputRateHz, prediction: role.full };
    const honest = new ClientSession(options, nowMs());
    const session = role.cheat === null ? honest : (cheatOf(role.cheat).wrapSession?.(honest) ?? honest);
    this.#session = session;
    return new ClientDriver({
      session,
      end,
      nowMs,
      decide: this.#decide,
      onEvent: (event, atMs) => this.#note(event, atMs),
      onClose: (reason) => this.#closed(reason),
    });
  }

  #note(event: SessionEvent, nowMs: number): void {
    const { recorder } = this.#around;
    switch (event.type) {
      case 'snapshot':
        if (this.state === 'joining' || this.state === 'lost') this.#arrived(nowMs);
        if (this.role.full) this.#noteSnapshot(nowMs);
        return;
      case 'input':
        recorder.input(this.player, event.tick, event.dueMs, nowMs);
        if (this.role.full) recorder.echo(nowMs - event.dueMs + this.#session!.tickMs, nowMs);
        return;
      case 'joined':
        this.player = event.player;
        return;
      case 'corrected':
        recorder.corrected(event.distance, nowMs);
        return;
      case 'refused':
        this.#fail(`refused: ${event.text}`);
        return;
      case 'silent':
        this.#driver?.close('silence');
        return;
    }
  }

  #arrived(nowMs: number): void {
    const first = this.state === 'joining';
    this.state = 'playing';
    if (!first) return;
    this.#around.recorder.joined(this.askedMs, nowMs);
    this.#around.joinSettled(this, null);
  }

  #noteSnapshot(nowMs: number): void {
    const session = this.#session!;
    this.#around.recorder.snapshot(this.player, nowMs, session.view!);
  }

  #noteDrawn(nowMs: number): void {
    this.#drawnDueMs = nowMs + DRAWN_EVERY_MS;
    const view = this.#session!.drawn(nowMs);
    if (view) this.#around.recorder.drawn(this.player, nowMs, view);
  }

  #closed(reason: string): void {
    const nowMs = this.#around.nowMs();
    if (this.state === 'joining') {
      this.#fail(reason);
    } else if (this.state === 'playing' || this.state === 'lost') {
      if (this.state === 'playing') this.#around.recorder.disconnected(reason, nowMs);
      this.state = 'lost';
      if (this.#rejoins++ < MOST_REJOINS) this.#rejoinMs = nowMs + REJOIN_AFTER_MS;
    }
    this.#around.rescheduled(this);
  }

  #fail(reason: string): void {
    if (this.state !== 'joining') return;
    this.state = 'failed';
    this.#around.recorder.joinFailed(reason);
    this.#driver?.close(reason);
    this.#around.joinSettled(this, reason);
  }
}
