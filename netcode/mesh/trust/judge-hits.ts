/**
 * Whether hits show. Victims decide hits, so a victim can look away; a witness that was told of the shot by its owner and
 * of the place by the victim flies the one past the other. It judges only what is beyond doubt: the shot surely met the
 * avatar, and on nobody's screen anybody else before. Three seconds later shield, health or deaths must tell of it.
 *
 * A shot may not come to the victim, for want of a link, and somebody may tell all of a shot but the victim: so witnesses
 * pass on what may hit it (witnessing.ts), and still several must be missing, at different times and of two shooters, and
 * each that does show makes up for one.
 */
import { type Arena, isBlocked } from '../../../game/arena.ts';
import { PLAYER_RADIUS, SHIELD_ABSORBS, SHOT_DAMAGE, VISION_RADIUS } from '../../../game/constants.ts';
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
const GHOST_S = 0.4;
/** More than a radius around others, for what their states do not tell. */
const GHOST_RADIUS = PLAYER_RADIUS + 6 * 256;
const MISSES = 3;
const SHOOTERS = 2;
/** All that a victim does not hear within one bad moment is one matter. */
const MISSES_SPAN_S = 3;
const MISS_LASTS_S = 60;
/** Hits that a shield takes until it breaks. */
const SHIELD_TAKES = SHIELD_ABSORBS / SHOT_DAMAGE;

export interface FlyingShot {
  owner: PeerId;
  firedTick: number;
  x: number;
  y: number;
  aim: number;
}

/** Whether a shot can come near an avatar at all: a quick look, before a close one. */
export function mayMeet({ rules }: Arena, shot: FlyingShot, track: Track): boolean {
  const at = track.at(shot.firedTick, rules);
  if (!at) return true;
  const vx = scaled(rules.shotStep, cosine(shot.aim)) * rules.shotLifeTicks;
  const vy = scaled(rules.shotStep, sine(shot.aim)) * rules.shotLifeTicks;
  const way = rules.playerStep * rules.shotLifeTicks;
  return distanceToWay(at, shot.x, shot.y, vx, vy) <= PLAYER_RADIUS + at.radius + way;
}

/** The first tick in which a shot may hit the subject that it surely hits, and nobody before it; −1 when it may not. */
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
  let first = -1;
  for (let tick = shot.firedTick + 1; tick <= shot.firedTick + rules.shotLifeTicks; tick++) {
    const at = victim.at(tick, rules);
    if (at) {
      const distance = distanceToWay(at, x, y, vx, vy);
      if (distance < PLAYER_RADIUS - at.radius / 4) {
        // Who may have been in the way must have been in our sight.
        if (!isInSight(own, shot) || !isInSight(own, at)) return -1;
        if (first < 0) first = tick;
        return isWayFree(arena, shot, subject, tracks, tick, vx, vy) ? first : -1;
      }
      // If not in this tick, then perhaps in the next.
      if (distance <= PLAYER_RADIUS + at.radius && first < 0) first = tick;
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

export interface SureHit {
  tick: number;
  shooter: PeerId;
  shields: number;
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
  #seenTick = -1;
  #shielded = 0;

  /** Judges a sure hit, with what the subject told since. `shields`: that it bought lately, as far as is known. */
  judge({ arena, counters }: TrustGround, track: Track, { tick, shooter, shields }: SureHit): Fault | null {
    const rate = arena.rules.tickRateHz;
    this.#look(track);
    counters.judgedHits++;
    const until = tick + rate * SHOWS_WITHIN_S;
    const all = track.from(tick);
    if (!all.some((state) => state.tick >= until)) return null;
    const shown = this.#damage.findIndex((at) => at >= tick && at <= until);
    if (shown >= 0) {
      this.#damage.splice(shown, 1);
      this.#misses.shift();
      return null;
    }
    const states = all.filter((state) => state.tick <= until);
    // Whoever died meanwhile was dead when it heard of the shot.
    if (states.some((state) => !state.isAlive || state.deaths !== states[0]!.deaths)) return null;
    const isAbsorbed =
      states.some((state) => state.isShielded) && ++this.#shielded <= SHIELD_TAKES * Math.max(1, shields);
    if (isAbsorbed) return null;
    counters.missedHits++;
    return this.#miss(rate, tick, shooter);
  }

  #miss(rate: number, tick: number, shooter: PeerId): Fault | null {
    const misses = this.#misses;
    while (misses.length > 0 && misses[0]!.tick < tick - MISS_LASTS_S * rate) misses.shift();
    if (misses.some((miss) => miss.shooter === shooter && Math.abs(miss.tick - tick) < rate)) return null;
    misses.push({ tick, shooter });
    const shooters = new Set(misses.map((miss) => miss.shooter)).size;
    const spanTicks = tick - misses[0]!.tick;
    // One alone says little, but others may have seen others.
    if (misses.length < MISSES || spanTicks < MISSES_SPAN_S * rate || shooters < SHOOTERS) {
      return { what: 'ignored hits', tick, weight: 0, observed: shooter, allowed: 0 };
    }
    // It goes on being judged, and is blamed again for the next.
    misses.shift();
    return { what: 'ignored hits', tick, weight: STRIKES, observed: shooter, allowed: MISSES - 1 };
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
