/**
 * Whether hits show. Victims decide hits, so a victim can look away; a witness that was told of the shot by its owner and
 * of the place by the victim flies the one past the other. It judges only what is beyond doubt: the shot surely met the
 * avatar, and on nobody's screen anybody else before. Three seconds later shield, health or deaths must tell of it.
 *
 * A shot may never have come to the victim, for want of a link, and somebody may tell all of a shot but the victim: so
 * several must be missing, at different times and of three shooters, and each that does show makes up for one. Once hits
 * show, only shooters count whose hits do, for those surely reach the victim; then two are enough. Who looks away from
 * some shooters only, from the first shot on, is not found.
 */
import { type Arena, isBlocked } from '../../../game/arena.ts';
import { PLAYER_RADIUS, SHOT_DAMAGE, VISION_RADIUS } from '../../../game/constants.ts';
import { cosine, scaled, sine } from '../../../game/fixed-point.ts';
import type { PeerId } from '../../session.ts';
import type { AvatarState } from '../state-codec.ts';
import { type Fault, STRIKES } from './faults.ts';
import type { TrustGround } from './ground.ts';
import type { Track, Whereabouts } from './track.ts';

/** A shot is judged so long after it was fired, when all that can tell of it has come. */
export const JUDGED_AFTER_S = 3;
/** A hit shows at the victim within this: stalls and the way of a state are in it. */
const SHOWS_WITHIN_S = 2;
/** Others are seen where they were up to so long ago, and shots end there. */
const GHOST_S = 0.7;
/** More than a radius around others, for what their states do not tell. */
const GHOST_RADIUS = PLAYER_RADIUS + 12 * 256;
const MISSES = 4;
const SHOOTERS = 3;
const KNOWN_SHOOTERS = 2;
/** All that a victim does not hear within one bad moment is one matter. */
const MISSES_SPAN_S = 4;
const MISS_LASTS_S = 60;
/** Hits that a shield takes before it must break: two purchases. */
const SHIELD_TAKES = 4;

export interface FlyingShot {
  owner: PeerId;
  firedTick: number;
  x: number;
  y: number;
  aim: number;
}

/** The tick in which a shot surely hits the subject and nobody before it; −1 when it does not, or may not. */
export function sureHit(
  arena: Arena,
  shot: FlyingShot,
  subject: PeerId,
  tracks: ReadonlyMap<PeerId, Track>,
  own: { x: number; y: number },
): number {
  const { rules } = arena;
  const vx = scaled(rules.shotStep, cosine(shot.aim));
  const vy = scaled(rules.shotStep, sine(shot.aim));
  let { x, y } = shot;
  const victim = tracks.get(subject)!;
  for (let tick = shot.firedTick + 1; tick <= shot.firedTick + rules.shotLifeTicks; tick++) {
    const at = victim.at(tick, rules);
    if (at) {
      const distance = distanceToWay(at, x, y, vx, vy);
      if (distance < PLAYER_RADIUS - at.radius) {
        // Who may have been in the way must have been in our sight.
        if (!isInSight(own, shot) || !isInSight(own, at)) return -1;
        return isWayFree(arena, shot, subject, tracks, tick, vx, vy) ? tick : -1;
      }
      if (distance <= PLAYER_RADIUS + at.radius) return -1;
    }
    x += vx;
    y += vy;
    if (isBlocked(arena, x, y, 0)) return -1;
  }
  return -1;
}

function isInSight(own: { x: number; y: number }, { x, y }: { x: number; y: number }): boolean {
  return (x - own.x) * (x - own.x) + (y - own.y) * (y - own.y) <= VISION_RADIUS * VISION_RADIUS;
}

/** How near the way of a shot in one tick comes to a place. */
function distanceToWay(
  { x, y }: { x: number; y: number },
  fromX: number,
  fromY: number,
  vx: number,
  vy: number,
): number {
  const dx = x - fromX;
  const dy = y - fromY;
  const share = Math.max(0, Math.min(1, (dx * vx + dy * vy) / (vx * vx + vy * vy)));
  const ex = dx - vx * share;
  const ey = dy - vy * share;
  return Math.sqrt(ex * ex + ey * ey);
}

