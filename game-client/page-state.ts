/** What a test, or a person at the console, may ask about the page. */
import { SHOTS_PER_PLAYER, SUBUNITS } from '../game/constants.ts';
import type { View } from '../netcode/view.ts';
import type { MeshReach } from './match/mesh-links.ts';
import { checksumState, LINK_NAMES } from './panel/lockstep-peers.ts';
import type { Play } from './play.ts';

/** Lengths in units. */
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
  /** What a lockstep peer knows besides; null for all others. */
  peer: PeerState | null;
  /** The same for a peer of a mesh. */
  mesh: MeshState | null;
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

export interface MeshState {
  self: number;
  epoch: number;
  /** Slots of all seated players that are not away. */
  seated: number[];
  links: { player: number; name: string; reach: MeshReach; isTold: boolean; tells: boolean }[];
  /** Coins that are held, as their homes have recorded. */
  held: number;
  /** Ghosts that could be marked as true now. */
  truePlaces: { player: number; x: number; y: number }[];
}

/** The state of the page now; `play` is null on the menu. */
export function stateOf(play: Play | null): PageState {
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
    mesh: meshStateOf(play),
  };
}

function peerStateOf(play: Play | null): PeerState | null {
  const participant = play?.match.participant;
  if (participant?.kind !== 'lockstep') return null;
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

function meshStateOf(play: Play | null): MeshState | null {
  const participant = play?.match.participant;
  if (participant?.kind !== 'mesh') return null;
  const { session } = participant;
  const nowMs = performance.now();
  return {
    self: session.self,
    epoch: session.epoch?.number ?? 0,
    seated: (session.epoch?.seats ?? []).filter(({ isAway }) => !isAway).map(({ slot }) => slot),
    links: participant.links(nowMs).map(({ slot: player, name, reach, isTold, tells }) => ({
      player,
      name,
      reach,
      isTold,
      tells,
    })),
    held: session.ledger?.held ?? 0,
    truePlaces: participant.overlay.truePlaces(nowMs).map(({ player, x, y }) => ({
      player,
      x: x / SUBUNITS,
      y: y / SUBUNITS,
    })),
  };
}
