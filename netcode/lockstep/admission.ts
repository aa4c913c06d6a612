/**
 * Coming in: a candidate says hello to all it can reach, takes the state from a member, follows as an observer until the
 * members let it in; who finds no members asks the rendezvous whether it may found the match. And the members' side of it.
 */
import { rulesHash } from '../../game/rules-hash.ts';
import { encodeMessage, type Hello } from '../messages.ts';
import { PROTOCOL_VERSION, ProtocolError } from '../protocol.ts';
import { type Core, confirmedTickOf, createStage, HELLO_EVERY_MS, selfOf } from './core.ts';
import { apply } from './governance.ts';
import type { Peer } from './peer.ts';
import { encodePeerMessage, partsOf } from './peer-messages.ts';
import { becomeCandidate, beginAt, refused, reportMembers } from './roles.ts';
import { firstViewOf, Roster } from './roster.ts';
import { decodeSettings } from './settings.ts';
import { encodeState } from './state-codec.ts';
import { send, sendReliable, tellHello, tellInputs } from './talking.ts';

const STATE_RETRY_MS = 1500;
/** A candidate that nobody welcomed for this long asks whether it may found the match. */
const FOUND_AFTER_MS = 1200;
const FOUND_EVERY_MS = 500;
/** A welcome is repeated with each hello; who fell silent, or lost its own membership, repeats none. */
const WELCOME_LASTS_MS = 2500;
/** An observer that did not get on for so long asks for the state again. */
const STUCK_AFTER_MS = 2500;

/** The rendezvous let us into the room, for the first time or again. */
export function entered(core: Core, nowMs: number): void {
  const self = selfOf(core);
  const isFirst = core.enteredAs < 0;
  const isOther = core.enteredAs !== self;
  core.isInRoom = true;
  core.enteredAs = self;
  if (core.role === 'member' && isOther) becomeCandidate(core, nowMs);
  if (core.role === 'member') reportMembers(core, nowMs);
  core.enteredMs = nowMs;
  if (isFirst) {
    try {
      const settings = decodeSettings(core.rendezvous.settings!);
      if (settings.defences.signedHeads && !core.options.crypto) {
        refused(core, 'in this match everybody signs its inputs, and this program cannot');
        return;
      }
      core.stage = createStage(core, settings);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused(core, `the room's settings cannot be read: ${error.message}`);
      return;
    }
  }
  core.careDueMs = nowMs;
}

/** What a candidate does until somebody gives it the state. */
export function askToPlay(core: Core, nowMs: number): void {
  const reachable = [...core.peers.values()].filter((peer) => peer.isReachable);
  if (nowMs >= core.helloDueMs) {
    core.helloDueMs = nowMs + HELLO_EVERY_MS;
    tellHello(
      core,
      reachable.map(({ id }) => id),
    );
  }
  const members = reachable.filter(({ welcome }) => welcome !== null && nowMs - welcome.atMs < WELCOME_LASTS_MS);
  if (members.length === 0) {
    askToFound(core, nowMs);
    return;
  }
  if (nowMs - core.stateAskedMs < STATE_RETRY_MS) return;
  // The newest view first: somebody may still be in an older one. Then another each time.
  const view = Math.max(...members.map(({ welcome }) => welcome!.view));
  const sponsors = members.filter(({ welcome }) => welcome!.view === view).sort((a, b) => a.id - b.id);
  const next = sponsors.find(({ id }) => id > core.sponsor) ?? sponsors[0]!;
  core.sponsor = next.id;
  core.stateAskedMs = nowMs;
  sendReliable(core, next.id, { type: 'stateRequest' }, nowMs);
}

function askToFound(core: Core, nowMs: number): void {
  if (core.rendezvous.state !== 'entered') return;
  if (core.rendezvous.founding === 'granted') {
    found(core, nowMs);
    return;
  }
  const isAlone = core.rendezvous.peers.size === 0;
  if (!isAlone && nowMs - core.enteredMs < FOUND_AFTER_MS) return;
  if (nowMs - core.foundAskedMs < FOUND_EVERY_MS) return;
  core.foundAskedMs = nowMs;
  core.rendezvous.askFounding(nowMs);
}

