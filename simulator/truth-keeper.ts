/**
 * Where nobody decides, one of the peers writes down for all what was true: each tick once it is final, with the times at
 * which it was due and first stepped, as predicted under rollback. Should the keeper be dropped, another one goes on.
 *
 * A peer's tick takes what the model says, though nothing waits for its end: a peer sends its input before it steps.
 */
import type { World } from '../game/world.ts';
import type { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import type { SessionEvent } from '../netcode/session.ts';
import type { LockstepNode } from './lockstep.ts';
import { TICK_COSTS, tickDurationMs } from './tick-cost.ts';

/** Ticks whose times are remembered until they are final: more than rollback and view changes reach back. */
const REMEMBERED_TICKS = 256;
/** Peers bend their time by so little to keep step: later than this, a tick has waited. */
const BENT_MS = 5;

interface TickTimes {
  dueMs: number;
  startMs: number;
}

export class TruthKeeper {
  readonly #recorder: AuthorityRecorder;
  readonly #executed: Int32Array;
  readonly #times = new Map<number, TickTimes>();
  #keeper: LockstepNode | null = null;
  /** The newest tick that the keeper has stepped, and when it was due. */
  #newest = { tick: -1, dueMs: 0 };
  #recorded = -1;
  #messages = 0;

  constructor(recorder: AuthorityRecorder, capacity: number) {
    this.#recorder = recorder;
    this.#executed = new Int32Array(capacity);
  }

  /** A tick is final at a peer: its world is as it then is. */
  confirmed(node: LockstepNode, world: World, tick: number, nowMs: number): void {
    // A view change may undo a final tick, in a part of the network that was cut off: what came first stands.
    if (!this.#isKeeper(node) || tick <= this.#recorded) return;
    this.#record(node, world, tick, this.#times.get(tick) ?? this.#timesOf(tick, node.session.tickMs, nowMs));
  }

  /** Of a tick that is stepped now for the first time: due a tick after the one before, or now. */
  #timesOf(tick: number, tickMs: number, nowMs: number): TickTimes {
    const dueMs = this.#newest.dueMs + (tick - this.#newest.tick) * tickMs;
    const hasWaited = this.#newest.tick >= 0 && nowMs - dueMs > BENT_MS;
    const times = { dueMs: hasWaited ? dueMs : nowMs, startMs: nowMs };
    this.#remember(tick, times);
    return times;
  }

  #remember(tick: number, times: TickTimes): void {
    this.#times.set(tick, times);
    this.#times.delete(tick - REMEMBERED_TICKS);
    this.#newest = { tick, dueMs: times.dueMs };
  }

  /** A session was called; what it tells. */
  noted(node: LockstepNode, events: readonly SessionEvent[], nowMs: number): void {
    if (!this.#isKeeper(node)) return;
    const { world, self, tickMs } = node.session;
    for (const event of events) {
      if (event.type === 'joined' && !event.resumed) this.#recorder.joined();
      if (event.type === 'left' && event.peer !== self) this.#recorder.left(event.reason);
    }
    // What was stepped on predictions was stepped in this call.
    const tick = world?.match.tick[0] ?? -1;
    if (tick > this.#newest.tick) this.#timesOf(tick, tickMs, nowMs);
  }

  #isKeeper(node: LockstepNode): boolean {
    const keeper = this.#keeper;
    if (keeper === node) return true;
    if (keeper?.isUp && keeper.session.role === 'member') return false;
    if (node.session.role !== 'member') return false;
    this.#keeper = node;
    this.#newest = { tick: -1, dueMs: 0 };
    this.#times.clear();
    const { sentMessages, receivedMessages } = node.session.counters;
    this.#messages = sentMessages + receivedMessages;
    return true;
  }

  #record(node: LockstepNode, world: World, tick: number, { dueMs, startMs }: TickTimes): void {
    const { roster, counters } = node.session;
    this.#recorded = tick;
    this.#executed.fill(-1);
    for (const { slot, firstTick, lastTick } of roster.seats) {
      if (firstTick <= tick && tick <= lastTick) this.#executed[slot] = tick;
    }
    const messages = counters.sentMessages + counters.receivedMessages;
    const players = world.match.players[0]!;
    const endMs = startMs + tickDurationMs(TICK_COSTS.datagram, players, 0, messages - this.#messages);
    this.#messages = messages;
    this.#recorder.tick({ tick, dueMs, startMs, endMs, world, executedInputTick: this.#executed });
  }
}
