/**
 * Who plays what: a pure function of the plan, so that a live run, a simulated one and the activity reference cast the
 * same match. Policies are dealt by weight and shuffled by the seed; every cheater has an honest twin, which has the same
 * policy and the same random stream.
 */
import { Random } from '../../game/random.ts';
import { cheatOf } from '../cheats/index.ts';

export interface BotRole {
  /** Number of the bot in the whole run; also the number in its name. */
  index: number;
  policy: string;
  /** Seed of its policy's random stream. */
  seed: number;
  /** A full client: prediction, its views recorded. */
  full: boolean;
  /** Id of the cheat it performs. */
  cheat: string | null;
  /** A cheater's twin or a twin's cheater, by index; −1 for everybody else. */
  twin: number;
}

export interface Casting {
  players: number;
  seed: number;
  policies: Readonly<Record<string, number>>;
  sampleRatio: number;
  cheat: string | null;
  cheaters: number;
}

/** Fewer full clients than this cannot see each other act. */
const LEAST_FULL = 4;
const SHUFFLE_STREAM = 300;
const SEED_STREAM = 301;

/**
 * The roles of all players. Bot 0 is the authority's own player where it plays; cheaters and their twins come last, and
 * are measured in full. Throws a RangeError when the cheaters and their twins do not fit among the players.
 */
export function castBots(plan: Casting): BotRole[] {
  const { players, seed, cheat } = plan;
  const cheaters = cheat === null ? 0 : plan.cheaters;
  if (cheaters * 2 > players) {
    throw new RangeError(`cheaters ${cheaters}: with a twin each they need ${cheaters * 2} of ${players} players`);
  }
  const policies = dealPolicies(plan.policies, players, seed);
  const seeds = new Random(seed, SEED_STREAM);
  const full = fullClients(players, plan.sampleRatio);
  const roles: BotRole[] = [];
  for (let index = 0; index < players; index++) {
    roles.push({ index, policy: policies[index]!, seed: seeds.next(), full: full[index]!, cheat: null, twin: -1 });
  }
  for (let pair = 0; pair < cheaters; pair++) {
    const cheater = roles[players - 1 - pair]!;
    const twin = roles[players - 1 - cheaters - pair]!;
    cheater.cheat = cheat;
    cheater.policy = cheatOf(cheat!).honestPolicy ?? cheater.policy;
    cheater.twin = twin.index;
    twin.twin = cheater.index;
    twin.policy = cheater.policy;
    twin.seed = cheater.seed;
    cheater.full = true;
    twin.full = true;
  }
  return roles;
}

/** Every policy as often as its weight says, the remainder to the heaviest, in an order that the seed decides. */
function dealPolicies(weights: Readonly<Record<string, number>>, count: number, seed: number): string[] {
  const entries = Object.entries(weights).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  const dealt: string[] = [];
  let reached = 0;
  for (const [policy, weight] of entries) {
    reached += weight;
    // The running total is rounded, so that no rounding error adds up.
    while (dealt.length < Math.round((count * reached) / total)) dealt.push(policy);
  }
  const random = new Random(seed, SHUFFLE_STREAM);
  for (let i = dealt.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [dealt[i], dealt[j]] = [dealt[j]!, dealt[i]!];
  }
  return dealt;
}

/** Full clients, spread evenly: a ratio of 0 means none, any other at least `LEAST_FULL` as far as there are bots. */
function fullClients(count: number, ratio: number): boolean[] {
  const wanted = ratio === 0 ? 0 : Math.min(count, Math.max(LEAST_FULL, Math.ceil(count * ratio)));
  return Array.from({ length: count }, (_, i) => {
    return Math.floor(((i + 1) * wanted) / count) > Math.floor((i * wanted) / count);
  });
}
