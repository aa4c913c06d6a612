/** Boot: read what may be joined, show the menu, play. */
import { SHOTS_PER_PLAYER, SUBUNITS } from '../game/constants.ts';
import { TOPOLOGIES } from '../netcode/topologies/index.ts';
import type { View } from '../netcode/view.ts';
import { loadConfig } from './config.ts';
import type { Choice } from './match/match.ts';
import type { AnyParticipant, Place } from './match/ways.ts';
import { Menu } from './menu.ts';
import { exportToStyle } from './palette.ts';
import { checksumState, LINK_NAMES } from './panel/peers-table.ts';
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
  /** Code of the room; empty where there is none. */
  room: string;
  /** What a lockstep peer knows besides; null under an authority. */
  peer: PeerState | null;
}

export interface PeerState {
  self: number;
  role: string;
  /** The newest final tick. */
  confirmedTick: number;
  /** Players that are members, oneself included. */
  members: number[];
  peers: { id: number; name: string; link: string; rttMs: number; aheadTicks: number }[];
  delayTicks: number;
  rollback: boolean;
  /** `agree`, `desync` or `none`, and the same in words. */
  checks: { state: string; text: string };
  halted: string;
}

declare global {
  interface Window {
    netbed: {
      state: () => PageState;
      leave: () => void;
      /** Checksum of a peer's final world after a tick; null when it is not kept, or under an authority. */
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
      return participant?.kind === 'peer' ? participant.session.checksumAt(tick) : null;
    },
  };
  // A closed tab gives its seat up at once, instead of leaving a player standing there for seconds.
  window.addEventListener('pagehide', () => play?.match.leave());
  const { autojoin, room, urls } = config;
  const topology = TOPOLOGIES.find(({ id }) => id === config.topology);
  if (!topology) return;
  const place: Place = room ? { type: 'room', code: room } : { type: 'running' };
  const isReachable = room ? config.rendezvousUrl !== '' : urls[topology.id] !== undefined;
  if (!isReachable) return;
  if (autojoin) start(menu.choice(topology, place));
  else if (room) menu.askForRoom(topology, room);
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
    counters: play ? { ...play.match.participant.counters } : {},
    score: view?.self.score ?? 0,
    hidden: document.hidden,
    room: play?.match.room ?? '',
    peer: peerStateOf(play),
  };
}

function peerStateOf(play: Play | null): PeerState | null {
  const participant = play?.match.participant;
  if (participant?.kind !== 'peer') return null;
  const { session } = participant;
  return {
    self: session.self,
    role: session.role,
    confirmedTick: session.confirmedTick,
    members: session.roster.members.map(({ slot }) => slot),
    peers: [...session.peers.values()].map(({ id, link, rttMs, aheadTicks }) => ({
      id,
      name: session.rendezvous.nameOf(id),
      link: LINK_NAMES[link],
      rttMs,
      aheadTicks,
    })),
    delayTicks: session.delayTicks,
    rollback: session.settings?.rollback ?? false,
    checks: checksumState(participant),
    halted: session.halted,
  };
}

void boot();
