/**
 * What one peer believes to lie where. News of a spot say all that lies there as of a version of its record; the newest
 * version counts, so that late news undo nothing. Of a spot without news its first coin is believed to lie: whoever claims
 * it in vain learns better. A view finds coins by small ids that stay the same while the coin lies.
 */
import type { Arena } from '../../../game/arena.ts';
import { mintPlace } from '../../../game/mint.ts';
import { type CoinRecord, NOBODY, type Token, tokenOf } from './record.ts';

/** A token that lies where it was dropped. */
export interface DroppedCoin {
  generation: number;
  since: number;
  x: number;
  y: number;
}

/** All that lies of one spot, as of a version of its record. */
export interface CoinNews {
  spot: number;
  version: number;
  /** The newest, which lies where it was minted. */
  generation: number;
  since: number;
  dropped: readonly DroppedCoin[];
}

export interface LyingCoin {
  /** Below arena.capacity × 2 + 64. */
  id: number;
  token: Token;
  /** As a claim must name it. */
  since: number;
  x: number;
  y: number;
}

/** What is known around some place: the versions of those of the spots `from` to `through` of which there was news. */
export interface KnownSpots {
  from: number;
  through: number;
  versions: readonly { spot: number; version: number }[];
}

export const LAST_SPOT = 0xffff;
/** Nothing is asked. */
export const NO_SPOTS: KnownSpots = { from: 1, through: 0, versions: [] };
/** Spots whose versions are told at once. */
export const MAX_AROUND = 64;

export function newsOf(spot: number, { version, generation, since, out }: CoinRecord): CoinNews {
  const dropped = out.filter(({ holder }) => holder === NOBODY);
  return { spot, version, generation, since, dropped: dropped.map(({ holder: _, ...coin }) => coin) };
}

export class CoinBook {
  readonly #arena: Arena;
  readonly #spots: number;
  readonly #known = new Map<number, CoinNews>();
  /** By token. */
  readonly #lying = new Map<Token, LyingCoin>();
  /** The place of the first coin of each spot. */
  readonly #bases: Int32Array;
  readonly #freeIds: number[] = [];
  /** Raised by every change of what lies. */
  revision = 0;

  constructor(arena: Arena, spots: number) {
    this.#arena = arena;
    this.#spots = spots;
    this.#bases = new Int32Array(spots * 2);
    for (let spot = 0; spot < spots; spot++) mintPlace(arena, spot, 0, this.#bases.subarray(spot * 2, spot * 2 + 2));
    this.clear();
  }

  /** Forgets all news: of a match that begins anew. */
  clear(): void {
    this.#known.clear();
    this.#lying.clear();
    this.#freeIds.length = 0;
    for (let id = this.#arena.capacity * 2 + 63; id >= this.#spots; id--) this.#freeIds.push(id);
    for (let spot = 0; spot < this.#spots; spot++) this.#layNewest(spot, 0, 0);
    this.revision++;
  }

  /** What lies, for all that is known. Coins beyond the ids are left out until others are gone. */
  get lying(): Iterable<LyingCoin> {
    return this.#lying.values();
  }

  find(token: Token): LyingCoin | undefined {
    return this.#lying.get(token);
  }

  /** Of the record, as far as news came; 0 without. */
  versionOf(spot: number): number {
    return this.#known.get(spot)?.version ?? 0;
  }

  /** Takes news over; returns those that were new here. */
  apply(news: readonly CoinNews[]): CoinNews[] {
    return news.filter((one) => this.#applyOne(one));
  }

  #applyOne(news: CoinNews): boolean {
    const { spot, version, generation, since, dropped } = news;
    if (spot >= this.#spots || version <= this.versionOf(spot)) return false;
    const before = this.#known.get(spot);
    this.#known.set(spot, news);
    this.#lying.delete(tokenOf(spot, before?.generation ?? 0));
    for (const old of before?.dropped ?? []) {
      if (!dropped.some((coin) => coin.generation === old.generation)) this.#pickUp(tokenOf(spot, old.generation));
    }
    this.#layNewest(spot, generation, since);
    for (const coin of dropped) this.#layDropped(spot, coin);
    this.revision++;
    return true;
  }

  #layNewest(spot: number, generation: number, since: number): void {
    const place = new Int32Array(2);
    mintPlace(this.#arena, spot, generation, place);
    const token = tokenOf(spot, generation);
    this.#lying.set(token, { id: spot, token, since, x: place[0]!, y: place[1]! });
  }

  #layDropped(spot: number, { generation, since, x, y }: DroppedCoin): void {
    const token = tokenOf(spot, generation);
    const id = this.#lying.get(token)?.id ?? this.#freeIds.pop();
    if (id !== undefined) this.#lying.set(token, { id, token, since, x, y });
  }

  #pickUp(token: Token): void {
    const coin = this.#lying.get(token);
    if (!coin) return;
    this.#lying.delete(token);
    this.#freeIds.push(coin.id);
  }

  /** What is known around (x, y), of spots from `from` on; as many as go into one message. */
  knownAround(x: number, y: number, radius: number, from: number): KnownSpots {
    const near = this.#around(x, y, radius, from, LAST_SPOT, MAX_AROUND);
    const through = near.length < MAX_AROUND ? LAST_SPOT : near.at(-1)!.spot;
    return { from, through, versions: near.map(({ spot, version }) => ({ spot, version })) };
  }

  /** What is known better than somebody knows it who said what it knows around (x, y). */
  newsFor({ from, through, versions }: KnownSpots, x: number, y: number, radius: number): CoinNews[] {
    const theirs = new Map(versions.map(({ spot, version }) => [spot, version]));
    const near = this.#around(x, y, radius, from, through, Number.POSITIVE_INFINITY);
    return near.filter(({ spot, version }) => version > (theirs.get(spot) ?? 0)).slice(0, MAX_AROUND);
  }

  /** What is known better than these news say it. */
  betterThan(news: readonly CoinNews[]): CoinNews[] {
    return news.flatMap(({ spot, version }) => {
      const known = this.#known.get(spot);
      return known && known.version > version ? [known] : [];
    });
  }

  /** The first `most` news of spots in that range that are within `radius`, or of which something was dropped there. */
  #around(x: number, y: number, radius: number, from: number, through: number, most: number): CoinNews[] {
    const near: CoinNews[] = [];
    const isNear = (px: number, py: number) => (px - x) * (px - x) + (py - y) * (py - y) <= radius * radius;
    const last = Math.min(through, this.#spots - 1);
    for (let spot = from; spot <= last && near.length < most; spot++) {
      const news = this.#known.get(spot);
      if (!news) continue;
      const isSpotNear = isNear(this.#bases[spot * 2]!, this.#bases[spot * 2 + 1]!);
      if (isSpotNear || news.dropped.some((coin) => isNear(coin.x, coin.y))) near.push(news);
    }
    return near;
  }
}
