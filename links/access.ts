/**
 * One participant's access to the network, made worse as a profile says, for those that have several links at once: one to
 * the rendezvous and one per peer. All of them share its line, so a burst of loss hits them together and they compete for
 * one uplink. Each sender delays what it sends, each receiver only adds its own downlink; between two participants the
 * profile's round trip is there once, and by way of the rendezvous twice.
 */
import type { ConditionedLinkOptions } from '../netcode/link/conditioned-link.ts';
import { createLine, type Line } from '../netcode/link/line.ts';
import type { LinkProfile } from '../netcode/link/profiles.ts';
import { type PeerId, RENDEZVOUS } from '../netcode/session.ts';
import type { ClientEnd } from './client-end.ts';
import { type ConditionedEnd, conditionEnd } from './conditioned.ts';
import type { Timer } from './timer.ts';

export type AccessOptions = Pick<ConditionedLinkOptions, 'profile' | 'seed' | 'participant' | 'upKbps' | 'downKbps'> & {
  timer: Timer;
  /**
   * Whether every other participant's access is as bad, and its own sends are delayed there. Default: yes. Without, as in
   * a page that only makes itself worse, the round trip of the profile is added here alone.
   */
  arePeersConditioned?: boolean;
};

export class Access {
  readonly #options: AccessOptions;
  readonly #line: Line;
  readonly #ends = new Set<ConditionedEnd>();
  #profile: LinkProfile;
  #extraDelayMs = 0;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#profile = options.profile;
    this.#line = createLine(options);
  }

  /** Makes the link below `end` as bad as the access is; `to` is who is reached by it. */
  condition(end: ClientEnd, to: PeerId): ClientEnd {
    const { arePeersConditioned = true } = this.#options;
    const isPeerConditioned = arePeersConditioned && to !== RENDEZVOUS;
    const options = { ...this.#options, profile: this.#profile, line: this.#line, link: to, isPeerConditioned };
    const worse = conditionEnd({ ...options, end });
    worse.link.setExtraDelay(this.#extraDelayMs);
    for (const old of this.#ends) if (old.state === 'closed') this.#ends.delete(old);
    this.#ends.add(worse);
    return worse;
  }

  get profile(): LinkProfile {
    return this.#profile;
  }

  /** Makes all links worse, or better, from now on. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    for (const { link } of this.#ends) link.setProfile(profile);
  }

  /** Adds a fixed delay to each direction of all links. */
  setExtraDelay(eachWayMs: number): void {
    this.#extraDelayMs = eachWayMs;
    for (const { link } of this.#ends) link.setExtraDelay(eachWayMs);
  }
}
