/**
 * Which pairs of peers cannot connect directly. Some 15 to 25 % of pairs meet translators of addresses that let nothing
 * through; their bytes are relayed. A pair is blocked or not for a whole run, by a hash of the seed and both ids, so that
 * both sides agree without a word, live as well as simulated.
 */
import { Random } from '../../game/random.ts';
import type { PeerId } from '../session.ts';

/** Keeps these streams apart from those of links and of the game. */
const NAT_SALT = 0x6e61746c;

/** Whether peers `a` and `b`, in either order, are one of the `ratio` of pairs that cannot connect directly. */
export function isNatBlocked(seed: number, ratio: number, a: PeerId, b: PeerId): boolean {
  if (ratio <= 0) return false;
  if (ratio >= 1) return true;
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  // Two draws deep: the higher id seeds what the lower one picks the stream of.
  const salt = new Random((seed ^ NAT_SALT) >>> 0, high).next();
  return new Random(salt, low).unit() < ratio;
}
