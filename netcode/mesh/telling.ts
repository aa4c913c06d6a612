/** What a mesh session says to others, over which link, and how often it tells whom where its avatar is. */
import { PLAYER_SPEED_PER_S, VISION_RADIUS } from '../../game/constants.ts';
import { mintPlace } from '../../game/mint.ts';
import { Status } from '../../game/world.ts';
import { encodeMessage } from '../messages.ts';
import { type LinkState, type PeerId, RENDEZVOUS } from '../session.ts';
import { ownState } from './avatar.ts';
import { encodeBundle, fittingOf, isInNoHurry, mayBundle } from './bundle.ts';
import { type Core, otherOf, ownPlace } from './core.ts';
import type { CoinNews } from './ledger/coin-book.ts';
import { encodeNews } from './ledger/news-codec.ts';
import { NO_TILE, Other, RIDE_MS, TELLING_RADIUS, TELLING_RADIUS_EXACT, tileOf } from './other.ts';
import { encodeMesh, type MeshMessage } from './peer-codec.ts';
import { encodeState } from './state-codec.ts';

/** Between two pings on a link. */
const LEAST_PING_MS = 400;
const MOST_PING_MS = 1500;
/** The dead neither move nor act: once their death was told for half a second, they tell it this often. */
const DEAD_RATE_HZ = 2;
/** Of the send rate: what rides along with states for some ticks reaches those who are told this often, or more. */
const OFTEN = 0.5;
/** Who leaves the radius by less than this, and comes back sooner, is told again as if nothing had been. */
const LINGER_WITHIN = 32 * 256;
const LINGER_MS = 250;
/** Those this near, and those in a fight, are told twice as often where sending is by need. */
const NEAR = VISION_RADIUS / 2;

/** Whatever goes to another peer goes through here, and takes along what waits. Bytes belong to the link afterwards. */
export function send(core: Core, to: PeerId, bytes: Uint8Array, nowMs: number): void {
  const other = core.others.get(to);
  if (!other?.isReachable) return;
  if (other.waiting.length === 0 || !mayBundle(bytes)) transmit(core, other, bytes, nowMs);
  else sendWaiting(core, other, [bytes], nowMs);
}

/** For what is in no hurry: it rides along with the next message to that peer, which is soon where it sees us. */
export function sendSoon(core: Core, other: Other, bytes: Uint8Array, nowMs: number): void {
  if (other.link !== 'up') {
    send(core, other.id, bytes, nowMs);
    return;
  }
  if (other.waiting.length === 0) other.waitingUntilMs = nowMs + RIDE_MS;
  other.waiting.push(bytes);
}

/** Regular care: what has waited in vain for something to ride along with. */
export function sendOverdue(core: Core, other: Other, nowMs: number): void {
  if (other.waiting.length > 0 && nowMs >= other.waitingUntilMs) sendWaiting(core, other, [], nowMs);
}

function sendWaiting(core: Core, other: Other, first: Uint8Array[], nowMs: number): void {
  const messages = [...first, ...other.waiting];
  other.waiting = [];
  while (messages.length > 0) {
    const count = fittingOf(messages);
    const together = messages.splice(0, count);
    transmit(core, other, count === 1 ? together[0]! : encodeBundle(together), nowMs);
  }
}

function transmit(core: Core, other: Other, bytes: Uint8Array, nowMs: number): void {
  const sealed = core.trust ? core.trust.seal(other.id, bytes) : bytes;
  if (!sealed) return;
  other.lastSentMs = nowMs;
  if (other.link === 'relayed') core.rendezvous.relay(other.id, sealed);
  else core.outbox.send(other.id, 'unreliable', sealed);
}

/** Over the link where there is one, through the rendezvous where not: for the ledger, whose homes are anybody. */
export function sendAnyhow(core: Core, to: PeerId, bytes: Uint8Array, nowMs: number): void {
  if (core.others.get(to)?.isReachable) send(core, to, bytes, nowMs);
  else core.rendezvous.relay(to, bytes);
}

export function sendReliable(other: Other, bytes: Uint8Array, nowMs: number): void {
  if (other.isReachable) other.line.send(bytes, nowMs);
}

export function peerOf(core: Core, id: PeerId, nowMs: number): Other {
  return otherOf(core, id, (bytes) => sendOfLine(core, id, bytes), nowMs);
}

