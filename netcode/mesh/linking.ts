/**
 * Who is worth a link. Neighbours are asked whom they know that we do not (those ahead of us first), the rendezvous
 * introduces strangers by cell; whoever will soon be in sight is dialled before it is. Until its link is up, the neighbour
 * that told of it forwards. Links are few: past the limit the least useful is closed. Dialled and closed links are the
 * price of an interest mesh (Hu & Liao 2004 discuss neighbour discovery by neighbours, as Voronoi overlays).
 */
import { TILE, VISION_RADIUS } from '../../game/constants.ts';
import { Button } from '../../game/input.ts';
import type { PeerId } from '../session.ts';
import { clearSlot } from './avatar.ts';
import { cellOf } from './cells.ts';
import { type Core, ownPlace, placeForLinks } from './core.ts';
import { type KnownSpots, LAST_SPOT, NO_SPOTS } from './ledger/coin-book.ts';
import { encodeNews } from './ledger/news-codec.ts';
import { FRESH_MS, LINKING_RADIUS, type Other, TELLING_RADIUS, tileOf } from './other.ts';
import { encodeMesh, MAX_LISTED, type MeshMessage } from './peer-codec.ts';
import { linkChanged, peerOf, ping, say, send, sendOverdue, sendSoon, tellCell } from './telling.ts';

/** A link over which nothing comes for so long is given up. */
const HANG_UP_AFTER_MS = 4000;
/** A link that did not come up, or went down, is tried again. */
const REDIAL_AFTER_MS = 3000;
const ASK_EVERY_MS = 500;
/** The dead make links where they will be back, but not before this. */
const PREPARE_MS = 1500;
/** Strangers of one cell of whom no more is known are dialled until there are so many links there: these tell of the others. */
const CONTACTS = 2;
const ASKED_AT_ONCE = 3;
/** The dead, who know nobody where they will be, ask more. */
const ASKED_BY_DEAD = 6;
/** Without need the rendezvous is asked for strangers this often. */
const STRANGERS_EVERY_MS = 5000;
/** Somebody of whom nothing more was heard is forgotten. */
const FORGET_AFTER_MS = 10_000;
/** A link that was closed is not dialled again before this, unless the two are nearer. */
const TURNED_AWAY_MS = 8000;
/** Links kept free for those who dial us. */
const SPARE_LINKS = 4;
/** A link is not closed for want of room before it is this old. */
const LEAST_LINK_MS = 2000;
/** For so long it may be unknown how far the other end of a new link is. */
const NEW_LINK_MS = 500;
/** Pings that tell a tile come at least every 1.5 s, states of somebody in sight several times a second; a few may be lost. */
const SILENT_MS = 2000;
const SILENT_IN_SIGHT_MS = 400;
/** Whoever seems to be this near surely should tell its place, though only its tile may be known. */
const SURE_SIGHT = VISION_RADIUS - TILE;
/** A state is forwarded for so long after it was asked for. */
const FORWARD_MS = 1000;
/** How far ahead of the asker is looked, in sub-units of way along each axis. */
const AHEAD = 64 * 256;
/** The least difference in distance for which one link is given up for another. */
const WORTH_IT = 64 * 256;

/** Regular care: silent peers, links to make and to close, whom to ask. */
export function careForLinks(core: Core, nowMs: number): void {
  const place = placeForLinks(core);
  core.trust?.advance(nowMs);
  let open = 0;
  for (const other of core.others.values()) {
    watchSilence(core, other, nowMs);
    if (other.isReachable) {
      other.line.advance(nowMs);
      ping(core, other, nowMs);
      sendOverdue(core, other, nowMs);
      open++;
    } else if (nowMs - other.dialledMs < REDIAL_AFTER_MS) open++;
    else if (nowMs - Math.max(other.lastHeardMs, other.placedAtMs) > FORGET_AFTER_MS) forget(core, other);
  }
  if (!place) return;
  closeLeast(core, place.x, place.y, nowMs);
  // Whoever is near a dead one's place now will have gone on when it is back.
  if (msUntilBack(core) > PREPARE_MS) return;
  dialNear(core, place.x, place.y, open, nowMs);
  if (nowMs >= core.askDueMs) askAround(core, place, nowMs);
  meetStrangers(core, place.x, place.y, nowMs);
}

/** Of a dead player; 0 for the living. */
function msUntilBack({ returnsTo, stage, player }: Core): number {
  if (!returnsTo) return 0;
  const { players, match } = stage!.world;
  return ((players.spawnTick[player]! - match.tick[0]!) * 1000) / stage!.settings.config.tickRateHz;
}

