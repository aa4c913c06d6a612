/**
 * One live run: the hub's process and the swarm's are started, everybody joins, the match is warmed up and
 * measured, and what each process wrote down is collected. Whatever happens, Ctrl-C or a process that dies included,
 * everything that was started has ended when this returns, and what was recorded until then is handed back.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BotRole, castBots } from '../../bots/swarm/assign.ts';
import type { Replay, Seat } from '../../bots/swarm/messages.ts';
import { createArena } from '../../game/arena.ts';
import { monotonicMs } from '../../links/timer.ts';
import { type AuthorityRecording, decodeAuthority } from '../../metrics/authority-recorder.ts';
import { MARGIN_MS } from '../../metrics/measuring-window.ts';
import type { Plan } from '../../metrics/plan.ts';
import type { LedgerCount } from '../../metrics/record.ts';
import { decodeRendezvous, type RendezvousRecording } from '../../metrics/rendezvous-recorder.ts';
import { decodeSwarm, type SwarmRecording } from '../../metrics/swarm-recorder.ts';
import { auditLedger, type LedgerAudit, type LedgerStatement } from '../../netcode/mesh/ledger/audit.ts';
import type { CheatWatch } from '../cheat-pairs.ts';
import { describeEnd } from '../children.ts';
import { BrokenRun } from '../exit.ts';
import type { Progress } from '../progress.ts';
import { placementOf } from './cores.ts';
import { type Launcher, matchConfigOf } from './launcher.ts';
import { mergedTruth } from './merged-truth.ts';
import { preflight, workersOf } from './preflight.ts';
import { type HubChild, type SwarmChild, startHub, startSwarm } from './start.ts';

export interface LiveOptions {
  plan: Plan;
  launcher: Launcher;
  progress: Progress;
  signal: AbortSignal;
  /** Port of the hub; 0 lets the system choose. */
  port?: number;
}

export interface LiveResult {
  /** What is true, by the authority, by one peer for all, or merged from all; null when who kept it did not live to hand it over. */
  authority: AuthorityRecording | null;
  /** Where peers met; null when it did not live to hand it over, and left out where there is none. */
  rendezvous?: RendezvousRecording | null;
  /** Of peers whose worlds have parted. */
  replays?: Replay[];
  swarms: SwarmRecording[];
  /** Where coins have homes among the peers: as counted there after the match has settled. */
  ledger?: LedgerCount | null;
  roles: BotRole[];
  seats: Seat[];
  /** Players that the authority caught claiming more time than has passed. */
  flagged: number[];
  /** The measuring window on the machine's clock; null when it never began. */
  window: { fromMs: number; untilMs: number } | null;
  /** What was seen of cheating; left out where nobody watched. */
  cheating?: CheatWatch;
  /** Why it ended before its time; null when it did not. */
  interrupted: string | null;
  /** The run broke: something that should have lived did not. */
  broken: boolean;
}

const COLLECT_TIMEOUT_MS = 60_000;
/** After the players have come to rest, claims under way are answered in this time; if not, it is waited again. */
const SETTLE_MS = 2000;
const MOST_COUNTS = 4;
/** Joins slower than this on average, with a minute to spare, will not come to an end. */
const LEAST_JOINS_PER_S = 20;
/** Processes get a moment between the order to measure and the first measured moment. */
const LEAST_LEAD_MS = 250;

