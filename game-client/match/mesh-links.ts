/** How a peer of a mesh stands to each other one that it has to do with, for the panel and for lines over the arena. */
import { SUBUNITS, TILE } from '../../game/constants.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { Other } from '../../netcode/mesh/other.ts';
import type { PeerId } from '../../netcode/session.ts';

/** Dialled longer ago than this and not up, a link is not on its way. */
const DIALLING_MS = 3000;

/** `forwarded`: there is no link, a neighbour passes on what it tells. `dialling`: a link is being made. */
export type MeshReach = 'direct' | 'relayed' | 'forwarded' | 'dialling';

export interface MeshLink {
  id: PeerId;
  /** Of its player; −1 while it has no seat. */
  slot: number;
  name: string;
  reach: MeshReach;
  /** Who told us of it and passes its states on, while they are forwarded; 0 for nobody. */
  via: PeerId;
  rttMs: number;
  /** We tell it where our avatar is; it tells us where its own is. */
  isTold: boolean;
  tells: boolean;
  /** In units; where only its tile is known (`isPlaced` is false), the least that it can be. */
  distance: number;
  isPlaced: boolean;
  /** Where it is believed to be, in sub-units; NaN when nothing is known. */
  x: number;
  y: number;
}

/** All that matter now, nearest first. */
export function meshLinksOf(session: MeshSession, nowMs: number): MeshLink[] {
  const { world, player } = session;
  if (!world || player < 0) return [];
  const x = world.players.x[player]!;
  const y = world.players.y[player]!;
  const links: MeshLink[] = [];
  for (const other of session.peers.values()) {
    const reach = reachOf(other, nowMs);
    if (reach === null) continue;
    const { id, slot, rttMs, isTold, state, introducer } = other;
    const isPlaced = other.hasPlace(nowMs);
    links.push({
      id,
      slot,
      name: session.rendezvous.nameOf(id) || `peer ${id}`,
      reach,
      via: reach === 'forwarded' ? introducer : 0,
      rttMs,
      isTold: isTold && other.isReachable,
      tells: isPlaced && other.isDirect,
      distance: other.distanceTo(x, y, nowMs) / SUBUNITS,
      isPlaced,
      ...(isPlaced ? { x: state!.x, y: state!.y } : middleOf(other.tile)),
    });
  }
  return links.sort((a, b) => a.distance - b.distance || a.id - b.id);
}

function reachOf(other: Other, nowMs: number): MeshReach | null {
  if (other.isReachable) return other.link === 'relayed' ? 'relayed' : 'direct';
  if (other.hasPlace(nowMs)) return 'forwarded';
  return nowMs - other.dialledMs < DIALLING_MS ? 'dialling' : null;
}

function middleOf(tile: number): { x: number; y: number } {
  if (tile < 0) return { x: Number.NaN, y: Number.NaN };
  return { x: ((tile & 255) + 0.5) * TILE, y: ((tile >>> 8) + 0.5) * TILE };
}