function watchSilence(core: Core, other: Other, nowMs: number): void {
  if (other.isReachable && nowMs - other.lastHeardMs > HANG_UP_AFTER_MS) core.outbox.disconnect(other.id, 'silent');
  if (other.state && nowMs - other.stateAtMs > FRESH_MS) vanish(core, other);
}

/** Its avatar is no longer believed to be anywhere. */
export function vanish(core: Core, other: Other): void {
  other.state = null;
  other.isDirect = false;
  if (other.slot >= 0 && other.slot !== core.player && core.stage) clearSlot(core.stage, other.slot);
}

/** It said goodbye, or has lost its seat. */
export function isGone(core: Core, other: Other): void {
  vanish(core, other);
  other.tile = -1;
  if (other.isReachable) core.outbox.disconnect(other.id, 'gone');
}

function forget(core: Core, other: Other): void {
  vanish(core, other);
  core.others.delete(other.id);
  core.trust?.forget(other.id);
}

function dialNear(core: Core, x: number, y: number, open: number, nowMs: number): void {
  const wanted: { other: Other; distance: number }[] = [];
  for (const other of core.others.values()) {
    if (other.isReachable || other.slot < 0 || nowMs - other.dialledMs < REDIAL_AFTER_MS) continue;
    if (core.epoch?.seatOf(other.id)?.isAway !== false || core.trust?.isBanned(other.id)) continue;
    if (nowMs - other.placedAtMs > FRESH_MS) continue;
    const distance = other.distanceTo(x, y, nowMs);
    if (distance > TELLING_RADIUS && !comesNearer(core, other, x, y, distance, nowMs)) continue;
    // Who had no room for us has none before we are nearer, or somebody else has gone.
    const wasTurnedAway =
      nowMs - other.downMs < TURNED_AWAY_MS && (distance > other.downDistance - WORTH_IT || distance > TELLING_RADIUS);
    if (distance <= LINKING_RADIUS && !wasTurnedAway) wanted.push({ other, distance });
  }
  if (wanted.length === 0) return;
  wanted.sort((a, b) => a.distance - b.distance || a.other.id - b.other.id);
  const contacts = wanted.some(({ other }) => other.isGuessed) ? contactsByCell(core, nowMs) : new Map();
  let room = core.stage!.settings.maxLinks - SPARE_LINKS - open;
  for (const { other, distance } of wanted) {
    // For somebody who is not in sight yet, as far as is known, only links to nowhere near are given up.
    const isInSight = distance <= TELLING_RADIUS && !other.isGuessed;
    if (other.isGuessed && !meet(contacts, other)) continue;
    if (room <= 0 && !closeFarther(core, x, y, isInSight ? distance : LINKING_RADIUS, nowMs)) continue;
    room--;
    other.dialledMs = nowMs;
    core.outbox.connect(other.id);
  }
}

/** Of two who are not in sight yet the one dials that comes nearer to the other. True where that is not known. */
function comesNearer(core: Core, other: Other, x: number, y: number, distance: number, nowMs: number): boolean {
  if (core.returnsTo || other.isGuessed) return true;
  const [stepX, stepY] = directionOf(core.taken.buttons);
  return other.distanceTo(x + stepX * AHEAD, y + stepY * AHEAD, nowMs) < distance;
}

/** By cell, how many there are with whom there is a link, or is about to be. */
function contactsByCell(core: Core, nowMs: number): Map<number, number> {
  const contacts = new Map<number, number>();
  for (const other of core.others.values()) {
    const isKnown = other.state !== null || other.tile >= 0;
    if (isKnown && (other.isReachable || nowMs - other.dialledMs < REDIAL_AFTER_MS)) meet(contacts, other);
  }
  return contacts;
}

/** Counts one more of those who can tell of others in its cell; false when there are enough. */
function meet(contacts: Map<number, number>, other: Other): boolean {
  const { state, tile } = other;
  const cell = state && !other.isGuessed ? cellOf(state.x, state.y) : cellOf((tile & 255) * TILE, (tile >>> 8) * TILE);
  const count = contacts.get(cell) ?? 0;
  contacts.set(cell, count + 1);
  return count < CONTACTS;
}

/** Closes the farthest link when it is clearly farther than `distance`. */
function closeFarther(core: Core, x: number, y: number, distance: number, nowMs: number): boolean {
  const least = leastUseful(core, x, y, nowMs);
  if (!least || least.distance < distance + WORTH_IT) return false;
  close(core, least.other, nowMs);
  return true;
}

