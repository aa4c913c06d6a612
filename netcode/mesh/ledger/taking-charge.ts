/**
 * How whoever is in charge of a spot in a new epoch learns what is true of it: Vertical Paxos (Lamport, Malkhi and Zhou
 * 2009), with the numbers of epochs for ballots and the epochs for the master.
 *
 * A change counts when it is kept by the one in charge and one more home (by the one alone, where there is no other). So
 * the one who was in charge knows all that counted, and so do all the other homes together. Whoever answers promises to
 * keep nothing from older stamps any more. Runs of epochs with the same homes are walked back from the epoch before,
 * until the highest tag among the answers lies in the run just read:
 *
 * Let the stamp be n, the tag t, the run of t begin at r ≤ t. All runs that reach into [r, n) were read.
 * - No change counts, nor ever will, under a stamp b in (t, n): it would be kept by somebody who was read with the homes
 *   of b; before its answer, then its tag is b or more, and t is not the highest; or after it, which it promised not to.
 * - A change that counts under t was kept under t by somebody who was read with the homes of t. Its tag is t still, as
 *   none is above, so its version is not above the highest that was told with tag t.
 * - Changes under stamps below t are in what t began with, by this same argument for t.
 * So the highest version of tag t holds all that counts, and at most changes more of which nobody was told: those then
 * happened, and their claimants hear so when they ask again.
 *
 * A spot whose homes stay the same goes on under its old stamp. That is safe without any agreement: the stamp is all by
 * which its homes tell epochs apart. Who knows the older epoch only and who knows the newer one name the same homes and
 * the same one in charge for it, so puts and answers of both are those of one run, in which nothing was reconfigured.
 * Only who is in charge looks at epochs for anything else (whose seat is gone), and it is the same peer in both.
 *
 * A restart without memory is another life, and thereby other homes. Nobody speaks for a life that it does not remember.
 */
import type { PeerId } from '../../session.ts';
import { FOUNDING_EPOCH } from './ground.ts';
import type { Fetched } from './messages.ts';
import type { CoinRecord } from './record.ts';
import { type Home, runAt } from './runs.ts';

/**
 * What is true; or of whom an answer is missing, nobody where it is not known who was a home, and the best of what was told.
 */
export type Walk = { found: CoinRecord } | { ask: readonly Home[]; best: CoinRecord };

/** Looks at the answers so far; the own one is among them. */
export function walkBack(stamp: number, answers: ReadonlyMap<PeerId, Fetched>): Walk {
  const newest = newestOf(answers);
  if (stamp === FOUNDING_EPOCH) return { found: newest.record };
  const known = [...answers.values()].map(({ runs }) => runs);
  for (let number = stamp - 1; number >= FOUNDING_EPOCH; ) {
    const run = runAt(number, known);
    if (!run) return { ask: [], best: newest.record };
    const missing = run.homes.filter((home) => !isAnswered(home, answers));
    // Without homes nobody was in charge, and nothing can have changed.
    if (run.homes.length > 0 && !canRead(run.homes, missing)) return { ask: missing, best: newest.record };
    if (newest.tag >= run.from) return { found: newest.record };
    number = run.from - 1;
  }
  return { ask: [], best: newest.record };
}

/** Only who remembers the life in which it was a home speaks for that home. */
function isAnswered({ peer, life }: Home, answers: ReadonlyMap<PeerId, Fetched>): boolean {
  const answer = answers.get(peer);
  return answer !== undefined && life >= answer.firstLife && life <= answer.life;
}

function canRead(homes: readonly Home[], missing: readonly Home[]): boolean {
  return !missing.includes(homes[0]!) || (missing.length === 1 && homes.length > 1);
}

/** Of the highest tag the highest version. */
function newestOf(answers: ReadonlyMap<PeerId, Fetched>): Fetched {
  return [...answers.values()].reduce((best, answer) => {
    if (answer.tag !== best.tag) return answer.tag > best.tag ? answer : best;
    return answer.record.version > best.record.version ? answer : best;
  });
}
