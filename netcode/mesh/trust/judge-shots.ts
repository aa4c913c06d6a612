/** Whether the shots that an avatar tells of can be its own: not too many, from where it was, and told when they were fired. */
import type { Arena } from '../../../game/arena.ts';
import type { AvatarState, ToldShot } from '../state-codec.ts';
import { type Fault, STRIKES } from './faults.ts';
import type { Track } from './track.ts';

const TOLERANCE = 1.05;
/** Below four units, rounding and the tolerance of the way decide. */
const ROUNDING = 4 * 256;

export interface NewShot extends ToldShot {
  firedTick: number;
}

/** Those that were not known, oldest first. */
export function newShots(track: Track, now: AvatarState): NewShot[] {
  const fresh: NewShot[] = [];
  for (const shot of now.shots) {
    const firedTick = now.tick - shot.ageTicks;
    if (firedTick <= track.fired[shot.k]!) continue;
    fresh.push({ ...shot, firedTick });
  }
  return fresh.sort((a, b) => a.firedTick - b.firedTick);
}

/** From now on they are known. */
export function noteShots(track: Track, shots: readonly NewShot[]): void {
  for (const { k, firedTick } of shots) track.fired[k] = firedTick;
}

/** Judges new shots, and notes them. `before`: the newest state before; without one nothing can be said. */
export function judgeShots(arena: Arena, track: Track, now: AvatarState, shots: readonly NewShot[]): Fault[] {
  const before = track.newest;
  const faults: Fault[] = [];
  const { cooldownTicks, playerStep } = arena.rules;
  for (const { k, firedTick, x, y } of shots) {
    const since = firedTick - Math.max(...track.fired);
    const isFirst = track.fired.every((tick) => tick < 0);
    track.fired[k] = firedTick;
    if (!before) continue;
    if (!isFirst && since < cooldownTicks) {
      faults.push({ what: 'fired too soon', tick: firedTick, weight: 1, observed: since, allowed: cooldownTicks });
    }
    if (firedTick <= before.tick) {
      // What was fired by then had to be told then.
      const allowed = before.tick + 1;
      faults.push({ what: 'fired in the past', tick: now.tick, weight: 1, observed: firedTick, allowed });
      continue;
    }
    const hasDied = !before.isAlive || !now.isAlive || before.deaths !== now.deaths;
    if (hasDied) continue;
    const far = (state: AvatarState) => {
      const reach = TOLERANCE * playerStep * Math.abs(firedTick - state.tick) + ROUNDING;
      return Math.sqrt((x - state.x) * (x - state.x) + (y - state.y) * (y - state.y)) - reach;
    };
    const beyond = Math.max(far(before), far(now));
    if (beyond > 0) {
      const observed = Math.round(beyond);
      faults.push({ what: 'fired elsewhere', tick: firedTick, weight: STRIKES, observed, allowed: 0 });
    }
  }
  return faults;
}
