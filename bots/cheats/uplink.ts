/**
 * Cheats with the own uplink: what the session sends leaves later. A fixed delay adds the same to everything; a lag
 * switch cuts the line for a moment whenever that may help, and then lets everything go at once. Peers without an
 * authority wait for it, or, with rollback, shoot at where it no longer is. With a deadline they do not wait for long.
 */
import { Random } from '../../game/random.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import type { Request } from '../../netcode/session.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from './cheat.ts';
import { wrapLockstep } from './wrap.ts';

/** When what is sent at a moment leaves; not earlier than what was sent before. */
type Departure = (nowMs: number) => number;

/** The members that let everything that an honest session sends leave when `departure` says. */
function sendLater(honest: LockstepSession, departure: Departure): Partial<LockstepSession> {
  const waiting: { atMs: number; request: Request }[] = [];
  let nowMs = 0;
  return {
    get nextDueMs() {
      return Math.min(honest.nextDueMs, waiting[0]?.atMs ?? Number.POSITIVE_INFINITY);
    },
    linkChanged(peer, state, atMs) {
      nowMs = atMs;
      honest.linkChanged(peer, state, atMs);
    },
    receive(from, bytes, atMs) {
      nowMs = atMs;
      honest.receive(from, bytes, atMs);
    },
    advance(atMs) {
      nowMs = atMs;
      return honest.advance(atMs);
    },
    drain() {
      const due: Request[] = [];
      for (const request of honest.drain()) {
        // Dialling is no message: only what is sent over links waits.
        if (request.type === 'send') waiting.push({ atMs: departure(nowMs), request });
        else due.push(request);
      }
      while (waiting.length > 0 && waiting[0]!.atMs <= nowMs) due.push(waiting.shift()!.request);
      return due;
    },
  };
}

function fixedDelay(id: string, delayMs: number): Cheat {
  return {
    id,
    title: `everything it sends leaves ${delayMs} ms later`,
    defences: { lockstep: 'deadline' },
    wrapSession: (session, notes = noNotes()) =>
      wrapLockstep(session, (honest) =>
        sendLater(honest, (nowMs) => {
          // Whoever is slow before it plays is not let in.
          if (honest.state !== 'playing') return nowMs;
          noteAttempt(notes, nowMs);
          return nowMs + delayMs;
        }),
      ),
  };
}

/** A blackout lasts from 0.5 to 3 s; in between it is quiet for so long, so that it is let back in. */
const LEAST_BLACKOUT_MS = 500;
const MOST_BLACKOUT_MS = 3000;
const PAUSE_MS = 5000;
/** Its own stream: blackouts are as random as its position is. */
const BLACKOUT_STREAM = 700;

/** Cuts the line when it is hurt, or somebody is in sight; it got away with it when it is still a member afterwards. */
function lagSwitch(honest: LockstepSession, notes: CheatNotes): Partial<LockstepSession> {
  let random: Random | null = null;
  let health = 0;
  let offUntilMs = Number.NEGATIVE_INFINITY;
  let restedMs = Number.POSITIVE_INFINITY;
  let isOff = false;
  notes.accepted = 0;
  const isInNeed = () => {
    const view = honest.player >= 0 ? honest.view : null;
    if (!view) return false;
    const { self, players } = view;
    const isHurt = self.health < health;
    health = self.health;
    return self.alive && (isHurt || players.count > 0);
  };
  return sendLater(honest, (nowMs) => {
    if (isOff && nowMs >= offUntilMs) {
      isOff = false;
      if (honest.role === 'member') notes.accepted!++;
    }
    if (honest.state === 'playing' && restedMs === Number.POSITIVE_INFINITY) restedMs = nowMs + PAUSE_MS;
    if (honest.state === 'playing' && nowMs >= restedMs && isInNeed()) {
      random ??= new Random(honest.self, BLACKOUT_STREAM);
      offUntilMs = nowMs + LEAST_BLACKOUT_MS + random.below(MOST_BLACKOUT_MS - LEAST_BLACKOUT_MS);
      restedMs = offUntilMs + PAUSE_MS;
      isOff = true;
      noteAttempt(notes, nowMs);
    }
    return Math.max(nowMs, offUntilMs);
  });
}

const lagSwitchCheat: Cheat = {
  id: 'lag-switch',
  title: 'sends nothing for 0.5 to 3 s when in danger, then all at once',
  defences: { lockstep: 'deadline' },
  wrapSession: (session, notes = noNotes()) => wrapLockstep(session, (honest) => lagSwitch(honest, notes)),
};

export const UPLINK: readonly Cheat[] = [
  fixedDelay('fixed-delay', 100),
  fixedDelay('fixed-delay-50', 50),
  fixedDelay('fixed-delay-200', 200),
  lagSwitchCheat,
];
