/**
 * Look-ahead: decides on its input for a tick only when it knows what everybody else does in it. It holds back the taking
 * of a tick until the others' inputs for it have come, for 150 ms at most; then it steps a copy of the world up to that
 * tick, and its policy aims and dodges in what for all others is still the future. While that works, it does not
 * listen when others report how late it is, so that its own input delay stays short.
 *
 * With commit–reveal nobody shows an input before it has everybody's commitment: what it waits for does not come, and it
 * plays as its honest twin.
 */
import type { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { decodePeerInput, encodePeerInput } from '../../netcode/lockstep/peer-input-codec.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { PeerId } from '../../netcode/session.ts';
import { createView, type View } from '../../netcode/view.ts';
import { WorldViewer } from '../../netcode/world-view.ts';
import { type Cheat, type CheatNotes, noNotes, noteAttempt } from './cheat.ts';
import { WorldAhead } from './world-ahead.ts';
import { wrapLockstep } from './wrap.ts';

/** Longer would be noticed, and soon be answered by being dropped. */
const HOLD_MS = 150;
/** Who let it wait in vain is not waited for again for so long. */
const STUBBORN_MS = 5000;
/** What it would rather be told: so early that the delay may become shorter. */
const COMFORTABLE_TICKS = 3;

/** The world as it will be with the next input, as far as the others' inputs are known. */
class Foreseer {
  readonly #session: LockstepSession;
  readonly #ahead: WorldAhead;
  readonly #viewer: WorldViewer;
  readonly #view: View;

  constructor(session: LockstepSession) {
    this.#session = session;
    this.#ahead = new WorldAhead(session);
    this.#viewer = new WorldViewer(this.#ahead.line.world);
    this.#view = createView(session.arena!);
  }

  view(untilTick: number): View {
    const { roster, player } = this.#session;
    const { line } = this.#ahead;
    this.#ahead.follow();
    while (line.tick < untilTick) line.step(roster);
    this.#viewer.invalidate();
    this.#viewer.fill(this.#view, player);
    return this.#view;
  }
}

/** The members that make an honest session look ahead. It tries with each input; it succeeds when it knew most others'. */
function lookAhead(honest: LockstepSession, notes: CheatNotes): Partial<LockstepSession> {
  let foreseer: Foreseer | null = null;
  /** The tick that is held back, and until when. */
  let heldTick = -1;
  let untilMs = 0;
  /** Whose inputs did not come while it waited, and until when it waits for them no more: they may wait for ours. */
  const stubborn = new Map<PeerId, number>();
  notes.accepted = 0;
  const othersIn = (tick: number) =>
    honest.roster.seats.filter(
      ({ peer, firstTick, lastTick }) => peer !== honest.self && firstTick <= tick && tick <= lastTick,
    );
  const missing = (tick: number, nowMs: number) =>
    othersIn(tick).filter(({ peer, log }) => !log.has(tick) && !((stubborn.get(peer) ?? 0) > nowMs));
  const isHeld = (nowMs: number) => {
    if (!honest.wantsInput(nowMs)) return false;
    const tick = honest.inputTick + 1;
    const awaited = missing(tick, nowMs);
    if (awaited.length === 0) return false;
    if (tick !== heldTick) {
      heldTick = tick;
      untilMs = nowMs + HOLD_MS;
    }
    if (nowMs < untilMs) return true;
    for (const { peer } of awaited) stubborn.set(peer, nowMs + STUBBORN_MS);
    return false;
  };
  const foresees = () => {
    const others = othersIn(honest.inputTick + 1);
    return others.filter(({ log }) => log.has(honest.inputTick + 1)).length * 2 > others.length;
  };
  let nowMs = 0;
  let works = false;
  return {
    get nextDueMs() {
      const isWaiting = heldTick === honest.inputTick + 1 && missing(heldTick, nowMs).length > 0;
      return isWaiting ? Math.max(honest.nextDueMs, untilMs) : honest.nextDueMs;
    },
    get view() {
      if (!honest.view) return null;
      if (!foresees()) return honest.view;
      foreseer ??= new Foreseer(honest);
      return foreseer.view(honest.inputTick + 1);
    },
    wantsInput: (atMs) => !isHeld(atMs) && honest.wantsInput(atMs),
    advance(atMs) {
      nowMs = atMs;
      if (isHeld(atMs)) return false;
      if (honest.wantsInput(atMs)) {
        noteAttempt(notes, atMs);
        works = foresees();
        if (works) notes.accepted!++;
      }
      return honest.advance(atMs);
    },
    receive(from, bytes, atMs) {
      nowMs = atMs;
      honest.receive(from, works ? withoutReproach(bytes) : bytes, atMs);
    },
  };
}

/** A peer's inputs without its report on how late ours come; anything else as it is. */
function withoutReproach(bytes: Uint8Array): Uint8Array {
  if (bytes[1] !== Kind.peerInput) return bytes;
  try {
    return encodePeerInput({ ...decodePeerInput(bytes), marginTicks: COMFORTABLE_TICKS });
  } catch {
    // Not for a cheat to judge: the session counts bad bytes.
    return bytes;
  }
}

export const lookAheadCheat: Cheat = {
  id: 'look-ahead',
  title: "decides when the others' inputs for the same tick are known",
  defences: { lockstep: 'commitReveal' },
  honestPolicy: 'hunter',
  wrapSession: (session, notes = noNotes()) => wrapLockstep(session, (honest) => lookAhead(honest, notes)),
};
