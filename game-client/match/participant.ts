/**
 * What the page needs of a way to take part in a match, whoever decides what is true in it. There are three: a client of an
 * authority, a peer of a match that all simulate, and one of a mesh. Everything that draws or is pressed knows this
 * interface only.
 */
import type { PlayerInput } from '../../game/input.ts';
import type { AccessOptions } from '../../links/access.ts';
import type { Timer } from '../../links/timer.ts';
import type { ClientState } from '../../netcode/client-session.ts';
import { customProfile, type LinkProfile } from '../../netcode/link/profiles.ts';
import type { RosterEntry } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import type { TruePlace } from './true-places.ts';

/** What all sessions have that somebody plays by. */
export interface PlayedSession {
  readonly state: ClientState;
  /** Slot of the own player; −1 before it has one. */
  readonly player: number;
  /** The newest view; null before the first. */
  readonly view: View | null;
  /** Smoothed; NaN before any is known. */
  readonly rttMs: number;
  /** What to draw now; reused by the next call, null before the first view. */
  drawn(nowMs: number): View | null;
}

export interface Participant {
  readonly session: PlayedSession;
  /** Plain counters of the session. */
  readonly counters: Readonly<Record<string, number>>;
  /** The truth as this participant holds it, for ghosts; null before there is one. */
  readonly truth: View | null;
  /** What can be drawn of its network; null where there is nothing to draw. */
  readonly overlay: NetworkOverlay | null;
  /** A player's name, once it is known; empty before. */
  nameOf(player: number): string;
  /** Makes the network worse, or better, from now on. */
  setProfile(profile: LinkProfile): void;
  /** Lets time pass; returns when it next wants to be called. */
  pump(): number;
  /** Gives the seat up and closes everything. Nothing is told any more. */
  leave(): void;
}

/** A link of the own player, or one in the making, as a line over the arena. */
export interface DrawnLink {
  /** At its other end. */
  player: number;
  /** `told`: avatars are told over it. `linked`: it is held ready. `forwarded`: there is none, a neighbour passes on. */
  state: 'told' | 'linked' | 'relayed' | 'forwarded' | 'dialling';
  /** The player that passes on what is forwarded; −1 for none. */
  via: number;
  /** Where its player is believed to be, in sub-units, for one who is not drawn; NaN when that is not known. */
  x: number;
  y: number;
}

/** What of the network can be drawn over the arena. */
export interface NetworkOverlay {
  links(nowMs: number): readonly DrawnLink[];
  /** Where others really are, where that can be known. */
  truePlaces(nowMs: number): readonly TruePlace[];
}

/** What a participant tells the match. */
export interface ParticipantHooks {
  /** Why there is nothing to play just now, as a line for the player; empty while there is. */
  onWaiting: (text: string) => void;
  /** The best players, in order, and how many there are in all. What nobody tells of them is NaN. */
  onRoster: (entries: readonly RosterEntry[], total: number) => void;
  /** Something to tell the player in passing. */
  onNotice: (text: string) => void;
  /** The room is made, or entered: the code by which others find it. */
  onRoom: (code: string) => void;
  /** It is over, or never began: a sentence for people. */
  onEnd: (reason: string) => void;
  /** Something that came has made it want a `pump` earlier than it last said. */
  onDue: (dueMs: number) => void;
}

export interface ParticipantOptions {
  name: string;
  timer: Timer;
  /** The player's intent; called right before an input is sampled. */
  sample: () => PlayerInput;
  hooks: ParticipantHooks;
}

/** As often as the world ticks: each tick gets its own input. */
export const INPUT_RATE_HZ = 20;

/** A goodbye must get through the network that the sliders make worse before its link is closed. */
export const GOODBYE_MS = 1000;

/** Unpredictable bytes, for tokens. */
export function randomBytes(into: Uint8Array): void {
  crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
}

/** A seed for what is random. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** This participant's access to the network, as it is until the sliders make it worse; the others' is their own matter. */
export function ownAccess(): Omit<AccessOptions, 'timer'> {
  return { profile: customProfile({}), seed: randomSeed(), participant: 0, arePeersConditioned: false };
}
