/**
 * The kinds of match that a plan is played as on virtual time, made ready with the cast and the recorders of the plan: one
 * that an authority decides, one in lockstep, and a mesh. What all owe the runner is a `SimulatedStage`.
 */
import { type CheatNotes, cheatOf, noNotes, type Ring } from '../bots/cheats/index.ts';
import type { BotRole } from '../bots/swarm/assign.ts';
import { brainOf } from '../bots/swarm/brain.ts';
import { ForgetfulRecorder } from '../bots/swarm/forgetful-recorder.ts';
import type { Replay } from '../bots/swarm/messages.ts';
import { PlantedDesync } from '../bots/swarm/planted-desync.ts';
import { createArena } from '../game/arena.ts';
import { NO_INPUT } from '../game/input.ts';
import { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import type { Plan } from '../metrics/plan.ts';
import type { LedgerCount } from '../metrics/record.ts';
import { RendezvousRecorder } from '../metrics/rendezvous-recorder.ts';
import { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import type { LinkProfile } from '../netcode/link/profiles.ts';
import type { LockstepSession } from '../netcode/lockstep/lockstep-session.ts';
import { encodeReplay } from '../netcode/lockstep/replay-codec.ts';
import type { Session } from '../netcode/session.ts';
import { topologyOf } from '../netcode/topologies/index.ts';
import { SimulatedLockstep } from '../simulator/lockstep.ts';
import { SimulatedMatch } from '../simulator/match.ts';
import { SimulatedMesh } from '../simulator/mesh.ts';
import type { VirtualMatch } from '../simulator/virtual-match.ts';
import type { CheatWatch } from './cheat-pairs.ts';
import { authorityOf, matchConfigOf } from './launch/launcher.ts';
import { LyingRecorder } from './launch/lying-recorder.ts';
import { meshSettingsOf, peerSettingsOf } from './peer-settings.ts';
import { PeerWatch } from './peer-watch.ts';

export interface SimulatedStage {
  readonly match: VirtualMatch;
  /** Of whoever keeps the truth; null where everybody owns its part of it, and the players' recorder has it all. */
  readonly truth: AuthorityRecorder | null;
  readonly players: SwarmRecorder;
  /** Null where an authority lets players in. */
  readonly rendezvous: RendezvousRecorder | null;
  /** Where coins have homes among the peers: counted there, after the match has had time to settle. */
  ledger?(): LedgerCount | null;
  /** Players that an authority caught. */
  flagged(): number[];
  /** What is seen of cheating; left out where nobody watches. */
  readonly cheating?: CheatWatch;
  /** Of peers whose worlds have parted, by what they executed until they found out. */
  readonly replays: readonly Replay[];
  /** Says to everybody from when to when to measure. */
  measure(fromMs: number, untilMs: number): void;
}

type Cast = readonly BotRole[];

/** The match of a plan at its beginning. */
export function setStage(plan: Plan, roles: Cast, profile: LinkProfile): SimulatedStage {
  const stages = { authority: authorityStage, nobody: lockstepStage, owners: meshStage } as const;
  return stages[topologyOf(plan.topology).decides](plan, roles, profile);
}

function recordersOf(plan: Plan, roles: Cast, Truth: typeof AuthorityRecorder) {
  const { capacity, size } = createArena(matchConfigOf(plan));
  const Players = plan.inject === 'drop-entity' ? ForgetfulRecorder : SwarmRecorder;
  return {
    truth: new Truth({ capacity, arenaSize: size, tickRateHz: plan.tickRateHz }),
    players: new Players({ capacity, fullClients: roles.filter((role) => role.full).length }),
  };
}

/** The plan's cheat, where a role has one that stands before the session. */
function cheatWrap(role: BotRole, notes: CheatNotes, ring: Ring): (<S extends Session>(session: S) => S) | undefined {
  const wrap = role.cheat === null ? undefined : cheatOf(role.cheat).wrapSession;
  return wrap && ((session) => wrap(session, notes, ring));
}

function authorityStage(plan: Plan, roles: Cast, profile: LinkProfile): SimulatedStage {
  const recorders = recordersOf(plan, roles, plan.inject === 'desync' ? LyingRecorder : AuthorityRecorder);
  const { truth, players } = recorders;
  const match = new SimulatedMatch({
    topology: topologyOf(plan.topology),
    authority: authorityOf(plan),
    seed: plan.seed,
    profile,
    inputRateHz: plan.inputRateHz,
    dedicated: plan.dedicated,
    authorityRecorder: truth,
    playersRecorder: players,
    players: roles.map((role) => {
      const wrapSession = cheatWrap(role, noNotes(), []);
      const player = { name: `bot ${role.index}`, decide: brainOf(role), full: role.full };
      return wrapSession ? { ...player, wrapSession } : player;
    }),
  });
  return {
    match,
    ...recorders,
    rendezvous: null,
    replays: [],
    flagged() {
      const { flagged } = match.authority;
      return Array.from(flagged.keys()).filter((player) => flagged[player] === 1);
    },
    measure(fromMs, untilMs) {
      for (const recorder of [truth, players]) recorder.measure(fromMs, untilMs);
    },
  };
}

function lockstepStage(plan: Plan, roles: Cast, profile: LinkProfile): SimulatedStage {
  const recorders = { ...recordersOf(plan, roles, AuthorityRecorder), rendezvous: new RendezvousRecorder() };
  const { truth, players, rendezvous } = recorders;
  const planted = plan.inject === 'desync' ? new PlantedDesync() : null;
  const replays: Replay[] = [];
  const watch = new PeerWatch();
  const match = new SimulatedLockstep({
    settings: peerSettingsOf(plan),
    seed: plan.seed,
    profile,
    inputRateHz: plan.inputRateHz,
    natBlockedRatio: plan.natBlockedRatio,
    truthRecorder: truth,
    peersRecorder: players,
    rendezvousRecorder: rendezvous,
    onEvent: ({ session: { self, tape, roster } }, event, nowMs) => {
      watch.noted(event, (peer) => roster.seats.findLast((seat) => seat.peer === peer)?.slot ?? -1, nowMs);
      const { type } = event;
      if (type !== 'desync' || !tape || replays.some(({ peer }) => peer === self)) return;
      replays.push({ peer: self, bytes: encodeReplay(tape.replay) });
    },
    peers: roles.map((role) => {
      // The last one, because the first keeps the truth.
      const bends = role.index === plan.players - 1 ? planted : null;
      const wrapSession = (session: LockstepSession) => {
        if (bends) bendWorld(session, bends);
        return cheatWrap(role, watch.notesOf(role), [])?.(session) ?? session;
      };
      return { name: `bot ${role.index}`, decide: brainOf(role), full: role.full, wrapSession };
    }),
  });
  return {
    match,
    ...recorders,
    replays,
    cheating: watch,
    flagged: () => [],
    measure(fromMs, untilMs) {
      for (const recorder of [truth, players, rendezvous]) recorder.measure(fromMs, untilMs);
      planted?.plantAt((fromMs + untilMs) / 2);
    },
  };
}

/** Longest that is waited for claims under way, after the players have come to rest. */
const SETTLE_MS = 10_000;

function meshStage(plan: Plan, roles: Cast, profile: LinkProfile): SimulatedStage {
  const { players } = recordersOf(plan, roles, AuthorityRecorder);
  const rendezvous = new RendezvousRecorder();
  const watch = new PeerWatch();
  const ring: Ring = [];
  let isResting = false;
  const match: SimulatedMesh = new SimulatedMesh({
    settings: meshSettingsOf(plan),
    seed: plan.seed,
    profile,
    inputRateHz: plan.inputRateHz,
    natBlockedRatio: plan.natBlockedRatio,
    peersRecorder: players,
    rendezvousRecorder: rendezvous,
    onEvent({ number, session: { epoch } }, event, nowMs) {
      // What cheaters say of others is part of the cheat.
      if (roles[number - 1]!.cheat === null) watch.noted(event, (peer) => epoch?.seatOf(peer)?.slot ?? -1, nowMs);
    },
    peers: roles.map((role) => {
      const decide = brainOf(role);
      const wrapSession = cheatWrap(role, watch.notesOf(role), ring);
      return {
        name: `bot ${role.index}`,
        decide: (view) => (isResting ? NO_INPUT : decide(view)),
        full: role.full,
        ...(wrapSession ? { wrapSession } : {}),
      };
    }),
  });
  return {
    match,
    truth: null,
    players,
    rendezvous,
    replays: [],
    cheating: watch,
    flagged: () => [],
    ledger() {
      isResting = true;
      match.runUntil(() => match.auditCoins()?.error === 0, (SETTLE_MS * plan.tickRateHz) / 1000);
      return match.auditCoins();
    },
    measure(fromMs, untilMs) {
      for (const recorder of [players, rendezvous]) recorder.measure(fromMs, untilMs);
    },
  };
}

function bendWorld(session: LockstepSession, planted: PlantedDesync): void {
  const { onConfirmed } = session;
  session.onConfirmed = (world, tick, nowMs) => {
    onConfirmed(world, tick, nowMs);
    if (session.counters.desyncs === 0) planted.confirmed(world, tick, nowMs);
  };
}
