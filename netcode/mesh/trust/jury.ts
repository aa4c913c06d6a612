/**
 * What accusations come to. A peer is banned by whoever hears, within three seconds, more than half of its witnesses
 * accuse it; everybody counts for itself, and tells its neighbours so. Who did not see it follows more than half of its
 * own neighbours, whom nobody chose for it. Anchors for how often colluders make a majority, drawn at random: 10 % of all
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
const SEEN_AGAIN_S = 10;
/** Neighbours who have judged, or saw it themselves, are remembered for so long; so many at least must have. */
const VOTES_S = 60;
const LEAST_VOTES = 6;
/** Hits must have been ignored at so many times, each so long after the one before. */
const MOMENTS = 2;
const MOMENT_S = 3;
const SHOOTERS = 2;
/** Whose shots somebody may not hear any more, since so many say that it cheats. */
const DOUBTS = 3;
/** Subjects of whom accusations are kept. */
const MAX_SUBJECTS = 256;

/** Instead of what is allowed: its sender has judged, by what witnesses said. */
const VERDICT = -1;

interface Vote {
  by: PeerId;
  /** Of the fault. */
  tick: number;
  /** It says that the peer is guilty; not so a hit that was seen to be ignored, of `shooter`. */
  isSure: boolean;
  shooter: PeerId;
  /** In which it was heard. */
  saidTick: number;
}

export class Jury {
  readonly #ground: TrustGround;
  readonly #keyOf: (peer: PeerId) => Uint8Array | undefined;
  /** By subject, by witness: the own tick in which it was last accused. */
  readonly #accused = new Map<PeerId, Map<PeerId, number>>();
  /** By subject: what neighbours have judged, or saw themselves. */
  readonly #votes = new Map<PeerId, Vote[]>();
  readonly #saidTick = new Map<PeerId, number>();
  /** Called when enough witnesses agree. */
  onGuilty: (peer: PeerId, reason: FaultName, tick: number) => void = () => {};

  constructor(ground: TrustGround, keyOf: (peer: PeerId) => Uint8Array | undefined) {
    this.#ground = ground;
    this.#keyOf = keyOf;
  }

  clear(): void {
    this.#accused.clear();
    this.#votes.clear();
    this.#saidTick.clear();
  }

  forget(peer: PeerId): void {
    this.#accused.delete(peer);
    this.#saidTick.delete(peer);
  }

  /** Tells all neighbours what was found: as a witness, or as one of many who saw it, which counts less and is said less often. */
  accuse(subject: PeerId, { what, tick, observed, allowed }: Fault, isWitness: boolean): void {
    const { self, counters, settings } = this.#ground;
    const now = this.#ground.tick();
    const said = this.#saidTick.get(subject);
    const againS = isWitness ? AGAIN_S : SEEN_AGAIN_S;
    if (said !== undefined && now - said < againS * settings.config.tickRateHz) return;
    if (isWitness) {
      counters.accusations++;
      this.#ground.tell({ type: 'accused', by: self(), peer: subject, reason: what, tick });
    }
    this.#say({ subject, what, tick, observed, allowed });
    if (isWitness) this.#count(subject, self(), what, tick);
    this.#hearVote(self(), { subject, what, tick, observed, allowed });
  }

  #say(body: Omit<Accusation, 'signature'>): void {
    const { self, line, crypto, tick } = this.#ground;
    const { subject } = body;
    this.#saidTick.set(subject, tick());
    const signature = crypto ? crypto.sign(accusationText(line(), self(), body)) : null;
    const bytes = encodeAccusation({ ...body, signature });
    for (const other of this.#ground.others.values()) {
      if (other.isReachable && other.id !== subject) pay(this.#ground, 'witnesses', other.id, bytes.slice(), true);
    }
  }

  hear(from: PeerId, bytes: Uint8Array): void {
    const accusation = decodeAccusation(bytes);
    const { subject, what, tick } = accusation;
    const { self, counters } = this.#ground;
    if (subject === self() || subject === from || !this.#isSigned(from, accusation)) return;
    counters.accusationsHeard++;
    if (!isOneOfMany(accusation) && accusation.allowed !== VERDICT) this.#count(subject, from, what, tick);
    this.#hearVote(from, accusation);
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

  /** A neighbour has judged or accuses, or saw something; more than half of them need not be witnesses. */
  #hearVote(by: PeerId, accusation: Omit<Accusation, 'signature'>): void {
    const { subject, what, tick } = accusation;
    const { tickRateHz } = this.#ground.settings.config;
    if (this.#votes.size >= MAX_SUBJECTS && !this.#votes.has(subject)) this.#votes.clear();
    const votes = this.#votesOn(subject);
    const isSure = !isOneOfMany(accusation);
    votes.push({ by, tick, isSure, shooter: isSure ? 0 : accusation.observed, saidTick: this.#ground.tick() });
    this.#votes.set(subject, votes);
    if (!this.#isMajority(subject, votes)) return;
    if (
      this.#isMajority(
        subject,
        votes.filter(({ isSure }) => isSure),
      )
    ) {
      this.onGuilty(subject, what, tick);
      return;
    }
    // What does not show in one bad moment of its network is one matter, however many saw it; and nobody else must be
    // able to bring that about.
    const shooters = new Set(votes.filter(({ isSure }) => !isSure).map(({ shooter }) => shooter)).size;
    if (momentsIn(votes, MOMENT_S * tickRateHz) < MOMENTS || shooters < SHOOTERS) return;
    // Who only follows does not say so: else few could draw many after them.
    this.onGuilty(subject, what, tick);
  }

  #isMajority(subject: PeerId, votes: readonly Vote[]): boolean {
    const voters = this.#electorate(subject);
    const count = voters.filter((peer) => votes.some(({ by }) => by === peer)).length;
    return count >= LEAST_VOTES && 2 * count > voters.length;
  }

  #votesOn(subject: PeerId): Vote[] {
    const since = this.#ground.tick() - VOTES_S * this.#ground.settings.config.tickRateHz;
    return (this.#votes.get(subject) ?? []).filter(({ saidTick }) => saidTick >= since);
  }

  /** Whether several have said of a peer that it cheats: some of them may not listen to it any more. */
  isDoubted(peer: PeerId): boolean {
    return new Set(this.#votesOn(peer).map(({ by }) => by)).size >= DOUBTS;
  }

  /** Those near a subject, where they can be seen; else all neighbours. */
  #electorate(subject: PeerId): PeerId[] {
    const near = nearTo(this.#ground, subject);
    if (near.length >= LEAST_VOTES) return near;
    const neighbours = [...this.#ground.others.values()].filter((other) => other.isReachable && other.id !== subject);
    return [this.#ground.self(), ...neighbours.map(({ id }) => id)];
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
    const said = this.#saidTick.get(subject);
    const isNews = said === undefined || now - said > VOTES_S * settings.config.tickRateHz;
    if (isNews) this.#say({ subject, what, tick, observed: 0, allowed: VERDICT });
  }
}

/** A hit that was ignored, which says something when many saw such. */
function isOneOfMany({ what, allowed }: Pick<Accusation, 'what' | 'allowed'>): boolean {
  return what === 'ignored hits' && allowed === 0;
}

/** How many times there are among votes that lie so far apart. */
function momentsIn(votes: readonly Vote[], apartTicks: number): number {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const tick of votes.map((vote) => vote.tick).sort((a, b) => a - b)) {
    if (tick - last < apartTicks) continue;
    count++;
    last = tick;
  }
  return count;
}
