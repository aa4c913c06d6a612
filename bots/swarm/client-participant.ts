/** A bot as the client of an authority: one session, one link. */
import { ClientDriver } from '../../links/client-driver.ts';
import { ClientSession } from '../../netcode/client-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import { cheatOf } from '../cheats/index.ts';
import type { BotRole } from './assign.ts';
import { brainOf } from './brain.ts';
import { type Openers, openEnd } from './ends.ts';
import { HeldTimer } from './held-timer.ts';
import {
  type Carried,
  MOST_REOPENINGS,
  type Participant,
  type ParticipantHandlers,
  REOPEN_AFTER_MS,
  type Surroundings,
} from './participant.ts';

export class ClientParticipant implements Participant {
  readonly #role: BotRole;
  readonly #around: Surroundings;
  readonly #handlers: ParticipantHandlers;
  readonly #openers: Openers;
  readonly #timer: HeldTimer;
  readonly #decide: ReturnType<typeof brainOf>;
  #driver: ClientDriver | null = null;
  /** Carried by links that are gone. */
  readonly #past: Carried = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0, relayedBytes: 0 };
  #reopenMs = Number.POSITIVE_INFINITY;
  #reopenings = 0;
  #isLeaving = false;

  constructor(role: BotRole, around: Surroundings, handlers: ParticipantHandlers, openers: Openers) {
    this.#role = role;
    this.#around = around;
    this.#handlers = handlers;
    this.#openers = openers;
    this.#timer = new HeldTimer(around.nowMs, handlers.rescheduled);
    this.#decide = brainOf(role);
  }

  get nextDueMs(): number {
    const session = this.#driver?.session.nextDueMs ?? Number.POSITIVE_INFINITY;
    return Math.min(session, this.#timer.nextDueMs, this.#reopenMs);
  }

  get tickMs(): number {
    return this.#driver!.session.tickMs;
  }

  get carried(): Carried {
    const total = { ...this.#past };
    const stats = this.#driver?.end.stats;
    for (const name of ['sentBytes', 'receivedBytes', 'sentMessages', 'receivedMessages'] as const) {
      total[name] += stats?.[name] ?? 0;
    }
    return total;
  }

  open(): void {
    Object.assign(this.#past, this.carried);
    this.#reopenMs = Number.POSITIVE_INFINITY;
    const { plan, endpoint } = this.#around;
    const conditions = {
      network: plan.network,
      seed: plan.seed,
      extraDelayMs: this.#around.extraDelayMsOf(this.#role),
    };
    const end = openEnd(this.#openers, endpoint, this.#role, conditions, this.#timer);
    if (this.#driver) this.#driver.attach(end);
    else this.#driver = this.#makeDriver(end);
    // What arrived may have given the session something new to wait for.
    const deliver = end.onMessage;
    end.onMessage = (bytes) => {
      deliver(bytes);
      this.#handlers.rescheduled();
    };
    const opened = end.onOpen;
    end.onOpen = () => {
      opened();
      this.#handlers.rescheduled();
    };
  }

  #makeDriver(end: ClientDriver['end']): ClientDriver {
    const { index, full, cheat } = this.#role;
    const { plan, nowMs } = this.#around;
    const { inputRateHz } = plan;
    const options = { name: `bot ${index}`, transport: end.transport, inputRateHz, prediction: full };
    const honest = new ClientSession(options, nowMs());
    const session = cheat === null ? honest : (cheatOf(cheat).wrapSession?.(honest) ?? honest);
    return new ClientDriver({
      session,
      end,
      nowMs,
      decide: this.#decide,
      onEvent: (event, atMs) => this.#tell(event, atMs),
      onClose: (reason) => this.#closed(reason),
    });
  }

  #tell(event: SessionEvent, nowMs: number): void {
    const { onEvent, onView } = this.#handlers;
    onEvent(event, nowMs);
    if (event.type === 'snapshot') onView(this.#driver!.session.view!, nowMs, 0);
    // It predicts, so its own view shows an input as soon as it is taken.
    if (event.type === 'input' && this.#role.full) {
      onEvent({ type: 'echo', tick: event.tick, afterMs: nowMs - event.dueMs }, nowMs);
    }
    if (event.type === 'silent') this.#driver!.close('silence');
  }

  #closed(reason: string): void {
    if (this.#isLeaving) return;
    if (this.#reopenings++ < MOST_REOPENINGS) this.#reopenMs = this.#around.nowMs() + REOPEN_AFTER_MS;
    this.#handlers.onLost(reason);
    this.#handlers.rescheduled();
  }

  pump(nowMs: number): void {
    if (nowMs >= this.#reopenMs) this.open();
    this.#timer.run(nowMs);
    if (this.#driver && this.#driver.session.nextDueMs <= nowMs) this.#driver.pump();
  }

  drawn(nowMs: number): View | null {
    return this.#driver?.session.drawn(nowMs) ?? null;
  }

  leave(reason: string): void {
    this.#isLeaving = true;
    this.#reopenMs = Number.POSITIVE_INFINITY;
    this.#driver?.close(reason);
  }
}