/** Whether nobody else can have seemed to be hit before, on the victim's screen, where others are where they were. */
function isWayFree(
  { rules }: Arena,
  shot: FlyingShot,
  subject: PeerId,
  tracks: ReadonlyMap<PeerId, Track>,
  hitTick: number,
  vx: number,
  vy: number,
): boolean {
  const agoMost = Math.round(GHOST_S * rules.tickRateHz);
  for (const [peer, track] of tracks) {
    if (peer === subject || peer === shot.owner) continue;
    for (let tick = shot.firedTick + 1, i = 0; tick <= hitTick; tick++, i++) {
      for (let ago = 0; ago <= agoMost; ago += 2) {
        const at = track.at(tick - ago, rules);
        if (at && mayTouch(at, shot.x + vx * i, shot.y + vy * i, vx, vy)) return false;
      }
    }
  }
  return true;
}

function mayTouch(at: Whereabouts, x: number, y: number, vx: number, vy: number): boolean {
  return distanceToWay(at, x, y, vx, vy) <= GHOST_RADIUS + at.radius;
}

interface Miss {
  tick: number;
  shooter: PeerId;
}

/** What hits of one subject showed, and what did not. */
export class HitRecord {
  readonly #misses: Miss[] = [];
  /** Ticks of states that told of damage, one per hit, that no hit explains yet. */
  readonly #damage: number[] = [];
  /** By shooter: the last tick in which a hit of its was shown. */
  readonly #shownTick = new Map<PeerId, number>();
  #seenTick = -1;
  #shielded = 0;

  /** Judges a sure hit, with what the subject told since. */
  judge({ arena, counters }: TrustGround, track: Track, tick: number, shooter: PeerId): Fault | null {
    const rate = arena.rules.tickRateHz;
    this.#look(track);
    counters.judgedHits++;
    const until = tick + rate * SHOWS_WITHIN_S;
    const all = track.from(tick);
    if (!all.some((state) => state.tick >= until)) return null;
    const shown = this.#damage.findIndex((at) => at >= tick && at <= until);
    if (shown >= 0) {
      this.#damage.splice(shown, 1);
      this.#shownTick.set(shooter, tick);
      this.#misses.shift();
      return null;
    }
    const states = all.filter((state) => state.tick <= until);
    // Whoever died meanwhile was dead when it heard of the shot.
    if (states.some((state) => !state.isAlive || state.deaths !== states[0]!.deaths)) return null;
    if (states.some((state) => state.isShielded) && ++this.#shielded <= SHIELD_TAKES) return null;
    counters.missedHits++;
    return this.#miss(rate, tick, shooter);
  }

  #miss(rate: number, tick: number, shooter: PeerId): Fault | null {
    const misses = this.#misses;
    const isRecent = (at: number | undefined) => at !== undefined && at > tick - MISS_LASTS_S * rate;
    const showsSome = [...this.#shownTick.values()].some(isRecent);
    if (showsSome && !isRecent(this.#shownTick.get(shooter))) return null;
    while (misses.length > 0 && misses[0]!.tick < tick - MISS_LASTS_S * rate) misses.shift();
    if (misses.some((miss) => miss.shooter === shooter && Math.abs(miss.tick - tick) < rate)) return null;
    misses.push({ tick, shooter });
    const shooters = new Set(misses.map((miss) => miss.shooter)).size;
    const spanTicks = tick - misses[0]!.tick;
    if (misses.length < MISSES || spanTicks < MISSES_SPAN_S * rate) return null;
    if (shooters < (showsSome ? KNOWN_SHOOTERS : SHOOTERS)) return null;
    const observed = misses.length;
    // It goes on being judged, and is blamed again for the next.
    misses.shift();
    return { what: 'ignored hits', tick, weight: STRIKES, observed, allowed: MISSES - 1 };
  }

  /** Notes what states told of damage since it last looked. */
  #look(track: Track): void {
    let before: AvatarState | undefined;
    for (const state of track.states) {
      if (before && state.tick > this.#seenTick) {
        for (let i = damageBetween(before, state); i > 0; i--) this.#damage.push(state.tick);
        if (!state.isShielded) this.#shielded = 0;
        this.#seenTick = state.tick;
      }
      before = state;
    }
    while (this.#damage.length > 32) this.#damage.shift();
  }
}

/** Hits that the difference between two states can tell of. */
function damageBetween(before: AvatarState, now: AvatarState): number {
  const lost = now.deaths !== before.deaths ? before.health : Math.max(0, before.health - now.health);
  const broken = before.isShielded && !now.isShielded ? 2 : 0;
  return Math.ceil(lost / SHOT_DAMAGE) + broken;
}
