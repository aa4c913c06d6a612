/**
 * Undo: aborts when losing. It is the last to show its input for a tick: it waits for the others' inputs, steps a copy of
 * the world with them, and shows its own only if that does it no harm. If it is hit by what it does, and would not be if
 * it stood still, it shows nothing any more, until it is dropped and its avatar stands: the outcome is undone. Then it
 * comes back.
 *
 * Commit–reveal makes room for it: between the two it knows everything and has shown nothing. A timeout with a default
 * action, the deadline, makes the wait of the others short, and costs the cheater its seat for a while.
 */
import { saveWorld, type World } from '../../game/world.ts';
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { NEVER, Roster } from '../../netcode/lockstep/roster.ts';
import { WorldLine } from '../../netcode/lockstep/world-line.ts';
import { Kind } from '../../netcode/protocol.ts';
import { RENDEZVOUS, type Request } from '../../netcode/session.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from './cheat.ts';
import { WorldAhead } from './world-ahead.ts';
import { wrapLockstep } from './wrap.ts';

/** It plays honestly for so long after it was let in. */
const REST_MS = 5000;
/** If the others' inputs do not come, it shows its own. */
const HOLD_MS = 150;

/** What a player has left before it dies. */
const strengthOf = ({ players }: World, slot: number) => players.health[slot]! + players.shield[slot]!;

/** The same seats, but one gives no inputs from a tick on: its avatar stands. */
function standing(roster: Roster, slot: number, fromTick: number): Roster {
  const copy = new Roster();
  for (const seat of roster.seats) {
    copy.seats.push(seat.slot === slot ? { ...seat, lastTick: fromTick - 1, removeTick: NEVER } : seat);
  }
  return copy;
}

/** Steps a copy of the world ahead of what was shown. */
class Rehearsal {
  readonly #session: LockstepSession;
  readonly #ahead: WorldAhead;
  readonly #other: WorldLine;
  readonly #before: Uint8Array;

  constructor(session: LockstepSession) {
    this.#session = session;
    this.#ahead = new WorldAhead(session);
    this.#other = new WorldLine(session.arena!, 2);
    this.#before = new Uint8Array(this.#other.world.bytes.length);
    this.follow();
  }

  get tick(): number {
    return this.#ahead.line.tick;
  }

  follow(): void {
    this.#ahead.follow();
  }

  get isNextKnown(): boolean {
    const tick = this.tick + 1;
    return this.#session.roster.seats.every(
      ({ firstTick, lastTick, log }) => tick < firstTick || tick > lastTick || log.has(tick),
    );
  }

  /** Steps once; true when the player was hurt in it, and would not have been had it stood still. */
  step(): boolean {
    const { roster, player } = this.#session;
    const { line } = this.#ahead;
    const strength = strengthOf(line.world, player);
    saveWorld(line.world, this.#before);
    line.step(roster);
    if (strengthOf(line.world, player) >= strength) return false;
    this.#other.startAt(this.#before);
    this.#other.step(standing(roster, player, this.tick));
    return strengthOf(this.#other.world, player) >= strength;
  }
}

/** It tries with each input that it does not show; it succeeds when it is dropped, for then its avatar stood instead. */
function undo(honest: LockstepSession, notes: CheatNotes): Partial<LockstepSession> {
  let rehearsal: Rehearsal | null = null;
  let view = -1;
  let nowMs = 0;
  let restedMs = Number.POSITIVE_INFINITY;
  /** Inputs up to here may be shown; `isWithholding`: and nothing after it will be. */
  let shownThrough = 0;
  let heldMs = 0;
  let isWithholding = false;
  notes.accepted = 0;

  const playHonestly = () => {
    if (isWithholding) notes.accepted!++;
    isWithholding = false;
    rehearsal = null;
    restedMs = Number.POSITIVE_INFINITY;
    shownThrough = Number.POSITIVE_INFINITY;
  };
  const look = () => {
    if (honest.role !== 'member' || honest.player < 0) {
      playHonestly();
      return;
    }
    if (restedMs === Number.POSITIVE_INFINITY) restedMs = nowMs + REST_MS;
    if (isWithholding || nowMs < restedMs) return;
    rehearsal ??= new Rehearsal(honest);
    if (view !== honest.roster.view || rehearsal.tick < honest.confirmedTick) rehearsal.follow();
    view = honest.roster.view;
    while (rehearsal.tick < honest.inputTick && rehearsal.isNextKnown) {
      const isBad = rehearsal.step();
      if (isBad && rehearsal.tick > shownThrough) {
        isWithholding = true;
        shownThrough = rehearsal.tick - 1;
        noteAttempt(notes, nowMs);
        return;
      }
    }
    const through = rehearsal.tick;
    if (shownThrough === Number.POSITIVE_INFINITY) shownThrough = honest.inputTick;
    if (through > shownThrough || shownThrough >= honest.inputTick) heldMs = nowMs;
    // Who waits for ever is dropped for nothing.
    if (nowMs - heldMs > HOLD_MS) shownThrough++;
    shownThrough = Math.max(shownThrough, through);
  };
  const shown = (bytes: Uint8Array): Uint8Array => {
    const message = decodePeerInput(bytes);
    const count = Math.max(0, Math.min(message.words.length, shownThrough + 1 - message.firstTick));
    if (count === message.words.length) return bytes;
    const { sealed } = message;
    const rest = sealed ? { sealed: { ...sealed, nonces: sealed.nonces.slice(0, count) } } : {};
    return encodePeerInput({ ...message, words: message.words.slice(0, count), ...rest });
  };
  return {
    advance(atMs) {
      nowMs = atMs;
      const again = honest.advance(atMs);
      look();
      return again;
    },
    receive(from, bytes, atMs) {
      nowMs = atMs;
      honest.receive(from, bytes, atMs);
      look();
    },
    drain: () =>
      honest.drain().map((request): Request => {
        if (request.type !== 'send' || request.to === RENDEZVOUS || request.bytes[1] !== Kind.peerInput) return request;
        return { ...request, bytes: shown(request.bytes) };
      }),
  };
}

export const undoCheat: Cheat = {
  id: 'undo',
  title: 'shows its input last, and not at all when that would hurt',
  defences: { lockstep: 'deadline' },
  wrapSession: (session, notes = noNotes()) => wrapLockstep(session, (honest) => undo(honest, notes)),
};
