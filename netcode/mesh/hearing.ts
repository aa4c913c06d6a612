/** What a mesh session takes from others. Bad bytes are counted and dropped, whoever sent them. */
import { MAX_HEALTH, SHIELD_ABSORBS } from '../../game/constants.ts';
import { creditKill } from '../../game/step.ts';
import { Status } from '../../game/world.ts';
import { decodeMessage, encodeMessage, kindOf } from '../messages.ts';
import { Kind, PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';
import { type PeerId, RENDEZVOUS } from '../session.ts';
import { hearShot } from './avatar.ts';
import { messagesIn } from './bundle.ts';
import type { Core } from './core.ts';
import type { CoinNews } from './ledger/coin-book.ts';
import { decodeNews, decodeNewsList, encodeNews } from './ledger/news-codec.ts';
import { MAX_MESH_MESSAGE_BYTES } from './limits.ts';
import { answerAsk, hearNear, isGone, vanish } from './linking.ts';
import { NO_TILE, type Other } from './other.ts';
import { decodeMesh } from './peer-codec.ts';
import { hearSignal } from './signalling.ts';
import { decodeState, stateTick } from './state-codec.ts';
import { answerState, forward, peerOf, send, tellNewsOn } from './telling.ts';
import { isOldState } from './trust/state-window.ts';

/** A state of a tick so far ahead of ours is a clock's mistake, or a lie. */
const MAX_AHEAD_TICKS = 20;

export function receive(core: Core, from: PeerId, bytes: Uint8Array, nowMs: number): void {
  if (from !== RENDEZVOUS) {
    hear(core, from, bytes, false, nowMs);
    return;
  }
  const malformed = core.rendezvous.counters.malformed;
  const carried = core.rendezvous.receive(bytes, nowMs);
  core.counters.malformed += core.rendezvous.counters.malformed - malformed;
  if (carried && carried.from !== RENDEZVOUS) hear(core, carried.from, carried.bytes, true, nowMs);
}

function hear(core: Core, from: PeerId, bytes: Uint8Array, isCarried: boolean, nowMs: number): void {
  core.counters.receivedMessages++;
  core.counters.receivedBytes += bytes.length;
  // Nothing can be told from what peers say before the own match is known.
  if (!core.stage) return;
  try {
    if (bytes.length > MAX_MESH_MESSAGE_BYTES) throw new ProtocolError(`${bytes.length} bytes`);
    const kind = kindOf(bytes);
    const other = peerOf(core, from, nowMs);
    if (bytes[0] !== PROTOCOL_VERSION) {
      refuseVersion(core, other, kind, bytes, nowMs);
      return;
    }
    // What the rendezvous carried says nothing of a link: that may lead to a program that died.
    if (!isCarried || other.link === 'relayed') other.lastHeardMs = nowMs;
    const told = core.trust ? core.trust.open(from, bytes, isCarried) : bytes;
    if (!told) return;
    if (kind !== Kind.meshBundle) deliver(core, other, told, nowMs);
    else
      for (const message of messagesIn(told))
        if (!core.trust?.refuses(from, message)) deliver(core, other, message, nowMs);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    core.counters.malformed++;
  }
}

/** Whoever says hello in another version is told so, as everywhere (P6). */
function refuseVersion(core: Core, from: Other, kind: number, bytes: Uint8Array, nowMs: number): void {
  if (kind !== Kind.hello) throw new ProtocolError(`protocol version ${bytes[0]}`);
  const text = `this match speaks protocol ${PROTOCOL_VERSION}, you speak ${bytes[0]}: update the older of the two`;
  send(core, from.id, encodeMessage({ type: 'refuse', reason: 'protocol', text }), nowMs);
}

function deliver(core: Core, other: Other, bytes: Uint8Array, nowMs: number): void {
  const kind = kindOf(bytes);
  if (kind === Kind.meshState) {
    hearState(core, other, other, bytes, nowMs);
    forward(core, other, bytes, nowMs);
  } else if (kind === Kind.meshNews) {
    hearAnswer(core, other, decodeNews(bytes, core.stage!.arena), nowMs);
  } else if (kind >= Kind.meshPing && kind <= Kind.meshSignal) {
    hearMesh(core, other, bytes, nowMs);
  } else if (kind >= Kind.meshHello && kind < Kind.ledgerClaim && core.trust) {
    core.trust.receive(other.id, bytes, nowMs);
  } else if (kind >= Kind.ledgerClaim && kind <= Kind.ledgerLast) {
    core.stage!.ledger.receive(other.id, bytes, nowMs);
  } else {
    hearCommon(core, other, bytes, nowMs);
  }
}

function hearCommon(core: Core, other: Other, bytes: Uint8Array, nowMs: number): void {
  const message = decodeMessage(bytes);
  switch (message.type) {
    case 'reliable':
      for (const inner of other.line.receive(message.sequence, message.inner)) hearReliable(core, other, inner, nowMs);
      return;
    case 'ack':
      other.line.acknowledged(message.next, nowMs);
      return;
    case 'bye':
      isGone(core, other);
      return;
    default:
      throw new ProtocolError(`a peer of a mesh takes no ${message.type}`);
  }
}

function hearReliable(core: Core, other: Other, inner: Uint8Array, nowMs: number): void {
  const kind = kindOf(inner);
  // Nested deep enough, they would exhaust the stack.
  if (kind === Kind.reliable) throw new ProtocolError('reliable inside reliable');
  if (kind === Kind.meshNews) learnNews(core, other, decodeNews(inner, core.stage!.arena), nowMs);
  else deliver(core, other, inner, nowMs);
}

function hearMesh(core: Core, other: Other, bytes: Uint8Array, nowMs: number): void {
  const message = decodeMesh(bytes, core.stage!.arena.size);
  switch (message.type) {
    case 'meshPing':
      other.notePing(message.timeMs, message.echoMs, message.heldMs, nowMs);
      if (message.tile === NO_TILE) return;
      core.trust?.heardTile(other, message.tile);
      other.tile = message.tile;
      other.tileAtMs = nowMs;
      other.isGuessed = false;
      // It tells no place: it is where we cannot see it.
      vanish(core, other);
      return;
    case 'meshAsk':
      answerAsk(core, other, message, nowMs);
      return;
    case 'meshNear':
      hearNear(core, other, message.peers, nowMs);
      return;
    case 'meshForward': {
      if (kindOf(message.state) !== Kind.meshState) throw new ProtocolError('forwarded what is no state');
      // Who still lives by the numbers of a match before may mean somebody else by ours.
      if (message.peer === core.rendezvous.self) return;
      const owner = peerOf(core, message.peer, nowMs);
      owner.introducer = other.id;
      hearState(core, owner, other, message.state, nowMs);
      return;
    }
    case 'meshKill':
      hearKill(core, other, message.deaths);
      return;
    case 'meshSignal':
      hearSignal(core, other, message, nowMs);
      return;
  }
}

/** `teller`: the owner itself, or who forwards. */
function hearState(core: Core, owner: Other, teller: Other, bytes: Uint8Array, nowMs: number): void {
  const stage = core.stage!;
  const tick = stateTick(bytes);
  if (core.trust?.takes(owner, teller.id, tick, bytes, nowMs) === false) return;
  const ownTick = core.player >= 0 ? core.nextTick : tick;
  if (isOldState(stage.settings, owner.state?.tick ?? -1, tick, ownTick)) {
    core.counters.oldStates++;
    return;
  }
  if (core.player >= 0 && tick > core.nextTick + MAX_AHEAD_TICKS) {
    core.counters.earlyStates++;
    return;
  }
  const state = decodeState(bytes, stage.arena.size);
  core.counters.statesReceived++;
  owner.state = state;
  owner.stateAtMs = nowMs;
  owner.isGuessed = false;
  owner.isDirect = owner === teller;
  if (owner.isDirect) {
    core.trust?.heard(owner, state);
    answerState(core, owner, nowMs);
  }
  showOther(core, owner, nowMs);
  if (state.news.length > 0) learnNews(core, owner, decodeNewsList(state.news, stage.arena), nowMs);
}

/** Puts what an owner told into the own world. */
export function showOther(core: Core, owner: Other, nowMs: number): void {
  const { state, slot } = owner;
  const stage = core.stage!;
  if (!state || slot < 0 || slot === core.player) return;
  const { players, match } = stage.world;
  players.status[slot] = state.isAlive ? Status.alive : Status.dead;
  players.x[slot] = state.x;
  players.y[slot] = state.y;
  players.aim[slot] = state.aim;
  players.health[slot] = Math.min(MAX_HEALTH, state.health);
  players.shield[slot] = state.isShielded ? SHIELD_ABSORBS : 0;
  players.deaths[slot] = state.deaths;
  stage.toldTick[slot] = state.tick;
  stage.buttons[slot] = state.buttons;
  match.playerLimit[0] = Math.max(match.playerLimit[0]!, slot + 1);
  if (core.player < 0) return;
  for (const shot of state.shots) hearShot(core, slot, shot, state.tick, nowMs);
}

/** One of ours killed the sender; counted once per death. */
function hearKill(core: Core, victim: Other, deaths: number): void {
  if (core.player < 0 || core.credited.get(victim.id) === deaths) return;
  core.credited.set(victim.id, deaths);
  creditKill(core.stage!.world, core.player);
}

/** News that come as they are answer what was asked: others ask for themselves. Who told what is old is told better. */
function hearAnswer(core: Core, from: Other, news: readonly CoinNews[], nowMs: number): void {
  const { book } = core.stage!.ledger;
  const better = book.betterThan(news);
  book.apply(news);
  if (better.length > 0) send(core, from.id, encodeNews(better), nowMs);
}

function learnNews(core: Core, from: Other, news: readonly CoinNews[], nowMs: number): void {
  const stage = core.stage!;
  const fresh = stage.ledger.book.apply(news);
  // They are laid into the world in the next tick.
  if (fresh.length > 0) tellNewsOn(core, fresh, from, nowMs);
}
