/**
 * What a mesh session knows, as plain data. The modules beside this one are functions over it: avatar (the own player),
 * telling and hearing (what goes out and comes in), linking (who is worth a link), coins (the ledger and the ground).
 */
import { type Arena, createArena } from '../../game/arena.ts';
import { SHOTS_PER_PLAYER } from '../../game/constants.ts';
import { NO_INPUT, type PlayerInput } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { createWorld, Status, type World } from '../../game/world.ts';
import type { ClientState } from '../client-session.ts';
import { Intent } from '../intent.ts';
import { Outbox } from '../outbox.ts';
import type { PeerCounters, PeerOptions } from '../playing-peer.ts';
import { TOKEN_BYTES } from '../protocol.ts';
import { RendezvousClient } from '../rendezvous-client.ts';
import { type PeerId, RENDEZVOUS } from '../session.ts';
import { createView, type View } from '../view.ts';
import { WorldViewer } from '../world-view.ts';
import type { Epoch } from './epoch.ts';
import type { CoinNews, LyingCoin } from './ledger/coin-book.ts';
import { Ledger } from './ledger/ledger.ts';
import { Other } from './other.ts';
import type { IntroducedPeer } from './room-messages.ts';
import { encodeMeshSettings, type MeshSettings } from './settings.ts';
import type { MeshCrypto } from './trust/crypto.ts';
import type { Trust } from './trust/trust.ts';
import { countUpload, emptyUpload, type Upload } from './upload.ts';

export interface MeshOptions extends PeerOptions {
  /** Of the room to make. */
  settings?: MeshSettings;
  /** Needed where the defences of a match sign or seal. */
  crypto?: MeshCrypto;
}

export interface MeshCounters extends PeerCounters {
  /** States told, one per receiver, and their bytes. */
  statesSent: number;
  stateBytes: number;
  statesReceived: number;
  /** States of others that were passed on. */
  forwarded: number;
  forwardedBytes: number;
  /** Asked neighbours, and what they answered. */
  asks: number;
  introductions: number;
  linksOpened: number;
  /** Links closed for want of room. */
  linksClosed: number;
  /** States that came too late, or were told for a tick that is not yet. */
  oldStates: number;
  earlyStates: number;
  /** Diallers' texts sent through a neighbour, and handed on for others. */
  signals: number;
  signalsHandedOn: number;
  /** All that was sent, by what it is for. */
  readonly upload: Upload;
}

/** Ticks of the own way that are kept, to judge shots that come late. */
export const KEPT_TICKS = 32;
/** A tick before all others. */
export const NEVER = -(2 ** 30);

/** What begins with the settings of the room, and lasts as long as its match. */
export interface Stage {
  readonly settings: MeshSettings;
  readonly arena: Arena;
  /** The own avatar, exactly, and what is believed of all others. */
  readonly world: World;
  readonly viewer: WorldViewer;
  readonly view: View;
  readonly ledger: Ledger;
  /** The coins as they were last laid into the world, by the revision of the book; −1 for anew. */
  laidRevision: number;
  /** Coins near where the avatar was, by the same revision. */
  readonly reach: { revision: number; x: number; y: number; coins: LyingCoin[] };
  /** By slot: the tick of what its owner last told; −1 for nobody. */
  readonly toldTick: Int32Array;
  /** By slot: what its avatar does until its owner tells otherwise. */
  readonly buttons: Uint8Array;
  /** Where the own avatar was one tick ago. */
  readonly before: { x: number; y: number };
  /** By shot: the tick in which it was fired; NEVER for none. */
  readonly firedTick: Int32Array;
  /** The own shots as they were fired, by their number. */
  readonly launched: { x: number; y: number; aim: number }[];
  /** By tick modulo KEPT_TICKS: where the own avatar was; `placeTick` is −1 where it was not alive. */
  readonly placeTick: Int32Array;
  readonly placeX: Int32Array;
  readonly placeY: Int32Array;
}

