/** What comes from other peers, and from the rendezvous on behalf of them. Bad bytes are counted and dropped. */
import { decodeMessage, kindOf } from '../messages.ts';
import { Kind, MAX_MESSAGE_BYTES, ProtocolError } from '../protocol.ts';
import { type PeerId, RENDEZVOUS } from '../session.ts';
import { takeHead, takeHeads } from './accusing.ts';
import { answerHello, entered, sendState } from './admission.ts';
import { compareChecksums, nameDesync } from './checks.ts';
import type { Commitments } from './commit-reveal.ts';
import { type Core, ownSeatOf } from './core.ts';
import { apply } from './governance.ts';
import type { Peer } from './peer.ts';
import { decodePeerInput, type PeerInput } from './peer-input-codec.ts';
import { decodePeerMessage, type PeerMessage } from './peer-messages.ts';
import { becomeCandidate, becomeObserver, refused } from './roles.ts';
import { isSameGroup, type Seat } from './roster.ts';
import { correct, linkChanged, peerOf, tellInputs } from './talking.ts';
import { decodeViewChange } from './view-codec.ts';

export function receive(core: Core, from: PeerId, bytes: Uint8Array, nowMs: number): void {
  if (from !== RENDEZVOUS) {
    receiveFromPeer(core, from, bytes, nowMs);
    return;
  }
  const { rendezvous } = core;
  const carried = rendezvous.receive(bytes, nowMs);
  // A rendezvous that was started anew may know the room no more: who plays, plays on without it.
  if (rendezvous.state === 'refused' && core.role === 'candidate') refused(core, rendezvous.refusal);
  else if (rendezvous.state === 'entered' && !core.isInRoom) entered(core, nowMs);
  if (!carried) return;
  if (carried.from === RENDEZVOUS) {
    guarded(core, () => core.changer.receive(RENDEZVOUS, carried.bytes, nowMs));
    return;
  }
  const peer = peerOf(core, carried.from, nowMs);
  // The other side could not reach us directly: the answer goes the same way.
  if (peer.link === 'down') linkChanged(core, carried.from, 'relayed', nowMs);
  receiveFromPeer(core, carried.from, carried.bytes, nowMs);
}

function guarded(core: Core, handle: () => void): void {
  try {
    handle();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    core.counters.malformed++;
  }
}

function receiveFromPeer(core: Core, from: PeerId, bytes: Uint8Array, nowMs: number): void {
  const peer = peerOf(core, from, nowMs);
  core.counters.receivedMessages++;
  core.counters.receivedBytes += bytes.length;
  guarded(core, () => {
    if (bytes.length > MAX_MESSAGE_BYTES) throw new ProtocolError(`message of ${bytes.length} bytes`);
    handle(core, peer, bytes, nowMs);
    peer.lastHeardMs = nowMs;
    peer.hasSpoken = true;
  });
}

function handle(core: Core, peer: Peer, bytes: Uint8Array, nowMs: number): void {
  switch (kindOf(bytes)) {
    case Kind.peerInput:
      handleInput(core, peer, decodePeerInput(bytes), nowMs);
      return;
    case Kind.prepare:
    case Kind.promise:
    case Kind.accept:
    case Kind.accepted:
    case Kind.outbid:
      if (core.role === 'member') core.changer.receive(peer.id, bytes, nowMs);
      return;
    case Kind.hello:
    case Kind.refuse:
    case Kind.bye:
    case Kind.reliable:
    case Kind.ack:
      handleCommon(core, peer, bytes, nowMs);
      return;
    default:
      handleRare(core, peer, decodePeerMessage(bytes), nowMs);
  }
}

function handleInput(core: Core, peer: Peer, message: PeerInput, nowMs: number): void {
  const { roster } = core;
  const timeline = core.role === 'member' ? core.stage!.timeline : null;
  peer.noteTime(message, timeline, nowMs);
  peer.acked = message.ack - 1;
  if (message.sealed) peer.commitmentAcked = message.sealed.ack - 1;
  if (!isSameGroup(message.view, roster.view)) return;
  if (message.view < roster.view) correct(core, peer, message.view, nowMs);
  if (core.role === 'candidate') return;
  const seat = roster.member(peer.id);
  if (!seat || (core.frozen.get(peer.id) ?? 0) > nowMs) return;
  const commitments = core.stage!.commitments;
  if (commitments) takeCommitments(core, commitments, seat, peer, message, nowMs);
  message.words.forEach((word, i) => {
    const tick = message.firstTick + i;
    if (commitments && !isWhatWasPromised(core, commitments, seat, tick, word, message.sealed?.nonces[i])) return;
    const outcome = seat.log.put(tick, word);
    if (outcome === 'conflict') core.counters.conflicts++;
    if (outcome !== 'new' || !timeline) return;
    const own = ownSeatOf(core);
    if (!commitments) peer.noteMargin((timeline.dueOf(tick) - nowMs) / timeline.tickMs, nowMs);
    else if (own) commitments.noteShown(own, tick, nowMs);
  });
  // Who waits for our input should not wait for our next tick as well.
  if (commitments?.open(roster, nowMs)) tellInputs(core, nowMs);
}