/** What a reliable line has to say; what it sends again goes out whenever the line is looked at. */
function sendOfLine(core: Core, id: PeerId, bytes: Uint8Array): void {
  const other = core.others.get(id);
  if (other && isInNoHurry(bytes)) sendSoon(core, other, bytes, core.nowMs);
  else send(core, id, bytes, core.nowMs);
}

export function linkChanged(core: Core, id: PeerId, state: LinkState, nowMs: number): void {
  const other = peerOf(core, id, nowMs);
  const { link: before, isReachable: wasReachable } = other;
  other.link = state;
  if (state === 'down') {
    const place = ownPlace(core);
    other.isDirect = false;
    // What never came up, or was relayed by a rendezvous that is gone, was not closed for want of room.
    if (before === 'up') {
      other.downMs = nowMs;
      other.downDistance = place ? other.distanceTo(place.x, place.y, nowMs) : 0;
    }
    core.trust?.linkChanged(id, state, nowMs);
    return;
  }
  if (!wasReachable) {
    other.line = Other.lineTo(id, (bytes) => sendOfLine(core, id, bytes));
    other.waiting = [];
    core.counters.linksOpened++;
    core.trust?.linkChanged(id, state, nowMs);
  }
  other.upMs = nowMs;
  core.careDueMs = Math.min(core.careDueMs, nowMs);
  other.lastHeardMs = nowMs;
  other.pingDueMs = nowMs;
  other.isTold = false;
}

export function say(core: Core, to: PeerId, message: MeshMessage, nowMs: number): void {
  send(core, to, encodeMesh(message), nowMs);
}

/** After each own tick: tells those who may see the avatar, each at its rate. The same bytes go to all. */
export function tellState(core: Core, tick: number, nowMs: number): void {
  const { world, settings } = core.stage!;
  const { players } = world;
  const x = players.x[core.player]!;
  const y = players.y[core.player]!;
  const state = ownState(core);
  const bytes = encodeState(state);
  const isNews = core.hasNews;
  core.hasNews = false;
  core.told = bytes;
  core.trust?.told(bytes);
  const rateOfDead = isSparing(core) && isQuiet(core) ? DEAD_RATE_HZ : Number.POSITIVE_INFINITY;
  for (const other of core.others.values()) {
    if (!other.isReachable || other.slot < 0 || core.trust?.mayTell(other.id) === false) continue;
    const distance = other.distanceTo(x, y, nowMs);
    const beyond = distance - tellingRadius(core, other, nowMs);
    if (beyond > 0) {
      if (other.isTold) leaveSight(core, other, beyond, nowMs);
      continue;
    }
    other.beyondSinceMs = Number.POSITIVE_INFINITY;
    const rate = Math.min(rateOfDead, rateFor(core, other, distance, state.isFighting));
    other.toldShare = Math.min(1, rate / settings.sendRateHz);
    const { tickRateHz } = settings.config;
    const isDue = ((tick + other.id) * rate) % tickRateHz < rate;
    if (!isDue && !isNews && other.isTold) continue;
    tell(core, other, bytes, nowMs);
  }
}

/** Where defences are on nothing is spared: who judges somebody's way must not lose sight of it. */
function isSparing({ trust }: Core): boolean {
  return trust === null;
}

/** Nothing has been new of the own player for half a second, nor will be until it is back: it is dead. */
function isQuiet({ stage, player }: Core): boolean {
  const { players, match, arena } = stage!.world;
  if (players.status[player] !== Status.dead) return false;
  const { respawnTicks, tickRateHz } = arena.rules;
  return players.spawnTick[player]! - match.tick[0]! <= respawnTicks - tickRateHz / 2;
}

function tell(core: Core, other: Other, bytes: Uint8Array, nowMs: number): void {
  other.isTold = true;
  core.counters.statesSent++;
  core.counters.stateBytes += bytes.length;
  if (nowMs >= other.pingDueMs) sendSoon(core, other, pingTo(core, other, nowMs), nowMs);
  send(core, other.id, bytes, nowMs);
}

/**
 * Whose place is known need not be told before it is near; of a tile nobody knows how far it is. So of two at the edge one
 * may fall silent, and watch whether the other comes nearer. Not both: neither would know the other's place, and both would
 * begin anew.
 */
function tellingRadius(core: Core, other: Other, nowMs: number): number {
  const mayWatch = isSparing(core) && isWatcher(core.rendezvous.self, other.id) && other.hasPlace(nowMs);
  return mayWatch ? TELLING_RADIUS_EXACT : TELLING_RADIUS;
}

