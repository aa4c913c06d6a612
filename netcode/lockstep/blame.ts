/** Whom a due tick waits for, and since when: who is waited for too long is dropped (members.ts). */
import { type Core, ROLLBACK_LATE_TICKS } from './core.ts';

/** Remembers since when whose input is missing; with commit–reveal, first whose commitment is: others wait for it. */
export function noteBlocked(core: Core, nowMs: number): void {
  const { truth, guess, timeline, commitments } = core.stage!;
  const tick = truth.tick + 1;
  // With rollback nobody waits for what comes a little late.
  const mayBeLate = guess ? ROLLBACK_LATE_TICKS : 0;
  const isDue = core.role === 'member' && tick + mayBeLate < timeline.nextTick;
  const isCommitting = isDue && commitments !== null && !commitments.haveAllCommitted(core.roster, tick);
  for (const peer of core.peers.values()) {
    const seat = core.roster.member(peer.id);
    const isMissed = isDue && seat !== undefined && seat.firstTick <= tick && !seat.log.has(tick);
    const blocks = isMissed && !(isCommitting && commitments!.hasCommitted(seat, tick));
    if (!blocks) peer.blockedSinceMs = Number.POSITIVE_INFINITY;
    else if (peer.blockedSinceMs === Number.POSITIVE_INFINITY) peer.blockedSinceMs = nowMs;
  }
}
