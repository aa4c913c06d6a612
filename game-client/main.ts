/** Boot: read what may be joined, show the menu, play. */
import { SHOTS_PER_PLAYER, SUBUNITS } from '../game/constants.ts';
import { topologyOf } from '../netcode/topologies/index.ts';
import type { View } from '../netcode/view.ts';
import { loadConfig } from './config.ts';
import { type Choice, Menu } from './menu.ts';
import { exportToStyle } from './palette.ts';
import { Play } from './play.ts';
import { createWorkerTimer } from './worker-timer.ts';

/** What a test, or a person at the console, may ask about the page. Lengths in units. */
export interface PageState {
  joined: boolean;
  topology: string | null;
  player: number;
  self: (View['self'] & { unitsX: number; unitsY: number }) | null;
  playersInView: number;
  /** Own shots in flight, as the newest snapshot has them. */
  ownShots: number;
  /** Players in view by id, and coins, in units. */
  players: { id: number; x: number; y: number }[];
  coins: { x: number; y: number }[];
  tick: number;
  fps: number;
  rttMs: number;
  counters: Record<string, number>;
  score: number;
  hidden: boolean;
}

declare global {
  interface Window {
    netbed: { state: () => PageState; leave: () => void };
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

async function boot(): Promise<void> {
  exportToStyle(document.documentElement);
  if (window.matchMedia('(pointer: coarse)').matches) document.documentElement.classList.add('touch');
  const timer = createWorkerTimer();
  const config = await loadConfig();
  let play: Play | null = null;

  const start = (choice: Choice) => {
    menu.hide();
    play = new Play({
      ...choice,
      stage: element('stage'),
      overlay: element('overlay'),
      timer,
      onLeave: (reason) => {
        play = null;
        menu.show(reason);
      },
    });
  };
  const menu = new Menu(element('menu'), config, start);
  window.netbed = { state: () => stateOf(play), leave: () => play?.leave() };
  // A closed tab gives its seat up at once, instead of leaving a player standing there for seconds.
  window.addEventListener('pagehide', () => play?.match.leave());
  const url = config.topology ? config.urls[config.topology] : undefined;
  if (config.autojoin && config.topology && url) {
    start({
      topology: topologyOf(config.topology),
      url,
      name: config.name || 'guest',
    });
  }
}

function stateOf(play: Play | null): PageState {
  const session = play?.match.session;
  const view = session?.view ?? null;
  const players: PageState['players'] = [];
  const coins: PageState['coins'] = [];
  for (let row = 0; view && row < view.players.count; row++) {
    const { id, x, y } = view.players;
    players.push({
      id: id[row]!,
      x: x[row]! / SUBUNITS,
      y: y[row]! / SUBUNITS,
    });
  }
  for (let row = 0; view && row < view.coins.count; row++) {
    coins.push({
      x: view.coins.x[row]! / SUBUNITS,
      y: view.coins.y[row]! / SUBUNITS,
    });
  }
  let ownShots = 0;
  for (let row = 0; view && row < view.shots.count; row++) {
    if (Math.floor(view.shots.id[row]! / SHOTS_PER_PLAYER) === view.self.player) ownShots += 1;
  }
  return {
    joined: session?.state === 'playing' && view !== null && view.tick >= 0,
    topology: play?.match.topology.id ?? null,
    player: session?.player ?? -1,
    self: view && {
      ...view.self,
      unitsX: view.self.x / SUBUNITS,
      unitsY: view.self.y / SUBUNITS,
    },
    playersInView: players.length,
    ownShots,
    players,
    coins,
    tick: view?.tick ?? -1,
    fps: play?.fps ?? 0,
    rttMs: session?.rttMs ?? Number.NaN,
    counters: session ? { ...session.counters } : {},
    score: view?.self.score ?? 0,
    hidden: document.hidden,
  };
}

void boot();