export interface Core {
  readonly options: MeshOptions;
  readonly outbox: Outbox;
  readonly rendezvous: RendezvousClient;
  readonly counters: MeshCounters;
  readonly others: Map<PeerId, Other>;
  state: ClientState;
  refusal: string;
  /** Slot of the own player; −1 while it has none. */
  player: number;
  /** Null before the room was entered. */
  stage: Stage | null;
  /** Null where no defence is on. */
  trust: Trust | null;
  /** The newest epoch that this peer lives by. */
  epoch: Epoch | null;
  /** Strangers of whom this peer has heard from the rendezvous. */
  introduced: readonly IntroducedPeer[];
  wasAway: boolean;
  enteredMs: number;

  // Time.
  /** What the driver last said. */
  nowMs: number;
  /** The tick that is due next, and when; Infinity before it plays. */
  nextTick: number;
  dueMs: number;
  careDueMs: number;
  askDueMs: number;
  strangersDueMs: number;
  /** From which spot on it is asked next what lies around. */
  askedSpot: number;
  /** Whom to ask next. */
  readonly random: Random;

  // The own player.
  readonly intent: Intent;
  /** The input that holds since it was last taken. */
  taken: PlayerInput;
  /** Key of the purchase that is not answered yet; 0 for none. */
  buying: number;
  /** The last tick in which it fired or was hit. */
  foughtTick: number;
  /** While it is dead: where it will appear again. */
  returnsTo: { x: number; y: number } | null;
  /** The state that was told last; empty before the first. */
  told: Uint8Array;
  /** Everybody in sight is to hear of the next tick at once. */
  hasNews: boolean;
  /** Own news of coins, and until which tick they ride along with states. */
  news: { news: readonly CoinNews[]; untilTick: number }[];
  /** Deaths of others by the own shots that were counted, by victim. */
  readonly credited: Map<PeerId, number>;
  isViewFresh: boolean;
  /** Called after each own tick, for recorders: what happened is in `world.events`. */
  onTick: (tick: number, dueMs: number, nowMs: number) => void;
}

/** Peer (2 bytes) and token: what `resumeToken` is made of. */
const RESUME_BYTES = 2 + TOKEN_BYTES;

export function resumeTokenOf({ rendezvous }: Core): Uint8Array {
  const token = new Uint8Array(RESUME_BYTES);
  const { reclaim } = rendezvous;
  if (!reclaim) return token;
  token[0] = reclaim.peer & 0xff;
  token[1] = reclaim.peer >>> 8;
  token.set(reclaim.token, 2);
  return token;
}

function reclaimOf(token: Uint8Array | undefined): { peer: PeerId; token: Uint8Array } | undefined {
  if (!token || token.length !== RESUME_BYTES) return undefined;
  const peer = token[0]! | (token[1]! << 8);
  return peer === 0 ? undefined : { peer, token: token.subarray(2) };
}

/** Whether a token is that of a peer. */
export function isWho(token: Uint8Array | undefined, peer: PeerId): boolean {
  return reclaimOf(token)?.peer === peer;
}

