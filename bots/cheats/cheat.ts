/**
 * A cheat is composed around honest parts by whoever launches it; sessions contain no cheat code. The defence that
 * answers it is a switch of the sessions, so that a cell can be run with it on and off.
 */
import type { AuthorityOptions } from '../../netcode/authority-session.ts';
import type { LockstepDefences } from '../../netcode/lockstep/settings.ts';
import type { MeshDefence } from '../../netcode/mesh/settings.ts';
import type { Session } from '../../netcode/session.ts';
import type { Policy } from '../policies/policy.ts';

/** Names of the switches that an authority's session has, and that those of peers without an authority have. */
export type DefenceName = keyof AuthorityOptions['defences'] | keyof LockstepDefences | MeshDefence;

/** What a cheater knows of its own doing, for the record. Null: cannot be told from where it stands. */
export interface CheatNotes {
  /** How often it tried. */
  attempts: number | null;
  /** How often it got what it wanted. */
  accepted: number | null;
  /** When it first tried. */
  beganMs: number | null;
  /** It only helps another one, who gains. */
  isAccomplice?: boolean;
}

/** Sessions of those who cheat together in one match, in the order in which they were wrapped: what they know of each other. */
export type Ring = Session[];

export interface Cheat {
  id: string;
  /** One line for help texts: what it exploits and how. */
  title: string;
  /**
   * Where it can be performed, by id of topology, and the defence that should stop it there; null where none does: it is
   * open, and the record shows what it gains.
   */
  defences: Readonly<Record<string, DefenceName | null>>;
  /** Where no defence stops it, or none quite: why, by id of topology; a sentence for the report. */
  open?: Readonly<Record<string, string>>;
  /** Where it comes to nothing though no switch is set against it: why, by id of topology. */
  prevented?: Readonly<Record<string, string>>;
  /** Plays instead of the policy that its honest twin has. */
  policy?: Policy;
  /** Id of the policy that its honest twin must have, so that the two differ by the cheat only; any when not given. */
  honestPolicy?: string;
  /**
   * Stands between the driver and the honest session, and counts in `notes` what it does. `ring`: of those who cheat
   * together; whoever is given none cheats alone.
   */
  wrapSession?<S extends Session>(session: S, notes?: CheatNotes, ring?: Ring): S;
}

export function noNotes(): CheatNotes {
  return { attempts: null, accepted: null, beganMs: null };
}

/** One more try. */
export function noteAttempt(notes: CheatNotes, nowMs: number): void {
  notes.attempts = (notes.attempts ?? 0) + 1;
  notes.beganMs ??= nowMs;
}

/** The defence that should stop a cheat in a topology; null for none, also where the cheat cannot be performed. */
export function defenceOf({ defences }: Cheat, topology: string): DefenceName | null {
  return defences[topology] ?? null;
}

export function appliesTo({ defences }: Cheat, topology: string): boolean {
  return Object.hasOwn(defences, topology);
}

/** Why no defence stops a cheat in a topology; null where one does. */
export function whyOpen({ open = {} }: Cheat, topology: string): string | null {
  return open[topology] ?? null;
}

/** Why a cheat comes to nothing in a topology without any switch against it; null where that is not so. */
export function whyPrevented({ prevented = {} }: Cheat, topology: string): string | null {
  return prevented[topology] ?? null;
}
