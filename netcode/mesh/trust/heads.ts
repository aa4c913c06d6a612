/**
 * Signed heads of what a peer told. Once a second a peer signs a list of short hashes of its states, chained to the list
 * before. Whoever was told a state that is not on the list was told another story than others may have been; two signed
 * lists of one second are proof of that to everybody who knows the key, and so are lists with places that no one can have
 * walked between. So that lists meet, neighbours mention to each other, in short, which they hold (as PeerReview does,
 * Haeberlen et al. 2007); what proves a fault goes from neighbour to neighbour.
 *
 * What this does not do: what is told alike to all and keeps to the way passes, a shot or a health that is wrong;
 * witnesses are for that. A hash of 32 bits can be met by who has hours, not by who has a second: so no state is proof.
 */
import type { PeerId } from '../../session.ts';
import type { Other } from '../other.ts';
import { type AvatarState, decodeState } from '../state-codec.ts';
import { areEqual } from './crypto.ts';
import { pay, type TrustGround } from './ground.ts';
import {
  decodeHead,
  decodeHeadOf,
  decodeMentions,
  encodeHead,
  encodeHeadOf,
  encodeMentions,
  headText,
  MAX_MENTIONS,
  MENTION_BYTES,
  type MeshHead,
  PREVIOUS_BYTES,
  shortHash,
} from './head-codec.ts';
import { leapIn, NOWHERE, WAYPOINTS, type Waypoint, waypointOf, waypointTicks } from './waypoints.ts';

/** Seconds of states and heads that are kept, to be compared. */
const KEPT_S = 8;
/** Neighbours to whom a peer mentions what it holds, each second. */
const MENTIONED_TO = 2;
/** One state that does not fit may be a mistake of ours about who told it. */
const MISFITS = 2;
/** Who tells states for so long without signing for them withholds: of ten heads not all get lost. */
const HEADLESS_S = 10;
/** Whoever forwarded what its owner did not sign for is not listened to for so long. */
const LIAR_MS = 10_000;
/** Two stories are found out within this. */
const PROVEN_WITHIN_S = 4;
/** A state told over the own link is newer than what others forward: those are not needed for so long. */
const DIRECT_S = 0.5;

export type HeadFault = 'two stories' | 'unsigned states' | 'too far';

interface SignedHead extends MeshHead {
  digest: Uint8Array;
}

/** What is known of what one peer told. */
interface Story {
  life: number;
  /** By tick modulo length: which tick, the hash of its state, and who told it. */
  readonly ticks: Int32Array;
  readonly hashes: Uint32Array;
  readonly tellers: Uint16Array;
  readonly places: (Waypoint | undefined)[];
  heads: SignedHead[];
  /** Newest tick that it told itself; seconds in which it did since its last head, and the newest of them. */
  directTick: number;
  unsigned: number;
  unsignedSecond: number;
  misfits: number;
}

export class Heads {
  readonly #ground: TrustGround;
  readonly #keyOf: (peer: PeerId) => Uint8Array | undefined;
  readonly #rate: number;
  readonly #stories = new Map<PeerId, Story>();
  readonly #liars = new Map<PeerId, number>();
  readonly #ownHashes: Uint32Array;
  readonly #ownTicks: Int32Array;
  readonly #ownPlaces: Waypoint[] = [];
  /** Who it was that did that. */
  #ownName = '';
  #own: SignedHead[] = [];
  #turn = 0;
  #suspects: { teller: PeerId; owner: PeerId; tick: number; heardTick: number }[] = [];
  /** Who was told something since the last own head. */
  readonly #told = new Set<PeerId>();
  /** Who told different stories, as was found out and said already. */
  readonly #guilty = new Set<PeerId>();
  /** What proves a fault to everybody, by whose it is. */
  readonly #proofs = new Map<PeerId, readonly SignedHead[]>();
  /** Called when a peer told what it did not sign, or signed what cannot be. */
  onGuilty: (peer: PeerId, reason: HeadFault, tick: number) => void = () => {};

  constructor(ground: TrustGround, keyOf: (peer: PeerId) => Uint8Array | undefined) {
    this.#ground = ground;
    this.#keyOf = keyOf;
    this.#rate = ground.settings.config.tickRateHz;
    this.#ownHashes = new Uint32Array(KEPT_S * this.#rate);
    this.#ownTicks = new Int32Array(KEPT_S * this.#rate).fill(-1);
  }

