/**
 * Waypoints: where an avatar was five times a second, signed with its head. Two that no one can have walked between are
 * proof of a fault to everybody who knows the key, and need no vote. What its owner told at those ticks must agree with
 * them, so an honest way cannot be signed for while another one is told.
 */
import type { TickRules } from '../../../game/constants.ts';
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import type { AvatarState } from '../state-codec.ts';

/** In one second; they divide each tick rate. */
export const WAYPOINTS = 5;
/** Coordinates of an avatar that was dead at that tick, or had none. */
export const NOWHERE = 0xffffff;
/** An honest avatar needs 1 exactly. */
const TOLERANCE = 1.05;
/** Below one unit, rounding decides. */
const ROUNDING = 256;

export interface Waypoint {
  x: number;
  y: number;
}

interface Signed {
  /** The last of its second. */
  tick: number;
  places: readonly Waypoint[];
}

export const waypointOf = ({ isAlive, x, y }: AvatarState): Waypoint =>
  isAlive ? { x, y } : { x: NOWHERE, y: NOWHERE };

/** Ticks of the waypoints of a second, oldest first. */
export function waypointTicks(tick: number, tickRateHz: number): number[] {
  const every = tickRateHz / WAYPOINTS;
  return Array.from({ length: WAYPOINTS }, (_, i) => tick - (WAYPOINTS - 1 - i) * every);
}

export function writeWaypoints(writer: ByteWriter, places: readonly Waypoint[]): void {
  for (const place of places) {
    for (const at of [place.x, place.y]) writer.u16(at & 0xffff).u8(at >>> 16);
  }
}

export function readWaypoints(reader: ByteReader): Waypoint[] {
  const at = () => reader.u16() | (reader.u8() << 16);
  return Array.from({ length: WAYPOINTS }, () => ({ x: at(), y: at() }));
}

/**
 * The tick by which somebody was where it cannot have walked; −1 when it can have. Of one second, or of two, the earlier
 * one first. Nobody dies and is back elsewhere within the rules' time, so only what lies nearer together is compared.
 */
export function leapIn({ playerStep, respawnTicks, tickRateHz }: TickRules, ...seconds: readonly Signed[]): number {
  let before: (Waypoint & { tick: number }) | null = null;
  for (const { tick, places } of seconds) {
    const ticks = waypointTicks(tick, tickRateHz);
    for (const [i, { x, y }] of places.entries()) {
      if (x === NOWHERE || y === NOWHERE) continue;
      const now = { x, y, tick: ticks[i]! };
      if (before && now.tick - before.tick < respawnTicks) {
        const allowed = TOLERANCE * playerStep * (now.tick - before.tick) + ROUNDING;
        const [dx, dy] = [x - before.x, y - before.y];
        if (dx * dx + dy * dy > allowed * allowed) return now.tick;
      }
      before = now;
    }
  }
  return -1;
}
