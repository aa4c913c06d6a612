/**
 * One bot's part in a match: a session, what drives it, and its links. A client of an authority and a peer among peers
 * differ in all of these; a bot plays and takes notes the same way through either.
 */
import type { AuthorityRecorder } from '../../metrics/authority-recorder.ts';
import type { Plan } from '../../metrics/plan.ts';
import type { SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import type { LedgerStatement } from '../../netcode/mesh/ledger/audit.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import type { BotRole } from './assign.ts';
import type { Endpoint, Replay } from './messages.ts';

/** What its links have carried since it was made. */
export interface Carried {
  sentBytes: number;
  receivedBytes: number;
  sentMessages: number;
  receivedMessages: number;
  /** Of the bytes sent and received, those that crossed a relay. */
  relayedBytes: number;
}

export interface Participant {
  /** When `pump` next has something to do. */
  readonly nextDueMs: number;
  readonly tickMs: number;
  readonly carried: Carried;
  /** Opens its first link, and with it asks to join. A link that is lost later it opens again by itself. */
  open(): void;
  pump(nowMs: number): void;
  /** What it would draw now; null while it sees nothing. */
  drawn(nowMs: number): View | null;
  /** Notes what is sampled about once a second; a client has nothing to sample. */
  sample?(nowMs: number): void;
  /** Says from when to when is measured; for planted faults. */
  measure?(fromMs: number, untilMs: number): void;
  /** From now on its player stands still and wants nothing. */
  rest?(): void;
  /** What it knows of the coins, where they have homes among the peers; null where they have not. */
  readonly statement?: LedgerStatement | null;
  /** What it kept because its world had parted from another's; null when it did not. */
  readonly replay?: Replay | null;
  /** Leaves for good: says goodbye where it can, and closes every link. */
  leave(reason: string): void;
}

/** What a participant tells its bot. */
export interface ParticipantHandlers {
  /** An event that is about the bot's own player. */
  onEvent(event: SessionEvent, nowMs: number): void;
  /** It holds a newer state of the match, told once for each; `beyond`: players it knows of besides those in the view. */
  onView(view: View, nowMs: number, beyond: number): void;
  /** It is no longer in the match, although nobody wanted that; it may come back. */
  onLost(reason: string): void;
  /** Its due time may have changed. */
  rescheduled(): void;
}

/** What participants of one process have in common. */
export interface Surroundings {
  readonly plan: Plan;
  readonly endpoint: Endpoint;
  readonly recorder: SwarmRecorder;
  nowMs(): number;
  /** Planted fault: added to each direction of this bot's links. */
  extraDelayMsOf(role: BotRole): number;
  /** The recorder of the truth, where this bot's world is the one that counts as true; null for all others. */
  truthOf(role: BotRole): AuthorityRecorder | null;
}

/** How bots take part in a topology's matches. */
export interface WayIn {
  create(role: BotRole, around: Surroundings, handlers: ParticipantHandlers): Participant;
  /** Each has links to many others. */
  readonly hasManyLinks: boolean;
  /** Must be called before the process ends. */
  cleanup(): void;
}

/** A lost link is opened again after this long, and so often at most. */
export const REOPEN_AFTER_MS = 1000;
export const MOST_REOPENINGS = 5;
