/** One match as the page plays it: a participant that is driven by the worker's timer, and what the page knows of it. */

import type { PlayerInput } from '../../game/input.ts';
import type { Timer } from '../../links/timer.ts';
import { customProfile, type LinkProfile } from '../../netcode/link/profiles.ts';
import type { Topology } from '../../netcode/topologies/index.ts';
import type { View } from '../../netcode/view.ts';
import type { ParticipantHooks, PlayedSession } from './participant.ts';
import { type AnyParticipant, type Place, wayInto } from './ways.ts';

/** A participant is looked at this often even when it expects nothing: a message may have given it something to do. */
const HEARTBEAT_MS = 25;

/** What somebody chose to play. */
export interface Choice {
  topology: Topology;
  place: Place;
  /** Address of the running match; empty when none runs. */
  url: string;
  /** Address of the rendezvous, which rooms need; empty when there is none. */
  rendezvousUrl: string;
  name: string;
}

export interface MatchOptions extends Choice, Omit<ParticipantHooks, 'onDue' | 'onRoom'> {
  timer: Timer;
  /** The player's intent; called right before an input is sampled. */
  sample: () => PlayerInput;
  /** The room has a code by which others find it. */
  onRoom: (code: string) => void;
}

export class Match {
  readonly topology: Topology;
  readonly participant: AnyParticipant;
  readonly #timer: Timer;
  #profile: LinkProfile = customProfile({});
  #room = '';
  #cancelWake: () => void = () => {};
  #isOver = false;

  constructor(options: MatchOptions) {
    const { topology, timer } = options;
    const way = wayInto(topology.id);
    if (!way) throw new Error(`this page cannot join topology '${topology.id}'`);
    this.topology = topology;
    this.#timer = timer;
    const hooks: ParticipantHooks = {
      onWaiting: options.onWaiting,
      onRoster: options.onRoster,
      onNotice: options.onNotice,
      onRoom: (code) => {
        this.#room = code;
        options.onRoom(code);
      },
      onEnd: (reason) => {
        if (this.#isOver) return;
        this.#stop();
        options.onEnd(reason);
      },
      onDue: (dueMs) => this.#wakeAt(dueMs),
    };
    this.participant = way.takePart({ ...options, hooks });
    this.#beat();
  }

  get session(): PlayedSession {
    return this.participant.session;
  }

  /** Code of the room; empty where there is none. */
  get room(): string {
    return this.#room;
  }

  get profile(): LinkProfile {
    return this.#profile;
  }

  /** Makes the network worse, or better, from now on. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    this.participant.setProfile(profile);
  }

  /** What to draw now; null before the first view. */
  drawn(nowMs: number): View | null {
    return this.session.drawn(nowMs);
  }

  /** Gives the seat up and closes; `onEnd` is not called. */
  leave(): void {
    if (this.#isOver) return;
    this.#stop();
    this.participant.leave();
  }

  /** Lets the participant's time pass, and arranges to be called again. */
  #beat(): void {
    if (this.#isOver) return;
    this.#wakeAt(this.participant.pump());
  }

  #wakeAt(dueMs: number): void {
    this.#cancelWake();
    if (this.#isOver) return;
    const nowMs = this.#timer.nowMs();
    const atMs = Math.max(nowMs + 1, Math.min(dueMs, nowMs + HEARTBEAT_MS));
    this.#cancelWake = this.#timer.callAt(atMs, () => this.#beat());
  }

  #stop(): void {
    this.#isOver = true;
    this.#cancelWake();
  }
}
