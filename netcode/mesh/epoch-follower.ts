/**
 * A peer's side of the epochs: it follows those that were decided, and votes on the next as an acceptor of Paxos
 * (`epoch-keeper.ts` has the argument). What it knows and what it promised is its memory: it lasts as long as this
 * program, and whoever comes back with it is the same acceptor as before.
 */
import type { PeerId } from '../session.ts';
import type { Epoch, EpochSeat } from './epoch.ts';
import { chainOf, type EpochChain, type SharedEpochs } from './epoch-chain.ts';
import type { AcceptedChange, Ballot, Known, Memory, RoomMessage } from './room-messages.ts';

type Of<T extends RoomMessage['type']> = Extract<RoomMessage, { type: T }>;

export class EpochFollower {
  /** The life that the own seat has or will have; what a seat of an older one holds was another program's. */
  life = 0;
  readonly #shared: SharedEpochs | null;
  #chain: EpochChain | null = null;
  #promised: Ballot = 0;
  #accepted: AcceptedChange | null = null;

  constructor(shared: SharedEpochs | null) {
    this.#shared = shared;
  }

  get newest(): Epoch | null {
    return this.#chain?.newest ?? null;
  }

  at(number: number): Epoch | undefined {
    return this.#chain?.at(number);
  }

  nameOf(peer: PeerId): string {
    return this.#chain?.nameOf(peer) ?? '';
  }

  /** The own seat in the newest epoch; not that of a program before this one. */
  seatOf(self: PeerId): EpochSeat | undefined {
    const seat = this.newest?.seatOf(self);
    return seat?.life === this.life ? seat : undefined;
  }

  /** What to say of it when coming back. */
  get memory(): Memory | undefined {
    if (!this.#chain) return undefined;
    return { line: this.#chain.line, number: this.#chain.newest.number, life: this.life };
  }

  /** Begins anew, as somebody else or in another match. */
  forget(): void {
    this.#chain = null;
    this.#promised = 0;
    this.#accepted = null;
    this.life = 0;
  }

  /** Takes over what the rendezvous says of the match; what belongs to another line than before ends all that was. */
  take({ line, life, epochs }: Known): void {
    if (this.#chain?.line === line) {
      this.life = Math.max(this.life, life);
      this.#catchUp(epochs);
      return;
    }
    const chain = epochs && chainOf(line, epochs, this.#shared);
    if (!chain) return;
    this.forget();
    this.#chain = chain;
    this.life = life;
  }

  #catchUp(epochs: Known['epochs']): void {
    const chain = this.#chain!;
    if (!epochs) return;
    const { number } = chain.newest;
    const last = epochs.from + epochs.changes.length;
    if (last <= number) return;
    if (epochs.from <= number) {
      for (const change of epochs.changes.slice(number - epochs.from)) chain.push(change);
    } else {
      // Too far behind for changes: what lies between is not known.
      const later = chainOf(chain.line, epochs, this.#shared);
      if (later) this.#chain = later;
    }
    this.#forgetDecided();
  }

  #forgetDecided(): void {
    if (this.#accepted && this.#accepted.number <= this.newest!.number) this.#accepted = null;
  }

  /** A proposal for the next epoch: accepted unless something later was promised. Null: it is not for us to vote on. */
  vote({ line, number, ballot, change }: Of<'epoch'>, self: PeerId): Of<'epochAck'> | null {
    const { newest } = this;
    if (!newest || line !== newest.line || number !== newest.number + 1) return null;
    const seat = this.seatOf(self);
    if (!seat || seat.isAway) return null;
    if (ballot >= this.#promised) {
      this.#promised = ballot;
      this.#accepted = { ballot, number, change };
    }
    return { type: 'epochAck', line, number, ballot, promised: this.#promised };
  }

  /** The next epoch was decided. */
  decided({ line, number, change }: Of<'epochCommit'>): void {
    const { newest } = this;
    if (!newest || line !== newest.line || number !== newest.number + 1) return;
    this.#chain!.push(change);
    this.#forgetDecided();
  }

  /**
   * A rendezvous that does not know (any more) what was decided asks: promises to accept nothing older than its ballot,
   * and tells. Null: it asks about another match.
   */
  recalled({ line, ballot, wantsEpochs }: Of<'recall'>, roomMs: number | null): Known | null {
    const chain = this.#chain;
    if (!chain || line !== chain.line) return null;
    this.#promised = Math.max(this.#promised, ballot);
    return {
      type: 'known',
      line,
      life: this.life,
      roomMs,
      ballot: this.#promised,
      number: chain.newest.number,
      accepted: this.#accepted,
      epochs: wantsEpochs ? chain.whole() : null,
    };
  }
}
