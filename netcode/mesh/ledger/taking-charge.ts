/**
 * How whoever is in charge of a spot in a new epoch learns what is true of it: Vertical Paxos (Lamport, Malkhi and Zhou
 * 2009), with epochs for ballots and the epoch service for the master.
 *
 * A change counts when it is kept by the one in charge and one more home, so to read one needs the one in charge then, or
 * all others. Epochs are walked back from the one before until a record's tag explains them:
 *
 * Let the stamp be n, and t the highest tag among the answers when the walk stops, which it does at an epoch m with
 * t ≤ m ≤ through(t). Every epoch between m and n was read and fenced, and m has the homes of t. A change that counts
 * under a stamp b in (t, n) is impossible: b's homes are the homes of an epoch that was read (b > m, or b lies in the run
 * of t, where b = t or its homes are the same), so one that kept the change answered, with a tag of at least b. A change that counts under t was kept by one of those who
 * answered: its tag is t (it is not above), so its version is not above the highest of tag t. Changes under stamps below t
 * are in what t began with, by the same argument. And no change can count under an older stamp later, for who answered
 * has promised to keep none. So the highest version of tag t holds all that counts, and perhaps one change more that
 * nobody was told of; that one then happened.
 *
 * A spot whose homes stay the same, in the same order and lives, keeps its stamp: for its coins both epochs are one. Who
 * knows only the older one names the same homes, the same one in charge and the same stamp as who knows both, so there is
 * nothing to agree on. `through` says how far that is known to hold, and needs no older epochs than that.
 */
import type { PeerId } from '../../session.ts';
import type { EpochSeat } from '../epoch.ts';
import { FOUNDING_EPOCH, type Ground } from './ground.ts';
import type { Fetched } from './messages.ts';
import type { CoinRecord } from './record.ts';

/** What is true, or of whom an answer is missing; nobody to ask when an epoch is not known. */
export type Walk = { found: CoinRecord } | { ask: readonly EpochSeat[] };

/** Looks at the answers of those who were asked so far. */
export function walkBack(ground: Ground, spot: number, stamp: number, answers: ReadonlyMap<PeerId, Fetched>): Walk {
  if (stamp <= FOUNDING_EPOCH) return { found: newestOf(answers).record };
  for (let number = stamp - 1; number >= FOUNDING_EPOCH; number--) {
    const epoch = ground.epochOf(number);
    if (!epoch) return { ask: [] };
    const homes = epoch.homesOf(spot);
    const missing = homes.filter((home) => !isAnswered(home, answers));
    // Without homes nobody was in charge, and nothing can have changed.
    if (homes.length > 0 && !canRead(homes, missing)) return { ask: missing };
    const { tag, through, record } = newestOf(answers);
    if (tag > 0 && number <= through) return { found: record };
  }
  return { ask: [] };
}

/** Only who remembers the life in which it was a home speaks for that home. */
function isAnswered({ peer, life }: EpochSeat, answers: ReadonlyMap<PeerId, Fetched>): boolean {
  const answer = answers.get(peer);
  return answer !== undefined && life >= answer.firstLife && life <= answer.life;
}

/** Each change is kept by the first home and one more: so the first alone knows all, and so do all others together. */
function canRead(homes: readonly EpochSeat[], missing: readonly EpochSeat[]): boolean {
  return !missing.includes(homes[0]!) || (missing.length === 1 && homes.length > 1);
}

/** Highest tag, then highest version; of its tag the furthest `through`. */
function newestOf(answers: ReadonlyMap<PeerId, Fetched>): Fetched {
  let best: Fetched | null = null;
  let through = 0;
  for (const answer of answers.values()) {
    const isNewer = !best || answer.tag > best.tag;
    if (isNewer) through = 0;
    if (isNewer || (answer.tag === best!.tag && answer.record.version > best!.record.version)) best = answer;
    if (answer.tag === best!.tag) through = Math.max(through, answer.through);
  }
  return { ...best!, through };
}
