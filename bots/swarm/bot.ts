/**
 * One bot: it takes part in a match and notes what its player sees and does. It joins once and says honestly how that
 * went; when it drops out of the match while it plays, that is counted, and it comes back so that the match keeps its
 * players. How it takes part, as a client or as a peer, is its participant's business.
 */
import { DRAWN_EVERY_MS, isPlayerEvent, notePlayerEvent, SAMPLE_EVERY_MS } from '../../metrics/player-notes.ts';
import type { SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import type { BotRole } from './assign.ts';
import type { Carried, Participant, ParticipantHandlers } from './participant.ts';

/** From asking to the first snapshot; longer is a failed join. */
export const JOIN_TIMEOUT_MS = 20_000;

export type BotState = 'idle' | 'joining' | 'playing' | 'lost' | 'failed' | 'left';

/** What a bot needs of its swarm. */
export interface BotSurroundings {
  readonly recorder: SwarmRecorder;
  nowMs(): number;
  participate(role: BotRole, handlers: ParticipantHandlers): Participant;
  /** The bot's next due time may have changed. */
  rescheduled(bot: Bot): void;
  /** The one attempt to join came out. */
  joinSettled(bot: Bot, failure: string | null): void;
}

export class Bot {
  readonly role: BotRole;
  readonly participant: Participant;
  state: BotState = 'idle';
  /** Slot in the match; −1 before it has one. */
  player = -1;
  askedMs = 0;
  readonly #around: BotSurroundings;
  #drawnDueMs = 0;
  #sampleDueMs = Number.POSITIVE_INFINITY;
  #reported: Carried = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0, relayedBytes: 0 };

  constructor(role: BotRole, around: BotSurroundings) {
    this.role = role;
    this.#around = around;
    this.participant = around.participate(role, {
      onEvent: (event, nowMs) => this.#note(event, nowMs),
      onView: (view, nowMs, beyond) => this.#noteView(view, nowMs, beyond),
      onLost: (reason) => this.#lost(reason),
      rescheduled: () => around.rescheduled(this),
    });
  }

  /** Asks to join. */
  join(): void {
    this.askedMs = this.#around.nowMs();
    this.state = 'joining';
    this.#around.recorder.asked();
    this.participant.open();
  }

  /** When `pump` next has something to do. */
  get nextDueMs(): number {
    const joining = this.state === 'joining' ? this.askedMs + JOIN_TIMEOUT_MS : Number.POSITIVE_INFINITY;
    return Math.min(this.participant.nextDueMs, this.#sampleDueMs, joining);
  }

  pump(nowMs: number): void {
    if (this.state === 'joining' && nowMs >= this.askedMs + JOIN_TIMEOUT_MS) {
      this.#fail(`no snapshot within ${JOIN_TIMEOUT_MS / 1000} s`);
      return;
    }
    this.participant.pump(nowMs);
    if (nowMs >= this.#sampleDueMs) {
      this.#sampleDueMs = nowMs + SAMPLE_EVERY_MS;
      this.participant.sample?.(nowMs);
    }
    if (this.role.full && this.state === 'playing' && nowMs >= this.#drawnDueMs) this.#noteDrawn(nowMs);
  }

  /** Tells the recorder what its links have carried since the last call. */
  reportBytes(nowMs: number): void {
    if (this.player < 0) return;
    const now = this.participant.carried;
    const before = this.#reported;
    this.#around.recorder.bytes(
      this.player,
      nowMs,
      now.sentBytes - before.sentBytes,
      now.receivedBytes - before.receivedBytes,
      now.sentMessages - before.sentMessages,
      now.receivedMessages - before.receivedMessages,
      now.relayedBytes - before.relayedBytes,
    );
    this.#reported = now;
  }

  /** Leaves the match for good. */
  leave(): void {
    if (this.state !== 'failed') this.state = 'left';
    this.participant.leave('the run is over');
  }

  #note(event: SessionEvent, nowMs: number): void {
    switch (event.type) {
      case 'snapshot':
        if (this.state === 'joining' || this.state === 'lost') this.#arrived(nowMs);
        return;
      case 'joined':
        this.player = event.player;
        return;
      case 'refused':
        this.#fail(`refused: ${event.text}`);
        return;
    }
    if (!isPlayerEvent(event)) return;
    const who = { player: this.player, full: this.role.full, tickMs: this.participant.tickMs };
    notePlayerEvent(this.#around.recorder, who, event, nowMs);
  }

  #arrived(nowMs: number): void {
    const first = this.state === 'joining';
    this.state = 'playing';
    this.#sampleDueMs = nowMs;
    if (!first) return;
    this.#around.recorder.joined(this.askedMs, nowMs);
    this.#around.joinSettled(this, null);
  }

  #noteView(view: View, nowMs: number, beyond: number): void {
    if (this.role.full) this.#around.recorder.snapshot(this.player, nowMs, view, beyond);
  }

  #noteDrawn(nowMs: number): void {
    this.#drawnDueMs = nowMs + DRAWN_EVERY_MS;
    const view = this.participant.drawn(nowMs);
    if (view) this.#around.recorder.drawn(this.player, nowMs, view);
  }

  #lost(reason: string): void {
    if (this.state === 'joining') {
      this.#fail(reason);
      return;
    }
    if (this.state !== 'playing') return;
    this.state = 'lost';
    this.#sampleDueMs = Number.POSITIVE_INFINITY;
    this.#around.recorder.disconnected(reason, this.#around.nowMs());
  }

  #fail(reason: string): void {
    if (this.state !== 'joining') return;
    this.state = 'failed';
    this.#around.recorder.joinFailed(reason);
    this.participant.leave(reason);
    this.#around.joinSettled(this, reason);
  }
}
