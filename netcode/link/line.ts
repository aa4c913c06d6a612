/**
 * One participant's access line: what all its links share. Loss comes in bursts that hit them together, and they compete
 * for one uplink and one downlink. (Independent loss per link would flatter meshes.)
 */
import { Random } from '../../game/random.ts';
import { LossChain } from './gilbert.ts';
import type { LinkProfile } from './profiles.ts';
import { RateLimit } from './rate-limit.ts';

/** One direction of an access line. */
export interface LineDirection {
  readonly loss: Pick<LossChain, 'isBad' | 'set'>;
  readonly rate: RateLimit;
}

/** A participant's `up` carries what it sends, its `down` what it receives. */
export interface Line {
  readonly up: LineDirection;
  readonly down: LineDirection;
}

export interface LineOptions {
  profile: LinkProfile;
  seed: number;
  /** Number of the participant: lines of one seed differ by it. */
  participant: number;
  /** Rates in kbit/s; without a limit when not given. */
  upKbps?: number;
  downKbps?: number;
}

/** System numbers of the random streams of participant p: STREAMS·p + these. */
const STREAMS = 4;
const Stream = { lossUp: 0, lossDown: 1, up: 2, down: 3 } as const;
/** Keeps these streams apart from the game's, which are seeded with the match's own seed. */
const LINK_SALT = 0x6c696e6b;

/** The random stream of one direction of a participant's link; `link` tells several links of one participant apart. */
export function linkRandom(seed: number, participant: number, stream: keyof typeof Stream, link = 0): Random {
  return new Random((seed ^ LINK_SALT ^ Math.imul(link, 0x9e3779b1)) >>> 0, participant * STREAMS + Stream[stream]);
}

export function createLine(options: LineOptions): Line {
  const { profile, seed, participant, upKbps = Infinity, downKbps = Infinity } = options;
  const direction = (stream: 'lossUp' | 'lossDown', kbps: number): LineDirection => ({
    loss: new LossChain(linkRandom(seed, participant, stream), profile.lossRatio, profile.meanBadMs),
    rate: new RateLimit(kbps),
  });
  return { up: direction('lossUp', upKbps), down: direction('lossDown', downKbps) };
}

/** Gives a line the loss of another profile from now on. */
export function setLineProfile(line: Line, profile: LinkProfile): void {
  line.up.loss.set(profile.lossRatio, profile.meanBadMs);
  line.down.loss.set(profile.lossRatio, profile.meanBadMs);
}
