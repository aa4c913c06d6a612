/** Matches on virtual time for tests: what a test varies is named, the rest is as everywhere. */
import { cheatOf } from '../../bots/cheats/index.ts';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { type AuthorityOptions, DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { customProfile, type LinkProfile } from '../../netcode/link/profiles.ts';
import { topologyOf } from '../../netcode/topologies/index.ts';
import { type MatchOptions, SimulatedMatch } from '../../simulator/match.ts';
import type { SimulatedPlayer } from '../../simulator/player-node.ts';

export interface TestMatch {
  seed: number;
  players: number;
  /** Id of a topology; `host` unless named, whose datagrams are the harder case. */
  topology?: string;
  /** One way. */
  latencyMs?: number;
  jitterMs?: number;
  lossRatio?: number;
  duplicationRatio?: number;
  /** Policy of every player, or one for each; a mix unless named. */
  policies?: string | readonly string[];
  /** Cheats by player number. */
  cheats?: Readonly<Record<number, string>>;
  config?: Partial<MatchConfig>;
  authority?: Partial<AuthorityOptions>;
  inputRateHz?: number;
  /** Players that predict; all unless named. */
  full?: (index: number) => boolean;
  options?: Partial<MatchOptions>;
}

export const MIX = ['collector', 'hunter', 'wander', 'flock', 'hunter', 'collector'] as const;

export function profileFor(test: TestMatch): LinkProfile {
  return customProfile({
    baseRttMs: 2 * (test.latencyMs ?? 0),
    jitterScaleMs: test.jitterMs ?? 0,
    lossRatio: test.lossRatio ?? 0,
    duplicationRatio: test.duplicationRatio ?? 0,
  });
}

/** A player with a policy, or with a cheat, and a random stream of its own. */
export function playerOf(index: number, policy: string, seed: number, full = true, cheatId?: string): SimulatedPlayer {
  const cheat = cheatId === undefined ? null : cheatOf(cheatId);
  const brain = (cheat?.policy ?? policyOf(policy)).create(new Random(seed, 1000 + index));
  const player: SimulatedPlayer = { name: `bot ${index}`, full, decide: brain };
  return cheat?.wrapSession ? { ...player, wrapSession: cheat.wrapSession } : player;
}

export function simulateMatch(test: TestMatch): SimulatedMatch {
  const { seed, players, policies = MIX, cheats = {}, full = () => true } = test;
  const policy = (index: number) => (typeof policies === 'string' ? policies : policies[index % policies.length]!);
  return new SimulatedMatch({
    topology: topologyOf(test.topology ?? 'host'),
    authority: {
      ...DEFAULT_AUTHORITY,
      ...test.authority,
      config: { ...DEFAULT_MATCH, seed, players, ...test.config },
    },
    seed,
    profile: profileFor(test),
    inputRateHz: test.inputRateHz ?? 10,
    players: Array.from({ length: players }, (_, i) => playerOf(i, policy(i), seed, full(i), cheats[i])),
    ...test.options,
  });
}
