/**
 * Watching neighbours, as one of their witnesses: their moves, shots and hits are judged by what they tell themselves.
 * Only what came over the own link counts; nobody is blamed for what somebody else says of it. Faults are strikes, and
 * several of them within a time an accusation.
 *
 * What this does not do: who jumps beyond everybody's sight at once, and tells those whom it left nothing more, appears
 * to the others as anybody who comes.
 */
import { TILE } from '../../../game/constants.ts';
import type { PeerId } from '../../session.ts';
import type { Other } from '../other.ts';
import { encodeMesh } from '../peer-codec.ts';
import { type AvatarState, encodeState } from '../state-codec.ts';
import { type Fault, STRIKES, STRIKES_S } from './faults.ts';
import { pay, type TrustGround } from './ground.ts';
import { type FlyingShot, HitRecord, JUDGED_AFTER_S, mayMeet, sureHit } from './judge-hits.ts';
import { judgeMove } from './judge-moves.ts';
import { judgeShots, type NewShot, newShots, noteShots } from './judge-shots.ts';
import { Track } from './track.ts';
import { isOwnWitness, nearTo } from './witnesses.ts';

/** How often it is looked up whose witness this peer is. */
const WATCH_EVERY_S = 1;
/** A newcomer takes its place when all agree on its seat: until then it may seem to jump. */
const GRACE_S = 2;
/** After a gap this long nothing is said about moves: a seat may have been lost and given again, unknown to us. */
const GAP_S = 12;
/** Links that a subject has must have room for all who may shoot at it, or shots do not come to it. */
const SPARE_LINKS = 12;
/** Shields may be stacked; older ones are used up. */
const SHIELDS_S = 60;
/** Shots that wait to be judged; more are let go. */
const MAX_SHOTS = 512;
/** A tile is told without a tick: this much later or earlier than it seems. */
const TILE_SLACK_S = 2.5;

/** What was found of somebody who is followed: it counts whenever this peer is its witness. */
interface Findings {
  readonly hits: HitRecord;
  strikes: Fault[];
}

export class Witnessing {
  readonly #ground: TrustGround;
  readonly #rate: number;
  readonly #tracks = new Map<PeerId, Track>();
  readonly #findings = new Map<PeerId, Findings>();
  /** Those whose witness this peer is. */
  readonly #watched = new Set<PeerId>();
  #shots: FlyingShot[] = [];
  #watchTick = 0;
  /** How many shields a peer has paid for since a tick, as it told. */
  shieldsOf: (peer: PeerId, sinceTick: number) => number = () => 0;
  /** Whether others have said of a peer that it cheats: then some do not listen to it any more. */
  isDoubted: (peer: PeerId) => boolean = () => false;
  /** Called with the last of several strikes. `isWitness`: this peer is one of the subject's now. */
  onFault: (subject: PeerId, fault: Fault, isWitness: boolean) => void = () => {};

  constructor(ground: TrustGround) {
    this.#ground = ground;
    this.#rate = ground.settings.config.tickRateHz;
  }

  /** What a peer told lately; undefined for who is not followed. */
  trackOf(peer: PeerId): Track | undefined {
    return this.#tracks.get(peer);
  }

  clear(): void {
    this.#tracks.clear();
    this.#findings.clear();
    this.#watched.clear();
    this.#shots = [];
  }

  forget(peer: PeerId): void {
    this.#tracks.delete(peer);
    this.#findings.delete(peer);
    this.#watched.delete(peer);
  }

  /** The seats have changed: who has another one, or none, is somebody else. */
  epochChanged(): void {
    for (const [peer, { life }] of this.#tracks) if (this.#ground.lifeOf(peer) !== life) this.forget(peer);
  }

  /** The own state, for what else was in the way of a shot. */
  told(state: AvatarState): void {
    const self = this.#ground.self();
    const track = this.#follow(self);
    if (!track) return;
    noteShots(track, this.#watchShots(self, track, state));
    track.push(state);
  }

  #follow(peer: PeerId): Track | null {
    const life = this.#ground.lifeOf(peer);
    if (life < 0) return null;
    let track = this.#tracks.get(peer);
    if (!track || track.life !== life) {
      track = new Track(life);
      this.#tracks.set(peer, track);
      this.#findings.set(peer, { hits: new HitRecord(), strikes: [] });
    }
    return track;
  }

  /** The new shots of a state; those that can be judged later wait for it. */
  #watchShots(owner: PeerId, track: Track, state: AvatarState): NewShot[] {
    const fresh = newShots(track, state);
    // Whoever has just come may not have a link to all that it shoots at.
    if (state.tick - track.sinceTick > GRACE_S * this.#rate && this.#shots.length < MAX_SHOTS) {
      for (const { firedTick, x, y, aim } of fresh) this.#shots.push({ owner, firedTick, x, y, aim });
    }
    return fresh;
  }

