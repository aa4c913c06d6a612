/**
 * Coins are taken in sight of witnesses. Who takes one tells its witnesses, and each that saw it within reach tells
 * whoever is in charge of the coin's record, which grants nothing before two have. Three small messages each way per coin.
 *
 * Whoever is in charge is anywhere, and knows nobody near the coin: it cannot tell who must have seen it. It asks for two
 * only where a player is hardly ever alone, by the density of the match, and takes the word only of those whom the draw of
 * witnesses would have favoured. What collusion can still do: two that happen to be drawn for each other may vouch from
 * anywhere; who is in charge of a coin itself needs nobody.
 */
import { COIN_RADIUS, PLAYER_RADIUS, VISION_RADIUS } from '../../../game/constants.ts';
import type { PeerId } from '../../session.ts';
import type { Token } from '../ledger/record.ts';
import { pay, type TrustGround } from './ground.ts';
import type { Track } from './track.ts';
import { decodeVouch, decodeVouched, encodeVouch, encodeVouched, type Taking } from './vouch-codec.ts';
import { nearTo, periodOf, rankOf, witnessWeight } from './witnesses.ts';

const NEEDED = 2;
/** One more than there are witnesses is asked: others may see another order. */
const ASKED_MORE = 1;
/** A witness asked may not have heard of the last steps yet: it answers when it has, within this. */
const PATIENCE_MS = 1000;
/** Whoever is in charge waits so long for witnesses; so long it keeps what they say before the claim comes. */
const WAIT_MS = 2000;
const FRESH_S = 4;
/** Fewer neighbours than this, and a player is alone now and then; at 10 one of 200 honest takings is not seen by two. */
const SELDOM_ALONE = 8;
/** When a match begins nobody has links yet, and nobody can have seen anybody. */
const OPENING_S = 10;
/** Places told between two ticks, and an attestation's rounding. */
const SLACK = 16 * 256;
/** The draw favours so many times the share of witnesses among those near: crowds are uneven. */
const FAVOURED = 3;
const MAX_KEPT = 512;
const FULL_TURN = 2 ** 32;

export interface VouchedTake {
  claimant: PeerId;
  token: Token;
}

interface Case {
  sinceMs: number;
  witnesses: Map<PeerId, Taking>;
  decide: ((allowed: boolean, nowMs: number) => void) | null;
}

interface Asked {
  claimant: PeerId;
  taking: Taking;
  untilMs: number;
}

const nameOf = (claimant: PeerId, token: Token): string => `${claimant} ${token}`;

export class Vouching {
  readonly #ground: TrustGround;
  readonly #trackOf: (peer: PeerId) => Track | undefined;
  readonly #cases = new Map<string, Case>();
  #asked: Asked[] = [];

  constructor(ground: TrustGround, trackOf: (peer: PeerId) => Track | undefined) {
    this.#ground = ground;
    this.#trackOf = trackOf;
  }

  clear(): void {
    this.#cases.clear();
    this.#asked = [];
  }

  // The claimant.

  /** The own avatar touches a coin, and has claimed it. */
  claimed(token: Token, x: number, y: number): void {
    const ground = this.#ground;
    const { settings, line, self, tick } = ground;
    const near = nearTo(ground, self());
    const period = periodOf(tick(), settings.config.tickRateHz);
    const ranked = near
      .map((peer) => ({ peer, rank: rankOf(line(), period, self(), peer, near) }))
      .filter(({ rank }) => rank < settings.witnesses + ASKED_MORE);
    const bytes = encodeVouch({ token, tick: tick(), x, y });
    for (const { peer } of ranked) pay(ground, 'witnesses', peer, bytes.slice(), true);
  }

  // A witness.

  hearVouch(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const taking = decodeVouch(bytes);
    if (this.#asked.length >= MAX_KEPT) this.#asked.shift();
    this.#asked.push({ claimant: from, taking, untilMs: nowMs + PATIENCE_MS });
    this.advance(nowMs);
  }

  /** Whether it was within reach; null while that cannot be told. */
  #wasThere(claimant: PeerId, { tick, x, y }: Taking): boolean | null {
    const track = this.#trackOf(claimant);
    const { rules } = this.#ground.arena;
    if (!track?.newest || track.newest.tick < tick) return null;
    const at = track.at(tick, rules);
    if (!at) return false;
    const reach = PLAYER_RADIUS + COIN_RADIUS + SLACK + at.radius;
    return (at.x - x) * (at.x - x) + (at.y - y) * (at.y - y) <= reach * reach;
  }

