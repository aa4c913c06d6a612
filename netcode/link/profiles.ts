/**
 * Link profiles as data: what one player's access to the network is like. Each row keeps where its numbers come from; a
 * value without a source is called an assumption. The same profiles condition live links and simulated ones.
 */

export interface LinkProfile {
  id: string;
  /** One line for help texts and menus. */
  title: string;
  /** Round trip of an empty link; each direction takes half of it. */
  baseRttMs: number;
  /** Share of the time that a direction of the access line loses everything. */
  lossRatio: number;
  /** Mean length of one such burst. */
  meanBadMs: number;
  /** Scale of the heavy-tailed delay above the base, drawn per message (see portable-math.ts). */
  jitterScaleMs: number;
  /** Share of datagrams that arrive twice. */
  duplicationRatio: number;
  /** Where the numbers come from. */
  source: string;
}

const ASSUMED = 'base RTT, burst length and duplication are assumptions';

export const PROFILES: readonly LinkProfile[] = [
  {
    id: 'lan',
    title: 'one local network',
    baseRttMs: 0.2,
    lossRatio: 0,
    meanBadMs: 0,
    jitterScaleMs: 0.1,
    duplicationRatio: 0,
    source: 'assumption: switched Ethernet without congestion',
  },
  {
    id: 'good',
    title: 'wired home line, server nearby',
    baseRttMs: 20,
    lossRatio: 0.002,
    meanBadMs: 20,
    jitterScaleMs: 2,
    duplicationRatio: 0.0001,
    source: ASSUMED,
  },
  {
    id: 'wifi',
    title: 'busy wireless network at home',
    baseRttMs: 40,
    lossRatio: 0.02,
    meanBadMs: 40,
    jitterScaleMs: 8,
    duplicationRatio: 0.001,
    source: ASSUMED,
  },
  {
    id: 'mobile',
    title: 'cellular network on the move',
    baseRttMs: 80,
    lossRatio: 0.03,
    meanBadMs: 80,
    jitterScaleMs: 20,
    duplicationRatio: 0.001,
    source: ASSUMED,
  },
];

/** The profile of an id. Throws a RangeError that names what is allowed. */
export function profileOf(id: string): LinkProfile {
  const found = PROFILES.find((profile) => profile.id === id);
  if (!found) throw new RangeError(`network '${id}': allowed are ${PROFILES.map((p) => p.id).join(', ')}`);
  return found;
}

/** Mean burst of a custom profile that names a loss but no burst length: the wifi profile's. */
const DEFAULT_BURST_MS = 40;

/** A profile of one's own: what is not given is a perfect link's. Throws a RangeError that names the bad field. */
export function customProfile(values: Partial<LinkProfile>): LinkProfile {
  const profile: LinkProfile = {
    id: 'custom',
    title: 'custom',
    baseRttMs: 0,
    lossRatio: 0,
    meanBadMs: DEFAULT_BURST_MS,
    jitterScaleMs: 0,
    duplicationRatio: 0,
    source: 'chosen by the user',
    ...values,
  };
  checkProfile(profile);
  return profile;
}

const MOST_MS = 60_000;

/** Throws a RangeError that names the field, its value and what is allowed. */
export function checkProfile(profile: LinkProfile): void {
  const between = (name: keyof LinkProfile, low: number, high: number) => {
    const value = profile[name] as number;
    if (!(value >= low && value <= high)) {
      throw new RangeError(`link profile '${profile.id}', ${name} ${value}: allowed are ${low} to ${high}`);
    }
  };
  between('baseRttMs', 0, MOST_MS);
  between('lossRatio', 0, 1);
  between('meanBadMs', profile.lossRatio > 0 ? 1 : 0, MOST_MS);
  between('jitterScaleMs', 0, MOST_MS);
  between('duplicationRatio', 0, 1);
}

/**
 * Whether a live link needs conditioning to have this profile. A real local network is already a `lan`: delaying its
 * messages by a tenth of a millisecond is below what a timer can do and would only add the timer's own error.
 */
export function needsConditioning(profile: LinkProfile): boolean {
  return (
    profile.baseRttMs >= 1 || profile.lossRatio > 0 || profile.jitterScaleMs >= 0.5 || profile.duplicationRatio > 0
  );
}
