/**
 * A home of coins, as an acceptor: keeps what whoever is in charge puts, and promises to a newer one to take nothing more
 * from older ones.
 */
import type { PeerId } from '../../session.ts';
import { areSameHomes, FOUNDING_EPOCH, type Ground } from './ground.ts';
import type { Fetched, LedgerMessage } from './messages.ts';
import { type CoinRecord, UNWRITTEN } from './record.ts';

/** What a home keeps of one spot. */
export interface Kept {
  /** It takes nothing from stamps below this one. */
  fence: number;
  /** The stamp under which the record was put; 0 for never. */
  tag: number;
  /** The last epoch up to which the homes are known to have been the same as in epoch `tag`. */
  through: number;
  record: CoinRecord;
}

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
      kept = { fence: 0, tag: 0, through: 0, record: UNWRITTEN };
      this.#kept.set(spot, kept);
    }
    return kept;
  }

  /** After the newest epoch has changed. Costs a look at each spot that was ever kept here. */
  epochChanged(): void {
    this.#found();
    for (const [spot, kept] of this.#kept) this.follow(spot, kept);
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
      kept.tag = Math.max(kept.tag, FOUNDING_EPOCH);
      kept.through = Math.max(kept.through, FOUNDING_EPOCH);
    }
  }

  /** Notes for how long the homes have stayed the same, as far as epochs are known one after the other. */
  follow(spot: number, kept: Kept): void {
    const { epochOf, number } = this.#ground;
    if (kept.tag === 0) return;
    while (kept.through < number) {
      const [last, next] = [epochOf(kept.through), epochOf(kept.through + 1)];
      if (!last || !next || !areSameHomes(last.homesOf(spot), next.homesOf(spot))) return;
      kept.through++;
    }
  }

  /** What this home knows of a spot, to tell to who takes charge of it. */
  told(spot: number): Fetched {
    const { tag, through, record } = this.of(spot);
    const { firstLife, life } = this.#ground;
    return { spot, firstLife, life, tag, through, record };
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
    if (stamp > kept.tag) Object.assign(kept, { tag: stamp, through: stamp, record });
    else if (record.version > kept.record.version) kept.record = record;
    this.follow(spot, kept);
    const { version } = kept.record;
    ground.send(from, { type: 'kept', spot, stamp, version, signature: ground.signed(spot, kept.record) });
  }

  #isOwn(life: number): boolean {
    return life >= this.#ground.firstLife && life <= this.#ground.life;
  }
}
