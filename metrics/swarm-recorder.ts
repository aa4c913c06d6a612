/**
 * What one process full of players writes down: when each input was due, and, for measured viewers, every snapshot as it
 * arrived. One recorder per bot process. All times are ms of the machine's monotonic clock, or virtual time.
 * Cost: a few stores per input, and four per entity of a measured viewer's snapshot. Where there is no authority the
 * players are peers that simulate, and tell about that too (peer-notes.ts); where each owns its avatar, they tell what is
 * true of it (mesh/owner-notes.ts) and about their neighbours (mesh/mesh-notes.ts).
 */
import { appendResources, createResourceTable, type ResourceRows, windowOf } from './authority-recorder.ts';
import { packTables, type Rows, Table, unpackTables } from './columns.ts';
import { Distribution } from './histogram.ts';
import { MeasuringWindow, type ResourceSample } from './measuring-window.ts';
import { MeshNotes, type MeshNotesMeta, type MeshRows } from './mesh/mesh-notes.ts';
import { OwnerNotes, type OwnerNotesMeta, type OwnerRows } from './mesh/owner-notes.ts';
import { type DesyncReport, PeerNotes, type PeerNotesMeta, type ViewChangeKind } from './peer-notes.ts';

/** What the recorder reads of a participant's view: `View` of netcode/view.ts fits. Positions are in sub-units. */
export interface SeenView {
  tick: number;
  self: {
    player: number;
    alive: boolean;
    x: number;
    y: number;
    score: number;
    kills: number;
    deaths: number;
    purchaseKey: number;
  };
  /** `ageTicks`: by how much a row is older than `tick`; left out where all are of that very tick. */
  players: { count: number; id: Int32Array; x: Int32Array; y: Int32Array; ageTicks?: Int32Array };
}

export interface SwarmRecorderOptions {
  /** Slots of the world. */
  capacity: number;
  /** Players of this process that predict; corrections per minute are per such player. */
  fullClients: number;
  /** Most entity rows of snapshots; 11 bytes each. */
  rowLimit?: number;
}

export const INPUT_SHAPE = { player: 'u16', tick: 'i32', dueMs: 'f64' } as const;
export const SNAPSHOT_SHAPE = {
  player: 'u16',
  tick: 'i32',
  atMs: 'f64',
  alive: 'u8',
  x: 'i32',
  y: 'i32',
  score: 'i32',
  kills: 'i32',
  deaths: 'i32',
  purchaseKey: 'i32',
  /** Players beyond its vision that the participant holds data about besides those in the snapshot. */
  beyond: 'i32',
  firstRow: 'i32',
} as const;
/**
 * A row shows its player as of `ageTicks` before the snapshot's tick, or after it where a peer is ahead of its viewer; 255
 * stands for anything older.
 */
export const SEEN_SHAPE = { player: 'u16', x: 'i32', y: 'i32', ageTicks: 'i16' } as const;
export const OLDEST_TICKS = 255;
export const TRAFFIC_SHAPE = {
  player: 'u16',
  sentBytes: 'f64',
  receivedBytes: 'f64',
  sentDatagrams: 'f64',
  receivedDatagrams: 'f64',
  /** Of the bytes sent and received, those that crossed a relay. */
  relayedBytes: 'f64',
} as const;
export const DRAWN_SHAPE = { viewer: 'u16', atMs: 'f64', player: 'u16', x: 'i32', y: 'i32' } as const;

const TRAFFIC_COLUMNS = 5;

export interface SwarmMeta {
  kind: 'swarm';
  fromMs: number;
  untilMs: number;
  fullClients: number;
  asked: number;
  joined: number;
  joinTimes: string;
  failures: Record<string, number>;
  /** Links lost inside the window, by reason. */
  disconnects: Record<string, number>;
  lag: string;
  /** How late inputs went out after they were due. */
  late: string;
  echo: string;
  corrections: string;
  peers: PeerNotesMeta;
  owners: OwnerNotesMeta;
  mesh: MeshNotesMeta;
}

export interface SwarmRecording extends OwnerRows, MeshRows {
  meta: SwarmMeta;
  inputs: Rows<typeof INPUT_SHAPE>;
  snapshots: Rows<typeof SNAPSHOT_SHAPE>;
  seen: Rows<typeof SEEN_SHAPE>;
  traffic: Rows<typeof TRAFFIC_SHAPE>;
  drawn: Rows<typeof DRAWN_SHAPE>;
  resources: ResourceRows;
  dropped: number;
}

