/**
 * A running game for people: one match per topology with a few bots in each, and the page that joins them. Everything is
 * a child of this process and ends with it.
 */
import { networkInterfaces } from 'node:os';
import { castBots } from '../bots/swarm/assign.ts';
import { createArena } from '../game/arena.ts';
import { buildPage, servePage } from '../game-client/serve.ts';
import { DEFAULT_DEFENCES } from '../metrics/plan.ts';
import { allDefences } from '../netcode/mesh/settings.ts';
import { type ChildEnd, describeEnd } from './children.ts';
import { BrokenRun } from './exit.ts';
import { LAUNCHERS, type Launcher } from './launch/index.ts';
import { matchConfigOf } from './launch/launcher.ts';
import { startHub, startSwarm } from './launch/start.ts';
import { planOf } from './plan-options.ts';
import type { Progress } from './progress.ts';

export interface PlayOptions {
  /** Topologies to start; all when empty. */
  topologies: readonly string[];
  /** Bots per match. */
  bots: number;
  /** Players in view of one at large N; the plan's default when absent. */
  inView?: number;
  /** Peers sign what they tell, and check each other. */
  defended: boolean;
  /** Port of the page; 0 lets the system choose. */
  port: number;
  /** Lets other machines of the local network join. */
  lan: boolean;
  progress: Progress;
}

export interface RunningGame {
  /** Address of the page. */
  url: string;
  /** Topologies that run, and why others do not. */
  running: string[];
  missing: { topology: string; why: string }[];
  /** Resolves when a part has died. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

/** Seats for people, beside the bots. */
const SEATS = 16;
/** In a mesh links come and go only where not everybody is near. */
const IN_VIEW: Readonly<Record<string, number>> = { mesh: 8 };
const ANYWHERE = '0.0.0.0';

/** Starts everything. Rejects with a BrokenRun when nothing can be played; then nothing is left running. */
export async function startGame(options: PlayOptions): Promise<RunningGame> {
  const { topologies, bots, port, lan, progress } = options;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  const urls: Record<string, { url: string }> = {};
  const missing: RunningGame['missing'] = [];
  let report: (end: ChildEnd) => void = () => {};
  const broken = new Promise<string>((resolve) => {
    report = (end) => resolve(describeEnd(end));
  });
  try {
    progress.stage('Building the page', 3);
    await buildPage();
    for (const launcher of LAUNCHERS) {
      if (topologies.length > 0 && !topologies.includes(launcher.topology)) continue;
      progress.stage(`Starting ${launcher.hubName} with ${bots} bots`);
      const why = await launcher.obstacle();
      if (why === null) urls[launcher.topology] = { url: await startMatch(launcher, options, stops, report) };
      else missing.push({ topology: launcher.topology, why });
    }
    progress.stage('Serving the page');
    const page = await servePage({ topologies: urls, port, ...(lan ? { bind: ANYWHERE } : {}) }).catch(
      (error: Error) => {
        throw new BrokenRun(`the page cannot be served on port ${port}: ${error.message}; choose another --port`);
      },
    );
    stops.push(() => page.close());
    progress.finish();
    const url = lan ? page.url.replace(ANYWHERE, lanAddress()) : page.url;
    return { url, running: Object.keys(urls), missing, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One match with its bots; returns where it is reached. */
async function startMatch(
  launcher: Launcher,
  { bots: wanted, lan, inView, defended }: PlayOptions,
  stops: (() => Promise<void>)[],
  report: (end: ChildEnd) => void,
): Promise<string> {
  const { topology, mostPlayers = Number.POSITIVE_INFINITY } = launcher;
  const bots = Math.min(wanted, mostPlayers - SEATS);
  const seen = inView ?? IN_VIEW[topology];
  const plan = planOf({
    topology,
    players: bots + SEATS,
    durationS: 1,
    sampleRatio: 0,
    ...(seen ? { inView: seen } : {}),
    ...(defended ? { defences: { ...DEFAULT_DEFENCES, signedHeads: true, ...allDefences() } } : {}),
  });
  const place = lan ? { bind: ANYWHERE, origins: ['*'] } : {};
  const hub = startHub(launcher, plan, place);
  hub.child.onCrash = report;
  stops.push(() => hub.child.stop());
  const url = (await hub.ready).replace(ANYWHERE, '127.0.0.1');
  const swarm = startSwarm(`the bots of ${topology}`);
  swarm.child.onCrash = report;
  stops.push(() => swarm.child.stop());
  await swarm.ready;
  const { capacity, size: arenaSize } = createArena(matchConfigOf(plan));
  swarm.child.send({
    type: 'start',
    orders: {
      // People on other machines link to the bots of a match without an authority.
      endpoint: { topology, url, capacity, arenaSize, ...(lan ? { bindAddress: ANYWHERE } : {}) },
      plan,
      roles: castBots(plan).slice(launcher.hubPlays(plan) ? 1 : 0, bots),
      joinsAtOnce: launcher.joinsAtOnce,
      keepsTruth: false,
      overloaded: false,
    },
  });
  return url;
}

/** An address of this machine that others on its network can reach; its own name for itself when there is none. */
function lanAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
