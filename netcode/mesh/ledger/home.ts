/**
 * A home of coins, as an acceptor: keeps what whoever is in charge puts, and promises to a newer one to take nothing more
 * from older ones.
 */
import type { PeerId } from '../../session.ts';
import { FOUNDING_EPOCH, type Ground } from './ground.ts';
import type { Fetched, LedgerMessage } from './messages.ts';
import { type CoinRecord, UNWRITTEN } from './record.ts';
import { followed, type Run } from './runs.ts';

/** What a home keeps of one spot. */
export interface Kept {
  /** It takes nothing from stamps below this one. */
  fence: number;
  /** The stamp under which the record was put; 0 for never. */
  tag: number;
  record: CoinRecord;
  /** The homes since then, as far as known; all that is known while nothing was put. */
  runs: readonly Run[];
  /** Since when this peer cannot take charge for want of answers; Infinity while it can. */
  blockedMs: number;
}

/** Epochs that are looked at for the homes that a spot had before this peer had to do with it. */
const LOOKED_BACK = 64;

export class Homes {
  readonly #ground: Ground;
  readonly #kept = new Map<number, Kept>();
  #isFounded = false;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  clear(): void {
    this.#kept.clear();
    this.#isFounded = false;
  }

  of(spot: number): Kept {
    let kept = this.#kept.get(spot);
    if (!kept) {
      kept = { fence: 0, tag: 0, record: UNWRITTEN, runs: [], blockedMs: Number.POSITIVE_INFINITY };
      this.#kept.set(spot, kept);
      this.#follow(spot, kept);
    }
    return kept;
  }

  /** After the newest epoch has changed. Costs a look at each spot that was ever kept here. */
  epochChanged(): void {
    this.#found();
    for (const [spot, kept] of this.#kept) this.#follow(spot, kept);
  }

  /** The homes in the founding epoch hold every coin as it was never written, without having been told. */
  #found(): void {
    const { epochOf, self, firstLife, options } = this.#ground;
    const founding = epochOf(FOUNDING_EPOCH);
    if (this.#isFounded || !founding || founding.seatOf(self)?.life !== firstLife) return;
    this.#isFounded = true;
    for (let spot = 0; spot < options.spots; spot++) {
      if (!founding.homesOf(spot).some(({ peer }) => peer === self)) continue;
      const kept = this.of(spot);
      if (kept.tag === 0) this.keep(kept, FOUNDING_EPOCH, UNWRITTEN);
    }
  }

  #follow(spot: number, kept: Kept): void {
    const { epochOf, number } = this.#ground;
    if ((kept.runs.at(-1)?.through ?? 0) >= number) return;
    kept.runs = followed(kept.runs, spot, epochOf, number, Math.max(FOUNDING_EPOCH, number - LOOKED_BACK));
  }

  /** Keeps a record under a stamp. What came before is of no use to anybody any more. */
  keep(kept: Kept, stamp: number, record: CoinRecord): void {
    kept.record = record;
    if (kept.tag === stamp) return;
    kept.tag = stamp;
    kept.runs = kept.runs.filter(({ through }) => through >= stamp);
  }

  /** What this home knows of a spot, to tell to who takes charge of it. */
  told(spot: number): Fetched {
    const { tag, record, runs } = this.of(spot);
    const { firstLife, life } = this.#ground;
    return { spot, firstLife, life, tag, record, runs };
  }

  /** Somebody takes charge: it is told what is kept here, and older ones are fenced off. */
  fetch(from: PeerId, { spot, stamp }: LedgerMessage & { type: 'fetch' }): void {
    const ground = this.#ground;
    if (ground.life < 0 || stamp > ground.number) return;
    if (ground.epochOf(stamp)?.homesOf(spot)[0]?.peer !== from) return;
    const kept = this.of(spot);
    if (stamp < kept.fence) return;
    kept.fence = stamp;
    ground.send(from, { type: 'fetched', stamp, ...this.told(spot) });
  }

  /** Who is in charge puts a newer record. */
  put(from: PeerId, { spot, stamp, record }: LedgerMessage & { type: 'put' }): void {
    const ground = this.#ground;
    if (ground.life < 0 || stamp > ground.number) return;
    // An epoch that is no longer known: then its homes must have stayed the same until now.
    const homes = (ground.epochOf(stamp) ?? ground.newest!).homesOf(spot);
    if (homes[0]?.peer !== from || !homes.some(({ peer, life }) => peer === ground.self && this.#isOwn(life))) return;
    const kept = this.of(spot);
    if (stamp < kept.fence) return;
    kept.fence = stamp;
    if (stamp > kept.tag || record.version > kept.record.version) this.keep(kept, stamp, record);
    const { version } = kept.record;
    ground.send(from, { type: 'kept', spot, stamp, version, signature: ground.signed(spot, kept.record) });
  }

  #isOwn(life: number): boolean {
    return life >= this.#ground.firstLife && life <= this.#ground.life;
  }
}
