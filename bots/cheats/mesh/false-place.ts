/**
 * False places: to be told where others are one must be near them, so the cheater says that it is. Whoever cannot see it
 * knows only the tile that it names, and it names to each the tile that this one is in; it asks neighbours from where they
 * are; and the rendezvous introduces it to strangers in cells through which it only claims to walk. Each of them tells it
 * its place, several times a second, and pays for it.
 */
import { VISION_RADIUS } from '../../../game/constants.ts';
import { cellOf } from '../../../netcode/mesh/cells.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { NO_TILE, tileOf } from '../../../netcode/mesh/other.ts';
import { decodeMesh, encodeMesh } from '../../../netcode/mesh/peer-codec.ts';
import { Kind } from '../../../netcode/protocol.ts';
import type { PeerId, Request } from '../../../netcode/session.ts';
import { Outgoing } from './outgoing.ts';
import { type Own, ownTicks } from './owner.ts';

/** A stranger is dialled, and a cell claimed, this often. */
const EVERY_MS = 500;
const REDIAL_MS = 5000;
/** Links that it holds at most to those whom it does not see: the session needs the rest. */
const MOST_LINKS = 48;

/** The members that make an honest session learn of everybody within `reach` sub-units. */
export function lieAboutPlace(honest: MeshSession, reach: number): Partial<MeshSession> {
  const outgoing = new Outgoing(honest);
  const dialled = new Map<PeerId, number>();
  let dials: Request[] = [];
  let dueMs = 0;
  let turn = 0;
  const members = ownTicks(honest, (own) => {
    if (own.nowMs < dueMs) return;
    dueMs = own.nowMs + EVERY_MS;
    claimCell(own, reach, turn++);
    const stranger = nearestStranger(own, reach, dialled);
    if (stranger === 0) return;
    dialled.set(stranger, own.nowMs);
    dials.push({ type: 'connect', to: stranger });
  });
  const told = (to: PeerId, bytes: Uint8Array): Uint8Array => {
    if (bytes[1] !== Kind.meshPing && bytes[1] !== Kind.meshAsk) return bytes;
    const message = decodeMesh(bytes, honest.arena!.size);
    const other = honest.peers.get(to);
    if (!other) return bytes;
    if (message.type === 'meshPing' && message.tile !== NO_TILE) {
      const tile = other.state ? tileOf(other.state.x, other.state.y) : other.tile;
      return tile < 0 ? bytes : encodeMesh({ ...message, tile });
    }
    if (message.type === 'meshAsk' && other.state) {
      return encodeMesh({ ...message, x: other.state.x, y: other.state.y });
    }
    return bytes;
  };
  return Object.assign(members, {
    drain() {
      const requests = [...outgoing.drain(told), ...dials];
      dials = [];
      return requests;
    },
  });
}

/** Asks who is around a place that it is not in: one after the other, those of a ring around it. */
function claimCell({ honest, world, slot, nowMs }: Own, reach: number, turn: number): void {
  const rings = Math.floor(reach / VISION_RADIUS);
  const side = 2 * rings + 1;
  const at = (place: number, steps: number) =>
    Math.max(0, Math.min(world.arena.size - 1, place + (steps - rings) * VISION_RADIUS));
  const x = at(world.players.x[slot]!, turn % side);
  const y = at(world.players.y[slot]!, Math.floor(turn / side) % side);
  honest.rendezvous.tellCell(cellOf(x, y), true, nowMs);
}

/** Somebody in reach of whom the tile is known, and nothing else; 0 for nobody. */
function nearestStranger(
  { honest, world, slot, nowMs }: Own,
  reach: number,
  dialled: ReadonlyMap<PeerId, number>,
): PeerId {
  const [x, y] = [world.players.x[slot]!, world.players.y[slot]!];
  let best: PeerId = 0;
  let bestDistance = reach;
  let links = 0;
  for (const other of honest.peers.values()) {
    if (other.isReachable) links++;
    const isTried = nowMs - (dialled.get(other.id) ?? Number.NEGATIVE_INFINITY) < REDIAL_MS;
    if (other.isReachable || other.slot < 0 || isTried) continue;
    const distance = other.distanceTo(x, y, nowMs);
    if (distance >= bestDistance) continue;
    best = other.id;
    bestDistance = distance;
  }
  return links < MOST_LINKS ? best : 0;
}