function takeCommitments(
  core: Core,
  commitments: Commitments,
  seat: Seat,
  peer: Peer,
  { sealed }: PeerInput,
  nowMs: number,
): void {
  const timeline = core.role === 'member' ? core.stage!.timeline : null;
  sealed?.commitments.forEach((commitment, i) => {
    const tick = sealed.firstTick + i;
    const outcome = commitments.take(seat, tick, commitment);
    if (outcome === 'conflict') core.counters.conflicts++;
    if (outcome === 'new' && timeline) peer.noteMargin((timeline.dueOf(tick) - nowMs) / timeline.tickMs, nowMs);
  });
}

function isWhatWasPromised(
  core: Core,
  commitments: Commitments,
  seat: Seat,
  tick: number,
  word: number,
  nonce: Uint8Array | undefined,
): boolean {
  if (seat.log.has(tick)) return true;
  if (!nonce) return false;
  const outcome = commitments.check(seat, tick, word, nonce);
  if (outcome === 'broken') core.counters.brokenCommitments++;
  return outcome === 'fits';
}

/** What sessions of every kind say. */
function handleCommon(core: Core, peer: Peer, bytes: Uint8Array, nowMs: number): void {
  const message = decodeMessage(bytes);
  switch (message.type) {
    case 'hello':
      answerHello(core, peer, message);
      return;
    case 'refuse':
      if (core.role === 'member' || core.state === 'playing') return;
      refused(core, message.text);
      core.outbox.tell({ type: 'refused', peer: peer.id, reason: message.reason, text: message.text });
      return;
    case 'bye':
      peer.isLeaving = true;
      peer.hello = null;
      core.careDueMs = nowMs;
      return;
    case 'reliable':
      for (const inner of peer.line.receive(message.sequence, message.inner)) {
        handleRare(core, peer, decodePeerMessage(inner), nowMs);
      }
      return;
    case 'ack':
      peer.line.acknowledged(message.next, nowMs);
      return;
    default:
      throw new ProtocolError(`a peer takes no ${message.type}`);
  }
}

function handleRare(core: Core, peer: Peer, message: PeerMessage, nowMs: number): void {
  const { role, roster } = core;
  switch (message.type) {
    case 'peerWelcome':
      peer.welcome = { view: message.view, tick: message.tick, atMs: nowMs };
      return;
    case 'stateRequest':
      if (role === 'member' && peer.hello) sendState(core, peer, nowMs);
      return;
    case 'statePart': {
      if (role !== 'candidate' || peer.id !== core.sponsor) return;
      core.stateAskedMs = nowMs;
      const whole = peer.assembly.add(message.index, message.count, message.bytes);
      if (whole) becomeObserver(core, whole, nowMs);
      return;
    }
    case 'evicted': {
      const isOurs = roster.member(peer.id) !== undefined && isSameGroup(message.view, roster.view);
      if (role !== 'candidate' && isOurs && message.view >= roster.view) becomeCandidate(core, nowMs);
      return;
    }
    case 'viewCommit': {
      if (!roster.member(peer.id)) return;
      const change = decodeViewChange(message.value);
      if (role !== 'candidate' && change.view === roster.view + 1) apply(core, change, nowMs);
      return;
    }
    case 'checksum':
      if (role === 'candidate') return;
      core.stage!.watch.receive(peer.id, message.tick, message.history, message.sums);
      compareChecksums(core, nowMs);
      return;
    case 'section':
      nameDesync(core, peer, message, nowMs);
      return;
    case 'heads':
      takeHeads(core, peer, message, nowMs);
      return;
    case 'headOf': {
      const { type: _, ...head } = message;
      takeHead(core, head, false, nowMs);
    }
  }
}
