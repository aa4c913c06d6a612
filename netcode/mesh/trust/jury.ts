/**
 * What accusations come to. A peer is banned by whoever hears, within three seconds, more than half of its witnesses
 * accuse it; everybody counts for itself. Anchors for how often colluders make a majority, drawn at random: 10 % of all
 * peers capture 2.8 % of the panels of three, 30 % capture 21.6 %; a panel of seven 0.27 % and 12.6 %.
 */
import type { PeerId } from '../../session.ts';
import { type Accusation, accusationText, decodeAccusation, encodeAccusation } from './accusation-codec.ts';
import type { Fault, FaultName } from './faults.ts';
import { pay, type TrustGround } from './ground.ts';
import { majorityOf, mayBeWitness, nearTo } from './witnesses.ts';

const WITHIN_S = 3;
/** A witness says the same again after this, as long as it goes on. */
const AGAIN_S = 1;
/** Subjects of whom accusations are kept. */
const MAX_SUBJECTS = 256;

export class Jury {
  readonly #ground: TrustGround;
  readonly #keyOf: (peer: PeerId) => Uint8Array | undefined;
  /** By subject, by witness: the own tick in which it was last accused. */
  readonly #accused = new Map<PeerId, Map<PeerId, number>>();
  readonly #saidTick = new Map<PeerId, number>();
  /** Called when enough witnesses agree. */
  onGuilty: (peer: PeerId, reason: FaultName, tick: number) => void = () => {};

  constructor(ground: TrustGround, keyOf: (peer: PeerId) => Uint8Array | undefined) {
    this.#ground = ground;
    this.#keyOf = keyOf;
  }

  clear(): void {
    this.#accused.clear();
    this.#saidTick.clear();
  }

  forget(peer: PeerId): void {
    this.#accused.delete(peer);
    this.#saidTick.delete(peer);
  }

  /** As a witness: tells all neighbours. */
  accuse(subject: PeerId, { what, tick, observed, allowed }: Fault): void {
    const { self, line, crypto, counters, settings } = this.#ground;
    const now = this.#ground.tick();
    const said = this.#saidTick.get(subject);
    if (said !== undefined && now - said < AGAIN_S * settings.config.tickRateHz) return;
    this.#saidTick.set(subject, now);
    counters.accusations++;
    this.#ground.tell({ type: 'accused', by: self(), peer: subject, reason: what, tick });
    const body = { subject, what, tick, observed, allowed };
    const signature = crypto ? crypto.sign(accusationText(line(), self(), body)) : null;
    const bytes = encodeAccusation({ ...body, signature });
    for (const other of this.#ground.others.values()) {
      if (other.isReachable && other.id !== subject) pay(this.#ground, 'witnesses', other.id, bytes.slice(), true);
    }
    this.#count(subject, self(), what, tick);
  }

  hear(from: PeerId, bytes: Uint8Array): void {
    const accusation = decodeAccusation(bytes);
    const { subject, what, tick } = accusation;
    const { self, counters } = this.#ground;
    if (subject === self() || subject === from || !this.#isSigned(from, accusation)) return;
    counters.accusationsHeard++;
    this.#count(subject, from, what, tick);
  }

  /** Where keys are proven, who accuses must have one. */
  #isSigned(from: PeerId, accusation: Accusation): boolean {
    const { crypto, line, settings, counters } = this.#ground;
    if (!crypto || !settings.defences.handshakes) return true;
    const key = this.#keyOf(from);
    counters.costs.witnesses.calls++;
    const { signature } = accusation;
    return (
      key !== undefined && signature !== null && crypto.verify(key, accusationText(line(), from, accusation), signature)
    );
  }

  #count(subject: PeerId, witness: PeerId, what: FaultName, tick: number): void {
    const near = nearTo(this.#ground, subject);
    if (!mayBeWitness(this.#ground, subject, witness, near)) return;
    const { settings } = this.#ground;
    const now = this.#ground.tick();
    let accused = this.#accused.get(subject);
    if (!accused) {
      if (this.#accused.size >= MAX_SUBJECTS) this.#accused.clear();
      accused = new Map();
      this.#accused.set(subject, accused);
    }
    accused.set(witness, now);
    for (const [who, at] of accused) if (now - at > WITHIN_S * settings.config.tickRateHz) accused.delete(who);
    if (accused.size < majorityOf(settings.witnesses, near.length)) return;
    this.#accused.delete(subject);
    this.onGuilty(subject, what, tick);
  }
}