/** Begins the match as its only member. */
function found(core: Core, nowMs: number): void {
  const { initialState, timeline, heads } = core.stage!;
  core.rendezvous.founding = 'unknown';
  core.roster = new Roster();
  beginAt(core, initialState);
  core.role = 'member';
  timeline.start(1, nowMs);
  const group = new Uint8Array(2);
  core.options.randomBytes(group);
  core.changer.changeGroup();
  const { name } = core.options;
  const key = heads ? { key: heads.crypto.publicKey } : {};
  const join = { peer: selfOf(core), slot: 0, name, token: core.resumeToken, firstTick: 1, resumes: false, ...key };
  apply(core, { view: firstViewOf(group[0]! | (group[1]! << 8)), drops: [], joins: [join] }, nowMs);
}

/** What an observer does until the members let it in. */
export function follow(core: Core, nowMs: number): void {
  if (nowMs - core.progressMs > STUCK_AFTER_MS) {
    becomeCandidate(core, nowMs);
    return;
  }
  if (nowMs >= core.helloDueMs) {
    // Members that came later, or lost the first one, must know who follows them.
    core.helloDueMs = nowMs + HELLO_EVERY_MS;
    tellHello(
      core,
      core.roster.members.map(({ peer }) => peer),
    );
  }
  tellInputs(core, nowMs);
}

/** Somebody wants to play: a member says whether it is welcome. */
export function answerHello(core: Core, peer: Peer, hello: Hello): void {
  if (core.role !== 'member') return;
  const refusal = objection(core, peer, hello);
  if (refusal) {
    send(core, peer.id, encodeMessage({ type: 'refuse', ...refusal }));
    core.outbox.tell({ type: 'refused', peer: peer.id, ...refusal });
    return;
  }
  const key = hello.key ? { key: hello.key } : {};
  peer.hello = { name: hello.name || 'player', token: hello.token!, ...key };
  peer.isLeaving = false;
  const tick = Math.max(0, confirmedTickOf(core));
  send(core, peer.id, encodePeerMessage({ type: 'peerWelcome', view: core.roster.view, tick }));
}

interface Objection {
  reason: 'protocol' | 'rules' | 'full' | 'banned' | 'malformed';
  text: string;
}

function objection(core: Core, peer: Peer, hello: Hello): Objection | null {
  if (hello.protocol !== PROTOCOL_VERSION) {
    const text = `this match speaks protocol ${PROTOCOL_VERSION}, you speak ${hello.protocol}: update the older of the two`;
    return { reason: 'protocol', text };
  }
  if (hello.rulesHash !== rulesHash()) {
    const text = 'your rules of the game differ from this match: use the same version on both sides';
    return { reason: 'rules', text };
  }
  if (!hello.token) return { reason: 'malformed', text: 'a peer brings a token of its own' };
  const { heads } = core.stage!;
  if (heads && !hello.key)
    return { reason: 'malformed', text: 'in this match everybody signs its inputs: bring a key' };
  if (heads?.isBanned(peer.id, hello.key)) {
    return { reason: 'banned', text: 'you told peers of this match different stories' };
  }
  const slots = core.stage!.settings.config.players;
  const isNew = !core.roster.member(peer.id) && !core.roster.heldSeat(hello.token, confirmedTickOf(core));
  if (isNew && core.roster.members.length >= slots) {
    return { reason: 'full', text: `this match is full: ${slots} players` };
  }
  return null;
}

/** A member gives its world to somebody who asks for it. */
export function sendState(core: Core, peer: Peer, nowMs: number): void {
  const { truth } = core.stage!;
  const bytes = encodeState(core.roster, truth.tick, truth.state(truth.tick)!);
  for (const part of partsOf(bytes)) sendReliable(core, peer.id, { type: 'statePart', ...part }, nowMs);
}
