/** What a lockstep session says to other peers, over which link, and whom it dials. */
import { rulesHash } from '../../game/rules-hash.ts';
import { encodeMessage } from '../messages.ts';
import { PROTOCOL_VERSION } from '../protocol.ts';
import { type LinkState, type PeerId, RENDEZVOUS } from '../session.ts';
import { type Core, confirmedTickOf, HELLO_EVERY_MS, ownSeatOf, selfOf } from './core.ts';
import { Peer } from './peer.ts';
import { encodePeerInput, MAX_INPUTS, MAX_SEALED_INPUTS, type PeerInput } from './peer-input-codec.ts';
import { encodePeerMessage, type PeerMessage } from './peer-messages.ts';
import { encodeViewChange } from './view-codec.ts';

/** A link that went down is tried again. */
const REDIAL_AFTER_MS = 3000;
/** What a peer missed is told again at most this often. */
const CORRECT_EVERY_MS = 100;
/** Changes that are told at once to somebody with an older view. */
const MAX_TOLD_CHANGES = 4;

export function peerOf(core: Core, id: PeerId, nowMs: number): Peer {
  let peer = core.peers.get(id);
  if (!peer) {
    peer = new Peer(id, (bytes) => send(core, id, bytes), nowMs);
    core.peers.set(id, peer);
  }
  return peer;
}

export function linkChanged(core: Core, id: PeerId, state: LinkState, nowMs: number): void {
  const peer = peerOf(core, id, nowMs);
  const wasReachable = peer.isReachable;
  peer.link = state;
  core.dialledMs.set(id, nowMs);
  if (state === 'down') return;
  // Both sides may find out on their own that they are relayed: what one said meanwhile must count for the other.
  if (!wasReachable) peer.line = Peer.lineTo(id, (bytes) => send(core, id, bytes));
  peer.lastHeardMs = nowMs;
  peer.hasSpoken = false;
  peer.welcome = null;
  core.helloDueMs = Math.min(core.helloDueMs, nowMs);
  core.careDueMs = Math.min(core.careDueMs, nowMs);
}

export function send(core: Core, to: PeerId, bytes: Uint8Array): void {
  if (to === RENDEZVOUS) {
    core.rendezvous.ballot(bytes);
    return;
  }
  const peer = core.peers.get(to);
  if (!peer?.isReachable) return;
  if (peer.link !== 'relayed') {
    core.outbox.send(to, 'unreliable', bytes);
    return;
  }
  core.wasRelayed = true;
  core.rendezvous.relay(to, bytes);
}

export function sendReliable(core: Core, to: PeerId, message: PeerMessage, nowMs: number): void {
  core.peers.get(to)?.line.send(encodePeerMessage(message), nowMs);
}

/** Of two peers the later one dials; a lost link is dialled again. */
export function dial(core: Core, nowMs: number): void {
  for (const id of core.rendezvous.peers) {
    if (id >= selfOf(core) || core.peers.get(id)?.isReachable) continue;
    if (nowMs - (core.dialledMs.get(id) ?? Number.NEGATIVE_INFINITY) < REDIAL_AFTER_MS) continue;
    core.dialledMs.set(id, nowMs);
    core.outbox.connect(id);
  }
}

/** Over a new link something is said until something comes back: where it is relayed, the other side learns of it so. */
export function greet(core: Core, peer: Peer, nowMs: number): void {
  if (peer.hasSpoken || !peer.isReachable || nowMs < peer.greetDueMs) return;
  peer.greetDueMs = nowMs + HELLO_EVERY_MS;
  send(core, peer.id, encodeMessage({ type: 'ack', next: 0 }));
}

/** Says who wants to play, to all of these. */
export function tellHello(core: Core, to: Iterable<PeerId>): void {
  const token = core.resumeToken;
  const { name } = core.options;
  const heads = core.stage?.heads;
  const key = heads ? { key: heads.crypto.publicKey } : {};
  const fixed = { type: 'hello', protocol: PROTOCOL_VERSION, rulesHash: rulesHash() } as const;
  const hello = encodeMessage({ ...fixed, name, token, ...key });
  for (const peer of to) send(core, peer, hello.slice());
}

/** Tells everybody who plays or watches the own inputs that it does not have yet, and where in time this peer is. */
export function tellInputs(core: Core, nowMs: number): void {
  const seat = ownSeatOf(core);
  const isMember = core.role === 'member';
  const base = {
    view: core.roster.view,
    position: isMember ? core.stage!.timeline.position(nowMs) : Math.max(0, confirmedTickOf(core)),
    timeMs: Math.floor(nowMs) & 0xffff,
  };
  const commitments = core.stage!.commitments;
  const most = commitments ? MAX_SEALED_INPUTS : MAX_INPUTS;
  const through = seat ? (commitments?.openThrough(seat) ?? seat.log.through) : -1;
  const showingTicks = commitments ? commitments.showingMs / core.stage!.timeline.tickMs : 0;
  for (const peer of core.peers.values()) {
    if (!peer.isReachable) continue;
    const other = core.roster.member(peer.id);
    // Strangers get nothing but an answer to what they say; candidates say hello first.
    if (!other && (peer.hello === null || !isMember)) continue;
    const first = seat ? Math.max(seat.firstTick, peer.acked + 1) : 0;
    const words: number[] = [];
    for (let t = first; t <= through && seat!.log.has(t) && words.length < most; t++) words.push(seat!.log.word(t));
    const message: PeerInput = {
      ...base,
      ...peer.echo(nowMs),
      marginTicks: peer.marginTicks - showingTicks,
      ack: other ? other.log.through + 1 : 0,
      firstTick: first,
      words,
    };
    if (commitments) message.sealed = commitments.part(seat, other, peer.commitmentAcked + 1, first, words.length);
    send(core, peer.id, encodePeerInput(message));
  }
}

/** Tells somebody with an older view what has been decided since. */
export function correct(core: Core, peer: Peer, view: number, nowMs: number): void {
  const { roster } = core;
  // Who was just dropped may be the only one who knows of it: it tells, too.
  if (core.role === 'observer' || nowMs - peer.correctedMs < CORRECT_EVERY_MS) return;
  peer.correctedMs = nowMs;
  for (let next = view + 1; next <= roster.view && next <= view + MAX_TOLD_CHANGES; next++) {
    const change = roster.change(next);
    if (change) send(core, peer.id, encodePeerMessage({ type: 'viewCommit', value: encodeViewChange(change) }));
    else if (!roster.member(peer.id)) {
      send(core, peer.id, encodePeerMessage({ type: 'evicted', view: roster.view }));
      return;
    }
  }
}
