/** Boot: read what may be joined, show the menu, play. */
import { TOPOLOGIES } from '../netcode/topologies/index.ts';
import { loadConfig } from './config.ts';
import type { Choice } from './match/match.ts';
import { type AnyParticipant, type Place, wayInto } from './match/ways.ts';
import { Menu } from './menu.ts';
import { type PageState, stateOf } from './page-state.ts';
import { exportToStyle } from './palette.ts';
import { Play } from './play.ts';
import { createWorkerTimer } from './worker-timer.ts';

export type { PageState } from './page-state.ts';

declare global {
  interface Window {
    netbed: {
      state: () => PageState;
      leave: () => void;
      /** Checksum of a lockstep peer's final world after a tick; null when it is not kept, and for all others. */
      checksumAt: (tick: number) => number | null;
      /** Whoever takes part here, with its session; null on the menu. For looking into it, and for breaking it. */
      participant: () => AnyParticipant | null;
    };
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
  window.netbed = {
    state: () => stateOf(play),
    leave: () => play?.leave(),
    participant: () => play?.match.participant ?? null,
    checksumAt: (tick) => {
      const participant = play?.match.participant;
      return participant?.kind === 'lockstep' ? participant.session.checksumAt(tick) : null;
    },
  };
  // A closed tab gives its seat up at once, instead of leaving a player standing there for seconds.
  window.addEventListener('pagehide', () => play?.match.leave());
  const { autojoin, room, urls } = config;
  const topology = TOPOLOGIES.find(({ id }) => id === config.topology && wayInto(id));
  if (!topology) return;
  const place: Place = room ? { type: 'room', code: room } : { type: 'running' };
  const isReachable = room ? config.rendezvousUrl !== '' : urls[topology.id] !== undefined;
  if (!isReachable) return;
  if (autojoin) start(menu.choice(topology, place));
  else if (room) menu.askForRoom(topology, room);
}

void boot();