function leastUseful(
  core: Core,
  x: number,
  y: number,
  nowMs: number,
  leastAgeMs = LEAST_LINK_MS,
): { other: Other; distance: number } | null {
  let least: { other: Other; distance: number } | null = null;
  for (const other of core.others.values()) {
    if (!other.isReachable || nowMs - other.upMs < leastAgeMs) continue;
    const known = other.distanceTo(x, y, nowMs);
    // Who tells neither place nor tile is about to appear somewhere, perhaps here.
    const distance = known === Number.POSITIVE_INFINITY ? LINKING_RADIUS : known;
    if (!least || distance > least.distance) least = { other, distance };
  }
  return least;
}

/** Keeps to the limit: past it the farthest goes. Of who has only just dialled nobody knows yet how far it is. */
function closeLeast(core: Core, x: number, y: number, nowMs: number): void {
  let links = 0;
  for (const other of core.others.values()) if (other.isReachable) links++;
  for (; links > core.stage!.settings.maxLinks; links--) {
    const least = leastUseful(core, x, y, nowMs, NEW_LINK_MS);
    if (least) close(core, least.other, nowMs);
  }
}

function close(core: Core, other: Other, nowMs: number): void {
  core.counters.linksClosed++;
  core.outbox.disconnect(other.id, 'others are nearer');
  linkChanged(core, other.id, 'down', nowMs);
}

/** Asks three neighbours whom they know: the one farthest ahead, and anyone. Of where the dead will be they tell the cell only. */
function askAround(core: Core, place: { x: number; y: number }, nowMs: number): void {
  core.askDueMs = nowMs + ASK_EVERY_MS;
  const isBack = core.returnsTo === null;
  const x = isBack ? place.x : middleOfCell(place.x, core);
  const y = isBack ? place.y : middleOfCell(place.y, core);
  const buttons = isBack ? core.taken.buttons : 0;
  const near = [...core.others.values()].filter(
    (other) => other.isReachable && (isBack ? other.hasPlace(nowMs) : other.distanceTo(x, y, nowMs) <= LINKING_RADIUS),
  );
  if (near.length === 0) return;
  const [stepX, stepY] = directionOf(buttons);
  const distance = (other: Other) => other.distanceTo(x, y, nowMs);
  const ahead = ({ state }: Other) => (state!.x - x) * stepX + (state!.y - y) * stepY;
  const asked = new Set<Other>();
  if (!isBack) asked.add(near.reduce((best, other) => (distance(other) < distance(best) ? other : best)));
  if (stepX !== 0 || stepY !== 0) asked.add(near.reduce((best, other) => (ahead(other) > ahead(best) ? other : best)));
  const enough = Math.min(isBack ? ASKED_AT_ONCE : ASKED_BY_DEAD, near.length);
  while (asked.size < enough) asked.add(near[core.random.below(near.length)]!);
  const known = [...core.others.values()]
    .filter((other) => tellsItself(other, x, y, nowMs) || nowMs - other.dialledMs < REDIAL_AFTER_MS / 2)
    .slice(0, MAX_LISTED)
    .map(({ id }) => id);
  let coins = coinsAround(core, x, y);
  for (const other of asked) {
    core.counters.asks++;
    const ask = encodeMesh({ type: 'meshAsk', x, y, buttons, known, coins });
    // Who is told our states gets it with one of them.
    if (other.isTold) sendSoon(core, other, ask, nowMs);
    else send(core, other.id, ask, nowMs);
    // One of them is enough to be told what lies there.
    coins = NO_SPOTS;
  }
}

/** What it knows of coins around, in turns where that is too much for one message. */
function coinsAround(core: Core, x: number, y: number): KnownSpots {
  const coins = core.stage!.ledger.book.knownAround(x, y, TELLING_RADIUS, core.askedSpot);
  core.askedSpot = coins.through === LAST_SPOT ? 0 : coins.through + 1;
  return coins;
}

/**
 * Whether a peer tells us, who are at (x, y), where it is: by its place when it is in sight, else by its tile. Of one that
 * keeps silent neighbours are asked, link or not: it may tell them what it withholds from us.
 */
function tellsItself(other: Other, x: number, y: number, nowMs: number): boolean {
  if (!other.isReachable || nowMs - other.upMs < SILENT_MS) return other.isReachable;
  const placeMs = other.isDirect ? other.stateAtMs : Number.NEGATIVE_INFINITY;
  if (other.distanceTo(x, y, nowMs) <= SURE_SIGHT) return nowMs - placeMs < SILENT_IN_SIGHT_MS;
  return nowMs - Math.max(placeMs, other.tileAtMs) < SILENT_MS;
}

/** Along one axis, of the cell that a coordinate lies in. */
function middleOfCell(at: number, { stage }: Core): number {
  const middle = ((at / VISION_RADIUS) | 0) * VISION_RADIUS + (VISION_RADIUS >> 1);
  return Math.min(middle, stage!.arena.size - 1);
}