/** Which of two falls silent at the edge: each peer does so towards half of the others. */
function isWatcher(self: PeerId, other: PeerId): boolean {
  return self > other === ((self + other) % 2 === 1);
}

/** Who has just come into sight is answered at once with what was told last, and not only in the next tick. */
export function answerState(core: Core, other: Other, nowMs: number): void {
  const place = ownPlace(core);
  if (!place || core.told.length === 0 || other.isTold || !other.isReachable || other.slot < 0) return;
  if (core.returnsTo || core.trust?.mayTell(other.id) === false) return;
  if (other.distanceTo(place.x, place.y, nowMs) <= tellingRadius(core, other, nowMs))
    tell(core, other, core.told, nowMs);
}

/** Is told no more. Where that lasts it is the last that it hears of where we are: from then on it is told our tile only. */
function leaveSight(core: Core, other: Other, beyond: number, nowMs: number): void {
  other.beyondSinceMs = Math.min(other.beyondSinceMs, nowMs);
  other.toldShare = 0;
  if (isSparing(core) && beyond < LINGER_WITHIN && nowMs - other.beyondSinceMs < LINGER_MS) return;
  other.beyondSinceMs = Number.POSITIVE_INFINITY;
  other.isTold = false;
  sayPing(core, other, nowMs);
}

/** States per second for one other. Who is dead only watches, and hears half as often. */
function rateFor(core: Core, other: Other, distance: number, isFighting: boolean): number {
  const rate = livingRateFor(core, other, distance, isFighting);
  return isSparing(core) && other.state?.isAlive === false ? Math.max(1, rate >> 1) : rate;
}

function livingRateFor(core: Core, other: Other, distance: number, isFighting: boolean): number {
  const { send: policy, sendRateHz, config } = core.stage!.settings;
  if (policy === 'flat') return sendRateHz;
  const inNeed = distance <= NEAR || (distance <= VISION_RADIUS && (isFighting || other.state?.isFighting === true));
  if (inNeed) return Math.min(config.tickRateHz, 2 * sendRateHz);
  return distance <= VISION_RADIUS ? sendRateHz : Math.max(1, sendRateHz >> 1);
}

/** Keeps links alive, and measures their round trips. Where states are told a ping waits for the next of them. */
export function ping(core: Core, other: Other, nowMs: number): void {
  if (nowMs >= other.pingDueMs + (other.isTold ? RIDE_MS : 0)) sayPing(core, other, nowMs);
}

function sayPing(core: Core, other: Other, nowMs: number): void {
  send(core, other.id, pingTo(core, other, nowMs), nowMs);
}

/** A ping tells the tile to those only who are not told the place. */
function pingTo(core: Core, other: Other, nowMs: number): Uint8Array {
  other.pingDueMs = nowMs + pingEveryMs(core, other, nowMs);
  // Where it will be back nobody is to know, and where it lies those see who see it.
  const place = other.isTold || core.returnsTo ? null : ownPlace(core);
  const tile = place ? tileOf(place.x, place.y) : NO_TILE;
  return encodeMesh({ type: 'meshPing', tile, timeMs: Math.floor(nowMs) & 0xffff, ...other.echo(nowMs) });
}

/**
 * Whoever may be in sight sooner is pinged sooner, so that neither is surprised. The dead see nobody come, and who tells its
 * place is seen coming.
 */
function pingEveryMs(core: Core, other: Other, nowMs: number): number {
  const place = ownPlace(core);
  if (other.isTold || !place) return MOST_PING_MS;
  if (isSparing(core) && (core.returnsTo || other.hasPlace(nowMs))) return MOST_PING_MS;
  const beyond = other.distanceTo(place.x, place.y, nowMs) - TELLING_RADIUS;
  return Math.max(LEAST_PING_MS, Math.min(MOST_PING_MS, (beyond * 1250) / PLAYER_SPEED_PER_S));
}

/** Passes a state on to those who asked for it because they have no link to its owner yet. */
export function forward(core: Core, owner: Other, bytes: Uint8Array, nowMs: number): void {
  for (const [to, untilMs] of owner.forwardUntilMs) {
    if (nowMs > untilMs) {
      owner.forwardUntilMs.delete(to);
      continue;
    }
    const { state } = owner;
    const receiver = core.others.get(to);
    if (!state || !receiver || receiver.distanceTo(state.x, state.y, nowMs) > TELLING_RADIUS) continue;
    core.counters.forwarded++;
    core.counters.forwardedBytes += bytes.length;
    say(core, to, { type: 'meshForward', peer: owner.id, state: bytes }, nowMs);
  }
}

