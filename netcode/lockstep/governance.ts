/**
 * Who plays: a member judges the others (members.ts), proposes the next view when it is its turn, and applies what a
 * majority decided (view-changer.ts).
 */
import type { PeerId } from '../session.ts';
import { checkHeads, isOutlaw } from './accusing.ts';
import type { Report } from './ballot.ts';
import { type Core, selfOf } from './core.ts';
import { type Judgement, judge, turnAfterMs } from './members.ts';
import { encodePeerMessage } from './peer-messages.ts';
import { checkChange } from './plausible.ts';
import { becomeCandidate, becomeMember, isSpeaker, reportMembers } from './roles.ts';
import type { Join, ViewChange } from './roster.ts';
import { revise } from './stepping.ts';
import { isFrontReady } from './taking-ticks.ts';
import { peerOf, send, tellInputs } from './talking.ts';
import type { Electorate } from './view-changer.ts';
import { decodeViewChange, encodeViewChange, MAX_REPEATED_WORDS } from './view-codec.ts';

/** A newcomer's first input counts so long after the members agreed to let it in. */
const JOIN_LEAD_MS = 500;
/** Who promised to drop somebody takes nothing more from it for so long. */
const FREEZE_MS = 1200;

/** How the view changer acts on a session. */
export function electorateOf(core: () => Core): Electorate {
  return {
    view: () => core().roster.view,
    self: () => selfOf(core()),
    members: () => core().roster.members.map(({ peer }) => peer),
    send: (to, bytes) => send(core(), to, bytes),
    freeze: (drop, nowMs) => freeze(core(), drop, nowMs),
    compose: (drop, reports, nowMs) => encodeViewChange(compose(core(), drop, reports, nowMs)),
    decide: (value, nowMs) => {
      // At once: the one who decided may be the next to die, or the one who is dropped.
      const commit = encodePeerMessage({ type: 'viewCommit', value });
      for (const { peer } of core().roster.members) if (peer !== selfOf(core())) send(core(), peer, commit);
      apply(core(), decodeViewChange(value), nowMs);
    },
  };
}

function freeze(core: Core, drop: readonly PeerId[], nowMs: number): Report[] {
  core.frozen.clear();
  const reports: Report[] = [];
  for (const id of drop) {
    const seat = core.roster.member(id);
    if (!seat || id === selfOf(core)) continue;
    core.frozen.set(id, nowMs + FREEZE_MS);
    reports.push({ peer: id, through: seat.log.through, words: seat.log.newest(MAX_REPEATED_WORDS) });
  }
  return reports;
}

function judgeOthers(core: Core, nowMs: number): Judgement {
  const { roster, peers } = core;
  const { timeline, settings } = core.stage!;
  const position = timeline.position(nowMs);
  const { deadline } = settings.defences;
  const outlawed = (peer: PeerId) => isOutlaw(core, peer);
  const { tickMs } = timeline;
  const { readmission } = core;
  return judge(
    { self: selfOf(core), roster, peers, deadline, isOutlaw: outlawed, readmission, position, tickMs },
    nowMs,
  );
}

function compose(core: Core, drop: readonly PeerId[], reports: readonly Report[], nowMs: number): ViewChange {
  const { roster } = core;
  const { settings, timeline, delay, heads } = core.stage!;
  const drops = drop.flatMap((id) => {
    const seat = roster.member(id);
    if (!seat) return [];
    const known = reports.filter(({ peer }) => peer === id).sort((a, b) => b.through - a.through)[0];
    const lastTick = Math.max(seat.firstTick - 1, known?.through ?? seat.log.through);
    const standsFor = core.peers.get(id)?.isLeaving || heads?.guilty.has(id) ? 0 : settings.holdTicks;
    const removeTick = Math.max(seat.firstTick, lastTick) + 1 + standsFor;
    return [{ peer: id, lastTick, removeTick, words: known?.words ?? [] }];
  });
  const joins: Join[] = [];
  const taken = new Set<number>();
  const leadTicks = Math.ceil(JOIN_LEAD_MS / timeline.tickMs) + delay.ticks;
  const firstTick = timeline.nextTick + leadTicks;
  for (const { id, hello } of judgeOthers(core, nowMs).join) {
    const held = roster.heldSeat(hello!.token, firstTick);
    const slot = held && !taken.has(held.slot) ? held.slot : roster.freeSlot(settings.config.players, firstTick, taken);
    if (slot < 0) continue;
    taken.add(slot);
    joins.push({ ...hello!, peer: id, slot, firstTick, resumes: slot === held?.slot });
  }
  return { view: roster.view + 1, drops, joins };
}

