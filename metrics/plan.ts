/**
 * A plan says everything about one run that should be repeatable: the same plan, live or simulated, plays the same match.
 * Ids of topologies, profiles, policies and cheats are strings here; `lab` checks them against the registries.
 */
import { z } from 'zod';
import { SCENARIOS } from '../game/arena.ts';
import { MAX_PLAYERS, TICK_RATES_HZ } from '../game/constants.ts';

/** Faults that a run can inject into itself, to show that its self-checks notice. */
export const INJECTIONS = ['desync', 'overload', 'drop-entity', 'delay-link'] as const;

export const DEFAULT_DEFENCES = {
  timeBucket: true,
  visionFilter: true,
  commitReveal: false,
  deadline: false,
  signedHeads: false,
  handshakes: false,
  macs: false,
  heads: false,
  replayWindow: false,
  witnesses: false,
  sybilPrice: false,
};

export const planSchema = z.object({
  topology: z.string(),
  players: z.number().int().min(1).max(MAX_PLAYERS),
  /** Seconds measured, after everybody has joined. */
  durationS: z.number().positive().max(86_400),
  /** Seconds played before measuring starts. */
  warmupS: z.number().min(0).max(600).default(2),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
  scenario: z.enum(SCENARIOS).default('uniform'),
  inView: z.number().int().min(1).max(1000).default(30),
  tickRateHz: z.literal(TICK_RATES_HZ).default(20),
  snapshotRateHz: z.number().min(1).max(60).default(20),
  inputRateHz: z.number().min(1).max(60).default(10),
  /** `need`: those in combat more often; `flat`: everybody at the snapshot rate. */
  send: z.enum(['need', 'flat']).default('flat'),
  lagCompensationMs: z.number().min(0).max(200).default(0),
  /** Id of a link profile. */
  network: z.string().default('lan'),
  /** Whether the host's machine only hosts (`host` topology). */
  dedicated: z.boolean().default(false),
  /** Peers that simulate predict inputs that are missing and step again when they come, instead of waiting (`lockstep`). */
  rollback: z.boolean().default(false),
  /** Longest input delay that lockstep adapts to. */
  maxDelayMs: z.number().min(0).max(2000).default(300),
  /** Share of the pairs of peers that no direct link can join, so that the rendezvous relays their bytes. */
  natBlockedRatio: z.number().min(0).max(1).default(0),
  /** Policy ids and their weights among the bots. */
  policies: z.record(z.string(), z.number().positive()).default({ wander: 1, collector: 2, hunter: 2, flock: 1 }),
  /** Share of the bots that are full clients, measured in full: the views of these are recorded. */
  sampleRatio: z.number().min(0).max(1).default(0.05),
  /** Cheat id, and how many bots perform it; each has an honest twin with the same policy seed. */
  cheat: z.string().nullable().default(null),
  cheaters: z.number().int().min(0).default(0),
  /**
   * Switches of the sessions; the first two are an authority's, the next three those of peers that simulate together, the
   * rest those of peers that own their avatars.
   */
  defences: z
    .object({
      timeBucket: z.boolean(),
      visionFilter: z.boolean(),
      /** Inputs are committed to by a hash before any is shown. */
      commitReveal: z.boolean().default(false),
      /** Inputs that come too late are replaced for everybody, and nobody waits for them. */
      deadline: z.boolean().default(false),
      /** Signed heads of each peer's hash chain of inputs are compared among the others. */
      signedHeads: z.boolean().default(false),
      /** A peer proves its key when a link opens. */
      handshakes: z.boolean().default(false),
      /** Messages on a link carry a keyed hash. */
      macs: z.boolean().default(false),
      /** Signed heads of what each peer told are compared among its neighbours. */
      heads: z.boolean().default(false),
      /** What is old, or came before, is dropped. */
      replayWindow: z.boolean().default(false),
      /** Others judge a player's movement, shots, health and coins. */
      witnesses: z.boolean().default(false),
      /** The rendezvous asks for a proof of work. */
      sybilPrice: z.boolean().default(false),
    })
    .default(DEFAULT_DEFENCES),
  /** Swarm worker processes; null: one less than the cores, at least one. */
  workers: z.number().int().min(1).max(64).nullable().default(null),
  simulated: z.boolean().default(false),
  inject: z.enum(INJECTIONS).nullable().default(null),
});

export type Plan = z.infer<typeof planSchema>;