/**
 * Those in sight hear own news of coins with our state, which carries them for some ticks; here they go to who may see a new
 * coin, and not us, or is told too rarely for that.
 */
export function tellNews(core: Core, news: readonly CoinNews[], nowMs: number): void {
  const places = news.map((one) => placesOf(core, one));
  for (const other of core.others.values()) {
    if (!other.isReachable || (other.isTold && other.toldShare >= OFTEN)) continue;
    tellNewsTo(other, concerning(news, places, other, nowMs), nowMs);
  }
}

/**
 * Tells on what somebody else told: a coin that appeared may be in sight of peers who do not see whoever took the one
 * before. Of all who heard the same, the one nearest to such a peer tells it.
 */
export function tellNewsOn(core: Core, news: readonly CoinNews[], from: Other, nowMs: number): void {
  const place = ownPlace(core);
  const { state: teller } = from;
  if (!place || !teller) return;
  const hasHeard = (other: Other) => other.distanceTo(teller.x, teller.y, nowMs) <= TELLING_RADIUS;
  let places: Place[][] | null = null;
  for (const other of core.others.values()) {
    if (other === from || !other.isReachable || !other.hasPlace(nowMs) || hasHeard(other)) continue;
    places ??= news.map((one) => placesOf(core, one));
    const theirs = concerning(news, places, other, nowMs);
    if (theirs.length === 0) continue;
    const { x, y } = other.state!;
    const mine = other.distanceTo(place.x, place.y, nowMs);
    const isNearer = (rival: Other) => rival !== from && rival.hasPlace(nowMs) && rival.distanceTo(x, y, nowMs) < mine;
    if (!some(core.others.values(), (rival) => isNearer(rival) && hasHeard(rival))) tellNewsTo(other, theirs, nowMs);
  }
}

function some<T>(values: Iterable<T>, holds: (value: T) => boolean): boolean {
  for (const value of values) if (holds(value)) return true;
  return false;
}

/** Where what news tell of may lie. */
function placesOf(core: Core, { spot, generation, dropped }: CoinNews): Place[] {
  mintPlace(core.stage!.arena, spot, generation, minted);
  return [{ x: minted[0]!, y: minted[1]! }, ...dropped];
}

/** Those of the news that tell of something which may lie in somebody's sight. */
function concerning(news: readonly CoinNews[], places: readonly Place[][], other: Other, nowMs: number): CoinNews[] {
  return news.filter((_, i) => places[i]!.some(({ x, y }) => other.distanceTo(x, y, nowMs) <= TELLING_RADIUS));
}

interface Place {
  x: number;
  y: number;
}

const minted = new Int32Array(2);

function tellNewsTo(other: Other, news: readonly CoinNews[], nowMs: number): void {
  if (news.length > 0) sendReliable(other, encodeNews(news), nowMs);
}

/** Tells whose shot it was that it killed. Where there is no link, twice through the rendezvous. */
export function tellKill(core: Core, killer: PeerId, deaths: number, shotTick: number, nowMs: number): void {
  const message = encodeMesh({ type: 'meshKill', deaths: deaths & 0xffff, shotTick });
  const other = core.others.get(killer);
  if (other?.isReachable) sendReliable(other, message, nowMs);
  else for (let i = 0; i < 2; i++) core.rendezvous.relay(killer, message);
}

/** Tells the rendezvous the cell, so that it can introduce strangers; they are asked for when few others are known. */
export function tellCell(core: Core, cell: number, wantsStrangers: boolean, nowMs: number): void {
  if (core.rendezvous.state === 'entered') core.rendezvous.tellCell(cell, wantsStrangers, nowMs);
}

/** Says goodbye to all. */
export function sayBye(core: Core, nowMs: number): void {
  const bye = encodeMessage({ type: 'bye', text: 'left' });
  for (const other of core.others.values()) {
    // Twice, for datagrams get lost and there will be no third chance.
    if (other.id !== RENDEZVOUS) for (let i = 0; i < 2; i++) send(core, other.id, bye.slice(), nowMs);
  }
}