/** What a member does besides stepping: judges the others, proposes when it is its turn, repeats itself while it waits. */
export function govern(core: Core, nowMs: number): void {
  checkHeads(core);
  const { drop, join, rank } = judgeOthers(core, nowMs);
  if (drop.length === 0 && join.length === 0) {
    core.wishSinceMs = Number.POSITIVE_INFINITY;
    core.changer.withdraw();
  } else {
    core.wishSinceMs = Math.min(core.wishSinceMs, nowMs);
    if (nowMs - core.wishSinceMs >= turnAfterMs(rank)) core.changer.propose(drop, nowMs);
  }
  noteLoneliness(core, nowMs);
  // While we were all cut off from the rendezvous, others founded the match anew: theirs goes on.
  if (core.rendezvous.founding === 'denied') becomeCandidate(core, nowMs);
  if (!isFrontReady(core)) tellInputs(core, nowMs);
}

function noteLoneliness(core: Core, nowMs: number): void {
  const lonely = core.changer.lonely(nowMs);
  if (!lonely) {
    if (core.halted !== '') core.outbox.tell({ type: 'resumed' });
    core.halted = '';
    return;
  }
  if (core.halted === '') core.outbox.tell({ type: 'halted', ...lonely });
  core.halted = `only ${lonely.heard} of ${lonely.of} peers can hear each other here: this side waits for the others`;
}

/** The next view is decided: everybody applies the same change, going back where the past is concerned. */
export function apply(core: Core, change: ViewChange, nowMs: number): void {
  const { roster, outbox } = core;
  const { watch, delay, settings } = core.stage!;
  if (roster.view !== 0 && change.view !== roster.view + 1) return;
  checkChange(roster, change, settings.config.players);
  const leaving = change.drops.map(({ peer }) => ({ peer, seat: roster.member(peer) }));
  const affected = roster.apply(change);
  core.tape?.noteView(roster, selfOf(core));
  core.counters.viewChanges++;
  core.changer.viewChanged();
  core.frozen.clear();
  core.wishSinceMs = Number.POSITIVE_INFINITY;
  for (const { peer, seat } of leaving) {
    watch.forget(peer);
    core.readmission.dropped(peer, nowMs);
    const known = core.peers.get(peer);
    if (known) known.hello = null;
    if (seat) outbox.tell({ type: 'left', peer, player: seat.slot, reason: 'dropped by a majority' });
  }
  const { view, drops, joins } = change;
  const heardMs = leaving.map(({ peer }) => core.peers.get(peer)?.lastHeardMs ?? nowMs);
  const tookMs = nowMs - Math.min(nowMs, ...heardMs);
  outbox.tell({ type: 'viewChanged', view, drops: drops.length, joins: joins.length, tookMs });
  if (drops.some(({ peer }) => peer === selfOf(core))) {
    becomeCandidate(core, nowMs);
    return;
  }
  welcomeNew(core, joins, nowMs);
  delay.pause(nowMs);
  if (!revise(core, affected)) {
    becomeCandidate(core, nowMs);
    return;
  }
  if (isSpeaker(core)) reportMembers(core, nowMs);
}

function welcomeNew(core: Core, joins: readonly Join[], nowMs: number): void {
  for (const { peer, slot, name, resumes } of joins) {
    if (peer !== selfOf(core)) {
      const known = peerOf(core, peer, nowMs);
      core.readmission.letIn(peer, nowMs);
      known.acked = -1;
      known.commitmentAcked = -1;
      core.outbox.tell({ type: 'joined', peer, player: slot, name, resumed: resumes });
    } else if (core.role === 'observer') {
      becomeMember(core, nowMs);
    }
  }
}