export class SwarmRecorder {
  readonly window = new MeasuringWindow();
  /** What peers that own their avatars say of themselves: the truth, in parts. */
  readonly owners = new OwnerNotes(this.window);
  /** What peers of a mesh say of their links to neighbours. */
  readonly mesh = new MeshNotes(this.window);
  readonly #options: SwarmRecorderOptions;
  readonly #inputs = new Table(INPUT_SHAPE, 40_000_000);
  readonly #snapshots = new Table(SNAPSHOT_SHAPE, 4_000_000);
  readonly #seen: Table<typeof SEEN_SHAPE>;
  readonly #drawn = new Table(DRAWN_SHAPE, 10_000_000);
  readonly #resources = createResourceTable();
  readonly #peers = new PeerNotes(this.window);
  /** Per player, in the order of TRAFFIC_SHAPE: bytes sent, received, datagrams sent, received, bytes relayed. */
  readonly #traffic: Float64Array;
  readonly #joinTimes = new Distribution();
  readonly #lag = new Distribution();
  readonly #late = new Distribution();
  readonly #echo = new Distribution();
  readonly #corrections = new Distribution();
  readonly #failures: Record<string, number> = {};
  readonly #disconnects: Record<string, number> = {};
  #asked = 0;
  #joined = 0;

  constructor(options: SwarmRecorderOptions) {
    this.#options = options;
    this.#seen = new Table(SEEN_SHAPE, options.rowLimit ?? 60_000_000);
    this.#traffic = new Float64Array(options.capacity * TRAFFIC_COLUMNS);
  }

  /** Says from when to when to measure. Before this call only joins are counted. */
  measure(fromMs: number, untilMs: number): void {
    this.window.set(fromMs, untilMs);
  }