/** Runs a plan live. Rejects with a BrokenRun only when the match could not begin. */
export async function playLive(options: LiveOptions): Promise<LiveResult> {
  await preflight(options.plan, options.launcher);
  const directory = await mkdtemp(join(tmpdir(), 'netbed-'));
  const run = new LiveRun(options, directory);
  try {
    return await run.play();
  } finally {
    await run.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

class LiveRun {
  readonly #options: LiveOptions;
  readonly #directory: string;
  readonly #roles: BotRole[];
  readonly #swarms: SwarmChild[] = [];
  #hub: HubChild | null = null;
  #window: LiveResult['window'] = null;
  #interrupted: string | null = null;
  #broken = false;
  /** Resolves when the run must end early: Ctrl-C, or a child that died. */
  readonly #ended: Promise<void>;
  #end: () => void = () => {};

  constructor(options: LiveOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
    const { plan, launcher, signal } = options;
    this.#roles = castBots(plan);
    if (launcher.hubPlays(plan) && this.#roles[0]!.twin >= 0) {
      throw new BrokenRun(
        `--cheaters ${plan.cheaters}: the host's own player is neither cheater nor twin, so allow one more player`,
      );
    }
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const interrupt = () => this.#endEarly('stopped by the user', false);
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  }

  async play(): Promise<LiveResult> {
    const { plan, launcher, progress } = this.#options;
    progress.stage(`Starting ${launcher.hubName} and ${workersOf(plan, launcher)} bot process(es)`);
    const url = await this.#startHub();
    await this.#startSwarms();
    progress.stage(`Joining ${plan.players} players`, 1 + plan.players / 200);
    await this.#join(url);
    if (this.#interrupted === null) await this.#measure();
    const ledger = launcher.truth === 'owners' && this.#interrupted === null ? await this.#countCoins() : null;
    progress.stage('Collecting what was recorded');
    const result = { ...(await this.#collect()), ledger };
    progress.finish();
    return result;
  }

  async stop(): Promise<void> {
    // Bots first: a hub that ends before them would be seen as a loss by each.
    await Promise.all(this.#swarms.map((swarm) => swarm.stop()));
    await this.#hub?.stop();
  }

  #adopt<C extends HubChild | SwarmChild>(child: C): C {
    child.onCrash = (end) => this.#endEarly(describeEnd(end), true);
    return child;
  }

  #endEarly(reason: string, broken: boolean): void {
    if (this.#interrupted === null) {
      this.#interrupted = reason;
      this.#broken = broken;
    }
    this.#end();
  }

  async #startHub(): Promise<string> {
    const { plan, launcher, port = 0 } = this.#options;
    const { child, ready } = startHub(launcher, plan, { port });
    this.#hub = this.#adopt(child);
    return ready;
  }

  async #startSwarms(): Promise<void> {
    const { plan, launcher } = this.#options;
    const started = Array.from({ length: workersOf(plan, launcher) }, (_, worker) => {
      const placement = placementOf({ worker }, plan.players, launcher.isHubBusy);
      const { child, ready } = startSwarm(`swarm worker ${worker + 1}`, placement);
      this.#swarms.push(this.#adopt(child));
      return ready;
    });
    await Promise.all(started);
  }

  /** Every bot asks to join once; ends when all of that has come out. */
  async #join(url: string): Promise<void> {
    const { plan, launcher, progress } = this.#options;
    const workers = this.#swarms.length;
    // Bot 0 of a host that plays is in the host's own process.
    const bots = launcher.hubPlays(plan) ? this.#roles.slice(1) : this.#roles;
    const { capacity, size: arenaSize } = createArena(matchConfigOf(plan));
    const counts = this.#swarms.map(() => ({ joined: 0, failed: 0 }));
    const timeoutMs = 60_000 + (plan.players / LEAST_JOINS_PER_S) * 1000;
    const settled = this.#swarms.map((swarm, worker) => {
      swarm.onMessage = (message) => {
        if (message.type !== 'progress') return;
        counts[worker] = message;
        const joined = counts.reduce((sum, count) => sum + count.joined, 0);
        const failed = counts.reduce((sum, count) => sum + count.failed, 0);
        progress.note(failed === 0 ? `${joined} joined` : `${joined} joined, ${failed} failed`);
      };
      swarm.send({
        type: 'start',
        orders: {
          endpoint: { topology: plan.topology, url, capacity, arenaSize },
          plan,
          // Dealt in turn, so that every worker has its part of the full clients and of each policy.
          roles: bots.filter((role) => role.index % workers === worker),
          joinsAtOnce: Math.max(1, Math.floor(launcher.joinsAtOnce / workers)),
          keepsTruth: launcher.truth === 'bot' && worker === 0,
          overloaded: plan.inject === 'overload' && worker === 0,
        },
      });
      return swarm.message('settled', timeoutMs);
    });
    const outcome = await Promise.race([this.#ended, Promise.all(settled).catch((error: Error) => error)]);
    if (this.#interrupted !== null) return;
    if (outcome instanceof Error) throw new BrokenRun(outcome.message);
    const outcomes = outcome as Awaited<(typeof settled)[number]>[];
    if (outcomes.every(({ joined }) => joined === 0)) {
      const reasons = Object.keys(outcomes[0]!.reasons).slice(0, 3).join('; ');
      throw new BrokenRun(`nobody could join: ${reasons}`);
    }
  }

  async #measure(): Promise<void> {
    const { plan, launcher, progress } = this.#options;
    const linkingMs = launcher.linkingMs?.(plan) ?? 0;
    if (linkingMs > 0) {
      progress.stage('Making links', linkingMs / 1000);
      await this.#sleepUntil(monotonicMs() + linkingMs);
    }
    const fromMs = monotonicMs() + Math.max(LEAST_LEAD_MS, plan.warmupS * 1000);
    const untilMs = fromMs + plan.durationS * 1000;
    this.#orderWindow(fromMs, untilMs);
    if (plan.warmupS > 0) {
      progress.stage('Warming up', plan.warmupS);
      await this.#sleepUntil(fromMs);
    }
    if (this.#interrupted === null) {
      progress.stage(`Measuring ${plan.players} players`, plan.durationS);
      // What was due just before the end may take effect after it.
      await this.#sleepUntil(untilMs + MARGIN_MS);
    }
    const nowMs = monotonicMs();
    if (nowMs >= untilMs) return;
    // Ended early: the window is what there was of it.
    if (nowMs > fromMs) this.#orderWindow(fromMs, nowMs);
    else this.#window = null;
  }

  #orderWindow(fromMs: number, untilMs: number): void {
    this.#window = { fromMs, untilMs };
    this.#hub!.send({ type: 'measure', fromMs, untilMs });
    for (const swarm of this.#swarms) swarm.send({ type: 'measure', fromMs, untilMs });
  }

  async #sleepUntil(atMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, atMs - monotonicMs()));
    });
    await Promise.race([slept, this.#ended]);
    clearTimeout(timer);
  }

  /** The players come to rest, and all peers say what they know; counted again while something is under way. */
  async #countCoins(): Promise<LedgerAudit | null> {
    const { progress } = this.#options;
    progress.stage('Counting the coins', SETTLE_MS / 1000);
    for (const swarm of this.#swarms) swarm.send({ type: 'rest' });
    let audit: LedgerAudit | null = null;
    for (let round = 0; round < MOST_COUNTS && this.#interrupted === null; round++) {
      await this.#sleepUntil(monotonicMs() + SETTLE_MS);
      audit = auditLedger(
        (await Promise.all(this.#swarms.map((swarm, worker) => this.#askState(swarm, worker)))).flat(),
      );
      if (audit?.error === 0) break;
    }
    return audit;
  }

  async #askState(swarm: SwarmChild, worker: number): Promise<LedgerStatement[]> {
    const path = join(this.#directory, `ledger-${worker}`);
    const stated = swarm.message('stated', COLLECT_TIMEOUT_MS);
    swarm.send({ type: 'state', path });
    const message = await stated.catch((error: Error) => this.#missing(error));
    return message === null ? [] : JSON.parse(await readFile(path, 'utf8'));
  }

  /** Recordings go through files: they can be larger than a message between processes should be. */
  async #collect(): Promise<LiveResult> {
    const { truth } = this.#options.launcher;
    // The hub's is taken first: when the bots leave, its match changes.
    const hubs = await this.#collectFromHub();
    const flagged = await this.#askFlagged();
    const seats: Seat[] = [];
    const swarms: SwarmRecording[] = [];
    const replays: Replay[] = [];
    let authority = truth === 'hub' && hubs ? decodeAuthority(hubs) : null;
    for (const [worker, swarm] of this.#swarms.entries()) {
      const path = join(this.#directory, `swarm-${worker}`);
      const finished = swarm.message('finished', COLLECT_TIMEOUT_MS);
      swarm.send({ type: 'finish', path });
      const message = await finished.catch((error: Error) => this.#missing(error));
      if (message === null) continue;
      seats.push(...message.seats);
      swarms.push(decodeSwarm(await readFile(path)));
      if (message.truth !== null) authority = decodeAuthority(await readFile(message.truth));
      for (const { peer, path } of message.replays) replays.push({ peer, bytes: await readFile(path) });
    }
    if (truth === 'owners' && swarms.length > 0) authority = mergedTruth(this.#options.plan, swarms);
    replays.sort((a, b) => a.peer - b.peer);
    return {
      authority,
      rendezvous: truth !== 'hub' && hubs ? decodeRendezvous(hubs) : null,
      replays,
      swarms,
      roles: this.#roles,
      seats,
      flagged,
      window: this.#window,
      interrupted: this.#interrupted,
      broken: this.#broken,
    };
  }

  async #collectFromHub(): Promise<Uint8Array | null> {
    const file = join(this.#directory, 'hub');
    const collected = this.#hub!.message('collected', COLLECT_TIMEOUT_MS).then(() => readFile(file));
    this.#hub!.send({ type: 'collect', file });
    return collected.catch((error: Error) => this.#missing(error));
  }

  async #askFlagged(): Promise<number[]> {
    const status = this.#hub!.message('status', COLLECT_TIMEOUT_MS).catch(() => null);
    this.#hub!.send({ type: 'status' });
    return (await status)?.flagged ?? [];
  }

  #missing(error: Error): null {
    this.#endEarly(error.message, true);
    return null;
  }
}
