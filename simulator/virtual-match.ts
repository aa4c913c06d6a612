/**
 * What every match on virtual time has, whoever decides in it: a clock that moves only when it is told to, players who
 * join by themselves, and lines that can be made worse. Under an authority it is `SimulatedMatch`, without one
 * `PeerMatch`.
 */
import type { LinkProfile } from '../netcode/link/profiles.ts';
import { VirtualClock } from './clock.ts';

export abstract class VirtualMatch {
  readonly clock = new VirtualClock();

  abstract readonly tickMs: number;

  /** Everybody who asked to join plays, or has failed to. */
  abstract readonly isSettled: boolean;

  /** Slots of the players, in their order; −1 for one that has none. */
  abstract readonly slots: number[];

  /** Gives every player's line another profile, from now on. */
  abstract setProfile(profile: LinkProfile): void;

  /** Adds a fixed delay to each direction of one player's links: the planted fault `delay-link`. */
  abstract delayLink(index: number, eachWayMs: number): void;

  /** One checksum per world that somebody holds as true. */
  abstract checksums(): number[];

  /** Lets so many ticks, or so many ms, pass. */
  run(time: { ticks: number } | { ms: number }): void {
    this.clock.runUntil(this.clock.nowMs + ('ticks' in time ? time.ticks * this.tickMs : time.ms));
  }

  /** Runs until a condition holds, asked after each tick; false when it does not within `ticks`. */
  runUntil(condition: () => boolean, ticks: number): boolean {
    for (let i = 0; i < ticks && !condition(); i++) this.run({ ticks: 1 });
    return condition();
  }
}
