/** What one owner told over its own link in the last seconds, as a witness needs it. */
import type { TickRules } from '../../../game/constants.ts';
import type { AvatarState } from '../state-codec.ts';

/** States that are kept: five seconds at the highest rate of the slowest clock. */
const KEPT = 100;

/** Where an avatar was at a tick: the middle, and how far from it at most. */
export interface Whereabouts {
  x: number;
  y: number;
  radius: number;
}

/** Ticks before its first state and after its last one in which an avatar is still taken to be somewhere there. */
const NEAR_TICKS = 40;

export class Track {
  readonly life: number;
  /** Since when it has been followed without a gap. */
  sinceTick = -1;
  /** By rising tick. */
  readonly states: AvatarState[] = [];
  /** When it was last told to be alive. */
  aliveTick = -1;
  /** Ticks in which it fired, as far as known, by the number of the shot; −1 for none. */
  readonly fired = [-1, -1, -1];

  constructor(life: number) {
    this.life = life;
  }

  get newest(): AvatarState | undefined {
    return this.states.at(-1);
  }

  push(state: AvatarState): void {
    if (this.sinceTick < 0) this.sinceTick = state.tick;
    if (state.isAlive) this.aliveTick = state.tick;
    this.states.push(state);
    if (this.states.length > KEPT) this.states.shift();
  }

  /** Begins anew: what lies before has nothing to do with what comes. */
  clear(): void {
    this.states.length = 0;
    this.sinceTick = -1;
    this.aliveTick = -1;
    this.fired.fill(-1);
  }

  /** Index of the last state that is not after a tick; −1 for none. */
  #before(tick: number): number {
    let at = this.states.length - 1;
    while (at >= 0 && this.states[at]!.tick > tick) at--;
    return at;
  }

  /**
   * Where a living avatar was at a tick; null when it was dead, or may have been, or nothing is known. Between two told
   * places it can have been no farther from the way between them than its speed allows: where two circles around its ends
   * overlap, by Stewart's theorem.
   */
  at(tick: number, rules: TickRules): Whereabouts | null {
    const at = this.#before(tick);
    const before = this.states[at];
    const after = this.states[at + 1];
    if (before && !before.isAlive) return null;
    if (!before || !after) return aroundEnd(before ?? after, tick, rules);
    if (!after.isAlive || after.deaths !== before.deaths) return null;
    const reach = (after.tick - before.tick) * rules.playerStep;
    const share = (tick - before.tick) / (after.tick - before.tick);
    const dx = after.x - before.x;
    const dy = after.y - before.y;
    const slack = 1 - (dx * dx + dy * dy) / (reach * reach);
    const radius = reach * Math.sqrt(Math.max(0, share * (1 - share) * slack));
    return { x: before.x + dx * share, y: before.y + dy * share, radius };
  }

  /** States from a tick on, and the one before. */
  from(tick: number): readonly AvatarState[] {
    return this.states.slice(Math.max(0, this.#before(tick)));
  }
}

function aroundEnd(end: AvatarState | undefined, tick: number, { playerStep }: TickRules): Whereabouts | null {
  if (!end?.isAlive || Math.abs(tick - end.tick) > NEAR_TICKS) return null;
  return { x: end.x, y: end.y, radius: Math.abs(tick - end.tick) * playerStep };
}