/** Throws a RangeError on options that make no sense. */
export function createCore(options: MeshOptions, startMs: number): Core {
  const { room, settings, transport, name } = options;
  if (room === null && !settings) throw new RangeError('a new room needs the settings of its match');
  const counters: MeshCounters = {
    receivedMessages: 0,
    receivedBytes: 0,
    malformed: 0,
    sentMessages: 0,
    sentBytes: 0,
    inputs: 0,
    snapshots: 0,
    statesSent: 0,
    stateBytes: 0,
    statesReceived: 0,
    forwarded: 0,
    forwardedBytes: 0,
    asks: 0,
    introductions: 0,
    linksOpened: 0,
    linksClosed: 0,
    oldStates: 0,
    earlyStates: 0,
    signals: 0,
    signalsHandedOn: 0,
    upload: emptyUpload(),
  };
  const outbox = new Outbox(counters, (bytes) => countUpload(counters.upload, bytes));
  const players = settings?.config.players ?? 0;
  const create = room === null ? { settings: encodeMeshSettings(settings!), maxPeers: players, seats: players } : null;
  const reclaim = reclaimOf(options.resumeToken);
  return {
    options,
    outbox,
    rendezvous: new RendezvousClient(
      { transport, name, room, create, ...(reclaim ? { reclaim } : {}) },
      outbox,
      startMs,
    ),
    counters,
    others: new Map(),
    state: 'connecting',
    refusal: '',
    player: -1,
    stage: null,
    trust: null,
    epoch: null,
    introduced: [],
    wasAway: false,
    enteredMs: startMs,
    nowMs: startMs,
    nextTick: 0,
    dueMs: Number.POSITIVE_INFINITY,
    careDueMs: startMs,
    askDueMs: startMs,
    strangersDueMs: startMs,
    askedSpot: 0,
    random: randomOf(options),
    intent: new Intent(),
    taken: NO_INPUT,
    buying: 0,
    foughtTick: NEVER,
    returnsTo: null,
    told: new Uint8Array(0),
    hasNews: false,
    news: [],
    credited: new Map(),
    isViewFresh: false,
    onTick: () => {},
  };
}

/** All that begins with a match. `send`: how the ledger's messages go out. */
export function createStage(core: Core, settings: MeshSettings, send: (to: PeerId, bytes: Uint8Array) => void): Stage {
  const arena = createArena(settings.config);
  const world = createWorld(settings.config, arena);
  const { capacity } = arena;
  return {
    settings,
    arena,
    world,
    viewer: new WorldViewer(world),
    view: createView(arena),
    ledger: new Ledger({
      arena,
      spots: settings.config.players,
      self: () => core.rendezvous.self,
      tick: () => core.nextTick - 1,
      send,
      ...(settings.defences.witnesses
        ? { vouch: (claim, decide) => core.trust!.vouch(claim, decide, core.nowMs) }
        : {}),
    }),
    laidRevision: -1,
    reach: { revision: -1, x: 0, y: 0, coins: [] },
    toldTick: new Int32Array(capacity).fill(-1),
    buttons: new Uint8Array(capacity),
    before: { x: 0, y: 0 },
    firedTick: new Int32Array(world.shots.life.length).fill(NEVER),
    launched: Array.from({ length: SHOTS_PER_PLAYER }, () => ({ x: 0, y: 0, aim: 0 })),
    placeTick: new Int32Array(KEPT_TICKS).fill(-1),
    placeX: new Int32Array(KEPT_TICKS),
    placeY: new Int32Array(KEPT_TICKS),
  };
}

function randomOf({ randomBytes }: MeshOptions): Random {
  const seed = new Uint8Array(4);
  randomBytes(seed);
  return new Random(new DataView(seed.buffer).getUint32(0, true));
}

export function selfOf({ rendezvous }: Core): PeerId {
  return rendezvous.self;
}

/** Where the own avatar is; null before it has one. */
export function ownPlace({ stage, player }: Core): { x: number; y: number } | null {
  if (!stage || player < 0) return null;
  return { x: stage.world.players.x[player]!, y: stage.world.players.y[player]! };
}

/** Where links are needed: where the own avatar is, or will be when it is back. */
export function placeForLinks(core: Core): { x: number; y: number } | null {
  return core.returnsTo ?? ownPlace(core);
}

export function isOwnAlive({ stage, player }: Core): boolean {
  return stage !== null && player >= 0 && stage.world.players.status[player] === Status.alive;
}

export function otherOf(core: Core, id: PeerId, send: (bytes: Uint8Array) => void, nowMs: number): Other {
  let other = core.others.get(id);
  if (!other) {
    other = new Other(id, send, nowMs);
    other.slot = id === RENDEZVOUS ? -1 : (core.epoch?.seatOf(id)?.slot ?? -1);
    core.others.set(id, other);
  }
  return other;
}