  /** A player's input for a tick of its own timeline, due at `dueMs` and sent at `sentMs`. For every player. */
  input(player: number, tick: number, dueMs: number, sentMs: number): void {
    if (!this.window.touches(dueMs)) return;
    if (this.window.covers(dueMs)) this.#late.add(sentMs - dueMs);
    if (!this.#inputs.reserve(1)) return;
    const at = this.#inputs.count++;
    const { columns } = this.#inputs;
    columns.player[at] = player;
    columns.tick[at] = tick;
    columns.dueMs[at] = dueMs;
  }

  /**
   * A measured viewer holds a newer snapshot: its view right after it arrived, not interpolated. A peer that simulates
   * calls it for each newly confirmed tick with what its player sees of that world, and says in `heldBeyondVision` how
   * many living players its world holds besides: everybody but itself and those in the view.
   */
  snapshot(player: number, nowMs: number, view: SeenView, heldBeyondVision = 0): void {
    if (!this.window.touches(nowMs)) return;
    const { self, players } = view;
    if (!this.#seen.reserve(players.count) || !this.#snapshots.reserve(1)) return;
    const at = this.#snapshots.count++;
    const snapshot = this.#snapshots.columns;
    snapshot.player[at] = player;
    snapshot.tick[at] = view.tick;
    snapshot.atMs[at] = nowMs;
    snapshot.alive[at] = self.alive ? 1 : 0;
    snapshot.x[at] = self.x;
    snapshot.y[at] = self.y;
    snapshot.score[at] = self.score;
    snapshot.kills[at] = self.kills;
    snapshot.deaths[at] = self.deaths;
    snapshot.purchaseKey[at] = self.purchaseKey;
    snapshot.beyond[at] = heldBeyondVision;
    snapshot.firstRow[at] = this.#seen.count;
    const seen = this.#seen.columns;
    let row = this.#seen.count;
    for (let i = 0; i < players.count; i++, row++) {
      seen.player[row] = players.id[i]!;
      seen.x[row] = players.x[i]!;
      seen.y[row] = players.y[i]!;
      seen.ageTicks[row] = Math.min(OLDEST_TICKS, players.ageTicks?.[i] ?? 0);
    }
    this.#seen.count = row;
  }

  /** What a full client draws at `nowMs` (interpolated others); about twice a second is enough. */
  drawn(player: number, nowMs: number, view: SeenView): void {
    const { players } = view;
    if (!this.window.covers(nowMs) || !this.#drawn.reserve(players.count)) return;
    const { columns } = this.#drawn;
    for (let i = 0; i < players.count; i++) {
      const at = this.#drawn.count++;
      columns.viewer[at] = player;
      columns.atMs[at] = nowMs;
      columns.player[at] = players.id[i]!;
      columns.x[at] = players.x[i]!;
      columns.y[at] = players.y[i]!;
    }
  }

  /** A player asked to join; `joined` or `joinFailed` may follow. At any time. */
  asked(): void {
    this.#asked++;
  }

  /** A player holds its first snapshot. At any time. */
  joined(askedMs: number, joinedMs: number): void {
    this.#joined++;
    this.#joinTimes.add(joinedMs - askedMs);
  }

  joinFailed(reason: string): void {
    this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
  }

  /** A player lost its link and was not told to leave. Counts inside the window. */
  disconnected(reason: string, nowMs: number): void {
    if (this.window.covers(nowMs)) this.#disconnects[reason] = (this.#disconnects[reason] ?? 0) + 1;
  }

  /**
   * What one player's links carried since the last call, transport headers not included: per message, or often.
   * `relayed` is the part of `sent` and `received` that crossed a relay.
   */
  bytes(
    player: number,
    nowMs: number,
    sent: number,
    received: number,
    datagramsSent: number,
    datagramsReceived: number,
    relayed = 0,
  ): void {
    if (!this.window.covers(nowMs)) return;
    const at = player * TRAFFIC_COLUMNS;
    this.#traffic[at]! += sent;
    this.#traffic[at + 1]! += received;
    this.#traffic[at + 2]! += datagramsSent;
    this.#traffic[at + 3]! += datagramsReceived;
    this.#traffic[at + 4]! += relayed;
  }

  /** A prediction was wrong by `distance` sub-units and was corrected. */
  corrected(distance: number, nowMs: number): void {
    if (this.window.covers(nowMs)) this.#corrections.add(distance / 256);
  }

  /** From an input's due time to its effect in the player's own view. */
  echo(ms: number, nowMs: number): void {
    if (this.window.covers(nowMs)) this.#echo.add(ms);
  }

  /** A peer's tick was due and had to wait this long for somebody's input; told when the wait is over. */
  stalled(waitedMs: number, nowMs: number): void {
    this.#peers.stalled(waitedMs, nowMs);
  }

  /** A peer's input delay now; about once per second and peer. */
  delay(delayTicks: number, nowMs: number): void {
    this.#peers.delay(delayTicks, nowMs);
  }

  /** A peer went back and stepped this many ticks again. */
  rollback(depthTicks: number, nowMs: number): void {
    this.#peers.rollback(depthTicks, nowMs);
  }

  /** How many others a peer is linked to now, directly and through a relay; about once per second and peer. */
  links(direct: number, relayed: number, nowMs: number): void {
    this.#peers.links(direct, relayed, nowMs);
  }

  /**
   * A peer steps again after the set of peers has changed. `tookMs` of a drop counts from the last sign of life of the
   * one that is gone, that of a join from the moment that the newcomer asked.
   */
  viewChanged(kind: ViewChangeKind, tookMs: number, nowMs: number): void {
    this.#peers.viewChanged(kind, tookMs, nowMs);
  }

  /** This player's peer found that another one holds a different world. At any time: a desync is never warm-up. */
  desync(player: number, report: DesyncReport): void {
    this.#peers.desync(player, report);
  }

  /** How late this process's event loop came to a moment that it had planned; sample it at least 50 times a second. */
  lag(ms: number, nowMs: number): void {
    if (this.window.covers(nowMs)) this.#lag.add(ms);
  }

  /** A sample of the process's CPU and memory, about once per second. */
  resources(sample: ResourceSample): void {
    appendResources(this.#resources, this.window, sample);
  }

  /** Everything as bytes, for the process that audits. The recorder may be used further. */
  finish(): Uint8Array {
    const { capacity, fullClients } = this.#options;
    const traffic = new Table(TRAFFIC_SHAPE, capacity);
    for (let player = 0; player < capacity; player++) {
      const start = player * TRAFFIC_COLUMNS;
      const row = this.#traffic.subarray(start, start + TRAFFIC_COLUMNS);
      const [sent, received, sentDatagrams, receivedDatagrams, relayed] = row;
      if (sent! + received! === 0 || !traffic.reserve(1)) continue;
      const at = traffic.count++;
      traffic.columns.player[at] = player;
      traffic.columns.sentBytes[at] = sent!;
      traffic.columns.receivedBytes[at] = received!;
      traffic.columns.sentDatagrams[at] = sentDatagrams!;
      traffic.columns.receivedDatagrams[at] = receivedDatagrams!;
      traffic.columns.relayedBytes[at] = relayed!;
    }
    const meta: SwarmMeta = {
      kind: 'swarm',
      ...windowOf(this.window),
      fullClients,
      asked: this.#asked,
      joined: this.#joined,
      joinTimes: this.#joinTimes.encode(),
      failures: this.#failures,
      disconnects: this.#disconnects,
      lag: this.#lag.encode(),
      late: this.#late.encode(),
      echo: this.#echo.encode(),
      corrections: this.#corrections.encode(),
      peers: this.#peers.finish(),
      owners: this.owners.finish(),
      mesh: this.mesh.finish(),
    };
    return packTables(meta, {
      inputs: this.#inputs,
      snapshots: this.#snapshots,
      seen: this.#seen,
      traffic,
      drawn: this.#drawn,
      resources: this.#resources,
      ...this.owners.tables,
      ...this.mesh.tables,
    } as never);
  }
}

/** Undoes `finish`. Throws a RangeError when the bytes are something else. */
export function decodeSwarm(bytes: Uint8Array): SwarmRecording {
  const { meta, tables, dropped } = unpackTables(bytes);
  if ((meta as SwarmMeta).kind !== 'swarm') throw new RangeError('this recording is not a swarm’s');
  return { meta, ...tables, dropped } as unknown as SwarmRecording;
}