  #answer({ claimant, taking, untilMs }: Asked, nowMs: number): boolean {
    const wasThere = this.#wasThere(claimant, taking);
    if (wasThere === null) return nowMs > untilMs;
    const [home] = this.#ground.homesOf(taking.token);
    if (!wasThere || home === undefined) return true;
    if (home === this.#ground.self()) this.#hear(home, claimant, taking, nowMs);
    else {
      const bytes = encodeVouched(claimant, taking);
      const cost = this.#ground.counters.costs.witnesses;
      cost.sentMessages++;
      cost.sentBytes += bytes.length;
      this.#ground.sendAnyhow(home, bytes);
    }
    return true;
  }

  // Whoever is in charge.

  /** Decides now or later whether a coin may be recorded as taken. */
  vouch({ claimant, token }: VouchedTake, decide: (allowed: boolean, nowMs: number) => void, nowMs: number): void {
    const pending = this.#caseOf(claimant, token, nowMs);
    pending.sinceMs = nowMs;
    pending.decide = decide;
    this.#tryToDecide(nameOf(claimant, token), pending, nowMs);
  }

  #caseOf(claimant: PeerId, token: Token, nowMs: number): Case {
    const name = nameOf(claimant, token);
    let pending = this.#cases.get(name);
    if (!pending) {
      pending = { sinceMs: nowMs, witnesses: new Map(), decide: null };
      this.#cases.set(name, pending);
    }
    return pending;
  }

  hearVouched(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const { claimant, taking } = decodeVouched(bytes);
    this.#hear(from, claimant, taking, nowMs);
  }

  #hear(from: PeerId, claimant: PeerId, taking: Taking, nowMs: number): void {
    if (from === claimant || this.#cases.size >= MAX_KEPT || !this.#isFavoured(claimant, from)) return;
    const pending = this.#caseOf(claimant, taking.token, nowMs);
    pending.witnesses.set(from, taking);
    this.#tryToDecide(nameOf(claimant, taking.token), pending, nowMs);
  }

  /** Neighbours that a player has on average. */
  get #density(): number {
    const { arena, present } = this.#ground;
    return (present() * Math.PI * VISION_RADIUS * VISION_RADIUS) / (arena.size * arena.size);
  }

  /** Whether the draw of witnesses may have fallen on a peer, for all that can be told from afar. */
  #isFavoured(claimant: PeerId, witness: PeerId): boolean {
    const { settings, line, tick, lifeOf } = this.#ground;
    if (lifeOf(witness) < 0) return false;
    const rate = settings.config.tickRateHz;
    const share = (FAVOURED * (settings.witnesses + ASKED_MORE)) / Math.max(1, this.#density);
    return [tick(), tick() - FRESH_S * rate].some(
      (at) => witnessWeight(line(), periodOf(at, rate), claimant, witness) >= (1 - share) * FULL_TURN,
    );
  }

  /** Those who say that it was where the coin lies, lately. */
  #count(token: Token, { witnesses }: Case): number {
    const place = this.#ground.coinPlace(token);
    const since = this.#ground.tick() - FRESH_S * this.#ground.settings.config.tickRateHz;
    let count = 0;
    for (const { tick, x, y } of witnesses.values()) {
      const isThere = !place || (place.x === x && place.y === y);
      if (isThere && tick >= since) count++;
    }
    return count;
  }

  #tryToDecide(name: string, pending: Case, nowMs: number): void {
    const { decide } = pending;
    if (!decide) return;
    const isSeen = this.#count(Number(name.split(' ')[1]), pending) >= NEEDED;
    const isOpening = this.#ground.tick() < OPENING_S * this.#ground.settings.config.tickRateHz;
    const needsNone = isOpening || this.#density < SELDOM_ALONE;
    if (!isSeen && !needsNone && nowMs - pending.sinceMs < WAIT_MS) return;
    const isAllowed = isSeen || needsNone;
    this.#cases.delete(name);
    if (isAllowed) this.#ground.counters.vouched++;
    else this.#ground.counters.notVouched++;
    decide(isAllowed, nowMs);
  }

  advance(nowMs: number): void {
    this.#asked = this.#asked.filter((asked) => !this.#answer(asked, nowMs));
    for (const [name, pending] of this.#cases) {
      if (pending.decide) this.#tryToDecide(name, pending, nowMs);
      else if (nowMs - pending.sinceMs > WAIT_MS) this.#cases.delete(name);
    }
  }
}
