/**
 * What a lockstep session knows, as plain data. The modules beside this one are functions over it: talking and hearing
 * (what goes out and comes in), stepping and taking-ticks (time), admission and roles (coming in), governance (who
 * plays), checks (whether worlds are equal).
 */
import { type Arena, createArena } from '../../game/arena.ts';
import type { World } from '../../game/world.ts';
import type { ClientState } from '../client-session.ts';
import { Intent } from '../intent.ts';
import { Outbox } from '../outbox.ts';
import type { PeerCounters, PeerOptions } from '../playing-peer.ts';
import { TOKEN_BYTES } from '../protocol.ts';
import { RendezvousClient } from '../rendezvous-client.ts';
import type { Reclaim } from '../rendezvous-messages.ts';
import type { PeerId } from '../session.ts';
import { Commitments } from './commit-reveal.ts';
import { DesyncWatch } from './desync-watch.ts';
import { NO_WORD } from './input-word.ts';
import { Readmission } from './members.ts';
import type { Peer } from './peer.ts';
import type { ReplayTape } from './replay-tape.ts';
import { Roster, type Seat } from './roster.ts';
import { PeerScene } from './scene.ts';
import { encodeSettings, type LockstepSettings } from './settings.ts';
import { HeadWatch, type LockstepCrypto } from './signed-heads.ts';
import { InputDelay, Timeline } from './timeline.ts';
import { type Electorate, ViewChanger } from './view-changer.ts';
import { WorldLine } from './world-line.ts';

export interface LockstepOptions extends PeerOptions {
  /** Both are of the room to make. */
  settings?: LockstepSettings;
  maxPeers?: number;
  /** Who it was to the rendezvous. */
  reclaim?: Reclaim;
  /** Needed where the room's settings say that heads are signed. */
  crypto?: LockstepCrypto;
}

export interface LockstepCounters extends PeerCounters {
  rollbacks: number;
  corrections: number;
  stalls: number;
  viewChanges: number;
  desyncs: number;
  /** Two different inputs, or commitments, of one peer for one tick came. */
  conflicts: number;
  /** With commit–reveal: inputs that were not what their peer had committed to. */
  brokenCommitments: number;
  /** With signed heads: those that their peer did not sign, or that do not fit its inputs. */
  brokenHeads: number;
  /** With signed heads: peers that told different stories. */
  equivocations: number;
}

/** `candidate`: knows no world yet. `observer`: follows the members. */
export type Role = 'candidate' | 'observer' | 'member';

/** With rollback, inputs may come this late to others before the delay grows. */
export const ROLLBACK_LATE_TICKS = 7;
/** States that are kept to go back to: longer than a view change can reach back. */
export const KEPT_S = 4;
/** A candidate or observer says hello so often; a new link is greeted so often. */
export const HELLO_EVERY_MS = 500;
/** Ticks for which it is remembered when inputs were due, and when ticks were stepped. */
const DUE_TICKS = 256;
const STEPPED_TICKS = 512;

/** What begins with the settings of the room, and lasts as long as the session. */
export interface Stage {
  readonly settings: LockstepSettings;
  readonly arena: Arena;
  /** Steps by known inputs only. */
  readonly truth: WorldLine;
  /** The state before the first tick of a match. */
  readonly initialState: Uint8Array;
  /** Runs ahead on predictions; null without rollback. */
  readonly guess: WorldLine | null;
  readonly scene: PeerScene;
  readonly watch: DesyncWatch;
  readonly timeline: Timeline;
  readonly delay: InputDelay;
  /** With commit–reveal only. */
  readonly commitments: Commitments | null;
  /** With signed heads only. */
  readonly heads: HeadWatch | null;
}

export interface Core {
  readonly options: LockstepOptions;
  readonly outbox: Outbox;
  readonly rendezvous: RendezvousClient;
  readonly changer: ViewChanger;
  readonly counters: LockstepCounters;
  readonly peers: Map<PeerId, Peer>;
  readonly resumeToken: Uint8Array;
  state: ClientState;
  role: Role;
  /** Slot of the own player; −1 before its first tick. */
  player: number;
  refusal: string;
  /** Why this side waits; empty while it does not. */
  halted: string;
  roster: Roster;
  tape: ReplayTape | null;
  /** Words of sections in which peers differ from us, until the own world is there to compare. */
  readonly sections: Map<PeerId, { tick: number; section: number; words: Int32Array }>;
  /** Null before the room was entered. */
  stage: Stage | null;
  onConfirmed: (world: World, tick: number, nowMs: number) => void;

  // The room, and coming in.
  enteredAs: PeerId;
  isInRoom: boolean;
  enteredMs: number;
  careDueMs: number;
  helloDueMs: number;
  stateAskedMs: number;
  foundAskedMs: number;
  /** The member that is asked for the state; −1 for none. */
  sponsor: PeerId;
  /** When the truth last moved on. */
  progressMs: number;
  readonly dialledMs: Map<PeerId, number>;
  wasRelayed: boolean;

  // Views.
  /** Until when nothing more is taken from somebody who is about to be dropped. */
  readonly frozen: Map<PeerId, number>;
  readonly readmission: Readmission;
  wishSinceMs: number;

