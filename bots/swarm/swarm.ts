/**
 * A process full of bots. One timer serves them all: a heap says who is due next, and the loop wakes for the first,
 * serves everybody whose time has come, and sleeps again. Inputs are due at their own times whether or not the match
 * keeps up. How late the loop comes to its own appointments is recorded: past a limit, a run measures its bots.
 */
import { giveWay } from '../../links/native-tuning.ts';
import { monotonicMs } from '../../links/timer.ts';
import { AuthorityRecorder } from '../../metrics/authority-recorder.ts';
import { SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import type { LedgerStatement } from '../../netcode/mesh/ledger/audit.ts';
import { Bot, type BotSurroundings } from './bot.ts';
import { DueHeap } from './due-heap.ts';
import { ForgetfulRecorder } from './forgetful-recorder.ts';
import { IdleCollector } from './idle-collector.ts';
import type { Replay, Seat, SwarmOrders } from './messages.ts';
import type { Surroundings, WayIn } from './participant.ts';

/** The loop has an appointment with itself this often, to see how late it comes: 100 samples a second. */
const LAG_EVERY_MS = 10;
const RESOURCES_EVERY_MS = 1000;
/** Bots served before sockets are read again. */
const MOST_IN_A_ROW = 128;
/**
 * A process full of peers leaves what arrives alone for so long, and then takes all of it. Its loop would wake for each
 * datagram, and walk the callbacks of all links each time (links/native-channel.ts): with 20 peers of 39 links that was a
 * third of what it did. Native threads go on meanwhile. A few peers need none of this, and are spared the delay.
 */
const GATHER_MS = 16;
/** It serves those who are due no more often than this: where links are made worse, every message is due by itself. */
const LEAST_SLEEP_MS = 4;
const LEAST_BOTS_TO_GATHER = 12;
/** Planted overload: of so many ms, this many are spent doing nothing. */
const OVERLOAD = { everyMs: 100, busyMs: 60 } as const;
/** Planted delay, each way: +100 ms of round trip on one link. */
const PLANTED_DELAY_MS = 50;

export interface JoinProgress {
  asked: number;
  joined: number;
  failed: number;
  reasons: Record<string, number>;
}

export class Swarm {
  readonly recorder: SwarmRecorder;
  /** Null where an authority writes down the truth, or another worker does. */
  readonly truth: AuthorityRecorder | null;
  readonly progress: JoinProgress = { asked: 0, joined: 0, failed: 0, reasons: {} };
  /** Called once, when every join has come out. */
  onSettled: () => void = () => {};
  readonly #bots: Bot[];
  readonly #members = new Map<Bot, number>();
  readonly #heap: DueHeap;
  readonly #orders: SwarmOrders;
  readonly #gathers: boolean;
  readonly #collector = new IdleCollector();
  #joining = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #plannedMs = Number.POSITIVE_INFINITY;
  #wokeMs = Number.NEGATIVE_INFINITY;
  #serving = false;
  #stopped = false;
  #lagDueMs = 0;
  #resourcesDueMs = 0;
  #overloadDueMs = 0;
  /** Never changes: a thread that waits for it to change sleeps. */
  readonly #never = new Int32Array(new SharedArrayBuffer(4));

  constructor(orders: SwarmOrders, wayIn: WayIn) {
    const { endpoint, plan, roles, keepsTruth } = orders;
    const { capacity, arenaSize } = endpoint;
    this.#orders = orders;
    this.#gathers = wayIn.hasManyLinks && roles.length >= LEAST_BOTS_TO_GATHER;
    if (this.#gathers) giveWay();
    const Recorder = plan.inject === 'drop-entity' ? ForgetfulRecorder : SwarmRecorder;
    this.recorder = new Recorder({ capacity, fullClients: roles.filter((role) => role.full).length });
    this.truth = keepsTruth ? new AuthorityRecorder({ capacity, arenaSize, tickRateHz: plan.tickRateHz }) : null;
    const firstFull = roles.find((role) => role.full)?.index ?? -1;
    const participants: Surroundings = {
      plan,
      endpoint,
      recorder: this.recorder,
      nowMs: monotonicMs,
      extraDelayMsOf: ({ index }) => (plan.inject === 'delay-link' && index === firstFull ? PLANTED_DELAY_MS : 0),
      truthOf: ({ index }) => (index === roles[0]!.index ? this.truth : null),
    };
    const around: BotSurroundings = {
      recorder: this.recorder,
      nowMs: monotonicMs,
      participate: (role, handlers) => wayIn.create(role, participants, handlers),
      rescheduled: (bot) => this.#reschedule(bot),
      joinSettled: (_bot, failure) => this.#joinSettled(failure),
    };
    this.#bots = roles.map((role) => new Bot(role, around));
    this.#bots.forEach((bot, member) => {
      this.#members.set(bot, member);
    });
    this.#heap = new DueHeap(this.#bots.length);
  }

  start(): void {
    const nowMs = monotonicMs();
    this.#lagDueMs = nowMs + LAG_EVERY_MS;
    this.#resourcesDueMs = nowMs;
    this.#overloadDueMs = nowMs;
    this.#joinMore();
    this.#sleep();
    if (this.#gathers) this.#gather();
  }

  /** Serves what is due, on time or with what is due soon after, and then lets the loop take what has come. */
  #gather(): void {
    if (this.#stopped) return;
    const untilMs = monotonicMs() + GATHER_MS;
    for (let nowMs = monotonicMs(); nowMs < untilMs; nowMs = monotonicMs()) {
      const nextMs = Math.max(this.#plannedMs, this.#wokeMs + LEAST_SLEEP_MS);
      if (nextMs <= nowMs) this.#wake();
      else if (!this.#collector.collect(nowMs)) {
        Atomics.wait(this.#never, 0, 0, Math.min(nextMs, untilMs) - nowMs);
      }
    }
    setImmediate(() => this.#gather());
  }

  /** Measures from one moment of the machine's clock to another; what links carried is counted exactly in between. */
  measure(fromMs: number, untilMs: number): void {
    this.recorder.measure(fromMs, untilMs);
    this.truth?.measure(fromMs, untilMs);
    for (const { participant } of this.#bots) participant.measure?.(fromMs, untilMs);
    const nowMs = monotonicMs();
    // Reports outside the window count nothing; the first one after it began only sets the meters back.
    setTimeout(() => this.#reportBytes(fromMs - 1), fromMs - nowMs).unref();
    setTimeout(() => this.#reportBytes(untilMs - 1), untilMs - nowMs).unref();
  }

  /** The players stand still from now on. */
  rest(): void {
    for (const { participant } of this.#bots) participant.rest?.();
  }

  /** What the peers know of the coins. */
  get statements(): LedgerStatement[] {
    return this.#bots.flatMap(({ participant }) => participant.statement ?? []);
  }

  /** Everybody leaves; returns which player each bot was. */
  stop(): Seat[] {
    const nowMs = monotonicMs();
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.recorder.window.covers(nowMs)) this.#reportBytes(nowMs);
    this.#sampleResources(nowMs);
    const seats = this.#bots.map((bot) => ({ index: bot.role.index, player: bot.player }));
    for (const bot of this.#bots) bot.leave();
    return seats;
  }

  /** What peers kept because their worlds had parted. */
  get replays(): Replay[] {
    return this.#bots.flatMap(({ participant }) => participant.replay ?? []);
  }

  #joinMore(): void {
    const { joinsAtOnce } = this.#orders;
    while (this.#joining < joinsAtOnce && this.progress.asked < this.#bots.length && !this.#stopped) {
      const bot = this.#bots[this.progress.asked++]!;
      this.#joining++;
      bot.join();
      this.#reschedule(bot);
    }
  }

  #joinSettled(failure: string | null): void {
    const { progress } = this;
    this.#joining--;
    if (failure === null) progress.joined++;
    else {
      progress.failed++;
      progress.reasons[failure] = (progress.reasons[failure] ?? 0) + 1;
    }
    if (progress.joined + progress.failed === this.#bots.length) this.onSettled();
    // Not from within a session's event: opening a connection may call back.
    else setImmediate(() => this.#joinMore());
  }

  #reportBytes(nowMs: number): void {
    for (const bot of this.#bots) bot.reportBytes(nowMs);
  }

  #reschedule(bot: Bot): void {
    const member = this.#members.get(bot);
    // A participant may have something to say while its bot is made.
    if (member === undefined) return;
    this.#heap.set(member, bot.nextDueMs);
    if (!this.#serving && this.#heap.nextMs < this.#plannedMs) this.#sleep();
  }

  #sleep(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#plannedMs = Math.min(this.#heap.nextMs, this.#lagDueMs);
    if (this.#gathers) return;
    const waitMs = this.#plannedMs - monotonicMs();
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, waitMs));
  }

  #wake(): void {
    let nowMs = monotonicMs();
    this.#wokeMs = nowMs;
    this.#housekeeping(nowMs);
    this.#serving = true;
    for (let served = 0; served < MOST_IN_A_ROW && this.#heap.nextMs <= nowMs; served++) {
      const member = this.#heap.next;
      const bot = this.#bots[member]!;
      bot.pump(nowMs);
      nowMs = monotonicMs();
      // A session that is due again at once waits for the next turn, so that no bot can hold up the others.
      this.#heap.set(member, Math.max(bot.nextDueMs, nowMs + 0.01));
    }
    this.#serving = false;
    this.#sleep();
  }

  #housekeeping(nowMs: number): void {
    if (nowMs >= this.#lagDueMs) {
      this.recorder.lag(nowMs - this.#lagDueMs, nowMs);
      // Appointments that were slept through did not happen: each of them came late, too.
      for (let missed = this.#lagDueMs + LAG_EVERY_MS; missed < nowMs; missed += LAG_EVERY_MS) {
        this.recorder.lag(nowMs - missed, nowMs);
        this.#lagDueMs = missed;
      }
      this.#lagDueMs += LAG_EVERY_MS;
    }
    if (nowMs >= this.#resourcesDueMs) {
      this.#resourcesDueMs = nowMs + RESOURCES_EVERY_MS;
      this.#sampleResources(nowMs);
    }
    if (this.#orders.overloaded && nowMs >= this.#overloadDueMs) {
      this.#overloadDueMs = nowMs + OVERLOAD.everyMs;
      while (monotonicMs() < nowMs + OVERLOAD.busyMs);
    }
  }

  #sampleResources(nowMs: number): void {
    const { user, system } = process.cpuUsage();
    this.recorder.resources({ atMs: nowMs, userUs: user, systemUs: system, rssBytes: process.memoryUsage.rss() });
  }
}
