/** From candidate to observer to member, and back to the beginning. */
import { type Core, selfOf } from './core.ts';
import { checkSeats } from './plausible.ts';
import { checkState } from './replay-codec.ts';
import { ReplayTape } from './replay-tape.ts';
import { isSameGroup, Roster } from './roster.ts';
import { decodeState } from './state-codec.ts';

/** Loses its world, and asks anew to play: it was dropped, or fell too far behind. */
export function becomeCandidate(core: Core, nowMs: number): void {
  core.role = 'candidate';
  core.player = -1;
  core.halted = '';
  if (core.state === 'playing') core.state = 'joining';
  core.changer.viewChanged();
  core.stage?.timeline.start(0, Number.POSITIVE_INFINITY);
  core.waitingSinceMs = Number.NaN;
  core.stateAskedMs = Number.NEGATIVE_INFINITY;
  core.enteredMs = nowMs;
  core.helloDueMs = nowMs;
  core.inputDueMs.fill(Number.NaN);
  for (const peer of core.peers.values()) {
    peer.welcome = null;
    peer.blockedSinceMs = Number.POSITIVE_INFINITY;
    peer.forgetOffset();
  }
}

/** Takes over a state that a member transferred. Throws a ProtocolError when it is none. */
export function becomeObserver(core: Core, bytes: Uint8Array, nowMs: number): void {
  const { truth } = core.stage!;
  const { view, tick, seats, state } = decodeState(bytes, truth.world.bytes.length);
  // A state that the rules cannot step would harm whoever steps it.
  truth.startAt(state);
  checkState(truth.world, tick);
  const roster = new Roster();
  roster.view = view;
  roster.seats.push(...seats);
  checkSeats(roster, truth.world, tick);
  if (!isSameGroup(view, core.roster.view)) core.changer.changeGroup();
  core.roster = roster;
  beginAt(core, state);
  core.role = 'observer';
  core.progressMs = nowMs;
}

/** All that is simulated begins with a state. */
export function beginAt(core: Core, state: Uint8Array): void {
  const { truth, guess, scene, settings } = core.stage!;
  truth.startAt(state);
  guess?.startAt(state);
  core.checkedTick = truth.tick;
  scene.changed();
  core.tape = new ReplayTape(settings, truth.world);
  if (core.roster.view > 0) core.tape.noteView(core.roster, selfOf(core));
}

/** From an observer to a member: its own timeline begins where the others are. */
export function becomeMember(core: Core, nowMs: number): void {
  const { timeline, truth, guess } = core.stage!;
  const { tickMs } = timeline;
  core.role = 'member';
  core.rendezvous.founding = 'unknown';
  const positions = core.roster.members
    .map(({ peer }) => core.peers.get(peer))
    .filter((peer) => peer !== undefined && peer.position >= 0)
    .map((peer) => peer!.positionNow(tickMs, nowMs));
  const mean = positions.reduce((sum, position) => sum + position, 0) / Math.max(1, positions.length);
  guess?.startAt(truth.state(truth.tick)!);
  core.checkedTick = truth.tick;
  const next = truth.tick + 1;
  timeline.start(next, nowMs + (next - mean) * tickMs);
  for (const peer of core.peers.values()) peer.forgetOffset();
}

export function refused(core: Core, text: string): void {
  core.state = 'refused';
  core.refusal = text;
}

/** Tells the rendezvous who is a member: of two groups in a room it then knows which one goes on. */
export function reportMembers(core: Core, nowMs: number): void {
  const members = core.roster.members.map(({ peer }) => peer);
  core.rendezvous.reportMembers(core.roster.view & 0xffff, members, nowMs);
}

/** The lowest member reports for all. */
export function isSpeaker(core: Core): boolean {
  return core.roster.members[0]?.peer === selfOf(core);
}