  clear(): void {
    this.#stories.clear();
    this.#liars.clear();
    this.#guilty.clear();
    this.#proofs.clear();
    this.#own = [];
    this.#ownTicks.fill(-1);
  }

  // The own story.

  /** Notes the state of an own tick, and signs when its second is full. */
  told(state: AvatarState, bytes: Uint8Array): void {
    const { self, lifeOf } = this.#ground;
    const { tick } = state;
    const at = tick % this.#ownTicks.length;
    const name = `${self()} ${lifeOf(self())}`;
    // What was told under another number, or in a life before, is not to be signed for in this one.
    if (name !== this.#ownName) this.#ownTicks.fill(-1);
    this.#ownName = name;
    this.#ownTicks[at] = tick;
    this.#ownHashes[at] = this.#hash(bytes);
    this.#ownPlaces[at] = waypointOf(state);
    for (const other of this.#ground.others.values()) if (other.isTold) this.#told.add(other.id);
    // The seconds of peers end at different ticks, so that not all sign at once.
    const end = tick - ((tick + this.#ground.self()) % this.#rate);
    if (end > (this.#own.at(-1)?.tick ?? -1)) this.#sign(end);
  }

  #hash(bytes: Uint8Array): number {
    this.#ground.counters.costs.heads.calls++;
    return shortHash(this.#ground.crypto!.hash(bytes));
  }

  #sign(end: number): void {
    const { crypto, line, self, lifeOf, counters } = this.#ground;
    const life = lifeOf(self());
    if (life < 0 || end < this.#rate) return;
    const previous = this.#own.at(-1)?.digest.subarray(0, PREVIOUS_BYTES) ?? new Uint8Array(PREVIOUS_BYTES);
    const hashes = Uint32Array.from({ length: this.#rate }, (_, i) => this.#ownHash(end - this.#rate + 1 + i));
    const places = waypointTicks(end, this.#rate).map((tick) => this.#ownPlace(tick));
    const text = headText(line(), self(), { life, tick: end, previous, hashes, places });
    counters.costs.heads.calls++;
    const signed = { signature: crypto!.sign(text), digest: crypto!.hash(text) };
    const head = { life, tick: end, previous, hashes, places, ...signed };
    this.#own.push(head);
    if (this.#own.length > 3) this.#own.shift();
    const bytes = encodeHead(head);
    for (const peer of this.#told) {
      if (this.#ground.others.get(peer)?.isReachable) pay(this.#ground, 'heads', peer, bytes.slice());
    }
    this.#told.clear();
    this.#mention();
    this.#watchHeadless();
  }

  #ownHash(tick: number): number {
    const at = tick % this.#ownTicks.length;
    return this.#ownTicks[at] === tick ? this.#ownHashes[at]! : 0;
  }

  #ownPlace(tick: number): Waypoint {
    const at = tick % this.#ownTicks.length;
    return this.#ownTicks[at] === tick ? this.#ownPlaces[at]! : { x: NOWHERE, y: NOWHERE };
  }

  /** A newcomer may have been forwarded what the last head is of. */
  greet(peer: PeerId): void {
    const head = this.#own.at(-1);
    if (head) pay(this.#ground, 'heads', peer, encodeHead(head));
  }

  #mention(): void {
    const near = [...this.#ground.others.values()].filter((other) => other.isReachable);
    const mentions = [];
    for (const [peer, { heads }] of this.#stories) {
      const head = heads.at(-1);
      if (head && !this.#guilty.has(peer))
        mentions.push({ peer, tick: head.tick, prefix: head.digest.subarray(0, MENTION_BYTES) });
    }
    if (mentions.length === 0) return;
    for (let i = 0; i < Math.min(MENTIONED_TO, near.length); i++) {
      const { id } = near[this.#turn++ % near.length]!;
      const known = mentions.filter(({ peer }) => peer !== id).slice(0, MAX_MENTIONS);
      if (known.length > 0) pay(this.#ground, 'heads', id, encodeMentions(known));
    }
  }

  /** Who passed on what a liar told it is none: whether the owner is one shows within a moment. */
  #nameForwarders(): void {
    const dueTick = this.#ground.tick() - PROVEN_WITHIN_S * this.#rate;
    const due = this.#suspects.filter(({ heardTick }) => heardTick <= dueTick);
    this.#suspects = this.#suspects.filter(({ heardTick }) => heardTick > dueTick);
    for (const { teller, owner, tick } of due) {
      if (this.#guilty.has(owner)) continue;
      this.#ground.tell({ type: 'accused', by: this.#ground.self(), peer: teller, reason: 'forged forward', tick });
    }
  }

  #watchHeadless(): void {
    this.#nameForwarders();
    for (const [peer, story] of this.#stories) {
      if (story.unsigned <= HEADLESS_S) continue;
      story.unsigned = 0;
      this.#convict(peer, 'unsigned states', story.directTick);
    }
  }

  // The stories of others.

  #storyOf(peer: PeerId): Story {
    const life = this.#ground.lifeOf(peer);
    let story = this.#stories.get(peer);
    if (!story || (life >= 0 && story.life !== life)) {
      const length = KEPT_S * this.#rate;
      story = {
        life,
        ticks: new Int32Array(length).fill(-1),
        hashes: new Uint32Array(length),
        tellers: new Uint16Array(length),
        places: new Array(length),
        heads: [],
        directTick: -1,
        unsigned: 0,
        unsignedSecond: -1,
        misfits: 0,
      };
      this.#stories.set(peer, story);
    }
    return story;
  }

  /** It is out of sight: what it told since will be news. */
  forget(peer: PeerId): void {
    this.#stories.delete(peer);
  }

  /** Whether a state may be believed, told by its owner or forwarded by `teller`; notes what it was. */
  takes(owner: Other, teller: PeerId, tick: number, bytes: Uint8Array, nowMs: number): boolean {
    const story = this.#storyOf(owner.id);
    if (teller !== owner.id) {
      const isNeeded = tick - story.directTick > DIRECT_S * this.#rate;
      if (!isNeeded || nowMs < (this.#liars.get(teller) ?? 0)) return false;
    }
    // Far-off ticks would push out what is still to be compared.
    if (Math.abs(tick - this.#ground.tick()) > (KEPT_S - 2) * this.#rate) return true;
    const hash = this.#hash(bytes);
    if (teller === owner.id) this.#noteDirect(owner.id, story, tick);
    const at = tick % story.ticks.length;
    if (story.ticks[at] === tick && story.tellers[at] === owner.id && teller !== owner.id) return false;
    story.ticks[at] = tick;
    story.hashes[at] = hash;
    story.tellers[at] = teller;
    const isWaypoint = (tick + owner.id) % (this.#rate / WAYPOINTS) === 0;
    story.places[at] = isWaypoint ? waypointOf(decodeState(bytes, this.#ground.arena.size)) : undefined;
    const head = story.heads.find((known) => known.tick >= tick && known.tick - this.#rate < tick);
    return !head || this.#compare(owner.id, story, head, tick, nowMs);
  }

  #noteDirect(peer: PeerId, story: Story, tick: number): void {
    if (tick > story.directTick) story.directTick = tick;
    const second = Math.ceil((tick + peer) / this.#rate);
    if (second > story.unsignedSecond) story.unsigned++;
    story.unsignedSecond = Math.max(second, story.unsignedSecond);
  }

  /** Whether what was told of a tick is what a head lists. */
  #compare(peer: PeerId, story: Story, head: MeshHead, tick: number, nowMs: number): boolean {
    const at = tick % story.ticks.length;
    if (story.ticks[at] !== tick) return true;
    const listed = head.hashes[tick - (head.tick - this.#rate + 1)]!;
    const isListed = story.hashes[at] === listed;
    if (isListed && this.#isAtWaypoint(head, tick, story.places[at])) return true;
    const teller = story.tellers[at]!;
    story.ticks[at] = -1;
    // Whoever passed on what its owner did sign for is no liar.
    if (teller !== peer && !isListed) {
      this.#ground.counters.forgedForwards++;
      const isNews = nowMs >= (this.#liars.get(teller) ?? 0);
      this.#liars.set(teller, nowMs + LIAR_MS);
      if (isNews) this.#suspects.push({ teller, owner: peer, tick, heardTick: this.#ground.tick() });
    } else if (++story.misfits >= MISFITS) {
      if (!this.#guilty.has(peer)) this.#ground.tell({ type: 'equivocation', peer, tick, isProven: false });
      this.#convict(peer, 'two stories', tick);
    }
    return false;
  }

  /** Whether a told place is the one that its owner signed for, where it signed for one. */
  #isAtWaypoint(head: MeshHead, tick: number, told: Waypoint | undefined): boolean {
    const signed = head.places[waypointTicks(head.tick, this.#rate).indexOf(tick)];
    return !told || !signed || (told.x === signed.x && told.y === signed.y);
  }

  hearHead(from: PeerId, bytes: Uint8Array, nowMs: number): void {
    const head = decodeHead(bytes, this.#rate);
    const signed = this.#take(from, head);
    if (!signed) return;
    const story = this.#storyOf(from);
    story.unsigned = 0;
    for (let tick = head.tick - this.#rate + 1; tick <= head.tick; tick++) {
      this.#compare(from, story, head, tick, nowMs);
    }
  }

  hearHeadOf(from: PeerId, bytes: Uint8Array): void {
    const { peer, head } = decodeHeadOf(bytes, this.#rate);
    if (peer === from || peer === this.#ground.self()) return;
    this.#take(peer, head);
  }

  /** Keeps a head that its peer signed; null when it did not, or when it is one of two stories. */
  #take(peer: PeerId, head: MeshHead): SignedHead | null {
    const { crypto, line, counters, lifeOf } = this.#ground;
    const key = this.#keyOf(peer);
    if (!key || lifeOf(peer) !== head.life || (head.tick + peer) % this.#rate !== 0) return null;
    const text = headText(line(), peer, head);
    const signed = { ...head, digest: crypto!.hash(text) };
    const { heads } = this.#storyOf(peer);
    const known = heads.find(({ tick }) => tick === head.tick);
    if (known && areEqual(known.digest, signed.digest)) return known;
    counters.costs.heads.calls++;
    if (!crypto!.verify(key, text, head.signature)) {
      counters.forgedHeads++;
      return null;
    }
    if (known) {
      if (this.#prove(peer, [known, signed], 'two stories', signed.tick)) {
        this.#ground.tell({ type: 'equivocation', peer, tick: signed.tick, isProven: true });
      }
      return null;
    }
    heads.push(signed);
    heads.sort((a, b) => a.tick - b.tick);
    this.#judgeWay(peer, heads, heads.indexOf(signed));
    if (heads.length > KEPT_S) heads.shift();
    return signed;
  }

  /** Looks whether the way that a new head signs for can have been walked, by itself and from and to those beside it. */
  #judgeWay(peer: PeerId, heads: readonly SignedHead[], at: number): void {
    const { rules } = this.#ground.arena;
    for (const evidence of [
      heads.slice(at, at + 1),
      heads.slice(Math.max(0, at - 1), at + 1),
      heads.slice(at, at + 2),
    ]) {
      const tick = leapIn(rules, ...evidence);
      if (tick < 0) continue;
      this.#prove(peer, evidence, 'too far', tick);
      return;
    }
  }

  #convict(peer: PeerId, reason: HeadFault, tick: number): void {
    if (this.#guilty.has(peer)) return;
    this.#guilty.add(peer);
    this.onGuilty(peer, reason, tick);
  }

  /** Signed heads that nobody honest can have signed: shown to all neighbours, who can judge for themselves. */
  #prove(peer: PeerId, proof: readonly SignedHead[], reason: HeadFault, tick: number): boolean {
    if (this.#proofs.has(peer)) return false;
    this.#proofs.set(peer, proof);
    for (const other of this.#ground.others.values()) {
      if (other.isReachable && other.id !== peer) this.#show(other.id, peer, proof);
    }
    this.#convict(peer, reason, tick);
    return true;
  }

  #show(to: PeerId, peer: PeerId, proof: readonly SignedHead[]): void {
    for (const head of proof) pay(this.#ground, 'heads', to, encodeHeadOf(peer, head), true);
  }

  /** Who holds another head than we gets ours, and can prove the difference; who still listens to a liar gets the proof. */
  hearMentions(from: PeerId, bytes: Uint8Array): void {
    for (const { peer, tick, prefix } of decodeMentions(bytes)) {
      const proof = this.#proofs.get(peer);
      if (proof) {
        this.#show(from, peer, proof);
        continue;
      }
      const head = this.#stories.get(peer)?.heads.find((known) => known.tick === tick);
      if (!head || areEqual(head.digest.subarray(0, MENTION_BYTES), prefix)) continue;
      pay(this.#ground, 'heads', from, encodeHeadOf(peer, head), true);
    }
  }
}