  /** A state that its owner told over its own link, newer than all before. */
  heard({ id }: Other, state: AvatarState): void {
    const track = this.#follow(id);
    if (!track) return;
    this.#ground.counters.costs.witnesses.calls++;
    const before = track.newest;
    // Where old states are taken again, they are no news here.
    if (before && state.tick <= before.tick) return;
    if (before && state.tick - before.tick > GAP_S * this.#rate) track.clear();
    const shots = this.#watchShots(id, track, state);
    this.#passOn(id, state, shots);
    const faults = judgeShots(this.#ground.arena, track, state, shots);
    if (track.newest) faults.push(...judgeMove(this.#ground.arena, track.newest, state, track.aliveTick));
    track.push(state);
    if (state.tick - track.sinceTick < GRACE_S * this.#rate) return;
    for (const fault of faults) this.#strike(id, fault);
  }

  /** Whoever may be hit is told of new shots by its witnesses, too: then it cannot have missed them for want of a link. */
  #passOn(owner: PeerId, state: AvatarState, shots: readonly NewShot[]): void {
    const { arena } = this.#ground;
    for (const subject of shots.length > 0 ? this.#watched : []) {
      const track = this.#tracks.get(subject);
      if (subject === owner || !track || !shots.some((shot) => mayMeet(arena, { ...shot, owner }, track))) continue;
      pay(
        this.#ground,
        'witnesses',
        subject,
        encodeMesh({ type: 'meshForward', peer: owner, state: encodeState(state) }),
      );
    }
  }

  /** A peer that is told nothing more says in which tile it is now. */
  heardTile({ id }: Other, tile: number): void {
    const track = this.#tracks.get(id);
    const newest = track?.newest;
    if (!newest?.isAlive) return;
    const now = this.#ground.tick();
    const { respawnTicks, playerStep } = this.#ground.arena.rules;
    // Later it may have died out of our sight, and come back somewhere else.
    const mayHaveDied = now - newest.tick > respawnTicks - this.#rate / 2;
    // Or it has just come back, and said this before.
    const isSettled = track!.states.some(({ tick, isAlive, deaths }) => {
      const ago = newest.tick - tick;
      return isAlive && deaths === newest.deaths && ago >= GRACE_S * this.#rate && ago < 2 * GRACE_S * this.#rate;
    });
    if (mayHaveDied || !isSettled || newest.tick - track!.sinceTick < GRACE_S * this.#rate) return;
    const dx = beyond(newest.x, (tile & 255) * TILE);
    const dy = beyond(newest.y, (tile >>> 8) * TILE);
    const observed = Math.round(Math.sqrt(dx * dx + dy * dy));
    const ticks = Math.max(0, now - newest.tick) + TILE_SLACK_S * this.#rate;
    const allowed = Math.round(ticks * playerStep);
    if (observed <= allowed) return;
    track!.clear();
    this.#strike(id, { what: 'jumped away', tick: newest.tick, weight: STRIKES, observed, allowed });
  }

  #strike(subject: PeerId, fault: Fault): void {
    const findings = this.#findings.get(subject);
    if (!findings) return;
    const since = fault.tick - STRIKES_S * this.#rate;
    findings.strikes = findings.strikes.filter(({ tick }) => tick > since);
    findings.strikes.push(fault);
    let sum = 0;
    for (const { weight } of findings.strikes) sum += weight;
    if (sum >= STRIKES) this.onFault(subject, fault, this.#watched.has(subject));
    else if (fault.weight === 0) this.onFault(subject, fault, false);
  }

  /** Once per own tick. */
  advance(): void {
    const tick = this.#ground.tick();
    if (tick >= this.#watchTick) {
      this.#watchTick = tick + WATCH_EVERY_S * this.#rate;
      this.#chooseSubjects();
    }
    this.#judgeHits(tick);
  }

  #chooseSubjects(): void {
    for (const other of this.#ground.others.values()) {
      const isOurs = other.isDirect && isOwnWitness(this.#ground, other.id, nearTo(this.#ground, other.id));
      this.#ground.counters.costs.witnesses.calls++;
      if (isOurs) this.#watched.add(other.id);
      else this.#watched.delete(other.id);
    }
  }

  #judgeHits(tick: number): void {
    const dueTick = tick - JUDGED_AFTER_S * this.#rate;
    const due = this.#shots.filter(({ firedTick }) => firedTick <= dueTick);
    if (due.length === 0) return;
    this.#shots = this.#shots.filter(({ firedTick }) => firedTick > dueTick);
    // Where there are more than links, not all shots come to all, and nobody can be blamed.
    const isCrowded = this.#tracks.size > this.#ground.settings.maxLinks - SPARE_LINKS;
    if (isCrowded) return;
    for (const shot of due) {
      for (const [subject, { hits }] of this.#findings) {
        if (subject !== shot.owner && subject !== this.#ground.self()) this.#judgeHit(shot, subject, hits);
      }
    }
  }

  #judgeHit(shot: FlyingShot, subject: PeerId, hits: HitRecord): void {
    const { arena, counters } = this.#ground;
    const track = this.#tracks.get(subject);
    const own = this.#ground.place();
    if (!own || !track || shot.firedTick - track.sinceTick < GRACE_S * this.#rate) return;
    if (!this.#ground.others.get(subject)?.isDirect || !mayMeet(arena, shot, track)) return;
    counters.costs.witnesses.calls++;
    const hitTick = sureHit(arena, shot, subject, this.#tracks, own);
    if (hitTick < 0 || this.isDoubted(shot.owner)) return;
    const shields = this.shieldsOf(subject, hitTick - SHIELDS_S * this.#rate);
    const fault = hits.judge(this.#ground, track, { tick: hitTick, shooter: shot.owner, shields });
    if (fault) this.#strike(subject, fault);
  }
}

/** How far a coordinate lies outside the tile that begins at `edge`. */
function beyond(at: number, edge: number): number {
  return at < edge ? edge - at : at > edge + TILE ? at - edge - TILE : 0;
}