  // The own input, and time.
  readonly intent: Intent;
  word: number;
  /** By tick modulo length: when the input for it was due; NaN once its effect was shown. */
  readonly inputDueMs: Float64Array;
  /** By tick modulo length: when it became final. */
  readonly steppedMs: Float64Array;
  /** The newest tick was due then and waits for somebody's input; NaN while none does. */
  waitingSinceMs: number;
  /** When the own player last saw a new tick: no time is waited for twice. */
  shownMs: number;
  /** Up to here the predicted line took the inputs that turned out true. */
  checkedTick: number;
}

/** A session before it has entered a room. `electorateOf`: how the view changer acts on it. */
export function createCore(
  options: LockstepOptions,
  startMs: number,
  electorateOf: (core: () => Core) => Electorate,
): Core {
  const { transport, name, room, settings, maxPeers, reclaim, inputRateHz } = options;
  if (!(inputRateHz > 0)) throw new RangeError(`input rate ${inputRateHz} Hz: must be above 0`);
  const resumeToken = options.resumeToken ?? new Uint8Array(TOKEN_BYTES);
  if (!options.resumeToken) options.randomBytes(resumeToken);
  if (room === null && !settings) throw new RangeError('a new room needs settings');
  const create =
    room === null ? { settings: encodeSettings(settings!), maxPeers: maxPeers ?? settings!.config.players } : null;
  const counters = noCounts();
  const outbox = new Outbox(counters);
  const core: Core = {
    options,
    outbox,
    rendezvous: new RendezvousClient(
      { transport, name, room, create, ...(reclaim ? { reclaim } : {}) },
      outbox,
      startMs,
    ),
    changer: new ViewChanger(electorateOf(() => core)),
    counters,
    peers: new Map(),
    resumeToken,
    state: 'connecting',
    role: 'candidate',
    player: -1,
    refusal: '',
    halted: '',
    roster: new Roster(),
    tape: null,
    sections: new Map(),
    stage: null,
    onConfirmed: () => {},
    enteredAs: -1,
    isInRoom: false,
    enteredMs: 0,
    careDueMs: 0,
    helloDueMs: 0,
    stateAskedMs: Number.NEGATIVE_INFINITY,
    foundAskedMs: Number.NEGATIVE_INFINITY,
    sponsor: -1,
    progressMs: 0,
    dialledMs: new Map(),
    wasRelayed: false,
    frozen: new Map(),
    readmission: new Readmission(),
    wishSinceMs: Number.POSITIVE_INFINITY,
    intent: new Intent(),
    word: NO_WORD,
    inputDueMs: new Float64Array(DUE_TICKS).fill(Number.NaN),
    steppedMs: new Float64Array(STEPPED_TICKS),
    waitingSinceMs: Number.NaN,
    shownMs: Number.NEGATIVE_INFINITY,
    checkedTick: -1,
  };
  return core;
}

function noCounts(): LockstepCounters {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    malformed: 0,
    sentMessages: 0,
    sentBytes: 0,
    inputs: 0,
    snapshots: 0,
    rollbacks: 0,
    corrections: 0,
    stalls: 0,
    viewChanges: 0,
    desyncs: 0,
    conflicts: 0,
    brokenCommitments: 0,
    brokenHeads: 0,
    equivocations: 0,
  };
}

/** What a match with these settings is played on. */
export function createStage(core: Core, settings: LockstepSettings): Stage {
  const { config, rollback, maxDelayTicks, defences } = settings;
  const arena = createArena(config);
  const kept = Math.ceil(KEPT_S * config.tickRateHz);
  const truth = new WorldLine(arena, kept);
  const guess = rollback ? new WorldLine(arena, kept) : null;
  const lateTicks = rollback ? ROLLBACK_LATE_TICKS : 0;
  return {
    settings,
    arena,
    truth,
    initialState: new Uint8Array(truth.state(0)!),
    guess,
    scene: new PeerScene((guess ?? truth).world, truth.world),
    watch: new DesyncWatch(arena.capacity),
    timeline: new Timeline(config.tickRateHz),
    delay: new InputDelay({ leastTicks: rollback ? 0 : 1, mostTicks: maxDelayTicks, lateTicks }),
    heads: defences.signedHeads ? new HeadWatch(core.options.crypto!, () => core.roster.view >>> 16) : null,
    commitments: defences.commitReveal ? new Commitments(() => selfOf(core), core.options.randomBytes) : null,
  };
}

export function selfOf(core: Core): PeerId {
  return core.rendezvous.self;
}

/** The own seat while this peer is a member. */
export function ownSeatOf(core: Core): Seat | undefined {
  return core.role === 'member' ? core.roster.member(selfOf(core)) : undefined;
}

export function confirmedTickOf(core: Core): number {
  return core.stage?.truth.tick ?? -1;
}

/** The newest world: final without rollback, predicted with it. Null before there is one. */
export function newestWorldOf({ stage }: Core): World | null {
  return (stage?.guess ?? stage?.truth)?.world ?? null;
}