function directionOf(buttons: number): [number, number] {
  const x = (buttons & Button.right ? 1 : 0) - (buttons & Button.left ? 1 : 0);
  const y = (buttons & Button.down ? 1 : 0) - (buttons & Button.up ? 1 : 0);
  return [x, y];
}

/** Tells an asker those near where it is going to be that it does not know, and forwards what they tell for a while. */
export function answerAsk(
  core: Core,
  asker: Other,
  { x, y, buttons, known: listed, coins }: Extract<MeshMessage, { type: 'meshAsk' }>,
  nowMs: number,
): void {
  const place = ownPlace(core);
  // Who asks from where we do not see has no need to know.
  if (!place) return;
  const distance = asker.distanceTo(place.x, place.y, nowMs);
  // Of one that is dead, or new, nothing is known: it asks for where it will be.
  if (distance > LINKING_RADIUS && distance < Number.POSITIVE_INFINITY) return;
  asker.tile = tileOf(x, y);
  asker.tileAtMs = nowMs;
  const [stepX, stepY] = directionOf(buttons);
  // The dead ask many, each of whom hears nearly the same: the first forwards.
  const forwards = (asker.hasPlace(nowMs) && asker.state!.isAlive) || coins.from <= coins.through;
  const skip = new Set(listed);
  const peers: { peer: PeerId; tile: number }[] = [];
  for (const other of core.others.values()) {
    if (other === asker || !other.isDirect || !other.hasPlace(nowMs) || peers.length === MAX_LISTED) continue;
    if (skip.has(other.id)) {
      other.forwardUntilMs.delete(asker.id);
      continue;
    }
    const state = other.state!;
    if (!state.isAlive) continue;
    const now = other.distanceTo(x, y, nowMs);
    const soon = other.distanceTo(x + stepX * AHEAD, y + stepY * AHEAD, nowMs);
    if (Math.min(now, soon) > LINKING_RADIUS) continue;
    peers.push({ peer: other.id, tile: tileOf(state.x, state.y) });
    if (forwards) other.forwardUntilMs.set(asker.id, nowMs + FORWARD_MS);
  }
  const news = core.stage!.ledger.book.newsFor(coins, x, y, TELLING_RADIUS);
  if (news.length > 0) send(core, asker.id, encodeNews(news), nowMs);
  if (peers.length === 0) return;
  core.counters.introductions += peers.length;
  say(core, asker.id, { type: 'meshNear', peers }, nowMs);
}

/** A neighbour told of others. */
export function hearNear(
  core: Core,
  introducer: Other,
  peers: readonly { peer: PeerId; tile: number }[],
  nowMs: number,
): void {
  for (const { peer, tile } of peers) {
    if (peer === core.rendezvous.self) continue;
    const other = peerOf(core, peer, nowMs);
    if (other.isReachable) continue;
    other.tile = tile;
    other.tileAtMs = nowMs;
    other.isGuessed = false;
    other.introducer = introducer.id;
    core.careDueMs = Math.min(core.careDueMs, nowMs);
  }
}

/** The rendezvous told who is in the cells around: each may be at the nearest point of its cell. */
export function hearStrangers(core: Core, peers: readonly { peer: PeerId; cell: number }[], nowMs: number): void {
  const place = placeForLinks(core);
  if (!place) return;
  for (const { peer, cell } of peers) {
    if (peer === core.rendezvous.self) continue;
    const other = peerOf(core, peer, nowMs);
    if (other.isReachable || nowMs - other.placedAtMs < FRESH_MS) continue;
    const x = nearest(place.x, (cell & 255) * VISION_RADIUS);
    const y = nearest(place.y, (cell >>> 8) * VISION_RADIUS);
    other.tile = tileOf(x, y);
    other.tileAtMs = nowMs;
    other.isGuessed = true;
    core.careDueMs = Math.min(core.careDueMs, nowMs);
  }
}

/** The coordinate within a cell that is nearest to `at`. */
function nearest(at: number, edge: number): number {
  return Math.max(edge, Math.min(edge + VISION_RADIUS - 1, at));
}

/** Tells the rendezvous the own cell; asks for strangers when nobody is in sight, and from time to time. */
function meetStrangers(core: Core, x: number, y: number, nowMs: number): void {
  let inSight = 0;
  for (const other of core.others.values()) {
    if (other.isReachable && other.distanceTo(x, y, nowMs) <= VISION_RADIUS) inSight++;
  }
  const isAlone = inSight === 0 && nowMs >= core.strangersDueMs - STRANGERS_EVERY_MS + ASK_EVERY_MS;
  const wants = isAlone || nowMs >= core.strangersDueMs;
  if (wants) core.strangersDueMs = nowMs + STRANGERS_EVERY_MS;
  tellCell(core, cellOf(x, y), wants, nowMs);
}
